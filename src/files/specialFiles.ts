/**
 * Pipes, devices and open descriptors, which are read and written as they are. This is `node:fs` because the platform's
 * files always name a position, which a pipe refuses; because its `open` of a pipe without a partner blocks a thread, and
 * with it the end of the process, where O_NONBLOCK lets us wait and be interrupted; and because it takes no descriptors.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as NodeFs from "node:fs"
import { codeOf, type FileError, fromErrno } from "./FileError.ts"
import { gathered } from "./output.ts"

/** As much as a pipe holds. */
const chunkSize = 64 * 1024
const pause = Effect.sleep("2 millis")

/** The number of our own open descriptor that a resolved path names, as /dev/stdout does. */
const descriptorOf = (path: string): number | undefined => {
  const [, pid = process.pid, number] = /^(?:\/proc\/(\d+)(?:\/task\/\d+)?\/fd|\/dev\/fd)\/(\d+)$/.exec(path) ?? []
  return number !== undefined && Number(pid) === process.pid ? Number(number) : undefined
}

/** Whether a resolved path is one of our own descriptors, as /dev/stdout is. */
export const isDescriptor = (path: string): boolean => descriptorOf(path) !== undefined

interface Handle {
  readonly fd: number
  /** Opened by us: does not block, and will be closed. */
  readonly own: boolean
}

const openWaiting = (path: string, flags: number, type: FileSystem.File.Type, name: string) => {
  const attempt: Effect.Effect<Handle, FileError> = Effect.suspend(() => {
    try {
      return Effect.succeed({ fd: NodeFs.openSync(path, flags | NodeFs.constants.O_NONBLOCK), own: true })
    } catch (error) {
      // A named pipe that no process reads yet; of one that we were given, the readers are gone.
      return type === "FIFO" && codeOf(error) === "ENXIO" && !isDescriptor(path)
        ? Effect.zipRight(Effect.interruptible(pause), attempt)
        : Effect.fail(fromErrno("open", name)(error))
    }
  })
  return attempt
}

/**
 * A pipe behind a descriptor is opened again, for a description of our own that does not block; a file or a socket is not,
 * as that would be another position or impossible.
 */
const openDirectly = (
  path: string,
  flags: number,
  type: FileSystem.File.Type,
  name: string
): Effect.Effect<Handle, FileError, Scope.Scope> => {
  const fd = descriptorOf(path)
  const inherited = Effect.succeed({ fd: fd ?? -1, own: false })
  const opened = openWaiting(path, flags, type, name)
  return Effect.acquireRelease(
    fd === undefined
      ? opened
      : type === "File" || type === "Socket"
      ? inherited
      : Effect.orElse(opened, () => inherited),
    (handle) => Effect.sync(() => handle.own && NodeFs.closeSync(handle.fd))
  )
}

/** One system call. Not interrupted when its descriptor will be closed: the number may soon belong to another file. */
const call = (
  handle: Handle,
  start: (done: (error: NodeJS.ErrnoException | null, count: number) => void) => void
): Effect.Effect<number, NodeJS.ErrnoException> => {
  const effect = Effect.async<number, NodeJS.ErrnoException>((resume) =>
    start((error, count) => resume(error === null ? Effect.succeed(count) : Effect.fail(error)))
  )
  return (handle.own ? Effect.uninterruptible(effect) : effect).pipe(
    Effect.catchIf((error) => error.code === "EAGAIN", () => Effect.zipRight(pause, call(handle, start)))
  )
}

const writeAll = (handle: Handle, piece: Uint8Array): Effect.Effect<void, NodeJS.ErrnoException> =>
  Effect.flatMap(
    call(handle, (done) => NodeFs.write(handle.fd, piece, 0, piece.length, null, done)),
    (count) => count < piece.length ? writeAll(handle, piece.subarray(count)) : Effect.void
  )

/** Writes to what is no regular file, and gives the number of bytes. Waits for a reader of a named pipe. */
export const writeDirectly = <E, R>(
  path: string,
  type: FileSystem.File.Type,
  bytes: Stream.Stream<Uint8Array, E, R>,
  name = path
): Effect.Effect<number, E | FileError, R> =>
  openDirectly(path, NodeFs.constants.O_WRONLY | NodeFs.constants.O_NOCTTY, type, name).pipe(
    Effect.flatMap((handle) =>
      gathered(bytes, (piece) => Effect.mapError(writeAll(handle, piece), fromErrno("write", name)))
    ),
    Effect.scoped
  )

/** Reads what is no regular file, once. Waits for a writer of a named pipe. */
export const readDirectly = (
  path: string,
  type: FileSystem.File.Type,
  name = path
): Stream.Stream<Uint8Array, FileError> =>
  Stream.unwrapScoped(Effect.map(
    openDirectly(path, NodeFs.constants.O_RDONLY | NodeFs.constants.O_NOCTTY, type, name),
    (handle) => {
      let waiting = type === "FIFO" && !isDescriptor(path)
      const read: Effect.Effect<Chunk.Chunk<Uint8Array>, Option.Option<FileError>> = Effect.suspend(() => {
        const buffer = Buffer.allocUnsafe(chunkSize)
        return call(handle, (done) => NodeFs.read(handle.fd, buffer, 0, chunkSize, null, done)).pipe(
          Effect.mapError((error) => Option.some(fromErrno("read", name)(error))),
          Effect.flatMap((count) => {
            // Without O_NONBLOCK this would have been waiting in `open` for the first writer.
            if (count === 0) return waiting ? Effect.zipRight(pause, read) : Effect.fail(Option.none())
            waiting = false
            return Effect.succeed(Chunk.of(buffer.subarray(0, count)))
          })
        )
      })
      return Stream.repeatEffectChunkOption(read)
    }
  ))
