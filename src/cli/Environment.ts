/** What a command may know about the program and the machine. `bin.ts` reads it from the process. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { FileError } from "../files/FileError.ts"

export type Signal = "SIGINT" | "SIGTERM"

export class Environment extends Context.Tag("kata/Environment")<Environment, {
  readonly name: string
  readonly version: string
  /** As in `node 20.19.0`. */
  readonly runtime: string
  readonly os: string
  readonly arch: string
  readonly variables: Readonly<Record<string, string | undefined>>
  /** Empty when it was removed and its name is unknown. */
  readonly cwd: string
  /** The user's home directory. */
  readonly userHome: string
  /** What is piped in; can be read once. */
  readonly stdin: Stream.Stream<Uint8Array, FileError>
  readonly stdinIsTerminal: boolean
  /** The next line typed there, without its end; empty when there is none. */
  readonly typedLine: Effect.Effect<string, FileError>
  /** Ends when the process is asked to stop, or has been; never fails and never ends otherwise. */
  readonly signal: Effect.Effect<Signal>
  /** An element for each SIGHUP, which ends the process as long as this does not run. */
  readonly hangups: Stream.Stream<void>
  /** Reports to the kata that started this one and waits for it; does nothing where there is none. */
  readonly notify: (word: unknown) => Effect.Effect<void>
}>() {}
