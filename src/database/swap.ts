/**
 * Puts a staged database in the place of the one that is there (D5.3 to D5.7). The caller holds the lock of the target.
 *
 * At every instant the target's name gives the whole old database or the whole new one, and a `-wal` or `-journal` of the old one
 * never meets the new one: SQLite would replay it into the new file without a word.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { openForReading } from "../files/closeErrors.ts"
import { DurabilityNotConfirmed, FileError, fromPlatform } from "../files/FileError.ts"
import { stamp } from "../files/fileIdentity.ts"
import { exists, parentOf, syncDirectory } from "../files/paths.ts"
import type { Recorded, Stage, Swapped } from "./Database.ts"
import { open } from "./Handle.ts"
import { openError } from "./OpenError.ts"
import * as Backup from "./previous.ts"
import { orUndo, remove } from "./previous.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"
import { sync } from "./stage.ts"

const sideFiles = ["-wal", "-journal", "-shm"]

const sizeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Number(info.size)),
    Effect.mapError(fromPlatform("stat", path)),
    Effect.catchIf((error) => error.code === "ENOENT", () => Effect.succeed(0))
  )

/** SQLite could not do something and does not say why. */
const refused = (path: string, detail: string) => new FileError({ path, operation: "write", code: "", detail })

const confirm = (target: string) =>
  Effect.mapError(
    syncDirectory(parentOf(target)),
    (error) => new DurabilityNotConfirmed({ path: target, code: error.code })
  )

/** The last step. When it returns the new database is there, on disk; nothing may be closed or removed before. */
const rename = (staged: string, target: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.mapError(fs.rename(staged, target), fromPlatform("rename", target))
    yield* confirm(target)
  })

/** The last step where there is no target: a rename would replace one that another process has made meanwhile. */
const appear = (staged: string, target: string, force: boolean) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const linked = yield* fs.link(staged, target).pipe(
      Effect.as(true),
      Effect.mapError(fromPlatform("link", target)),
      Effect.catchIf(({ code }) => code !== "EEXIST", () => Effect.succeed(false)),
      Effect.mapError(() => force ? openError(target, "locked", "it was made meanwhile") : openError(target, "exists"))
    )
    // No hard links on this filesystem.
    if (!linked) return yield* rename(staged, target)
    // Ignored: the next run removes the other name.
    yield* Effect.ignore(remove(staged))
    yield* confirm(target)
  })

/** Takes away a `-journal` in which nothing is to be rolled back any more: SQLite has emptied it, and could not finish. */
const removeSpentJournal = (target: string) =>
  Effect.scoped(Effect.gen(function*() {
    const db = yield* open(target, "write", { busyTimeout: 1000 })
    // While a process writes, a journal may look so before it is synced; none writes now.
    yield* db.exec("look after the old database", "BEGIN EXCLUSIVE")
    const head = yield* Effect.scoped(
      Effect.flatMap(openForReading(`${target}-journal`), (file) => file.readAlloc(8))
    )
    if (Option.getOrElse(head, () => new Uint8Array()).every((byte) => byte === 0)) yield* remove(`${target}-journal`)
  }))

/**
 * Takes the old database for us alone and folds its WAL in: a process that has it open makes this fail, and one that opens it now waits,
 * and then finds the new one. A failure leaves no `-journal` that was not there. `unchanged`: what the files must still be.
 */
const lockExclusively = (target: string, unchanged?: string) =>
  Effect.gen(function*() {
    const hadJournal = yield* exists(`${target}-journal`)
    return yield* Effect.tapError(locked(target, unchanged), () =>
      // Ignored: what is left harms nothing, and the failure is the one to report.
      hadJournal ? Effect.void : Effect.ignore(removeSpentJournal(target)))
  })

/** What tells that a database was not written to: its file, and the side files that hold something. */
export const contentStamp = Effect.fn("Database.contentStamp")(function*(target: string) {
  const of: Array<string> = [yield* stamp(target)]
  for (const side of ["-wal", "-journal"]) {
    of.push((yield* sizeOf(target + side)) === 0 ? "none" : yield* stamp(target + side))
  }
  return of.join("; ")
})

const writtenTo = (target: string) => openError(target, "locked", "it was written to meanwhile")

const locked = (target: string, unchanged?: string) =>
  Effect.gen(function*() {
    const db = yield* open(target, "write", { busyTimeout: 1000 })
    const mode = (sql: string) => db.prepare(sql).get()?.["journal_mode"]
    if (unchanged !== undefined) {
      yield* db.exec(
        "take the old database for us alone",
        // With this locking mode the lock stays when the transaction is over: from here on nobody else writes.
        "PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT"
      ).pipe(
        Effect.zipRight(
          Effect.flatMap(contentStamp(target), (now) => now === unchanged ? Effect.void : writtenTo(target))
        ),
        Effect.tapError(() => Effect.ignore(db.close))
      )
    }
    const [asked, found] = yield* db.attempt("take the old database for us alone", () => {
      db.execute("PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE")
      const asked = mode("PRAGMA journal_mode = DELETE")
      db.execute("BEGIN EXCLUSIVE")
      return [asked, mode("PRAGMA journal_mode")]
      // At once: closing may remove a -wal in which nothing can be used, and what is undone must find it missing.
    }).pipe(Effect.tapError(() => Effect.ignore(db.close)))
    if (asked === "delete" && found === "delete") return db
    yield* Effect.ignore(db.close)
    return yield* asked !== "delete"
      ? openError(target, "locked", "its journal mode could not be changed")
      // SQLite says so too when it could not write that into the file.
      : refused(target, "its journal mode could not be changed")
  })

const isDamage = (error: { readonly _tag: string }): error is SqliteFailure =>
  error._tag === "SqliteFailure" && /^SQLITE_(CORRUPT|NOTADB)/.test((error as SqliteFailure).code)

/** A journal that SQLite would take for hot, find nothing in and remove, and with it what a person might have found there. */
const hasOddJournal = (target: string) =>
  openForReading(`${target}-journal`).pipe(
    Effect.flatMap((file) => file.readAlloc(8)),
    Effect.scoped,
    Effect.map(Option.exists((head) => head[0] !== 0 && Buffer.from(head).toString("hex") !== "d9d505f920a163d7")),
    // What cannot be looked at is met again on the way.
    Effect.orElseSucceed(() => false)
  )

/**
 * Whether SQLite can read the old database. Asked read-only: when a damaged one that was open for writing is closed, SQLite removes a
 * WAL in which it found nothing to use. A hot journal is for who has it open for writing; who else has it open now is met again.
 */
const isReadable = (target: string) =>
  Effect.flatMap(
    open(target, "read", { busyTimeout: 1000 }),
    (db) => db.get("look at the old database", "SELECT count(*) AS n FROM sqlite_schema")
  ).pipe(
    Effect.scoped,
    Effect.as(true),
    Effect.catchTag("SqliteFailure", (error) =>
      /^SQLITE_(?:BUSY|PROTOCOL|READONLY|CANTOPEN)/.test(error.code)
        ? Effect.succeed(true)
        : isDamage(error)
        ? Effect.succeed(false)
        : error)
  )

const isSound = Effect.fnUntraced(function*(target: string) {
  return (yield* sizeOf(target)) > 0 && !(yield* hasOddJournal(target)) && (yield* isReadable(target))
})

/** The old database works: its backup is a second name of it. */
const replaceSound = (staged: string, target: string, recorded: Recorded, unchanged?: string) =>
  Effect.scoped(Effect.gen(function*() {
    const old = yield* lockExclusively(target, unchanged)
    if ((yield* sizeOf(`${target}-wal`)) > 0) {
      return yield* refused(target, "SQLite left its -wal")
    }
    // With the exclusive lock SQLite keeps its journal, emptied, until the handle is closed: beside the new file, then. And beside a
    // database that is in no WAL mode it lets a -shm and an empty -wal lie.
    const clear = Effect.forEach(sideFiles, (side) => remove(target + side), { discard: true })
    yield* clear
    const linked = yield* Effect.option(Backup.link(target, [""]))
    if (Option.isSome(linked)) {
      const last = recorded(linked.value).pipe(
        Effect.zipRight(syncDirectory(parentOf(target))),
        Effect.zipRight(rename(staged, target))
      )
      yield* orUndo(remove(linked.value))(last)
      return linked.value
    }
    // No hard links on this filesystem. The copy must not be made while we have the file open (Handle.ts says why).
    yield* old.close
    const before = yield* stamp(target)
    const backup = yield* Backup.copy(target, [""])
    const last = Effect.gen(function*() {
      yield* lockExclusively(target)
      if ((yield* stamp(target)) !== before) return yield* writtenTo(target)
      yield* clear
      yield* recorded(backup)
      yield* syncDirectory(parentOf(target))
      yield* rename(staged, target)
    })
    yield* orUndo(remove(backup))(last)
    return backup
  }))

/**
 * SQLite cannot read the old database: its backup has every byte, side files included. An empty one can be locked all the same, and only
 * then no process begins to fill it.
 */
const replaceDamaged = (staged: string, target: string, recorded: Recorded) =>
  Effect.scoped(Effect.gen(function*() {
    const before = yield* stamp(target)
    const backup = yield* Effect.catchAll(Backup.link(target), () => Backup.copy(target)).pipe(
      Effect.catchIf(({ code }) => code === "ENOENT", () =>
        openError(target, "locked", "a side file of it went meanwhile"))
    )
    let begun = false
    let filled = false
    const undone = orUndo(Effect.suspend(() =>
      filled ? Backup.unname(target, backup) : Backup.undo(target, backup, begun)
    ))
    const after = yield* undone(stamp(target))
    // What was written since may be in the backup alone, which stays.
    if (after !== before) {
      return yield* writtenTo(target)
    }
    const last = Effect.gen(function*() {
      yield* syncDirectory(parentOf(target))
      begun = true
      yield* Effect.catchIf(lockExclusively(target), isDamage, () =>
        Effect.void)
      // Somebody has made a database of the empty file just before we had it: side files of the old one must never meet that.
      filled = before.startsWith("0 ") && (yield* sizeOf(target)) > 0
      if (filled) return yield* writtenTo(target)
      for (const side of sideFiles) yield* remove(target + side)
      yield* recorded(backup)
      yield* syncDirectory(parentOf(target))
      yield* rename(staged, target)
    })
    yield* undone(last)
    return backup
  }))

/** WAL mode is what a daemon sets anyway, and a property of the file: set before another process can see it. */
const finish = (staged: string) =>
  Effect.gen(function*() {
    const mode = yield* Effect.scoped(
      Effect.flatMap(open(staged, "write"), (db) => db.get("set WAL mode", "PRAGMA journal_mode = WAL"))
    )
    if (mode?.["journal_mode"] !== "wal") return yield* refused(staged, "SQLite could not set WAL mode")
    for (const side of sideFiles) {
      if (yield* exists(staged + side)) return yield* refused(staged, `SQLite left a ${side}`)
    }
    yield* sync(staged)
  })

/** `Database.swap` on the real thing. */
export const swap = Effect.fn("Database.swap")(function*(
  stage: Pick<Stage, "path">,
  target: string,
  force: boolean,
  unchanged?: string,
  recorded: Recorded = () => Effect.void
) {
  yield* finish(stage.path)
  return yield* Effect.uninterruptible(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* exists(target)) {
      if (!force) return yield* openError(target, "exists")
      const info = yield* Effect.mapError(fs.stat(target), fromPlatform("stat", target))
      if (info.type !== "File") return yield* openError(target, info.type === "Directory" ? "directory" : "special")
      const damaged = replaceDamaged(stage.path, target, recorded)
      const backup = yield* unchanged !== undefined
        // What was read of it is what takes its place, so it works.
        ? replaceSound(stage.path, target, recorded, unchanged)
        : (yield* isSound(target))
        ? Effect.catchIf(replaceSound(stage.path, target, recorded), isDamage, () => damaged)
        : damaged
      // A second name has the permissions of the first, and Go kata follows the umask. The restore is done: that another user's file
      // keeps its own is no reason to call it a failure.
      yield* Effect.ignore(fs.chmod(backup, 0o600))
      return { target, backup } satisfies Swapped
    }
    if (unchanged !== undefined) return yield* openError(target, "locked", "it went away meanwhile")
    const orphan = (yield* exists(`${target}-wal`)) || (yield* exists(`${target}-journal`))
    if (!orphan) {
      yield* Effect.zipRight(remove(`${target}-shm`), appear(stage.path, target, force))
      return { target, backup: undefined } satisfies Swapped
    }
    if (!force) return yield* openError(target, "orphan")
    const backup = yield* Backup.moveSides(target)
    const last = remove(`${target}-shm`).pipe(
      Effect.zipRight(syncDirectory(parentOf(target))),
      Effect.zipRight(appear(stage.path, target, force))
    )
    yield* orUndo(Backup.undo(target, backup, true))(last)
    return { target, backup: `${backup}-*` } satisfies Swapped
  }))
})
