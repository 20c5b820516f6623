/** `Store` on one SQLite file, in WAL mode. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Handle from "../database/Handle.ts"
import { version } from "../database/inspect.ts"
import { look, unusable } from "../database/view.ts"
import { watched } from "../files/fileIdentity.ts"
import { resolve } from "../files/paths.ts"
import { version10 } from "../records/kinds.ts"
import { asStorageFailure, openClient } from "./client.ts"
import { failStop } from "./failStop.ts"
import { instanceOf, readable } from "./rows.ts"
import { StorageFailure } from "./StorageFailure.ts"
import { type Statement, Store } from "./Store.ts"

const moved = (path: string, gone: string) =>
  new StorageFailure({
    storage: path,
    kind: "io",
    operation: "use the database",
    code: "SQLITE_READONLY_DBMOVED",
    detail: `${gone} was moved, removed or replaced while the daemon serves it; nothing was changed`,
    hint:
      "look at the file, then run the command again: the daemon ends in a few seconds, and another one serves what is there then"
  })

/** Milliseconds; longer waits happen outside of SQLite, where they would hold up every request. */
const busyTimeout = 20

/** How often it is checked while there are no requests. */
const lookTime = "5 seconds"

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
const checked = Effect.fnUntraced(function*(handle: Handle.Handle, path: string) {
  yield* version(handle, path, version10)
  return yield* instanceOf(handle, path)
})

const rowsOf = (path: string, statement: Statement) =>
  Effect.mapBoth(statement, {
    onFailure: ({ cause }) => asStorageFailure(Handle.failure(path, "use the database")(cause)),
    onSuccess: (rows) => rows.map(readable)
  })

const open = Effect.fn("Store.open")(function*(path: string, told: (failure: StorageFailure) => Effect.Effect<void>) {
  const real = yield* resolve(path)
  yield* look(real, path)
  // Ends after the connection, which is opened later.
  let setAside: Effect.Effect<void> = Effect.void
  yield* Effect.addFinalizer(() => setAside)
  const opened = Effect.gen(function*() {
    const instanceUid = yield* Effect.scoped(
      Effect.flatMap(Handle.open(real, "write", { busyTimeout }), (handle) => checked(handle, path))
    )
    const client = yield* openClient(real)
    yield* Effect.forEach(settings, (setting) => client.exec("prepare the database", setting), { discard: true })
    const version = Effect.map(
      rowsOf(real, client.sql.unsafe("PRAGMA data_version")),
      ([row]) => String(Object.values(row ?? {})[0])
    )
    return { ...client, version, instanceUid, file: yield* failStop(real, version, told) }
  })
  const { exec, file, instanceUid, sql, transaction, version } = yield* Effect.mapError(opened, (error) => {
    const known = error._tag === "SqliteFailure" ? unusable(path)(error) : error
    return known._tag === "SqliteFailure" ? asStorageFailure(known) : known
  })
  const writes = yield* SubscriptionRef.make(0)
  // What is written to a file without a name, or to a log that is not found again, is lost.
  // By the name that was given, too: a link may lead elsewhere by now.
  const lost = yield* watched([...new Set([path, real]), `${real}-wal`])
  const here = Effect.flatMap(lost, ([gone]) => gone === undefined ? Effect.void : moved(real, gone))
  setAside = file.setAside
  const transacted = <A, E, R>(kind: "read" | "write", work: Effect.Effect<A, E, R>) =>
    Effect.zipRight(
      file.failed,
      file.met(transaction(kind, here.pipe(Effect.zipRight(file.look), Effect.zipRight(work)), file.committed))
    )
  let seen = yield* version
  /** What another process has written, such as a merge, is news to those who wait for events. */
  const lookAgain = Effect.ignore(Effect.flatMap(transacted("read", version), (now) => {
    if (now === seen) return Effect.void
    seen = now
    return SubscriptionRef.update(writes, (count) => count + 1)
  }))
  // A reader keeps the log from being folded in; SQLite does it when the last connection closes.
  yield* Effect.addFinalizer(() =>
    lookAgain.pipe(
      Effect.zipRight(file.release),
      Effect.zipRight(
        Effect.ignore(Effect.zipRight(file.failed, exec("fold in the log", "PRAGMA wal_checkpoint(TRUNCATE)")))
      )
    )
  )
  yield* Effect.forkScoped(Effect.schedule(lookAgain, Schedule.spaced(lookTime)))
  return Store.of({
    name: real,
    instanceUid: Effect.succeed(instanceUid),
    sql,
    rows: (statement) => file.met(rowsOf(real, statement)),
    writes,
    look: lookAgain,
    read: (work) => transacted("read", work),
    write: (work) =>
      Effect.onExit(transacted("write", work), (exit) =>
        Exit.isSuccess(exit)
          ? SubscriptionRef.update(writes, (count) => count + 1)
          : Effect.void)
  })
})

/**
 * The database at `path`, which exists and is of this version, for as long as the layer lives; then its log is folded in. Who builds it
 * holds the lock of the database. Each commit is synced.
 *
 * After damage nothing more is done with it, and everything fails with that: `told` hears of it first. Then a connection stays open, so that
 * nothing of the log is written into the damaged file, until the process ends.
 */
export const layer = (path: string, told: (failure: StorageFailure) => Effect.Effect<void> = () => Effect.void) =>
  Layer.scoped(Store, open(path, told))
