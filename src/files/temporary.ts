/** Private places for what is needed for a while, in TMPDIR. Nobody knows their names, so errors speak of where they are. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { tmpdir } from "node:os"
import { FileError, fromPlatform } from "./FileError.ts"

/** What stands in an error for the path of a temporary file. */
export const temporaryFiles = (place = tmpdir()): string => `temporary files in ${place}`

export const temporaryHint = "make room there, or set TMPDIR to a directory that can be written to and has room"

/** What another place helps against. */
const local = new Set(["EACCES", "EDQUOT", "ENOENT", "ENOSPC", "EPERM", "EROFS"])

/** An error of a temporary file, in the words of somebody who does not know that there is one. */
export const ofTemporary = (error: FileError, place = tmpdir()): FileError =>
  new FileError({
    ...error,
    path: temporaryFiles(place),
    ...(error.code === "ENOENT" ? { missing: place } : {}),
    ...(local.has(error.code) ? { next: temporaryHint } : {})
  })

/** A directory for the owner alone that disappears with its scope: its path, without links. */
export const temporaryDirectory = (prefix: string, place = tmpdir()) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* Effect.acquireRelease(
      // 0700 by mkdtemp(3); the umask can only take away from that.
      fs.makeTempDirectory({ prefix, directory: place }),
      // Ignored: the work is done or has failed for its own reason, and the name tells what it is.
      (path) => Effect.ignore(fs.remove(path, { recursive: true, force: true }))
    )
    return yield* fs.realPath(directory)
  }).pipe(Effect.mapError((error) => ofTemporary(fromPlatform("create", place)(error), place)))
