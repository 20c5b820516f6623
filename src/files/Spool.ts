/** Bytes that can only be read once, kept where they can be read again. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { tmpdir } from "node:os"
import { closed } from "./closeErrors.ts"
import { FileError, fromPlatform } from "./FileError.ts"
import { writeTo } from "./output.ts"
import { readFile } from "./source.ts"
import { privateDirectory } from "./staleFiles.ts"
import { ofTemporary, temporaryFiles } from "./temporary.ts"

export interface SpoolOptions {
  /** Where the private directory is made; the system's place for temporary files. */
  readonly directory?: string
}

/** A private file that disappears with its scope. */
export interface Spooled {
  readonly path: string
  readonly size: number
  /** All of it, from the start, every time. */
  readonly bytes: Stream.Stream<Uint8Array, FileError>
}

/** Keeps all the bytes in a file for the owner alone; when this returns they have been read to their end. */
export const spool = <E, R>(
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: SpoolOptions = {}
): Effect.Effect<Spooled, E | FileError, R | FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const place = options.directory ?? tmpdir()
    const directory = yield* privateDirectory("spool", place)
    const path = `${directory}/spool`
    const name = temporaryFiles(place)
    const size = yield* fs.open(path, { flag: "wx", mode: 0o600 }).pipe(
      Effect.mapError(fromPlatform("write", name)),
      Effect.flatMap((file) => writeTo(file, name, bytes)),
      Effect.scoped,
      closed(name),
      Effect.mapError((error) => error instanceof FileError && error.path === name ? ofTemporary(error, place) : error)
    )
    return { path, size, bytes: Stream.provideService(readFile(path), FileSystem.FileSystem, fs) }
  }).pipe(Effect.withSpan("Spool.spool"))
