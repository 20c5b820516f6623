/**
 * One database as a client of @effect/sql, for the ledger: the client of @effect/sql-sqlite-node behind a `transaction` of our own. In the
 * client's, a COMMIT that fails is a defect that leaves the connection inside of the transaction, and a BEGIN cannot be a writer's.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { type EngineUnusable, load, unusableBy } from "../database/engine.ts"
import { failure, keepCount, uriOf } from "../database/Handle.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { StorageFailure } from "./StorageFailure.ts"

export interface Client {
  readonly sql: SqlClient.SqlClient
  /** Runs one statement by itself, outside of transactions; waits for a moment while another program has the database. */
  readonly exec: (operation: string, text: string) => Effect.Effect<void, SqliteFailure>
  /**
   * Runs reads and writes as one transaction: all of it is committed, or nothing. `write` begins as a writer, so that it never has to give
   * way in its middle; `read` sees one state. Transactions wait for each other; one inside of another would wait for ever. `committed` runs
   * after the commit, while the others still wait.
   */
  readonly transaction: <A, E, R>(
    kind: "read" | "write",
    work: Effect.Effect<A, E, R>,
    committed: Effect.Effect<void>
  ) => Effect.Effect<A, E | StorageFailure, R>
}

/** Another program may have the database for a moment; the event loop must not stand still for it. */
const patience = Schedule.intersect(Schedule.exponential("2 millis"), Schedule.recurs(11))

/**
 * A merge of many issues is one transaction of another process: for five minutes, looked at ten times a second. Who waits at the other end of
 * a connection hears that it still does.
 */
const writerPatience = Schedule.intersect(
  Schedule.either(Schedule.exponential("2 millis"), Schedule.spaced("100 millis")),
  Schedule.recurs(3000)
)

/** A transaction could not begin, since another program has the database. */
class Busy extends Data.TaggedError("Busy")<{ readonly failure: SqliteFailure }> {}

/** What SQLite said, in the words of the port. */
export const asStorageFailure = ({ code, detail, hint, kind, operation, path }: SqliteFailure): StorageFailure =>
  new StorageFailure({ storage: path, kind, operation, detail, code, ...(hint === undefined ? {} : { hint }) })

/** The client throws what happens when it opens the file. Its type is not named: who uses the library does not have that package. */
const opened = (
  path: string
): Effect.Effect<SqlClient.SqlClient, EngineUnusable | SqliteFailure, Scope.Scope> =>
  SqliteClient.make({ filename: uriOf(path, "write"), disableWAL: true, prepareCacheTTL: "1 day" }).pipe(
    Effect.provide(Reactivity.layer),
    Effect.catchAllDefect((cause): Effect.Effect<never, EngineUnusable | SqliteFailure> =>
      unusableBy(cause) ?? failure(path, "open the database")(cause)
    )
  )

/** Opens the database of that absolute path as a client, until the scope closes. */
export const openClient = Effect.fn("Store.client")(function*(path: string) {
  yield* load
  yield* keepCount(path)
  const sql = yield* opened(path)
  const once = (operation: string, text: string, connection: Connection) =>
    Effect.mapError(
      Effect.asVoid(connection.executeRaw(text, [])),
      ({ cause }) => failure(path, operation)(cause)
    )
  const run = (operation: string, text: string, connection: Connection) =>
    Effect.retry(once(operation, text, connection), {
      schedule: patience,
      while: (error) => error.kind === "locked"
    })
  // Taking the connection waits for its holder, and cannot fail.
  const reserved = Effect.orDie(sql.reserve)
  const exec: Client["exec"] = (operation, text) =>
    Effect.scoped(Effect.flatMap(reserved, (connection) => run(operation, text, connection)))
  const begin = (kind: "read" | "write", connection: Connection) =>
    Effect.mapError(
      once("begin", kind === "write" ? "BEGIN IMMEDIATE" : "BEGIN", connection),
      (failure) => failure.kind === "locked" ? new Busy({ failure }) : asStorageFailure(failure)
    )
  const step = (operation: string, text: string, connection: Connection) =>
    Effect.mapError(run(operation, text, connection), asStorageFailure)
  // Who waits to write gives the connection back: others go on reading.
  const transaction: Client["transaction"] = (kind, work, committed) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(
        restore(reserved),
        (connection) =>
          begin(kind, connection).pipe(
            Effect.zipRight(restore(
              work.pipe(
                Effect.provideService(SqlClient.TransactionConnection, [connection, 0]),
                Effect.provideService(SqlClient.SafeIntegers, true)
              )
            )),
            Effect.tap(() => Effect.zipRight(step("commit", "COMMIT", connection), committed)),
            // A transaction that SQLite has rolled back by itself cannot be rolled back again: the first error is the one that counts.
            Effect.onExit((exit) =>
              Exit.isSuccess(exit) ? Effect.void : Effect.ignore(connection.executeRaw("ROLLBACK", []))
            )
          )
      )
    ).pipe(
      Effect.scoped,
      Effect.retry({ schedule: writerPatience, while: (error) => error instanceof Busy }),
      Effect.mapError((error) => error instanceof Busy ? asStorageFailure(error.failure) : error)
    )
  return { sql, exec, transaction } satisfies Client
})
