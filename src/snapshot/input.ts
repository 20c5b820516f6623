/** Where a snapshot is read from. What can be read only once is kept in a private file first: an error may send us back to a line. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FileError, NotAFile } from "../files/FileError.ts"
import { gunzip } from "../files/gzip.ts"
import * as Source from "../files/source.ts"
import { spool } from "../files/Spool.ts"
import { RecordRefused, SnapshotDamaged, type SnapshotError } from "./errors.ts"
import { read, type ReadOptions, type Records } from "./read.ts"

/** A path, by that name or by another one, or bytes under a name. */
export type Input<E = never> =
  | string
  | { readonly name: string; readonly path: string }
  | { readonly name: string; readonly bytes: Stream.Stream<Uint8Array, E> }

/** An input that can be read from the start as often as it takes. */
export interface Opened {
  readonly name: string
  /** Bytes on disk, compressed as they may be. */
  readonly size: number
  readonly bytes: Stream.Stream<Uint8Array, FileError | SnapshotDamaged>
}

/** NUL is in no snapshot: nothing that comes after one would change what is said of it, and /dev/zero does not end. */
const upToNul = <E>(bytes: Stream.Stream<Uint8Array, E>): Stream.Stream<Uint8Array, E> =>
  Stream.suspend(() => {
    let compressed: boolean | undefined
    return Stream.takeUntil(bytes, (piece) => {
      if (piece.length > 0) compressed ??= piece[0] === 0x1f
      return compressed === false && piece.includes(0)
    })
  })

export const open = <E = never>(
  input: Input<E>
): Effect.Effect<Opened, E | FileError | NotAFile, Scope.Scope | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    if (typeof input !== "string" && "bytes" in input) return opened(input.name, yield* spool(upToNul(input.bytes)))
    const source = yield* typeof input === "string" ? Source.open(input) : Source.open(input.path, input.name)
    return opened(
      source.name,
      source.isRegular
        ? { size: Option.getOrElse(source.size, () => 0), bytes: source.bytes }
        : yield* spool(upToNul(source.bytes))
    )
  })

/** Bytes that can be read again and again, compressed or not. */
export const opened = (
  name: string,
  from: { readonly size: number; readonly bytes: Stream.Stream<Uint8Array, FileError> }
): Opened => ({
  name,
  size: from.size,
  bytes: Stream.catchTag(
    gunzip(from.bytes),
    "GzipDamaged",
    (error) =>
      Stream.fail(
        new SnapshotDamaged({
          file: name,
          line: 0,
          lastGood: 0,
          reason: error.message,
          next: error.reason === "padded" ? `nothing was changed; ${error.hint}` : undefined
        })
      )
  )
})

/** The records of an opened input; every failure names the file. */
export const records = (input: Opened, options: ReadOptions): Records<FileError | SnapshotError> =>
  Channel.mapError(
    read(input.bytes, input.name, options),
    (error) =>
      error._tag !== "LineTooLong" ? error : new RecordRefused({
        file: input.name,
        line: error.line,
        record: undefined,
        field: undefined,
        reason: `is longer than ${error.limit} bytes`
      })
  )
