/** Where bytes come from. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { openForReading } from "./closeErrors.ts"
import { type FileError, fromPlatform, NotAFile } from "./FileError.ts"
import { resolve } from "./paths.ts"
import { isDescriptor, readDirectly } from "./specialFiles.ts"

/** An input that was found, and is opened each time that its bytes are asked for. */
export interface Source {
  /** As the user named it. */
  readonly name: string
  /** When it was found; none for what is no regular file. */
  readonly size: Option.Option<number>
  /** The bytes come from the start every time; those of anything else come once, so spool them. */
  readonly isRegular: boolean
  readonly bytes: Stream.Stream<Uint8Array, FileError>
}

const chunkSize = 1024 * 1024

/** The bytes of a regular file, a mebibyte at a time. */
export const readFile = (path: string, name = path): Stream.Stream<Uint8Array, FileError, FileSystem.FileSystem> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const file = yield* Effect.mapError(openForReading(path), fromPlatform("open", name))
    return Stream.repeatEffectOption(
      file.readAlloc(chunkSize).pipe(
        Effect.mapError((error) => Option.some(fromPlatform("read", name)(error))),
        Effect.flatMap(Option.match({ onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed }))
      )
    )
  }))

/** Files that the kernel makes up report no size, and may differ at the next reading. */
const isMadeUp = (real: string) => /^\/(?:proc|sys|dev\/fd)\//.test(real)

/** Finds an input: a file, a pipe or a device; what is said of it is said of `name`. */
export const open = Effect.fn("source.open")(function*(path: string, name: string = path) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* resolve(path)
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("open", name))
  if (info.type === "Directory") return yield* new NotAFile({ path: name, found: "a directory" })
  if (info.type === "Socket" && !isDescriptor(real)) return yield* new NotAFile({ path: name, found: "a socket" })
  const isRegular = info.type === "File" && !isMadeUp(real)
  // Before anything is done for it: a file is opened only when its bytes are asked for.
  if (isRegular) yield* Effect.mapError(fs.access(real, { readable: true }), fromPlatform("open", name))
  const bytes = isRegular
    ? Stream.provideService(readFile(real, name), FileSystem.FileSystem, fs)
    : readDirectly(real, info.type, name)
  const size = isRegular ? Option.some(Number(info.size)) : Option.none()
  return { name, size, isRegular, bytes } satisfies Source
})
