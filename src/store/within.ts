/** `Store` within a transaction of a database that somebody else has begun, and ends: what the ledger does there is part of that. */
import type { Connection } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as SqlStatement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { Param, Session } from "../database/Session.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { asStorageFailure } from "./client.ts"
import { instanceOf, readable } from "./rows.ts"
import { type Statement, Store } from "./Store.ts"

const operation = "use the database"

const isParam = (value: unknown): value is Param =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "bigint" ||
  value instanceof Uint8Array

const connectionOf = (db: Session): Connection => {
  const run = (text: string, params: ReadonlyArray<unknown>) =>
    db.attempt(operation, ({ prepare }) => {
      const values = params.map((value) => {
        if (isParam(value)) return value
        throw new TypeError(`a statement cannot have ${typeof value} as a parameter`)
      })
      const statement = prepare(text)
      if (statement.reader) return statement.all(...values)
      statement.run(...values)
      return []
    }).pipe(Effect.mapError((cause) => new SqlError({ cause, message: cause.message })))
  return {
    execute: run,
    executeRaw: run,
    executeUnprepared: run,
    executeValues: (text, params) => Effect.map(run(text, params), (rows) => rows.map((row) => Object.values(row))),
    executeStream: (text, params) => Stream.fromIterableEffect(run(text, params))
  }
}

/** The failure of the session comes out as it went in. */
const failureOf = ({ cause, message }: SqlError, path: string) =>
  asStorageFailure(
    cause instanceof SqliteFailure ? cause : new SqliteFailure({ path, operation, code: "", detail: message })
  )

/**
 * The store of a session that has begun a write transaction. A write of it that fails takes back its own part; one that is done is on disk when the
 * transaction is. Reads see what was written so far.
 */
export const within = Effect.fn("Store.within")(function*(db: Session) {
  const { path } = db
  const instanceUid = yield* instanceOf(db, path)
  const writes = yield* SubscriptionRef.make(0)
  const turn = yield* Effect.makeSemaphore(1)
  const step = (text: string) => Effect.mapError(db.exec(operation, text), asStorageFailure)
  const write: Store["Type"]["write"] = (work) =>
    turn.withPermits(1)(Effect.uninterruptibleMask((restore) =>
      step("SAVEPOINT write").pipe(
        Effect.zipRight(restore(work)),
        Effect.zipLeft(step("RELEASE write")),
        Effect.onExit((exit) =>
          Exit.isSuccess(exit)
            ? SubscriptionRef.update(writes, (count) => count + 1)
            // Ignored: the first error is the one that counts, and who began the transaction takes all of it back.
            : Effect.ignore(step("ROLLBACK TO write; RELEASE write"))
        )
      )
    ))
  return Store.of({
    name: path,
    instanceUid: Effect.succeed(instanceUid),
    sql: SqlStatement.make(Effect.succeed(connectionOf(db)), SqlStatement.makeCompilerSqlite(), [], undefined),
    rows: (statement: Statement) =>
      Effect.mapBoth(statement, {
        onFailure: (error) => failureOf(error, path),
        onSuccess: (rows) => rows.map(readable)
      }),
    read: (work) => turn.withPermits(1)(work),
    write,
    writes,
    look: Effect.void
  })
})
