/** The file beside a result that holds, raw, what could not go into it. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as Atomic from "./Atomic.ts"
import { DurabilityNotConfirmed, type FileError } from "./FileError.ts"
import { exists } from "./paths.ts"

/** `<of>.rejected.jsonl`; `<of>.rejected-2.jsonl` and so on when an earlier one is there: it may be the only copy of what is in it. */
const freeName = (of: string, n = 1): Effect.Effect<string, FileError, FileSystem.FileSystem> => {
  const name = `${of}.rejected${n === 1 ? "" : `-${n}`}.jsonl`
  return Effect.flatMap(exists(name), (taken) => taken ? freeName(of, n + 1) : Effect.succeed(name))
}

/** Whether a file has the name of one for what was left out. */
export const isRejected = (name: string): boolean => /\.rejected(?:-\d+)?\.jsonl$/.test(name)

/** A file that is on disk, and gets its name with `beside`. */
export interface Rejected extends Atomic.Prepared {
  /** As it was asked for. */
  readonly name: string
}

/** A file for what was left out of `of`. */
export const prepare = <E, R>(of: string, bytes: Stream.Stream<Uint8Array, E, R>) =>
  Effect.flatMap(
    freeName(of),
    (name) => Effect.map(Atomic.prepare(name, bytes), (prepared): Rejected => ({ ...prepared, name }))
  )

/**
 * Puts the file in place before the result takes effect, and takes it away again when that fails. To be run where nothing interrupts.
 */
export const beside = <A, E, R>(rejected: Rejected | undefined, result: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    if (rejected === undefined) return yield* result
    const fs = yield* FileSystem.FileSystem
    yield* rejected.commit
    return yield* Effect.tapError(result, (error) =>
      // A result that is in place and only not confirmed needs what was left out of it. What cannot be removed is reported by its name.
      error instanceof DurabilityNotConfirmed
        ? Effect.void
        : Effect.ignore(fs.remove(rejected.path, { force: true })))
  })
