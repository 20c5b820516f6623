/** Directories for the owner alone. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { userInfo } from "node:os"
import type { FailureKind } from "../Failure.ts"
import { type FileError, fromPlatform } from "./FileError.ts"

/** Another user made what should be our own directory: its owner can put anything into it. */
export class NotOurs extends Schema.TaggedError<NotOurs>()("NotOurs", {
  path: Schema.String,
  /** Such as "a symbolic link". */
  found: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `${this.path} is ${this.found}, where kata needs a directory of its own`
  }
  get hint(): string {
    return `look at ${this.path}, then remove it; kata makes a new one`
  }
}

/** Makes a directory and those on the way to it, one after the other: a recursive `mkdir` never returns where none can be made. */
export const make = (path: string): Effect.Effect<void, FileError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const one = Effect.mapError(fs.makeDirectory(path, { mode: 0o700 }), fromPlatform("create", path))
    yield* one.pipe(
      Effect.catchIf(({ code }) => code === "ENOENT" && path.lastIndexOf("/") > 0, () =>
        Effect.zipRight(make(path.slice(0, path.lastIndexOf("/"))), one)),
      Effect.catchIf(({ code }) =>
        code === "EEXIST", () => Effect.void)
    )
  })

/** A directory that only its owner enters, who is this user: made, or held to it. */
export const ensureOwn = Effect.fn("directories.ensureOwn")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  yield* make(path)
  if (yield* Effect.isSuccess(fs.readLink(path))) return yield* new NotOurs({ path, found: "a symbolic link" })
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  if (info.type !== "Directory") return yield* new NotOurs({ path, found: "no directory" })
  if (!Option.contains(info.uid, userInfo().uid)) {
    return yield* new NotOurs({ path, found: `a directory of another user (${Option.getOrElse(info.uid, () => -1)})` })
  }
  if ((info.mode & 0o777) !== 0o700) yield* Effect.mapError(fs.chmod(path, 0o700), fromPlatform("chmod", path))
})
