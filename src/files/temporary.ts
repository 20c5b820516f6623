/** Private places for what is needed for a while, in TMPDIR. Nobody knows their names, so errors speak of where they are. */
import { tmpdir } from "node:os"
import { FileError } from "./FileError.ts"

/** What stands in an error for the path of a temporary file. */
export const temporaryFiles = (place = tmpdir()): string => `temporary files in ${place}`

export const temporaryHint = "make room there, or set TMPDIR to a directory that can be written to and has room"

/** What another place helps against. */
const local = new Set(["EACCES", "EDQUOT", "ENOENT", "ENOSPC", "EPERM", "EROFS"])

/** An error of a temporary file, in the words of a user who does not know that there is one. */
export const ofTemporary = (error: FileError, place = tmpdir()): FileError =>
  new FileError({
    ...error,
    path: temporaryFiles(place),
    ...(error.code === "ENOENT" ? { missing: place } : {}),
    ...(local.has(error.code) ? { next: temporaryHint } : {})
  })
