/**
 * What both sides come from tells which of them an event has changed that does not say what it changed, as Go kata's `issue.updated` does
 * not: a side whose value is still the ancestor's has not changed it. Only where the ancestor knows exactly those events about the facet that
 * both sides know: otherwise it is none for this facet, and an old value could pass for an untouched one.
 */
import * as Effect from "effect/Effect"
import type { Cell, Row, Session } from "../../database/Session.ts"
import type { SqliteFailure } from "../../database/SqliteFailure.ts"
import { turn } from "../../host/turn.ts"
import { all, exec, type Room, run } from "./room.ts"
import { membersOf } from "./touched.ts"
import { isMute, touches } from "./touches.ts"

/** The parts of an issue that are columns, and what of it they are. */
const columns: { readonly [kind: string]: ReadonlyArray<string> } = {
  title: ["title"],
  body: ["body"],
  owner: ["owner"],
  status: ["status", "closed_reason"],
  priority: ["priority"]
}

const kinds = Object.keys(columns).map((kind) => `'${kind}'`).join(", ")

/** Facets that both sides have touched, and that one of them may not have changed. `side`: 0 target, 1 source, 2 ancestor. */
const tables = `
CREATE TABLE shared(of TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE trace(kind TEXT NOT NULL, of TEXT NOT NULL, side INTEGER NOT NULL, event TEXT NOT NULL, extra INTEGER NOT NULL,
  mute INTEGER NOT NULL, PRIMARY KEY (kind, of, side, event)) WITHOUT ROWID;
INSERT INTO shared SELECT DISTINCT of FROM facet WHERE s AND t AND kind IN (${kinds});
`

const pageSize = 500

/** Rows that come after a key, page by page; the first column is the key. */
const pages = (
  db: Session,
  sql: string,
  work: (rows: ReadonlyArray<Row>) => Effect.Effect<unknown, SqliteFailure>
) =>
  Effect.iterate(-(2n ** 63n) as Cell, {
    while: (after) => after !== null,
    body: (after) =>
      Effect.gen(function*() {
        yield* turn
        const rows = yield* db.all("plan the merge", sql, after)
        yield* work(rows)
        return rows.length < pageSize ? null : rows.at(-1)?.["key"] ?? null
      })
  })

const traced = (room: Room, side: 0 | 1 | 2) => (rows: ReadonlyArray<Row>) =>
  room.db.attempt("plan the merge", ({ prepare }) => {
    const insert = prepare("INSERT OR IGNORE INTO trace VALUES (@kind, @of, @side, @event, @extra, @mute)")
    for (const row of rows) {
      const issue = String(row["issue_uid"])
      const told = { type: String(row["type"]), issue, related: null, project: "", payload: membersOf(row["payload"]) }
      for (const { kind, of } of touches(told)) {
        if (columns[kind] === undefined || of !== issue) continue
        insert.run({ kind, of, side, event: row["uid"]!, extra: row["extra"]!, mute: isMute(told) ? 1 : 0 })
      }
    }
  })

const eventsOf = (events: string, extra: string, shared: string) =>
  `SELECT e.id AS key, e.uid, e.type, e.issue_uid, e.payload, ${extra} AS extra FROM ${events} e
   WHERE e.id > ? AND e.issue_uid IN (SELECT of FROM ${shared}) ORDER BY e.id LIMIT ${pageSize}`

const isExtra = (side: 0 | 1) => `EXISTS (SELECT 1 FROM extra x WHERE x.side = ${side} AND x.id = e.id)`

const has = (side: 0 | 1 | 2) =>
  `EXISTS (SELECT 1 FROM trace o WHERE o.kind = f.kind AND o.of = f.of AND o.side = ${side} AND o.event = c.event)`
const isSilent = (side: 0 | 1) =>
  `NOT EXISTS (SELECT 1 FROM trace c WHERE c.kind = f.kind AND c.of = f.of AND c.side = ${side} AND c.extra AND NOT c.mute)`

/** Facets of which the ancestor knows what both sides know, and whether the own events of each side leave open what they changed. */
const candidates = `SELECT f.kind, f.of, ${isSilent(1)} AS s, ${isSilent(0)} AS t FROM facet f
  WHERE f.s AND f.t AND f.kind IN (${kinds})
    AND NOT EXISTS (SELECT 1 FROM trace c WHERE c.kind = f.kind AND c.of = f.of AND c.side = 2 AND NOT (${has(0)} AND ${
  has(1)
}))
    AND NOT EXISTS (SELECT 1 FROM trace c WHERE c.kind = f.kind AND c.of = f.of AND c.side = 0 AND ${has(1)} AND NOT ${
  has(2)
})
  ORDER BY f.kind, f.of`

const valueIn = (db: Session, issues: string, kind: string, of: string) =>
  Effect.map(
    db.get("plan the merge", `SELECT ${(columns[kind] ?? []).join(", ")} FROM ${issues} WHERE uid = ?`, of),
    (row) => row === undefined ? undefined : Object.values(row)
  )

const same = (a: ReadonlyArray<Cell> | undefined, b: ReadonlyArray<Cell> | undefined) =>
  a !== undefined && b !== undefined && a.every((cell, i) => cell === b[i])

/** Takes a side's touch away where it has left what was there. */
export const narrowByAncestor = Effect.fn("Merge.narrowByAncestor")(function*(room: Room) {
  const { ancestor, db } = room
  if (ancestor === undefined) return
  yield* exec(room, tables)
  const shared = yield* all(room, "SELECT of FROM shared")
  if (shared.length === 0) return
  yield* ancestor.attempt("plan the merge", ({ execute, prepare }) => {
    execute("CREATE TEMP TABLE shared(of TEXT PRIMARY KEY) WITHOUT ROWID")
    for (const { of } of shared) prepare("INSERT INTO temp.shared VALUES (?)").run(of!)
  })
  yield* pages(db, eventsOf("t_events", isExtra(0), "shared"), traced(room, 0))
  yield* pages(db, eventsOf("a.events", isExtra(1), "shared"), traced(room, 1))
  yield* pages(ancestor, eventsOf("events", "0", "temp.shared"), traced(room, 2))
  for (const { kind, of, s, t } of yield* all(room, candidates)) {
    const [name, uid] = [String(kind), String(of)]
    const before = yield* valueIn(ancestor, "issues", name, uid)
    const untouched = (side: "s" | "t") =>
      run(room, `UPDATE facet SET ${side} = 0 WHERE kind = ? AND of = ?`, name, uid)
    if (s === 1n && same(before, yield* valueIn(db, "a.issues", name, uid))) yield* untouched("s")
    else if (t === 1n && same(before, yield* valueIn(db, "t_issues", name, uid))) yield* untouched("t")
  }
})
