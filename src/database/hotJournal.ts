/** What a transaction left that was killed, where SQLite keeps a rollback journal. */
import * as Effect from "effect/Effect"
import { exists } from "../files/paths.ts"
import { open } from "./Handle.ts"

/** Rolls back what a killed transaction left in a database, which is what a reader of the database would do too. */
export const rollBack = Effect.fn("Database.rollBack")((real: string) =>
  Effect.flatMap(exists(`${real}-journal`), (there) =>
    there
      ? Effect.scoped(
        Effect.flatMap(open(real, "write"), (db) =>
          db.exec("roll back what was interrupted", "BEGIN IMMEDIATE; ROLLBACK"))
      )
      : Effect.void)
)
