/**
 * One database as a client of @effect/sql, for the ledger. Its own `transaction` takes the place of the client's: there, a COMMIT that
 * fails is a defect that leaves the connection inside of the transaction.
 */
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqlClient from "@effect/sql/SqlClient"
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as SqlStatement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { Handle, Param } from "../database/Handle.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"

export interface Client {
  readonly sql: SqlClient.SqlClient
  /**
   * Runs reads and writes as one transaction: all of it is committed, or nothing. `write` begins as a writer, so that it never has to give
   * way in its middle; `read` sees one state. Transactions wait for each other; one inside of another would wait for ever.
   */
  readonly transaction: <A, E, R>(
    kind: "read" | "write",
    work: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | SqliteFailure, R>
}

/** Another program may have the database for a moment; the event loop must not stand still for it. */
const patience = Schedule.intersect(Schedule.exponential("2 millis"), Schedule.recurs(11))

const connectionOf = (handle: Handle): Connection => {
  // The client binds what it is given; what SQLite cannot bind is refused by better-sqlite3, which is a bug of ours.
  const bound = (params: ReadonlyArray<unknown>) => params as ReadonlyArray<Param>
  const all = (sql: string, params: ReadonlyArray<unknown>) =>
    Effect.mapError(
      handle.attempt("use the database", () => {
        const statement = handle.prepare(sql)
        if (statement.reader) return statement.all(...bound(params))
        statement.run(...bound(params))
        return []
      }),
      (cause) => new SqlError({ cause, message: cause.message })
    )
  const execute: Connection["execute"] = (sql, params, transform) =>
    transform === undefined ? all(sql, params) : Effect.map(all(sql, params), transform)
  return {
    execute,
    executeUnprepared: execute,
    executeRaw: all,
    executeValues: (sql, params) => Effect.map(all(sql, params), (rows) => rows.map((row) => Object.values(row))),
    executeStream: () => Stream.fail(new SqlError({ message: "not used: the ledger reads pages" }))
  }
}

/** What SQLite said, out of the client's error. */
export const failureOf = (error: SqlError): SqliteFailure =>
  error.cause instanceof SqliteFailure
    ? error.cause
    : new SqliteFailure({ path: "", operation: "use the database", code: "", detail: error.message ?? "" })

/** A client of an open database. */
export const makeClient = Effect.fn("Database.client")(function*(handle: Handle) {
  const connection = connectionOf(handle)
  const permit = (yield* Effect.makeSemaphore(1)).withPermits(1)
  const sql = yield* SqlClient.make({
    acquirer: permit(Effect.succeed(connection)),
    compiler: SqlStatement.makeCompilerSqlite(),
    spanAttributes: []
  }).pipe(Effect.provide(Reactivity.layer))
  const busy = (failure: SqliteFailure) => failure.kind === "locked"
  const exec = (operation: string, text: string) =>
    Effect.retry(handle.exec(operation, text), { schedule: patience, while: busy })
  const transaction: Client["transaction"] = (kind, work) =>
    permit(Effect.uninterruptibleMask((restore) =>
      exec("begin", kind === "write" ? "BEGIN IMMEDIATE" : "BEGIN").pipe(
        Effect.zipRight(restore(Effect.provideService(work, SqlClient.TransactionConnection, [connection, 0]))),
        Effect.tap(() => exec("commit", "COMMIT")),
        // A transaction that SQLite has rolled back by itself cannot be rolled back again: the first error is the one that counts.
        Effect.onExit((exit) =>
          Exit.isSuccess(exit) ? Effect.void : Effect.ignore(handle.exec("roll back", "ROLLBACK"))
        )
      )
    ))
  return { sql, transaction } satisfies Client
})
