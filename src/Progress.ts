/** How far long work has come. Silent unless somebody listens, so that the library needs no layer for it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** What an operation tells: a phase begins, and then so much more of it is done. */
export interface ProgressListener {
  /** A new phase; `total` in the unit of its `advance` calls, when it is known. */
  readonly phase: (name: string, total?: number) => Effect.Effect<void>
  /** `rows` more records are done, which are `bytes` bytes of the file. */
  readonly advance: (rows: number, bytes: number) => Effect.Effect<void>
}

export class Progress extends Context.Reference<Progress>()("kata/Progress", {
  defaultValue: (): ProgressListener => ({ phase: () => Effect.void, advance: () => Effect.void })
}) {}

/** A phase begins. */
export const phase = (name: string, total?: number) => Effect.flatMap(Progress, (progress) => progress.phase(name, total))

/** `rows` more records are done, which are `bytes` bytes of the file. */
export const advance = (rows: number, bytes: number) => Effect.flatMap(Progress, (progress) => progress.advance(rows, bytes))
