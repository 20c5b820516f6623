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
import { phase } from "../Progress.ts"
import { encodeUlid, timeOfUlid } from "../records/ulid.ts"
import { ProgramVersion } from "../version.ts"
import { Entry, ReplacedFile, type What } from "./Entry.ts"
import { backupOf, directoryOf, namesIn, pendingIn } from "./history.ts"

/** What the work says of itself. */
export interface Draft {
  readonly what: What
  readonly by: string | undefined
  readonly input?: string
  readonly undone?: ReadonlyArray<string>
  readonly records: { readonly [kind: string]: number }
  readonly lastEvent: number | undefined
  /** The `pagesDigest` of what is staged, where that was asked for already. */
  readonly pages: string | undefined
}

/** As much as an entry has room for: it is read back within limits. */
const shortened = (text: string) => text.slice(0, 1000)

const sizeAt = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.mapError(fromPlatform("stat", path)),
    Effect.map(({ ino, size }) => ({ bytes: Number(size), inode: Option.getOrElse(ino, () => 0) }))
  )

const removed = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(path, { recursive: true, force: true })).pipe(
    Effect.mapError(fromPlatform("remove", path))
  )

const removeEmpty = Effect.fnUntraced(function*(directory: string) {
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

const write = (real: string, entry: Entry, kind: "json" | "pending") => {
  const text = `${JSON.stringify(entry, null, 2)}\n`
  return Effect.mapError(
    Atomic.write(`${directoryOf(real)}/${entry.id}.${kind}`, Stream.succeed(new TextEncoder().encode(text))),
    notYet
  )
}

const pendingOf = (real: string, id: string) => `${directoryOf(real)}/${id}.pending`

/** What is in a file that still has the stamp. */
const pagesOf = Effect.fnUntraced(function*(path: string, then: string) {
  const digest = yield* pagesDigest(path)
  return (yield* stamp(path)) === then ? digest ?? null : null
})

/** A pending entry whose database is in place becomes a complete one, which knows what is in the file that was put aside. */
const complete = Effect.fnUntraced(function*(real: string, entry: Entry, pages: string | null) {
  const back = new ReplacedFile({ ...entry.back, pages })
  yield* write(real, new Entry({ ...entry, back }), "json")
  yield* removed(pendingOf(real, entry.id))
})

/** Above the last one, also when the clock was set back. */
const idAfter = (last: string | undefined) =>
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
  let pending: Entry | undefined
  const recorded: Recorded = (backup) =>
    Effect.gen(function*() {
      const sides = yield* present(backup, ["-wal", "-journal"] as const)
      pending = new Entry({
        entry_version: 1,
        id,
        what: draft.what,
        at: DateTime.formatIso(yield* DateTime.now),
        by: draft.by === undefined ? null : shortened(draft.by),
        kata: yield* ProgramVersion,
        input: draft.input === undefined ? null : shortened(draft.input),
        undone: (draft.undone ?? []).slice(0, 1000),
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
      yield* write(real, pending, "pending")
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
      Effect.flatMap((pages) => complete(real, entry, pages)),
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
 * Brings the history in order after a kill: an entry whose database is in place is completed, another one goes. Who calls it holds the lock of
 * the database, and has made nothing yet that could get the number of a file that is gone. Fails when the history could not be used.
 */
export const settle = Effect.fn("History.settle")(function*(real: string) {
  const directory = directoryOf(real)
  if (!(yield* exists(directory))) return
  yield* Directories.ensureOwn(directory)
  for (const { done, entry, name } of yield* pendingIn(real)) {
    if (!(entry instanceof Entry)) continue
    // What cannot be read now either is known by its stamp: it must not stand in the way of what is to be done.
    if (done) {
      const pages = yield* Effect.orElseSucceed(pagesOf(backupOf(real, entry), entry.back.stamp), () => null)
      yield* complete(real, entry, pages)
    }
    if (!done) yield* removed(`${directory}/${name}`)
  }
  const { isComplete, pending, temporary } = yield* namesIn(real)
  const left = [...pending.filter(({ id }) => isComplete(id)).map(({ name }) => name), ...temporary]
  for (const name of left) yield* removed(`${directory}/${name}`)
  yield* removeEmpty(directory)
})
