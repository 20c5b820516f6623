/** Whether a path still leads to the file that it led to: a file that is open stays what it is, whatever becomes of its name. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { fromPlatform } from "./FileError.ts"

/** What is at the path; none when nothing is. */
export const identity = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Option.some({ dev: info.dev, ino: Option.getOrElse(info.ino, () => 0) })),
    Effect.mapError(fromPlatform("stat", path)),
    Effect.catchIf((error) => error.code === "ENOENT" || error.code === "ENOTDIR", () => Effect.succeedNone)
  )

/** What shows that a file was not written to: its size, and the millisecond of its last change. */
export const stamp = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ mtime, size }) => `${size} ${Option.getOrUndefined(mtime)?.getTime()}`),
    Effect.mapError(fromPlatform("stat", path))
  )

/** Gives the question which of these files are there no more, or others, than now. One that cannot be looked at counts as there. */
export const watched = Effect.fn("identity.watched")(function*(paths: ReadonlyArray<string>) {
  const fs = yield* FileSystem.FileSystem
  const now = (path: string) =>
    Effect.orElseSucceed(identity(path), () => undefined).pipe(Effect.provideService(FileSystem.FileSystem, fs))
  const before = yield* Effect.forEach(paths, (path) => Effect.map(now(path), (found) => ({ path, found })))
  return Effect.filter(before, ({ found, path }) =>
    Effect.map(now(path), (at) => {
      if (at === undefined || found === undefined || Option.isNone(found)) return false
      return Option.isNone(at) || at.value.dev !== found.value.dev || at.value.ino !== found.value.ino
    })).pipe(Effect.map((gone) => gone.map(({ path }) => path)))
})
