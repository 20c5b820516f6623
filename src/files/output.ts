/** How bytes reach an open file, whatever sizes they come in. */
import type * as PlatformError from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type FileError, fromPlatform } from "./FileError.ts"

/** One system call for less than this costs more than copying the pieces together. */
const gatherSize = 512 * 1024

/** Hands the bytes on in pieces of at least half a mebibyte (the last may be smaller); gives their number. */
export const gathered = <E, R, E2, R2>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  write: (piece: Uint8Array) => Effect.Effect<void, E2, R2>
): Effect.Effect<number, E | E2, R | R2> =>
  Effect.suspend(() => {
    let held: Array<Uint8Array> = []
    let size = 0
    let total = 0
    const flush = Effect.suspend(() => {
      const [only] = held
      const piece = held.length === 1 && only !== undefined ? only : Buffer.concat(held, size)
      held = []
      size = 0
      total += piece.length
      return write(piece)
    })
    return Stream.runForEachChunk(bytes, (chunk) =>
      Effect.forEach(chunk, (bytes) => {
        if (bytes.length > 0) held.push(bytes)
        size += bytes.length
        return size < gatherSize ? Effect.void : flush
      }, { discard: true })).pipe(
        Effect.zipRight(Effect.suspend(() => size === 0 ? Effect.void : flush)),
        Effect.map(() => total)
      )
  })

/**
 * Writes all bytes to an open file; while a piece is written, the next one is made. A single write is not interrupted: the call would go on in its thread while the
 * descriptor is closed and given to another file.
 */
export const writeTo = <E, R>(
  file: FileSystem.File,
  path: string,
  bytes: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<number, E | FileError, R> =>
  gathered(Stream.bufferChunks(bytes, { capacity: 1 }), (piece) =>
    Effect.uninterruptible(
      Effect.mapError(
        file.writeAll(piece),
        (error: PlatformError.PlatformError) => fromPlatform("write", path)(error)
      )
    ))
