/** The program `bd`, as a port: one call, and what came of it. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FileError } from "../files/FileError.ts"
import type { Spooled } from "../files/Spool.ts"
import type { BdFailed } from "./errors.ts"

export interface Call {
  /** The path of the program. */
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** All variables that it may see, but for those that are set for every call. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Without a byte for so long it is taken for hung. */
  readonly quiet: Duration.DurationInput
}

/** A call that has ended by itself. */
export interface Ran {
  readonly code: number
  /** All of stdout. */
  readonly stdout: Spooled
  /** The end of stderr. */
  readonly stderr: string
}

export class Bd extends Context.Tag("kata/beads/Bd")<Bd, {
  /**
   * Runs it to its end, without a shell and with nothing on stdin. When it is interrupted or hangs, its whole group ends: asked first, then
   * killed. A call that a signal has ended fails; one that ends with a code does not.
   */
  readonly run: (call: Call) => Effect.Effect<Ran, BdFailed | FileError, FileSystem.FileSystem | Scope.Scope>
}>() {}

/** The call as it would be typed. */
export const typed = ({ args, program }: Pick<Call, "program" | "args">): string =>
  [program.slice(program.lastIndexOf("/") + 1), ...args].join(" ")
