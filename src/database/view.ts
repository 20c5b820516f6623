/**
 * How a database is opened for reading (D7). What is beside it decides:
 *
 * | side files            | ours to write | opened                                                                       |
 * |-----------------------|---------------|------------------------------------------------------------------------------|
 * | none                  | yes           | read-write with `query_only`: SQLite takes its own side files away again     |
 * | a `-wal`              | yes           | read-only; SQLite may make a `-shm`                                          |
 * | a hot `-journal`      | yes           | a private copy: reading in place would roll it back, which is writing        |
 * | none                  | no            | `immutable`, with the same stat before and after                             |
 * | none, on a full disk  | yes           | the same: SQLite has no room for the `-shm` that it wants to read with       |
 * | a `-wal`, `-journal`  | no            | a private copy                                                               |
 *
 * "Ours to write": the directory can be written, and the file is our own; in another user's, SQLite would leave side files that the
 * owner could not open.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userInfo } from "node:os"
import { closed } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { nameOf, parentOf, resolve } from "../files/paths.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Format } from "../records/Format.ts"
import { absent } from "./absent.ts"
import { count } from "./count.ts"
import { unlessDamaged } from "./damagedTableScan.ts"
import type { View } from "./Database.ts"
import { isOpen, type Mode, open as openHandle, uriOf } from "./Handle.ts"
import { inspect, type Others } from "./inspect.ts"
import { type OpenError, openError, type OpenReason } from "./OpenError.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

const magic = "SQLite format 3\0"

const sizeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Number(info.size)),
    Effect.mapError(fromPlatform("stat", path)),
    Effect.catchIf((error) => error.code === "ENOENT", () => Effect.succeed(0))
  )

/** What shows that a file was not changed. */
const stamp = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) =>
      `${info.ino.pipe(Option.getOrElse(() => 0))} ${info.size} ${Option.getOrUndefined(info.mtime)?.getTime()}`
    ),
    Effect.mapError(fromPlatform("stat", path)),
    Effect.catchIf((error) => error.code === "ENOENT", () => Effect.succeed("none"))
  )

const sideFiles = ["-wal", "-journal"] as const
/** Of a file and its side files. */
export const stamps = (path: string) =>
  Effect.map(Effect.forEach(["", ...sideFiles], (side) => stamp(path + side)), (all) => all.join("; "))

/** Looks at the file itself, before SQLite opens it. */
export const look = Effect.fnUntraced(function*(path: string, asked: string) {
  const fs = yield* FileSystem.FileSystem
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", asked)).pipe(
    Effect.catchIf((error) => error.code === "ENOENT" || error.code === "ENOTDIR", () => absent(path, asked))
  )
  if (info.type === "Directory") return yield* openError(asked, "directory")
  if (info.type !== "File") return yield* openError(asked, "special")
  if (Number(info.size) === 0) return yield* openError(asked, "empty")
  // A database that we have open must not be opened through the filesystem: closing would drop SQLite's locks.
  if (!isOpen(path)) {
    const head = yield* fs.open(path, { flag: "r" }).pipe(
      Effect.flatMap((file) => file.readAlloc(16)),
      Effect.scoped,
      Effect.mapError(fromPlatform("open", asked)),
      closed(asked),
      Effect.catchIf(
        (error) => error.code === "EACCES" || error.code === "EPERM",
        (error) => openError(asked, "unreadable", error.message)
      )
    )
    if (Buffer.from(Option.getOrElse(head, () => new Uint8Array())).toString("latin1") !== magic) {
      return yield* openError(asked, "foreign")
    }
  }
  const writable = yield* fs.access(parentOf(path), { writable: true }).pipe(
    Effect.as(true),
    Effect.orElseSucceed(() => false)
  )
  const ours = writable && Option.getOrElse(info.uid, () => userInfo().uid) === userInfo().uid
  return { ours, wal: (yield* sizeOf(`${path}-wal`)) > 0, journal: (yield* sizeOf(`${path}-journal`)) > 0 }
})

/** A copy of the file and its side files in a private directory, once nothing changes while it is made. */
const copy = Effect.fnUntraced(function*(path: string, asked: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* privateDirectory("view")
  const target = `${directory}/${nameOf(path).slice(-100)}`
  const attempt = Effect.gen(function*() {
    const before = yield* stamps(path)
    for (const side of ["", ...sideFiles]) {
      yield* fs.copyFile(path + side, target + side).pipe(
        Effect.mapError(fromPlatform("read", asked + side)),
        Effect.catchIf((error) => error.code === "ENOENT" && side !== "", () => Effect.void),
        Effect.catchIf(
          (error) => error.code === "ENOSPC" || error.code === "EDQUOT",
          (error) => openError(asked, "space", error.message)
        )
      )
    }
    if ((yield* stamps(path)) !== before) return yield* openError(asked, "changed")
  })
  yield* Effect.retry(attempt, { times: 3, while: (error) => error._tag === "OpenError" && error.reason === "changed" })
  return target
})

export const reasonOf = (failure: SqliteFailure): OpenReason | undefined =>
  failure.code.startsWith("SQLITE_NOTADB") ?
    "foreign"
    : failure.code.startsWith("SQLITE_CORRUPT") ?
    "damaged"
    : failure.code.startsWith("SQLITE_BUSY") || failure.code.startsWith("SQLITE_PROTOCOL") ?
    "locked"
    : failure.code.startsWith("SQLITE_CANTOPEN") || failure.code.startsWith("SQLITE_PERM") ?
    "unreadable"
    : failure.code.startsWith("SQLITE_FULL") ?
    "space"
    : undefined

/** Opens and begins. `BEGIN` alone reads nothing: the first statement is what fixes the state that is seen. */
export const begin = (path: string, mode: Mode, damaged: boolean) =>
  Effect.tap(openHandle(path, mode, { damaged }), (db) =>
    db.attempt("begin to read", () => {
      db.execute(
        // A cell that is broken shall not take its page with it, and what is left of a broken schema is better than nothing.
        (damaged ? "PRAGMA writable_schema = 1; PRAGMA cell_size_check = 0;" : "PRAGMA cell_size_check = 1;") +
          "PRAGMA query_only = 1; PRAGMA trusted_schema = 0; PRAGMA cache_size = -16384; PRAGMA temp_store = 0"
      )
      db.execute("BEGIN")
      const first = () => db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
      if (damaged) unlessDamaged(first)
      else first()
    }))

/** What SQLite says when the side files that it reads with find no room. */
const noRoom = ({ code }: SqliteFailure): boolean => code === "SQLITE_FULL" || code === "SQLITE_IOERR_SHMSIZE"

/** As it lies there, without side files; `confirm` is that it still does. */
const untouched = Effect.fnUntraced(function*(path: string, asked: string, damaged: boolean) {
  const before = yield* stamps(path)
  const db = yield* begin(path, "immutable", damaged)
  return {
    db,
    mode: "immutable" as Mode,
    confirm: Effect.flatMap(stamps(path), (after) => after === before ? Effect.void : openError(asked, "changed"))
  }
})

/** Opens the file for reading and begins; `damaged`: in the hope that something can be read. */
export const start = Effect.fnUntraced(function*(path: string, asked: string, damaged: boolean) {
  const { journal, ours, wal } = yield* look(path, asked)
  if (!wal && !journal) {
    if (!ours) return yield* untouched(path, asked, damaged)
    return yield* begin(path, "write", damaged).pipe(
      Effect.map((db) => ({ db, mode: "read" as Mode, confirm: Effect.void })),
      Effect.catchIf(
        (error) => error._tag === "SqliteFailure" && noRoom(error),
        () => untouched(path, asked, damaged)
      )
    )
  }
  const copied = Effect.flatMap(copy(path, asked), (twin) => begin(twin, "write", damaged))
  const db = yield* !ours ?
    copied
    // A journal beside a file that is being written is not hot, and then this is the way; a hot one is refused by SQLite.
    : begin(path, "read", damaged).pipe(
      Effect.catchIf(
        (error) =>
          error._tag === "SqliteFailure" &&
          (noRoom(error) || error.code.startsWith("SQLITE_READONLY") ||
            (journal && error.code.startsWith("SQLITE_CANTOPEN"))),
        () => copied
      )
    )
  return { db, mode: "read" as Mode, confirm: Effect.void }
})

/** What SQLite answers while a database is opened, as the reason why it cannot be used. */
export const unusable = (asked: string) => (failure: SqliteFailure): OpenError | SqliteFailure => {
  const reason = reasonOf(failure)
  return reason === undefined ? failure : openError(asked, reason, failure.detail)
}

/** The same before any row is read: what is asked then is right for every database, and this one does not say what a database says. */
const unopened = (asked: string) => (failure: SqliteFailure): OpenError | SqliteFailure =>
  failure.code !== "SQLITE_ERROR"
    ? unusable(asked)(failure)
    : openError(asked, failure.detail.startsWith("no such module") ? "unknown" : "damaged", failure.detail)

/** `Database.view` on the real thing. */
export const view = Effect.fn("Database.view")(function*(asked: string, wanted: Format, others?: Others) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Effect.catchIf(
    resolve(asked),
    (error) => error.code === "ENOENT" || error.code === "ENOTDIR",
    () => openError(asked, "missing")
  )
  const opened = Effect.gen(function*() {
    const { confirm, db, mode } = yield* start(path, asked, false)
    return { confirm, db, mode, ...(yield* inspect(db, asked, wanted, others)) }
  })
  const { confirm, db, findings, format, mode } = yield* Effect.mapError(
    opened,
    (error) => error._tag === "SqliteFailure" ? unopened(asked)(error) : error
  )
  return {
    path,
    uri: uriOf(db.path, mode),
    format,
    db,
    findings,
    count: count(db, format),
    confirm: Effect.provideService(confirm, FileSystem.FileSystem, fs)
  } satisfies View
})
