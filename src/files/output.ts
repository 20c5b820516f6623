/** How bytes reach an open file, whatever sizes they come in. */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { type FileError, fromPlatform } from "./FileError.ts"

/** One system call for less than this costs more than copying the pieces together. */
const gatherSize = 512 * 1024

/**
 * Hands the bytes on in pieces of half a mebibyte (the last may be smaller); gives their number. All of them lie in one buffer: a piece
 * may not be kept by who was given it.
 */
export const gathered = <E, R, E2, R2>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  write: (piece: Uint8Array) => Effect.Effect<void, E2, R2>
): Effect.Effect<number, E | E2, R | R2> =>
  Effect.suspend(() => {
    const buffer = Buffer.allocUnsafeSlow(gatherSize)
    let size = 0
    let total = 0
    const flush = Effect.suspend(() => {
      const piece = buffer.subarray(0, size)
      total += size
      size = 0
      return write(piece)
    })
    const add = (bytes: Uint8Array): Effect.Effect<void, E2, R2> => {
      const room = gatherSize - size
      buffer.set(bytes.length > room ? bytes.subarray(0, room) : bytes, size)
      size += Math.min(room, bytes.length)
      return size < gatherSize ? Effect.void : Effect.zipRight(flush, Effect.suspend(() => add(bytes.subarray(room))))
    }
    return Stream.runForEachChunk(bytes, (chunk) => Effect.forEach(chunk, add, { discard: true })).pipe(
      Effect.zipRight(Effect.suspend(() => size === 0 ? Effect.void : flush)),
      Effect.map(() => total)
    )
  })

/**
 * Runs work that has fibers of its own where nothing can be interrupted: they can be, or who waits for room in a buffer that nobody empties any
 * more would wait for ever. An interruption that reaches whoever asks for it ends it, as ever.
 */
const withOwnFibers = <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.fork(Effect.interruptible(work)),
      (fiber) => Effect.onInterrupt(restore(Fiber.join(fiber)), () => Fiber.interrupt(fiber))
    )
  )

/**
 * Writes all bytes to an open file; while a piece is written, the next one is made. A single write is not interrupted: the call would go
 * on in its thread while the descriptor is closed and given to another file.
 */
export const writeTo = <E, R>(
  file: FileSystem.File,
  path: string,
  bytes: Stream.Stream<Uint8Array, E, R>,
  written: (size: number) => Effect.Effect<void, FileError> = () => Effect.void
): Effect.Effect<number, E | FileError, R> =>
  withOwnFibers(gathered(
    Stream.bufferChunks(bytes, { capacity: 1 }),
    (piece) =>
      Effect.zipRight(
        Effect.uninterruptible(Effect.mapError(file.writeAll(piece), fromPlatform("write", path))),
        written(piece.length)
      )
  ))

/** Enough to keep a disk busy. */
const syncSize = 64 * 1024 * 1024

/**
 * The same, and when this returns the bytes are on disk. That begins while they are written: what comes is not made any slower, and at
 * the end there is little left to wait for.
 */
export const writeSynced = <E, R>(
  file: FileSystem.File,
  path: string,
  bytes: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<number, E | FileError, R> =>
  Effect.scoped(Effect.gen(function*() {
    const scope = yield* Effect.scope
    const sync = Effect.mapError(file.sync, fromPlatform("sync", path))
    let unsynced = 0
    let running: Effect.Effect<void, FileError> = Effect.void
    const size = yield* writeTo(file, path, bytes, (size) =>
      Effect.suspend(() => {
        unsynced += size
        if (unsynced < syncSize) return Effect.void
        unsynced = 0
        return Effect.zipRight(
          running,
          Effect.map(Effect.forkIn(sync, scope), (fiber) => void (running = Fiber.join(fiber)))
        )
      }))
    yield* Effect.zipRight(running, sync)
    return size
  }))
