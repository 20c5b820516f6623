/** What a file is to SQLite, by its first bytes and without SQLite. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { openForReading } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { isOpen } from "./Handle.ts"
import * as Lock from "./Lock.ts"
import { isLock } from "./lockFile.ts"

/** `side`: a `-wal`, `-journal` or `-shm`, whatever its name is. */
export type FileKind = "database" | "lock" | "side" | "other"

/** How side files begin: a `-wal` in either byte order, a `-journal`, and a `-shm` in that of the machine. */
const sideBeginnings = /^(?:377f068[23]|d9d505f920a163d7|18e22d00|002de218)/

const kindOf = (head: Buffer): FileKind =>
  isLock(head)
    ? "lock"
    : head.toString("latin1", 0, 16) === "SQLite format 3\0"
    ? "database"
    : sideBeginnings.test(head.toString("hex", 0, 8))
    ? "side"
    : "other"

/** What is at a real path; none when no regular file is there. Failures name it as it was asked for. */
export const fileKind = Effect.fn("Database.fileKind")(function*(real: string, asked: string) {
  // What we have open must not be opened through the filesystem (Handle.ts says why).
  if (isOpen(real)) return Option.some<FileKind>(real.endsWith(Lock.suffix) ? "lock" : "database")
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.asSome(Effect.mapError(fs.stat(real), fromPlatform("stat", asked))).pipe(
    Effect.catchIf((error) => error.code === "ENOENT" || error.code === "ENOTDIR", () => Effect.succeedNone)
  )
  if (!Option.exists(info, ({ type }) => type === "File")) return Option.none<FileKind>()
  const bytes = yield* openForReading(real).pipe(
    Effect.flatMap((file) => file.readAlloc(100)),
    Effect.scoped,
    Effect.mapError(fromPlatform("read", asked))
  )
  return Option.some(kindOf(Buffer.from(Option.getOrElse(bytes, () => new Uint8Array()))))
})
