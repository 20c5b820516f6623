/**
 * Files of settings: small, regular, and often written by others, as in a cloned repository. This is `node:fs` because the platform's `open`
 * waits for a writer of a pipe, which may have taken the place of the file since it was looked at.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { constants, type FileHandle, lstat, open, stat } from "node:fs/promises"
import type { FailureKind } from "../Failure.ts"
import { fromErrno } from "./FileError.ts"

/** More is not read of a file of settings. */
export const settingsBytes = 64 * 1024

/** What stands where settings are expected is not read. */
export class SettingsRefused extends Schema.TaggedError<SettingsRefused>()("SettingsRefused", {
  path: Schema.String,
  /** Such as "no regular file". */
  found: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.path} is ${this.found}`
  }
  get hint(): string {
    return `look at ${this.path}: settings are a regular file of at most ${settingsBytes / 1024} KiB`
  }
}

export interface SettingsFile {
  readonly text: string
  /** Its owner and its permissions, of the file that was read. */
  readonly uid: number
  readonly mode: number
}

/**
 * The text of a file of settings. It is looked at before it is opened, and never waited for. Links are followed where the user keeps the
 * file (`follow`), and not in a workspace: a link of a repository leads where its author wants, to the database for instance, and to close
 * that after reading it would drop SQLite's locks of this process.
 */
export const readSettings = Effect.fn("settingsFile.read")(function*(
  path: string,
  { follow }: { readonly follow: boolean }
) {
  const refused = (found: string) => new SettingsRefused({ path, found })
  const failed = fromErrno("read", path)
  const look = yield* Effect.tryPromise({ try: () => (follow ? stat : lstat)(path), catch: failed })
  if (look.isSymbolicLink()) return yield* refused("a symbolic link")
  if (look.isDirectory()) return yield* refused("a directory")
  if (!look.isFile()) return yield* refused("no regular file")
  const tooLarge = refused(`larger than ${settingsBytes / 1024} KiB`)
  if (look.size > settingsBytes) return yield* tooLarge
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | (follow ? 0 : constants.O_NOFOLLOW)
  const read = async (file: FileHandle) => {
    const info = await file.stat()
    const buffer = Buffer.allocUnsafe(settingsBytes + 1)
    let size = 0
    while (info.isFile() && size < buffer.length) {
      const { bytesRead } = await file.read(buffer, size, buffer.length - size)
      if (bytesRead === 0) break
      size += bytesRead
    }
    return { size, isFile: info.isFile(), text: buffer.toString("utf8", 0, size), uid: info.uid, mode: info.mode }
  }
  const { isFile, size, ...file } = yield* Effect.acquireUseRelease(
    Effect.tryPromise({ try: () => open(path, flags), catch: failed }),
    (opened) => Effect.tryPromise({ try: () => read(opened), catch: failed }),
    // Ignored: what was read was read.
    (opened) => Effect.ignore(Effect.tryPromise(() => opened.close()))
  )
  if (!isFile) return yield* refused("no regular file")
  if (size > settingsBytes) return yield* tooLarge
  return file satisfies SettingsFile
})

/** Fails for a link in a workspace, through which a file anywhere else would be written. */
export const refuseLink = Effect.fn("settingsFile.refuseLink")(function*(path: string) {
  const info = yield* Effect.tryPromise({ try: () => lstat(path), catch: fromErrno("stat", path) }).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined))
  )
  if (info?.isSymbolicLink() === true) return yield* new SettingsRefused({ path, found: "a symbolic link" })
})
