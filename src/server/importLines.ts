/** The lines of an import in their file: each checked, and all of them there before anything is written. Only how long one is is limited. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FileError } from "../files/FileError.ts"
import { blocks, linesIn as linesOfBlock, type LineTooLong } from "../files/lines.ts"
import { readFile } from "../files/source.ts"
import { type Head, headIn, lineIn, type RowLine } from "../ledger/imports/importRow.ts"
import { type InvalidRequest, refuse } from "../ledger/Refused.ts"
import { StorageFailure } from "../store/StorageFailure.ts"

/** In bytes: an issue with all that belongs to it. */
const longest = 64 * 1024 * 1024

/** The checked lines, which can be read again and again. */
export interface Received {
  readonly head: Head
  readonly lines: Stream.Stream<RowLine, InvalidRequest | StorageFailure>
}

const unstored = (error: FileError) =>
  new StorageFailure({
    storage: error.path,
    kind: "io",
    operation: "read the lines of the import",
    detail: error.message,
    code: error.code,
    ...(error.hint === undefined ? {} : { hint: error.hint })
  })

const at = (line: number, what: string) =>
  refuse("validation", `invalid import: line ${line}: ${what}`, { hint: "nothing was written" })

const failed = (error: FileError | LineTooLong | InvalidRequest) =>
  error._tag === "FileError"
    ? unstored(error)
    : error._tag === "LineTooLong"
    ? at(error.line, `is longer than ${error.limit} bytes`)
    : error

const utf8 = new TextDecoder()

/** The lines of the file, the first one aside. */
const linesOf = (bytes: Stream.Stream<Uint8Array, FileError>): Received["lines"] =>
  bytes.pipe(
    blocks({ maxLine: longest }),
    Stream.mapError(failed),
    Stream.mapConcatEffect((block) =>
      Effect.forEach(
        [...linesOfBlock(block)].filter(({ line }) => line > 1),
        ({ bytes, line }) => Effect.mapError(lineIn(utf8.decode(bytes)), (what) => at(line, what))
      )
    )
  )

const headOf = (bytes: Stream.Stream<Uint8Array, FileError>) =>
  bytes.pipe(
    blocks({ maxLine: longest }),
    Stream.mapError(failed),
    Stream.take(1),
    Stream.runFold("", (_, block) => {
      for (const { bytes } of linesOfBlock(block)) return utf8.decode(bytes)
      return ""
    }),
    Effect.flatMap((text) => Effect.mapError(headIn(text), (what) => at(1, what)))
  )

/** What must be true of all lines together: each name once, and the end where it belongs. */
const complete = ({ lines }: Received) =>
  Effect.gen(function*() {
    const seen = { issues: new Set<string>(), comments: new Set<string>(), end: false }
    yield* Stream.runForEach(lines, (line) => {
      const invalid = (what: string) => refuse("validation", `invalid import: ${what}`, { hint: "nothing was written" })
      if (seen.end) return invalid("there are lines behind the end")
      if (line.kind === "other") return Effect.void
      if (line.kind === "end") {
        seen.end = true
        return line.issues === seen.issues.size
          ? Effect.void
          : invalid(`the end says ${line.issues} issues, ${seen.issues.size} came`)
      }
      if (seen.issues.has(line.external_id)) return invalid(`duplicate external_id ${JSON.stringify(line.external_id)}`)
      seen.issues.add(line.external_id)
      for (const { external_id } of line.comments ?? []) {
        if (seen.comments.has(external_id)) return invalid(`duplicate comment ${JSON.stringify(external_id)}`)
        seen.comments.add(external_id)
      }
      return Effect.void
    })
    if (!seen.end) {
      return yield* refuse("validation", "invalid import: the lines were cut off", { hint: "nothing was written" })
    }
  })

/** The lines in a file, when all of them are there and each is what it has to be. */
export const linesIn = Effect.fn("daemon.importLines")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const bytes = Stream.provideService(readFile(path), FileSystem.FileSystem, fs)
  const received: Received = { head: yield* headOf(bytes), lines: linesOf(bytes) }
  yield* complete(received)
  return received
})
