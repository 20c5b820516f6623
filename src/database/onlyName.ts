/**
 * The lock and the log of a database are files beside it, found by its name: a file that has two names would have two of each, and two
 * writers that know nothing of each other.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, nameOf, parentOf, sameFile } from "../files/paths.ts"

/** The file of a database has another name, by which another process could work with it. */
export class DatabaseHasOtherName extends Schema.TaggedError<DatabaseHasOtherName>()("DatabaseHasOtherName", {
  path: Schema.String,
  /** `link`: there are hard links to it. `mount`: the file is mounted by itself, so that it has a name elsewhere. */
  by: Schema.Literal("link", "mount")
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.by === "link"
      ? `${this.path} is a file with another name (a hard link): who works with that name would not see this one's lock and log`
      : `${this.path} is a file that is mounted by itself: who works with its other name would not see this one's lock and log`
  }
  get hint(): string {
    return this.by === "link"
      ? `find the other name (find / -xdev -samefile ${nameOf(this.path)}), and remove it or make a symbolic link of it`
      : "mount the directory of the database instead, or name the database by a symbolic link"
  }
}

/** A mount point in /proc/self/mountinfo, where blanks and the like are octal. */
const mountedAt = (line: string) =>
  (line.split(" ")[4] ?? "").replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))

/**
 * Fails when the database at an absolute real path, where there is one, has another name than backups of it that a restore has not finished.
 *
 * Mounts are known on Linux only. The device of a file shows nothing: in a container it differs from its directory's without a mount.
 */
export const onlyName = Effect.fn("Database.onlyName")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* exists(path))) return
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  // a directory is refused as such
  if (info.type !== "File") return
  if (Option.exists(info.nlink, (links) => links > 1)) {
    const directory = parentOf(path)
    const names = yield* Effect.mapError(fs.readDirectory(directory), fromPlatform("list", directory))
    const backups = yield* Effect.filter(
      names.filter((name) => name.startsWith(`${nameOf(path)}.bak.`)),
      (name) => sameFile(`${directory}/${name}`, path)
    )
    if (Option.exists(info.nlink, (links) => links > 1 + backups.length)) {
      return yield* new DatabaseHasOtherName({ path, by: "link" })
    }
  }
  // In bytes that are no UTF-8 it is another name, and so it is in the path that was asked for.
  const mounts = yield* Effect.orElseSucceed(fs.readFileString("/proc/self/mountinfo"), () => "")
  if (mounts.split("\n").some((line) => mountedAt(line) === path)) {
    return yield* new DatabaseHasOtherName({ path, by: "mount" })
  }
})
