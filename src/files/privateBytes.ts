/**
 * Bytes at any place of a private file, at once. This is `node:fs` because the platform's reads are effects, and code that follows page
 * numbers through a file does so in the middle of a loop. Never for a database that others use: closing drops the locks of SQLite.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import { type FileError, fromErrno } from "./FileError.ts"

export interface PrivateBytes {
  /** In bytes, now. */
  readonly size: () => number
  /** What is there of `length` bytes at `at`: fewer behind the end. Throws what the system says. */
  readonly read: (at: number, length: number) => Buffer
  /** Throws what the system says. */
  readonly write: (at: number, bytes: Uint8Array) => void
  /** Makes it this long. Throws what the system says. */
  readonly truncate: (size: number) => void
}

const make = (fd: number): PrivateBytes => ({
  size: () => NodeFs.fstatSync(fd).size,
  read: (at, length) => {
    const bytes = Buffer.alloc(length)
    let have = 0
    while (have < length) {
      const more = NodeFs.readSync(fd, bytes, have, length - have, at + have)
      if (more === 0) break
      have += more
    }
    return bytes.subarray(0, have)
  },
  write: (at, bytes) => {
    for (let done = 0; done < bytes.length;) done += NodeFs.writeSync(fd, bytes, done, bytes.length - done, at + done)
  },
  truncate: (size) => NodeFs.ftruncateSync(fd, size)
})

/** Opens a file that is there, for as long as the scope lives; errors speak of `name`. */
export const openPrivate = (
  path: string,
  name: string,
  mode: "r" | "r+"
): Effect.Effect<PrivateBytes, FileError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({ try: () => NodeFs.openSync(path, mode), catch: fromErrno("open", name) }),
      (fd) => Effect.sync(() => NodeFs.closeSync(fd))
    ),
    make
  )
