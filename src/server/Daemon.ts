/** What the daemon knows of itself. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Context from "effect/Context"
import type * as Scope from "effect/Scope"

export class Daemon extends Context.Tag("kata/Daemon")<Daemon, {
  /** As it was named, which is how clients know it. */
  readonly databasePath: string
  /** What clients compare with their own: a client of the older kata works with nothing but its equal. */
  readonly version: string
  readonly pid: number
  /** RFC 3339, UTC. */
  readonly startedAt: string
  /** Whether closing many children of one parent in a short time is refused; `window` in milliseconds. */
  readonly throttle: { readonly enabled: boolean; readonly window: number }
  /** What answers its requests, for a command that runs within. */
  readonly app: HttpApp.Default<never, Scope.Scope>
}>() {}
