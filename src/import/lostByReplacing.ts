/** What the database held that is replaced, and the snapshot does not: an old or partial backup must not take work away in silence. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { View } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"

export class OnlyInOld extends Schema.Class<OnlyInOld>("OnlyInOld")({
  projects: Schema.Int,
  issues: Schema.Int,
  events: Schema.Int
}) {}

/** Uids that one statement reads. */
const window = 5_000

const uids = (db: Session, table: string, after: string) =>
  Effect.map(
    db.all(
      "compare with the old database",
      `SELECT uid FROM ${table} WHERE uid > ? ORDER BY uid LIMIT ${window}`,
      after
    ),
    (rows) => rows.map((row) => String(row["uid"]))
  )

/** How many uids of a table are only in the old one; both are read in order, a window at a time. */
const missing = (old: Session, young: Session, table: string) =>
  Effect.gen(function*() {
    let count = 0
    let known: ReadonlyArray<string> = yield* uids(young, table, "")
    let at = 0
    for (let some = yield* uids(old, table, ""); some.length > 0; some = yield* uids(old, table, some.at(-1)!)) {
      for (const uid of some) {
        while (at < known.length && Buffer.compare(Buffer.from(known[at]!), Buffer.from(uid)) < 0) {
          at++
          if (at === known.length) {
            known = yield* uids(young, table, known[at - 1]!)
            at = 0
          }
        }
        if (known[at] !== uid) count++
      }
    }
    return count
  })

export const onlyInOld = (old: View, young: View) =>
  Effect.map(
    Effect.all({
      projects: missing(old.db, young.db, "projects"),
      issues: missing(old.db, young.db, "issues"),
      events: missing(old.db, young.db, "events")
    }),
    (counts) => new OnlyInOld(counts)
  )
