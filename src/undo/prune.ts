/** Takes entries of a history away, with the files that only they name. Nothing else ever does. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Lock from "../database/Lock.ts"
import { fromPlatform } from "../files/FileError.ts"
import { parentOf, resolve, sameFile, syncDirectory } from "../files/paths.ts"
import type { Entry } from "../history/Entry.ts"
import { backupOf, directoryOf, read } from "../history/history.ts"
import { settle } from "../history/record.ts"
import { named } from "../import/asNamed.ts"
import type { Homes } from "../import/stopHint.ts"
import { sizeOf, stepOf } from "./steps.ts"
import { refuseDaemons } from "./takeBack.ts"
import { PruneReport } from "./UndoReport.ts"

export interface PruneOptions {
  /** The path of the database. */
  readonly database: string
  /** Only entries from before this instant. */
  readonly before?: Date
  /** As many of the newest stay, whatever their age. */
  readonly keep?: number
  /** Only say what would go. */
  readonly dryRun?: boolean
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

const sides = ["", "-wal", "-journal"]

/** Why the file of an entry that goes stays; undefined when it goes too. */
const reasonToKeep = Effect.fnUntraced(function*(real: string, entry: Entry, left: ReadonlyArray<Entry>) {
  const path = backupOf(real, entry)
  if (left.some((other) => backupOf(real, other) === path)) return "an entry that stays names it too"
  if (yield* sameFile(path, real)) return "it is the database itself"
  return (yield* sizeOf(path)) === entry.back.bytes ? undefined : "it is not the file that was put there"
})

/** The files that go with some entries. */
const filesOf = Effect.fnUntraced(function*(real: string, entries: ReadonlyArray<Entry>, left: ReadonlyArray<Entry>) {
  const files = new Map<string, number>()
  const kept: Array<{ readonly path: string; readonly why: string }> = []
  for (const entry of entries) {
    const path = backupOf(real, entry)
    if ((yield* sizeOf(path)) === undefined || files.has(path)) continue
    const why = yield* reasonToKeep(real, entry, left)
    if (why !== undefined) kept.push({ path, why })
    else {
      for (const side of sides) {
        const bytes = yield* sizeOf(path + side)
        if (bytes !== undefined) files.set(path + side, bytes)
      }
    }
  }
  return { files: [...files].map(([path, bytes]) => ({ path, bytes })), kept }
})

/**
 * Removes the entries that are older than asked for and not among the newest that are to stay; with neither, none. The file goes before its
 * entry: who is killed in between finds an entry whose file is gone, and never a file that no entry knows.
 */
export const prune = Effect.fn("Undo.prune")((options: PruneOptions) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const real = yield* resolve(options.database)
    const { before, dryRun = false, keep } = options
    const isOld = ({ at }: Entry) => before === undefined ? keep !== undefined : Date.parse(at) < before.getTime()
    const plan = Effect.gen(function*() {
      const { entries } = yield* read(real)
      const old = entries.slice(0, Math.max(0, entries.length - (keep ?? 0))).filter(isOld)
      const left = entries.filter((entry) => !old.includes(entry))
      return { old, left, ...yield* filesOf(real, old, left) }
    })
    return yield* Effect.gen(function*() {
      if (!dryRun && (yield* plan).old.length > 0) {
        yield* refuseDaemons(options, real)
        yield* Lock.acquire(real, "undo")
        yield* settle(real)
      }
      const { files, kept, left, old } = yield* plan
      const removed = yield* Effect.forEach(old.toReversed(), (entry) => stepOf(real, entry))
      if (!dryRun && old.length > 0) {
        const remove = (path: string) => Effect.mapError(fs.remove(path, { force: true }), fromPlatform("remove", path))
        yield* Effect.forEach(files, ({ path }) => remove(path), { discard: true })
        yield* syncDirectory(parentOf(real))
        yield* Effect.forEach(old, ({ id }) => remove(`${directoryOf(real)}/${id}.json`), { discard: true })
        yield* syncDirectory(directoryOf(real))
      }
      return new PruneReport({
        target: options.database,
        database: real,
        dry_run: dryRun,
        removed,
        files,
        kept,
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        left: left.length
      })
    }).pipe(Effect.mapError(named(real, options.database)))
  }).pipe(Effect.scoped)
)
