/**
 * The open ledger: one database, its rules kept by the modules of this folder. Each operation is one function that runs in one
 * transaction of it; what it cannot do is a `Refused` or a `SqliteFailure`.
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Handle from "../database/Handle.ts"
import { version } from "../database/inspect.ts"
import { usableInstance } from "../database/meta.ts"
import { openError } from "../database/OpenError.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { look, unusable } from "../database/view.ts"
import { watched } from "../files/fileIdentity.ts"
import { resolve } from "../files/paths.ts"
import { openClient } from "../store/client.ts"
import * as Ulids from "./ulids.ts"

export class Ledger extends Context.Tag("kata/Ledger")<Ledger, {
  readonly path: string
  /** Where its events come from. */
  readonly instanceUid: string
  readonly sql: SqlClient.SqlClient
  /** One state, for everything that is read. */
  readonly read: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqliteFailure, R>
  /** All or nothing. When it is committed, whoever waits for events is woken. */
  readonly write: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqliteFailure, R>
  readonly nextUlid: Effect.Effect<string>
  /** Counts the writes. A change says only that there may be something new: what there is, the tables say. */
  readonly writes: SubscriptionRef.SubscriptionRef<number>
}>() {}

const instanceOf = Effect.fnUntraced(function*(handle: Handle.Handle, path: string, nextUlid: Effect.Effect<string>) {
  const row = yield* handle.get("read the instance", "SELECT value FROM meta WHERE key = 'instance_uid'")
  const known = row?.["value"]
  if (typeof known === "string" && usableInstance(known)) return known
  if (row !== undefined) {
    return yield* openError(path, "version", `meta.instance_uid is ${JSON.stringify(String(known))}, no ULID`)
  }
  const made = yield* nextUlid
  yield* handle.attempt("name the instance", () => {
    handle.prepare("INSERT INTO meta(key, value) VALUES('instance_uid', ?)").run(made)
  })
  return made
})

const moved = (path: string, gone: string) =>
  new SqliteFailure({
    path,
    operation: "use the database",
    code: "SQLITE_READONLY_DBMOVED",
    detail: `${gone} was moved, removed or replaced while the daemon serves it; nothing was changed`,
    next:
      "look at the file, then run the command again: the daemon ends in a few seconds, and another one serves what is there then"
  })

/** Milliseconds; whoever waits longer does it outside of SQLite, which would hold up everybody. */
const busyTimeout = 20

/** Of the connection that the ledger works on. The schema is read at the end: from then on there is a log. */
const settings = [
  `PRAGMA busy_timeout = ${busyTimeout}`,
  "PRAGMA journal_mode = WAL",
  "PRAGMA synchronous = FULL",
  "PRAGMA foreign_keys = ON",
  "PRAGMA trusted_schema = 0",
  "PRAGMA cache_size = -16384",
  "SELECT count(*) FROM sqlite_schema"
]

/** Makes sure that the database is of this version, and gives its instance. */
const checked = Effect.fnUntraced(function*(handle: Handle.Handle, path: string, nextUlid: Effect.Effect<string>) {
  yield* version(handle, path)
  return yield* instanceOf(handle, path, nextUlid)
})

/**
 * Opens the database at `path`, which exists and is of this version, until the scope closes; then its log is folded in. Who calls holds the
 * lock of the database. What is answered is on disk: each commit is synced.
 */
export const open = Effect.fn("Ledger.open")(function*(path: string) {
  const real = yield* resolve(path)
  yield* look(real, path)
  const nextUlid = Ulids.make()
  const opened = Effect.gen(function*() {
    const instanceUid = yield* Effect.scoped(
      Effect.flatMap(Handle.open(real, "write", { busyTimeout }), (handle) => checked(handle, path, nextUlid))
    )
    const client = yield* openClient(real)
    yield* Effect.forEach(settings, (setting) => client.exec("prepare the database", setting), { discard: true })
    return { ...client, instanceUid }
  })
  const { exec, instanceUid, sql, transaction } = yield* Effect.mapError(
    opened,
    (error) => error._tag === "SqliteFailure" ? unusable(path)(error) : error
  )
  // Somebody who reads keeps the log from being folded in; SQLite does it when the last connection closes.
  yield* Effect.addFinalizer(() => Effect.ignore(exec("fold in the log", "PRAGMA wal_checkpoint(TRUNCATE)")))
  const writes = yield* SubscriptionRef.make(0)
  // What is written to a file without a name, or to a log that nobody would find, is lost.
  const lost = yield* watched([real, `${real}-wal`])
  const here = Effect.flatMap(lost, ([gone]) => gone === undefined ? Effect.void : moved(real, gone))
  return Ledger.of({
    path: real,
    instanceUid,
    sql,
    nextUlid,
    writes,
    read: (work) => transaction("read", Effect.zipRight(here, work)),
    write: (work) =>
      Effect.onExit(transaction("write", Effect.zipRight(here, work)), (exit) =>
        Exit.isSuccess(exit)
          ? SubscriptionRef.update(writes, (count) => count + 1)
          : Effect.void)
  })
})
