/**
 * The daemon of a command: the one on another machine that the configuration names, else the one that serves the database here, else a new
 * one. What starts one is loaded when there is none.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { type From, here } from "../presence/discover.ts"
import { ping, pinged } from "../presence/ping.ts"
import * as Settings from "../presence/settings.ts"
import type { Server, Target } from "../presence/Target.ts"
import { type Remote, remote } from "../workspace/remoteServer.ts"
import type { DaemonUnreachable } from "./ClientError.ts"

/** The configuration names a daemon elsewhere, which does not answer. There is no other one to use then. */
export class ServerSilent extends Schema.TaggedError<ServerSilent>()("ServerSilent", {
  url: Schema.String,
  source: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `kata server not responding: ${this.url} (${this.source})`
  }
  get hint(): string {
    return "start it, or take the setting away to work with the database on this machine"
  }
}

const there = Effect.fnUntraced(function*({ address, source, url }: Remote) {
  const silent = new ServerSilent({ url, source })
  const answered = address.secure === true
    ? Effect.promise(() => import("./tls.ts")).pipe(
      Effect.flatMap(({ request, secured, unproven }) =>
        Effect.mapError(
          pinged({ ...address, ...secured(address.host) }, request),
          (error) => unproven(url, source, error) ?? silent
        )
      )
    )
    : ping(address)
  return Option.isSome(yield* answered) ? address : yield* silent
})

/** A daemon is asked for another database than its own, by a command that it runs itself: that command has to run where it was typed. */
export class AnotherDaemon extends Schema.TaggedError<AnotherDaemon>()("AnotherDaemon", {
  /** What is asked for: a database, or the URL of a server. */
  wanted: Schema.String,
  databasePath: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `the daemon of ${this.databasePath} was asked for ${this.wanted}`
  }
}

/**
 * What the configuration says of the daemon. The token is for the daemon here and for a server that the user has named; the client keeps it
 * from connections that others could listen to. What a daemon would refuse too is refused before one is looked for.
 */
export const configured = Effect.fn("connect.configured")(function*(from: From) {
  const { token } = yield* Settings.load(from.kataHome, from.variables)
  const { cwd: start, kataHome, variables } = from
  return { token, elsewhere: yield* remote({ variables, kataHome, start }) }
})

/** A server that answers, with what may be said to it, and to the user of it. */
const reached = Effect.fnUntraced(function*(elsewhere: Remote, token: string) {
  const { isNamedByUser, source, url } = elsewhere
  const address = yield* there(elsewhere)
  const server: Server = { url, source, isTokenKept: !isNamedByUser && token !== "" }
  return { ...address, ...(isNamedByUser ? { token } : {}), server } satisfies Target
})

/** The daemon to ask, of whatever version; none is started. */
export const find = Effect.fn("connect.find")(function*(from: From) {
  const { elsewhere, token } = yield* configured(from)
  if (Option.isSome(elsewhere)) return Option.some<Target>(yield* reached(elsewhere.value, token))
  return Option.map(yield* here(from, "any version"), ({ target }): Target => ({ ...target, token }))
})

/** The daemon to ask, of this version; one is started where there is none. */
export const connect = Effect.fn("connect.connect")(function*(from: From) {
  const { elsewhere, token } = yield* configured(from)
  if (Option.isSome(elsewhere)) return yield* reached(elsewhere.value, token)
  const found = yield* here(from, "same version")
  if (Option.isSome(found)) return { ...found.value.target, token } satisfies Target
  const { ensure, unstarted } = yield* Effect.promise(() => import("../presence/ensure.ts"))
  if (from.mayStart !== undefined && !(yield* from.mayStart)) return yield* unstarted(from)
  return { ...(yield* ensure(from)).target, token } satisfies Target
})

/** Why there is no daemon to ask. */
export type ConnectFailure = Effect.Effect.Error<ReturnType<typeof connect>> | AnotherDaemon | DaemonUnreachable

/** What it takes to find and to start one. */
export type ConnectServices = Effect.Effect.Context<ReturnType<typeof connect>>
