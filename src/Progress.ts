/** How far long work has come. Silent without a listener, so that the library needs no layer for it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** How much there is to do in a phase, in the unit in which that is known. */
export interface Total {
  readonly rows?: number
  readonly bytes?: number
}

/** What an operation reports: a phase begins, and then so much more of it is done. */
export interface ProgressListener {
  /** A new phase. */
  readonly phase: (name: string, total?: Total) => Effect.Effect<void>
  /** `rows` more records are done, which are `bytes` bytes of the file. */
  readonly advance: (rows: number, bytes: number) => Effect.Effect<void>
}

export class Progress extends Context.Reference<Progress>()("kata/Progress", {
  defaultValue: (): ProgressListener => ({ phase: () => Effect.void, advance: () => Effect.void })
}) {}

/** A phase begins. */
export const phase = (name: string, total?: Total) =>
  Effect.flatMap(Progress, (progress) => progress.phase(name, total))

/** `rows` more records are done, which are `bytes` bytes of the file. */
export const advance = (rows: number, bytes: number) =>
  Effect.flatMap(Progress, (progress) => progress.advance(rows, bytes))
