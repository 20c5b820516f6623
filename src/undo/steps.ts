/** The entries of a history as steps that can be taken back. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { fromPlatform } from "../files/FileError.ts"
import { resolve } from "../files/paths.ts"
import type { Entry } from "../history/Entry.ts"
import { backupOf, read } from "../history/history.ts"
import { CannotGoBack, HistoryReport, Step } from "./UndoReport.ts"

/** The size of a file; undefined when nothing is there. */
export const sizeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ size }) => Number(size)),
    Effect.mapError(fromPlatform("stat", path)),
    // Nothing has a name that is too long; that of a side file may be.
    Effect.catchIf(({ code }) => code === "ENOENT" || code === "ENAMETOOLONG", () => Effect.succeed(undefined))
  )

/** The path of the file of an entry, which has its size and is a regular one, and how to refuse it for more. */
export const putAside = Effect.fnUntraced(function*(real: string, entry: Entry) {
  const fs = yield* FileSystem.FileSystem
  const path = backupOf(real, entry)
  const { bytes } = entry.back
  const refused = (reason: CannotGoBack["reason"], detail = "") =>
    new CannotGoBack({ path, entry: entry.id, reason, detail })
  const size = yield* sizeOf(path)
  if (size === undefined) return yield* refused("gone")
  const { type } = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  if (type !== "File") return yield* refused("changed", "it is no regular file")
  if (size !== bytes) return yield* refused("changed", `it had ${bytes} bytes and has ${size}`)
  return { path, refused }
})

/** An entry, and whether its file is there. */
export const stepOf = Effect.fnUntraced(function*(real: string, entry: Entry) {
  const backup = backupOf(real, entry)
  const size = yield* sizeOf(backup)
  const { at, back, by, id, input, kata, records, undone, what } = entry
  const { bytes } = back
  const changes = back.way === "rows" ? back.changes : null
  const state = size === undefined ? "gone" as const : size === bytes ? "there" as const : "changed" as const
  return new Step({ id, what, at, by, kata, input, undone, records, changes, backup, bytes, state })
})

/** What the files of these entries take; a file that several name counts once. */
export const bytesOf = (steps: ReadonlyArray<Step>): number =>
  [...new Map(steps.map(({ backup, bytes, state }) => [backup, state === "gone" ? 0 : bytes])).values()]
    .reduce((sum, n) => sum + n, 0)

/** The history of a database, the newest entry first. Nothing is changed, and what is damaged in it is told. */
export const list = Effect.fn("Undo.list")(function*(options: { readonly database: string }) {
  const real = yield* resolve(options.database)
  const { entries, interrupted, odd } = yield* read(real)
  const steps = yield* Effect.forEach(entries.toReversed(), (entry) => stepOf(real, entry))
  return new HistoryReport({
    target: options.database,
    database: real,
    entries: steps,
    odd,
    interrupted,
    bytes: bytesOf(steps)
  })
})
