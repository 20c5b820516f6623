/** The database of a daemon, beside it: what its API does not do. */
import * as Effect from "effect/Effect"
import * as Handle from "../../src/database/Handle.ts"
import type { Row } from "../../src/database/Session.ts"

/** Runs statements that give no rows. No CHECK is in their way: a database can hold what breaks them. */
export const execute = (database: string, sql: string): Promise<void> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(
    Handle.open(database, "write"),
    (db) => db.exec("change it", `PRAGMA ignore_check_constraints = 1; ${sql}`)
  )))

export const rows = (database: string, sql: string): Promise<ReadonlyArray<Row>> =>
  Effect.runPromise(Effect.scoped(Effect.flatMap(Handle.open(database, "read"), (db) => db.all("look at it", sql))))
