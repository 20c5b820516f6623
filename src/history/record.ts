/**
 * Writes what takes a swap back. The order is what makes it right after a kill: the entry is on disk, pending, before the rename that puts the
 * new database in place, and complete after it. So there is never a new database without its way back; a pending entry without
 * a new database means nothing, and goes with the next work.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { Database, type Recorded, type Swapped } from "../database/Database.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { present } from "../database/previous.ts"
import * as Atomic from "../files/Atomic.ts"
import * as Directories from "../files/directories.ts"
import { FileError, fromPlatform } from "../files/FileError.ts"
import { stamp } from "../files/fileIdentity.ts"
import { exists, nameOf } from "../files/paths.ts"
import { sweepMatching } from "../files/staleFiles.ts"
import { phase } from "../Progress.ts"
import { encodeUlid, timeOfUlid } from "../records/ulid.ts"
import { ProgramVersion } from "../version.ts"
import { Entry, isOfFile, type OfFile, ReplacedFile, type What } from "./Entry.ts"
import { backupOf, directoryOf, namesIn, pendingIn, temporary } from "./history.ts"

/** What work says of itself. */
export interface Said {
  readonly what: What
  readonly by: string | undefined
  readonly input?: string
  readonly undone?: ReadonlyArray<string>
}

/** What the work of a swap says of itself. */
export interface Draft extends Said {
  readonly records: { readonly [kind: string]: number }
  readonly lastEvent: number | undefined
  /** The `pagesDigest` of what is staged, where that was asked for already. */
  readonly pages: string | undefined
}

/** As much as an entry has room for: it is read back within limits. */
const shortened = (text: string) => text.slice(0, 1000)

/** What an entry says of the work, whatever its way back. */
export const said = Effect.fnUntraced(function*(id: string, { by, input, undone = [], what }: Said) {
  return {
    entry_version: 1,
    id,
    what,
    at: DateTime.formatIso(yield* DateTime.now),
    by: by === undefined ? null : shortened(by),
    kata: yield* ProgramVersion,
    input: input === undefined ? null : shortened(input),
    undone: undone.slice(0, 1000)
  } as const
})

export const sizeAt = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.mapError(fromPlatform("stat", path)),
    Effect.map(({ ino, size }) => ({ bytes: Number(size), inode: Option.getOrElse(ino, () => 0) }))
  )

export const removed = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(path, { recursive: true, force: true })).pipe(
    Effect.mapError(fromPlatform("remove", path))
  )

export const removeEmpty = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.mapError(fs.readDirectory(directory), fromPlatform("list", directory))
  if (names.length === 0) yield* removed(directory)
})

/** The new database is not in place yet, whatever went wrong here: "written, not confirmed" would say otherwise. */
const notYet = (error: Atomic.WriteError) =>
  error._tag === "FileError"
    ? error
    : new FileError({
      path: error.path,
      operation: "write",
      code: "code" in error ? error.code : "",
      detail: error.message
    })

export const write = (real: string, entry: Entry, kind: "json" | "pending") => {
  const text = `${JSON.stringify(entry, null, 2)}\n`
  return Effect.mapError(
    Atomic.write(`${directoryOf(real)}/${entry.id}.${kind}`, Stream.succeed(new TextEncoder().encode(text))),
    notYet
  )
}

export const pendingOf = (real: string, id: string) => `${directoryOf(real)}/${id}.pending`

/** What is in a file that still has the stamp. */
const pagesOf = Effect.fnUntraced(function*(path: string, then: string) {
  const digest = yield* pagesDigest(path)
  return (yield* stamp(path)) === then ? digest ?? null : null
})

/** A pending entry of what is done becomes a complete one. */
export const complete = Effect.fnUntraced(function*(real: string, entry: Entry) {
  yield* write(real, entry, "json")
  yield* removed(pendingOf(real, entry.id))
})

/** The same, knowing what is in the file that was put aside. */
const completeSwap = (real: string, entry: OfFile, pages: string | null) =>
  complete(real, new Entry({ ...entry, back: new ReplacedFile({ ...entry.back, pages }) }))

/** Above the last one, also when the clock was set back. */
export const idAfter = (last: string | undefined) =>
  Effect.map(Clock.currentTimeMillis, (now) =>
    encodeUlid(
      // A name that somebody made may have the last time that there is.
      Math.min(Math.max(now, last === undefined ? 0 : timeOfUlid(last) + 1), 2 ** 48 - 1),
      BigInt(`0x${randomBytes(10).toString("hex")}`)
    ))

/**
 * Runs the swap of a sealed stage with the database at a real path, and leaves an entry when it replaced one. To be run with the lock
 * of the database, where nothing interrupts. When it fails the history is what it was.
 */
export const recording = Effect.fn("History.recording")(function*<E extends { readonly _tag: string }, R>(
  real: string,
  staged: string,
  draft: Draft,
  swap: (recorded: Recorded) => Effect.Effect<Swapped, E, R>
) {
  const services = yield* Effect.context<Database | FileSystem.FileSystem | Path.Path>()
  const { contentStamp } = yield* Database
  const directory = directoryOf(real)
  if (!(yield* exists(real))) return { ...yield* swap(() => Effect.void), entry: undefined }
  const isNew = !(yield* exists(directory))
  const pages = draft.pages ?? (yield* pagesDigest(staged))
  const id = yield* idAfter((yield* namesIn(real)).last)
  let pending: OfFile | undefined
  const recorded: Recorded = (backup) =>
    Effect.gen(function*() {
      const sides = yield* present(backup, ["-wal", "-journal"] as const)
      const entry = new Entry({
        ...yield* said(id, draft),
        records: draft.records,
        after: {
          stamp: yield* contentStamp(staged),
          pages: pages ?? null,
          inode: (yield* sizeAt(staged)).inode,
          last_event: draft.lastEvent ?? null
        },
        back: new ReplacedFile({
          way: "file",
          name: nameOf(backup),
          sides,
          bytes: (yield* sizeAt(backup)).bytes,
          stamp: yield* stamp(backup),
          pages: null
        })
      })
      if (isOfFile(entry)) pending = entry
      yield* write(real, entry, "pending")
    }).pipe(Effect.provide(services))
  // Ignored: the failure that led here is the one to report, and the next work takes away what is left.
  const forget = Effect.suspend(() => removed(pendingOf(real, id))).pipe(
    Effect.zipRight(isNew ? removeEmpty(directory) : Effect.void),
    Effect.ignore
  )
  // Ignored: the new database is in place, and an entry that is still pending is completed by the next work.
  const completed = Effect.suspend(() => {
    if (pending === undefined) return forget
    const entry = pending
    return phase("recording the way back").pipe(
      Effect.zipRight(pagesOf(backupOf(real, entry), entry.back.stamp)),
      Effect.flatMap((pages) => completeSwap(real, entry, pages)),
      Effect.ignore
    )
  })
  const swapped = yield* Effect.zipRight(Directories.ensureOwn(directory), swap(recorded)).pipe(
    Effect.tapError(({ _tag }) => _tag === "DurabilityNotConfirmed" ? completed : forget)
  )
  yield* completed
  return { ...swapped, entry: pending?.id }
})

/**
 * Brings the history in order after a kill: an entry of what is done is completed, another one goes. Who calls it holds the lock of
 * the database, or has its one write transaction, and has made nothing yet that could get the number of a file that is gone. Fails
 * when the history could not be used.
 */
export const settle = Effect.fn("History.settle")(function*(real: string) {
  const directory = directoryOf(real)
  if (!(yield* exists(directory))) return
  yield* Directories.ensureOwn(directory)
  for (const { done, entry, name } of yield* pendingIn(real)) {
    if (!(entry instanceof Entry)) continue
    if (!done) yield* removed(`${directory}/${name}`)
    else if (isOfFile(entry)) {
      // What cannot be read now either is known by its stamp: it must not stand in the way of what is to be done.
      const pages = yield* Effect.orElseSucceed(pagesOf(backupOf(real, entry), entry.back.stamp), () => null)
      yield* completeSwap(real, entry, pages)
    } else yield* complete(real, entry)
  }
  const { has, isComplete, pending, rows } = yield* namesIn(real)
  const left = [...pending.filter(({ id }) => isComplete(id)), ...rows.filter(({ id }) => !has(id))]
  for (const { name } of left) yield* removed(`${directory}/${name}`)
  yield* sweepMatching(directory, temporary)
  yield* removeEmpty(directory)
})
