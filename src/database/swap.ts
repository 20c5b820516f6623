/**
 * Puts a staged database in the place of the one that is there (D5.3 to D5.7). The caller holds the lock of the target.
 *
 * At every instant the target's name gives the whole old database or the whole new one, and a `-wal` or `-journal` of the old one
 * never meets the new one: SQLite would replay it into the new file without a word.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { closed } from "../files/closed.ts"
import { DurabilityNotConfirmed, FileError, fromPlatform } from "../files/FileError.ts"
import { exists, nameOf, parentOf, sameFile, syncDirectory } from "../files/paths.ts"
import type { Stage, Swapped } from "./Database.ts"
import { open } from "./Handle.ts"
import { openError } from "./OpenError.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"
import { stagePrefix, sync } from "./stage.ts"

const sideFiles = ["-wal", "-journal", "-shm"]

/** `20261123T101500Z`: the same form as Go kata's backups. */
const stampNow = Effect.map(DateTime.now, (now) => DateTime.formatIso(now).replace(/[-:]/g, "").replace(/\.\d+/, ""))

const remove = (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => Effect.mapError(fs.remove(path, { force: true }), fromPlatform("remove", path))
  )

/** Removes what a killed restore of this target left: staged files, and a backup that is still the target itself. */
export const heal = Effect.fn("Database.heal")(function*(target: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = parentOf(target)
  const names = yield* Effect.mapError(fs.readDirectory(directory), fromPlatform("list", directory))
  for (const name of names) {
    const path = `${directory}/${name}`
    if (name.startsWith(stagePrefix(target))) {
      yield* Effect.mapError(fs.remove(path, { recursive: true, force: true }), fromPlatform("remove", path))
    } else if (
      name.startsWith(`${nameOf(target)}.bak.`) && (yield* exists(target)) && (yield* sameFile(path, target))
    ) yield* remove(path)
  }
})

/** The first free name for a backup. `make` must fail with EEXIST, and leave everything alone, when it is taken. */
const backupOf = <E, R>(target: string, make: (backup: string) => Effect.Effect<void, E | FileError, R>) =>
  Effect.flatMap(stampNow, (stamp) => {
    const attempt = (n: number): Effect.Effect<string, E | FileError, R> => {
      const backup = `${target}.bak.${stamp}${n === 1 ? "" : `-${n}`}`
      return make(backup).pipe(
        Effect.as(backup),
        Effect.catchAll((error) => isTaken(error) && n < 1000 ? attempt(n + 1) : Effect.fail(error))
      )
    }
    return attempt(1)
  })

const isTaken = (error: unknown) =>
  typeof error === "object" && error !== null && "code" in error && error.code === "EEXIST"

/**
 * When what comes after a step fails, the step is undone: the state after is the state before. Only the rename cannot be taken back, which
 * `DurabilityNotConfirmed` says was done. Ignored: the failure is the one to report, and `undo` stops where going on would lose something.
 */
const orUndo =
  <E2, R2>(undo: Effect.Effect<unknown, E2, R2>) =>
  <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.tapError(effect, ({ _tag }) => _tag === "DurabilityNotConfirmed" ? Effect.void : Effect.ignore(undo))

/** A private copy that must not exist yet, on disk; whole, or not there. Only for files that this process does not have open. */
const copyNew = (from: string, to: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    let created = false
    const copy = Effect.scoped(
      Effect.tap(fs.open(to, { flag: "wx", mode: 0o600 }), () => Effect.sync(() => void (created = true)))
    ).pipe(
      Effect.mapError(fromPlatform("create", to)),
      closed(to),
      Effect.zipRight(Effect.mapError(fs.copyFile(from, to), fromPlatform("write", to))),
      Effect.zipRight(Effect.mapError(fs.chmod(to, 0o600), fromPlatform("chmod", to))),
      Effect.zipRight(sync(to))
    )
    yield* orUndo(Effect.suspend(() => created ? remove(to) : Effect.void))(copy)
  })

/** The side files of one name get another. */
const moveSides = Effect.fnUntraced(function*(from: string, to: string) {
  const fs = yield* FileSystem.FileSystem
  for (const side of sideFiles) {
    if (yield* exists(from + side)) {
      yield* Effect.mapError(fs.rename(from + side, to + side), fromPlatform("rename", from + side))
    }
  }
})

/** The last step. When it returns the new database is there, on disk; nothing may be closed or removed before. */
const rename = (staged: string, target: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.mapError(fs.rename(staged, target), fromPlatform("rename", target))
    yield* Effect.mapError(syncDirectory(parentOf(target)), (error) =>
      new DurabilityNotConfirmed({ path: target, code: error.code }))
  })

/**
 * Takes the old database for us alone and folds its WAL in: whoever has it open makes this fail, and whoever comes now waits, and
 * then finds the new one.
 */
const seize = (target: string, asked: string) =>
  Effect.tap(
    open(target, "write", { busyTimeout: 1000 }),
    (db) =>
      db.attempt("take the old database for us alone", () => {
        db.execute("PRAGMA synchronous = FULL; PRAGMA locking_mode = EXCLUSIVE")
        const mode = db.prepare("PRAGMA journal_mode = DELETE").get()?.["journal_mode"]
        db.execute("BEGIN EXCLUSIVE")
        return mode
      }).pipe(Effect.filterOrFail((mode) => mode === "delete", () =>
        openError(asked, "locked", "its journal mode could not be changed")))
  )

const isDamage = (error: { readonly _tag: string }): error is SqliteFailure =>
  error._tag === "SqliteFailure" && /^SQLITE_(CORRUPT|NOTADB)/.test((error as SqliteFailure).code)

/**
 * Whether SQLite can read the old database. Asked read-only: when a damaged one that was open for writing is closed, SQLite removes a
 * WAL in which it found nothing to use, and with it what a person might have found there. Any other trouble is met again on the way.
 */
const readable = (target: string) =>
  Effect.flatMap(
    open(target, "read", { busyTimeout: 1000 }),
    (db) => db.get("look at the old database", "SELECT count(*) AS n FROM sqlite_schema")
  ).pipe(
    Effect.scoped,
    Effect.as(true),
    Effect.catchAll((error) => Effect.succeed(!isDamage(error)))
  )

/** The old database works: its backup is a second name of it, which costs nothing and can never be half a file. */
const replaceSound = (staged: string, target: string) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const old = yield* seize(target, target)
    for (const side of ["-wal", "-shm"]) {
      if (yield* exists(target + side)) return yield* openError(target, "locked", `${target + side} did not go away`)
    }
    // With the exclusive lock SQLite keeps its journal, emptied, until the handle is closed: beside the new file, then.
    yield* remove(`${target}-journal`)
    const linked = yield* Effect.option(
      backupOf(target, (backup) => Effect.mapError(fs.link(target, backup), fromPlatform("link", backup)))
    )
    if (Option.isSome(linked)) {
      yield* orUndo(remove(linked.value))(Effect.zipRight(syncDirectory(parentOf(target)), rename(staged, target)))
      return linked.value
    }
    // No hard links on this filesystem. The copy must not be made while we have the file open (Handle.ts says why).
    const before = yield* Effect.mapError(fs.stat(target), fromPlatform("stat", target))
    yield* old.close
    const backup = yield* backupOf(target, (name) => copyNew(target, name))
    const last = Effect.gen(function*() {
      yield* seize(target, target)
      const after = yield* Effect.mapError(fs.stat(target), fromPlatform("stat", target))
      if (
        before.size !== after.size ||
        Option.getOrUndefined(before.mtime)?.getTime() !== Option.getOrUndefined(after.mtime)?.getTime()
      ) {
        return yield* openError(target, "locked", "it was written to meanwhile")
      }
      yield* remove(`${target}-journal`)
      yield* syncDirectory(parentOf(target))
      yield* rename(staged, target)
    })
    yield* orUndo(remove(backup))(last)
    return backup
  }))

/** SQLite cannot read the old database: its backup is a copy of every byte, side files included. */
const replaceDamaged = Effect.fnUntraced(function*(staged: string, target: string) {
  const backup = yield* backupOf(target, (name) => copyNew(target, name))
  const copied: Array<string> = []
  let removing = false
  const last = Effect.gen(function*() {
    for (const side of ["-wal", "-journal"]) {
      if (yield* exists(target + side)) {
        yield* copyNew(target + side, backup + side)
        copied.push(side)
      }
    }
    yield* syncDirectory(parentOf(target))
    removing = true
    for (const side of sideFiles) yield* remove(target + side)
    yield* syncDirectory(parentOf(target))
    yield* rename(staged, target)
  })
  // Side files that are gone come back from their copies; should that fail, the backup stays.
  const undo = Effect.gen(function*() {
    if (removing) yield* moveSides(backup, target)
    for (const side of [...copied, ""]) yield* remove(backup + side)
  })
  yield* orUndo(undo)(last)
  return backup
})

/** WAL mode is what a daemon sets anyway, and a property of the file: set before anybody can see it. */
const finish = (staged: string) =>
  Effect.gen(function*() {
    yield* Effect.scoped(
      Effect.flatMap(open(staged, "write"), (db) => db.get("set WAL mode", "PRAGMA journal_mode = WAL"))
    )
    for (const side of sideFiles) {
      if (yield* exists(staged + side)) return yield* openError(staged, "locked", `${staged + side} did not go away`)
    }
    yield* sync(staged)
  })

/** `Database.swap` on the real thing. */
export const swap = Effect.fn("Database.swap")(function*(stage: Stage, target: string, force: boolean) {
  yield* finish(stage.path)
  return yield* Effect.uninterruptible(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* exists(target)) {
      if (!force) return yield* openError(target, "exists")
      const info = yield* Effect.mapError(fs.stat(target), fromPlatform("stat", target))
      if (info.type !== "File") return yield* openError(target, info.type === "Directory" ? "directory" : "special")
      const backup = yield* Number(info.size) > 0 && (yield* readable(target))
        ? Effect.catchIf(replaceSound(stage.path, target), isDamage, () => replaceDamaged(stage.path, target))
        : replaceDamaged(stage.path, target)
      // A second name has the permissions of the first, and Go kata follows the umask. The restore is done: that somebody else's file
      // keeps its own is no reason to call it a failure.
      yield* Effect.ignore(fs.chmod(backup, 0o600))
      return { target, backup } satisfies Swapped
    }
    const orphan = (yield* exists(`${target}-wal`)) || (yield* exists(`${target}-journal`))
    if (!orphan) {
      yield* Effect.zipRight(remove(`${target}-shm`), rename(stage.path, target))
      return { target, backup: undefined } satisfies Swapped
    }
    if (!force) return yield* openError(target, "orphan")
    const backup = yield* backupOf(
      target,
      (name) =>
        Effect.flatMap(exists(`${name}-wal`), (taken) =>
          taken
            ? new FileError({ path: name, operation: "create", code: "EEXIST", detail: "" })
            : orUndo(moveSides(name, target))(moveSides(target, name)))
    )
    const last = Effect.zipRight(syncDirectory(parentOf(target)), rename(stage.path, target))
    yield* orUndo(moveSides(backup, target))(last)
    return { target, backup: `${backup}-*` } satisfies Swapped
  }))
})
