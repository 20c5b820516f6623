/**
 * One process at a time changes a database. `<database>.lock` is a SQLite file of one row, which stays, and that the
 * holder has open with SQLite's exclusive lock: the operating system takes that back when the process dies, however it
 * dies. The row says who it is, for the person who has to wait.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { FailureKind } from "../Failure.ts"
import { closed } from "../files/closeErrors.ts"
import { fromPlatform } from "../files/FileError.ts"
import { Processes } from "../host/Processes.ts"
import { ProgramVersion } from "../version.ts"
import type { EngineUnusable } from "./engine.ts"
import * as Handle from "./Handle.ts"
import { applicationId, isLock, removedBesideNothing, stillNamed } from "./lockFile.ts"
import { onlyName } from "./onlyName.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

export const Purpose = Schema.Literal("daemon", "restore", "upgrade", "merge", "import", "undo", "backup")
export type Purpose = typeof Purpose.Type

/** Which process has the lock. It is certain that one has it; which, it writes itself, and may not have written yet. */
export class Holder extends Schema.Class<Holder>("Holder")({
  purpose: Schema.Union(Purpose, Schema.Literal("unknown")),
  pid: Schema.NullOr(Schema.Int),
  /** `Processes.identityOf` that process; empty when it is not known. */
  process: Schema.String,
  startedAt: Schema.String,
  version: Schema.String,
  /** What a daemon has met in the database, after which it did nothing more with it; empty unless it has. */
  damage: Schema.String
}) {
  /** As in "in use by a restore (pid 123, since 2026-05-04T00:21:07.000Z)". */
  get words(): string {
    const what = this.purpose === "unknown"
      ? "another kata"
      : `${/^[iu]/.test(this.purpose) ? "an" : "a"} ${this.purpose}`
    const details = [this.pid === null ? "" : `pid ${this.pid}`, this.startedAt === "" ? "" : `since ${this.startedAt}`]
    const known = details.filter((detail) => detail !== "")
    return `${what}${known.length === 0 ? "" : ` (${known.join(", ")})`}`
  }
}

/** The lock, as long as its scope is open. */
export interface Held {
  /** What a daemon before has noted. Whoever looks and finds nothing takes it away. */
  readonly damage: string
  /** Notes a damage, for those who ask now and for the daemon after this one; an empty text takes the note away. */
  readonly note: (damage: string) => Effect.Effect<void, SqliteFailure>
}

/** Somebody else changes this database. */
export class DatabaseLocked extends Schema.TaggedError<DatabaseLocked>()("DatabaseLocked", {
  path: Schema.String,
  by: Schema.String,
  hint: Schema.String
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return `${this.path} is in use by ${this.by}`
  }
}

/** Something that is not a lock of kata has its name. It is not ours to remove. */
export class LockFileInTheWay extends Schema.TaggedError<LockFileInTheWay>()("LockFileInTheWay", {
  path: Schema.String,
  /** Such as "a directory". */
  found: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `${this.path} is ${this.found}, where kata keeps the lock of the database`
  }
  get hint(): string {
    return `look at ${this.path}, then move it away or remove it; kata makes a new one`
  }
}

/** What the name of a database is followed by in that of its lock. */
export const suffix = ".lock"

/** The file that is the lock of a database. */
export const pathOf = (databasePath: string): string => `${databasePath}${suffix}`

/** Long enough for others that only look, or that start at the same moment; the event loop stands still for it. */
const patience = 250

/**
 * Lock files are looked at through `fs` before SQLite opens them. Closing that descriptor would drop the lock of a
 * handle that another fiber has just opened on the file, so only one fiber of this process at a time does any of it.
 */
const oneAtATime = Effect.unsafeMakeSemaphore(1).withPermits(1)

/**
 * Takes the lock of the database at an absolute real path until the scope closes, or says who has it. A file that has another name too,
 * which would have another lock, is refused.
 *
 * A lock file that a power cut left damaged is emptied and used: a process that could read it had SQLite's shared lock, so
 * none had the exclusive one; and if one takes it in that moment, only the row is lost, since a lock is on the
 * file and not on its bytes.
 * A lock file that was made for this and lies beside no database in the end is taken away again.
 */
export const acquire = Effect.fn("Lock.acquire")(function*(databasePath: string, purpose: Purpose) {
  const path = pathOf(databasePath)
  const startedAt = DateTime.formatIso(yield* DateTime.now)
  const { current: { pid }, identityOf } = yield* Processes
  const me = new Holder({
    purpose,
    pid,
    process: Option.getOrElse(yield* identityOf(pid), () => ""),
    startedAt,
    version: yield* ProgramVersion,
    damage: ""
  })
  const taken = stillNamed(path, take(path, me))
  return yield* prepare(path).pipe(
    Effect.flatMap((made) => Effect.zipLeft(taken, made ? removedBesideNothing(path, databasePath) : Effect.void)),
    Effect.catchIf(isDamaged, () => Effect.zipRight(empty(path), taken)),
    Effect.retry({ times: 5, while: ({ _tag }) => _tag === "LockGone" }),
    Effect.catchTag("LockGone", () => lockedBy(databasePath, nobodyKnown)),
    Effect.catchIf(isBusy, () => Effect.flatMap(read(path), (holder) => Effect.fail(lockedBy(databasePath, holder)))),
    oneAtATime,
    Effect.zipLeft(onlyName(databasePath))
  )
})

/**
 * Who has the lock of the database at an absolute real path.
 *
 * It asks for a shared lock for an instant, which a holder refuses. That does not keep the lock from a process that starts: it
 * waits for readers longer than this takes. One that starts in the same instant may still be missed, or reported
 * under the name of a holder before it that was killed.
 */
export const holder = Effect.fn("Lock.holder")(function*(databasePath: string) {
  const path = pathOf(databasePath)
  const fs = yield* FileSystem.FileSystem
  return yield* oneAtATime(Effect.gen(function*() {
    const info = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path)).pipe(
      Effect.asSome,
      Effect.catchIf((error) => error.code === "ENOENT", () => Effect.succeedNone)
    )
    // opening a pipe would wait for a process that writes to it
    if (!Option.exists(info, ({ type }) => type === "File")) return Option.none<Holder>()
    return yield* Handle.open(path, "read", { busyTimeout: 0 }).pipe(
      Effect.flatMap((handle) => handle.get("look at the lock", "SELECT count(*) FROM sqlite_schema")),
      Effect.scoped,
      Effect.as(Option.none<Holder>()),
      Effect.catchIf(isDamaged, () => Effect.succeedNone),
      Effect.catchIf(isBusy, () => Effect.asSome(read(path)))
    )
  }))
})

/** Of a lock, which has two pages; more is no lock of kata. */
const lockBytes = 64 * 1024

/**
 * Whose file the lock of the database at an absolute real path is, when the process of that identity has written there that it is the
 * daemon; none when it has not. A daemon keeps its lock until it ends, so one that lives and has said so holds it: SQLite, which takes time to
 * load, need not be asked.
 */
export const daemonSigned = Effect.fn("Lock.daemonSigned")(function*(databasePath: string, identity: string) {
  const path = pathOf(databasePath)
  const fs = yield* FileSystem.FileSystem
  return yield* oneAtATime(Effect.gen(function*() {
    const { size, type, uid } = yield* fs.stat(path)
    // opening a pipe would wait for a process that writes to it
    if (type !== "File" || size > lockBytes) return Option.none<number>()
    // SQLite writes the texts of a row one after the other. Who has the file open here must not close another descriptor of it.
    const isSigned = Handle.isOpen(path)
      ? Effect.map(read(path), ({ process, purpose }) => process === identity && purpose === "daemon")
      : Effect.map(fs.readFile(path), (bytes) => Buffer.from(bytes).includes(`${identity}daemon`))
    return (yield* isSigned) ? uid : Option.none<number>()
  })).pipe(Effect.orElseSucceed(() => Option.none<number>()))
})

/** What the daemon that has the lock, or had it last, has noted of a damage of the database at an absolute real path; empty when nothing. */
export const damageNoted = (databasePath: string): Effect.Effect<string> =>
  Effect.map(read(pathOf(databasePath)), ({ damage }) => damage)

const isBusy = (error: { readonly _tag: string }): error is SqliteFailure =>
  isSqlite(error) && error.code.startsWith("SQLITE_BUSY")
const isDamaged = (error: { readonly _tag: string }): error is SqliteFailure =>
  isSqlite(error) && (error.code.startsWith("SQLITE_NOTADB") || error.code.startsWith("SQLITE_CORRUPT"))
const isSqlite = (error: { readonly _tag: string }): error is SqliteFailure => error._tag === "SqliteFailure"

const lockedBy = (path: string, holder: Holder) =>
  new DatabaseLocked({
    path,
    by: holder.words,
    hint: holder.purpose === "daemon" ? "stop it first (kata daemon stop)" : "run the command again when it is done"
  })

/** Makes the file, or makes sure that it is a lock; whether it made it. */
const prepare = Effect.fnUntraced(function*(path: string) {
  if (Handle.isOpen(path)) return false
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 })).pipe(
    // a umask may have taken more than it should
    Effect.zipRight(fs.chmod(path, 0o600)),
    Effect.mapError(fromPlatform("create", path)),
    closed(path),
    Effect.as(true),
    Effect.catchIf((error) => error.code === "EEXIST", () => Effect.as(inspect(path), false))
  )
})

const inspect = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const inTheWay = (found: string) => new LockFileInTheWay({ path, found })
  const isLink = yield* Effect.isSuccess(fs.readLink(path))
  if (isLink) return yield* inTheWay("a symbolic link")
  const { type } = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  if (type !== "File") return yield* inTheWay(type === "Directory" ? "a directory" : "no regular file")
  const header = yield* fs.open(path, { flag: "r" }).pipe(
    Effect.flatMap((file) => file.readAlloc(100)),
    Effect.scoped,
    Effect.mapError(fromPlatform("read", path)),
    closed(path)
  )
  const bytes = Buffer.from(Option.getOrElse(header, () => new Uint8Array()))
  if (bytes.length === 0) return
  // what filesystems leave of a file that was written just before a power cut
  if (bytes.every((byte) => byte === 0)) return yield* empty(path)
  if (!isLock(bytes)) return yield* inTheWay("a file that kata did not make")
})

const empty = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.mapError(fs.truncate(path), fromPlatform("write", path)))

/**
 * Nothing in the file has to outlive the process: it is not synced, and has no journal that a kill would leave behind.
 * The lock becomes that of the whole connection only when it is had: with an earlier `locking_mode`, two who start at
 * the same moment would keep their shared locks, and neither would get it.
 */
const take = (path: string, { pid, process, purpose, startedAt, version }: Holder): Effect.Effect<
  Held,
  EngineUnusable | SqliteFailure,
  Scope.Scope
> =>
  Effect.flatMap(
    Handle.open(path, "write", { busyTimeout: patience }),
    (handle) =>
      handle.attempt("take the lock", () => {
        handle.execute("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
        handle.execute("BEGIN EXCLUSIVE; PRAGMA locking_mode = EXCLUSIVE")
        handle.execute(`PRAGMA application_id = ${applicationId}`)
        const damage = notedIn(handle)
        handle.execute("DROP TABLE IF EXISTS holder")
        // daemonSigned looks for the process and the purpose, one after the other
        handle.execute(
          "CREATE TABLE holder(pid INTEGER, process TEXT, purpose TEXT, started_at TEXT, version TEXT, damage TEXT)"
        )
        handle.prepare("INSERT INTO holder VALUES (?, ?, ?, ?, ?, ?)")
          .run(pid, process, purpose, startedAt, version, damage)
        handle.execute("COMMIT")
        return {
          damage,
          note: (text: string) =>
            handle.attempt("note the damage", () => void handle.prepare("UPDATE holder SET damage = ?").run(text))
        }
      }).pipe(
        // the scope is the caller's, who may well go on without the lock; that closing fails too says nothing new
        Effect.onError(() => Effect.ignore(handle.close))
      )
  )

/** The note in a lock; locks of before have no place for one. */
const notedIn = (handle: Handle.Handle): string => {
  const has = handle.prepare("SELECT 1 FROM pragma_table_info('holder') WHERE name = 'damage'").get() !== undefined
  return has ? String(handle.prepare("SELECT damage FROM holder").get()?.["damage"] ?? "") : ""
}

const nobodyKnown = new Holder({ purpose: "unknown", pid: null, process: "", startedAt: "", version: "", damage: "" })

/** The row, without asking for a lock. Whoever has the lock may be writing it: what cannot be read is not known. */
const read = (path: string): Effect.Effect<Holder> =>
  Handle.open(path, "immutable").pipe(
    Effect.flatMap((handle) => handle.get("read who has the lock", "SELECT * FROM holder")),
    Effect.scoped,
    Effect.flatMap((row) =>
      Schema.decodeUnknown(Holder)({
        purpose: row?.["purpose"],
        pid: Number(row?.["pid"]),
        process: row?.["process"] ?? "",
        startedAt: row?.["started_at"],
        version: row?.["version"],
        damage: row?.["damage"] ?? ""
      })
    ),
    Effect.orElseSucceed(() => nobodyKnown)
  )
