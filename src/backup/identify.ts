/** Who a database is, and how much is in it. */
import * as Effect from "effect/Effect"
import { version10 } from "../records/kinds.ts"
import { anyVersion, identityOf } from "../snapshot/convert.ts"

export interface Identity {
  /** Empty when it does not say. */
  readonly instance: string
  readonly issues: number
  readonly events: number
}

export const identify = Effect.fn("Backup.identify")((database: string) =>
  Effect.scoped(Effect.gen(function*() {
    const view = yield* anyVersion(database, version10)
    const count = (table: "issues" | "events") =>
      Effect.map(
        view.db.get(`count the ${table}`, `SELECT count(*) AS n FROM ${table} NOT INDEXED`),
        (row) => Number(row?.["n"] ?? 0)
      )
    return {
      instance: (yield* identityOf(view, version10)) ?? "",
      issues: yield* count("issues"),
      events: yield* count("events")
    } satisfies Identity
  }))
)
