/** How much room a filesystem has. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { statfs } from "node:fs/promises"
import { type FileError, fromErrno } from "./FileError.ts"

/** Bytes that this user may still write where that directory is. */
export class FreeSpace extends Context.Reference<FreeSpace>()("kata/files/FreeSpace", {
  defaultValue: () => (directory: string): Effect.Effect<number, FileError> =>
    Effect.map(
      Effect.tryPromise({ try: () => statfs(directory), catch: fromErrno("stat", directory) }),
      ({ bavail, bsize }) => bavail * bsize
    )
}) {}
