/** Which facets the events that only one side has may have changed, as the table `touch`. */
import * as Effect from "effect/Effect"
import { exec, inPages, type Room } from "./room.ts"
import type { FacetKind } from "./touches.ts"
import { touches } from "./touches.ts"

const table = `CREATE TABLE touch(kind TEXT NOT NULL, of TEXT NOT NULL, key TEXT NOT NULL, side INTEGER NOT NULL,
  became TEXT, says INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (kind, of, key, side)) WITHOUT ROWID`

/** The last one counts for what it says. */
const insert = `INSERT INTO touch VALUES (@kind, @of, @key, @side, @became, @says, @event) ON CONFLICT DO
  UPDATE SET became = excluded.became, says = excluded.says, event = excluded.event`

const page = (side: 0 | 1) => (limit: number) =>
  `SELECT x.id AS key, x.type, x.issue, x.related, x.project, e.payload FROM extra x
   JOIN ${
    side === 1 ? "a" : "b"
  }.events e ON e.id = x.id WHERE x.side = ${side} AND x.id > ? ORDER BY x.id LIMIT ${limit}`

/** What is no JSON object says nothing. */
export const membersOf = (text: unknown): { readonly [member: string]: unknown } => {
  try {
    const value: unknown = JSON.parse(String(text))
    return typeof value === "object" && value !== null ? value as { readonly [member: string]: unknown } : {}
  } catch {
    return {}
  }
}

const text = (value: unknown) => value === null ? null : String(value)

export const touched = Effect.fn("Merge.touched")(function*(room: Room) {
  yield* exec(room, table)
  for (const side of [0, 1] as const) {
    yield* inPages(room, page(side), (rows) =>
      room.db.attempt("plan the merge", ({ prepare }) => {
        for (const row of rows) {
          const told = {
            type: String(row["type"]),
            issue: text(row["issue"]),
            related: text(row["related"]),
            project: String(row["project"]),
            payload: membersOf(row["payload"])
          }
          for (const { became, ...facet } of touches(told)) {
            prepare(insert).run({
              ...facet,
              side,
              became: became ?? null,
              says: became === undefined ? 0 : 1,
              event: row["key"] as bigint
            })
          }
        }
      }))
  }
})

/** Whether the events of a side may have changed a facet of the row `f`, as SQL. */
export const isTouched = (side: 0 | 1, kind: FacetKind | "f.kind", of: string, key: string) =>
  `EXISTS (SELECT 1 FROM touch c WHERE c.kind = ${
    kind === "f.kind" ? kind : `'${kind}'`
  } AND c.of = ${of} AND c.key = ${key} AND c.side = ${side})`
