/** The facets that differ, or that both sides have touched, of the issues, projects and recurrences of both sides: the table `facet`. */
import * as Effect from "effect/Effect"
import { exec, type Room, run } from "./room.ts"
import { isTouched } from "./touched.ts"
import type { FacetKind } from "./touches.ts"

/**
 * `s`, `t`: whether that side may have changed it. `a`, `b`: the values, where they are short. `outcome`: what becomes of it: "source",
 * "target", "same", "conflict", "unexplained".
 */
const table =
  `CREATE TABLE facet(kind TEXT NOT NULL, of TEXT NOT NULL, key TEXT NOT NULL, equal INTEGER NOT NULL, a TEXT, b TEXT,
  s INTEGER, t INTEGER, outcome TEXT, decided INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (kind, of, key)) WITHOUT ROWID`

/** Parts of an issue `x` of the source and `y` of the target that are columns. `rides`: what else of it goes with an equal value. */
const ofIssue: ReadonlyArray<{ readonly kind: FacetKind; readonly differs: string; readonly rides?: string }> = [
  { kind: "title", differs: "x.title IS NOT y.title" },
  { kind: "body", differs: "x.body IS NOT y.body" },
  { kind: "owner", differs: "x.owner IS NOT y.owner" },
  { kind: "priority", differs: "x.priority IS NOT y.priority" },
  {
    kind: "status",
    differs: "x.status IS NOT y.status OR x.closed_reason IS NOT y.closed_reason",
    rides: "x.closed_at IS NOT y.closed_at"
  },
  {
    kind: "deletion",
    differs: "(x.deleted_at IS NULL) <> (y.deleted_at IS NULL)",
    rides: "x.deleted_at IS NOT y.deleted_at"
  },
  {
    kind: "project",
    differs: "(SELECT b FROM project_map WHERE a = x.project_id) IS NOT y.project_id",
    rides: "x.short_id IS NOT y.short_id"
  }
]

const both = "concerned c JOIN a.issues x ON x.id = c.a JOIN t_issues y ON y.id = c.b"

/** Rows of the columns `kind, of, key` and those that are named, and which sides may have changed them. */
const insertRows = (columns: string, rows: string) =>
  `INSERT INTO facet(kind, of, key, ${columns}, s, t) SELECT kind, of, key, ${columns},` +
  ` ${[1, 0].map((side) => isTouched(side as 0 | 1, "f.kind", "f.of", "f.key")).join(", ")} FROM (${rows}) f`

const insert = (kind: FacetKind, of: string, key: string, equal: string, from: string) =>
  insertRows("equal", `SELECT '${kind}' AS kind, ${of} AS of, ${key} AS key, ${equal} AS equal FROM ${from}`)

const members = (one: "x" | "y", other: "x" | "y") =>
  `json_each(${one}.metadata) m WHERE x.metadata IS NOT y.metadata AND json_valid(x.metadata) AND json_valid(y.metadata)` +
  ` AND NOT EXISTS (SELECT 1 FROM json_each(${other}.metadata) n WHERE n.key = m.key AND n.type = m.type AND n.value IS m.value)`

/** Keys of objects that differ. */
const keysOf = (kind: FacetKind, rows: string) =>
  `SELECT kind, of, key, 0 AS equal FROM (SELECT DISTINCT '${kind}' AS kind, of, key FROM (` +
  `SELECT x.uid AS of, m.key FROM ${rows}, ${members("x", "y")} UNION SELECT x.uid AS of, m.key FROM ${rows}, ${
    members("y", "x")
  }))`

const insertKeys = (kind: FacetKind, rows: string) => insertRows("equal", keysOf(kind, rows))

const labels = `SELECT of, key, max(a) AS a, max(b) AS b FROM (
  SELECT c.uid AS of, l.label AS key, '1' AS a, NULL AS b FROM concerned c JOIN a.issue_labels l ON l.issue_id = c.a
  UNION ALL SELECT c.uid, l.label, NULL, '1' FROM concerned c JOIN t_issue_labels l ON l.issue_id = c.b) GROUP BY of, key`

/** A snapshot of some projects says nothing of what the others are. */
const projects = (room: Room) =>
  `pair_projects p JOIN a.projects x ON x.id = p.a${
    room.scope === null ? "" : " AND x.uid IN (SELECT uid FROM scope)"
  } JOIN b.projects y ON y.id = p.b`

/** Columns that a change of a recurrence names, and whether it is deleted. */
export const ofRecurrence = [
  "rrule",
  "dtstart",
  "timezone",
  "template_title",
  "template_body",
  "template_owner",
  "template_priority",
  "template_labels",
  "template_metadata",
  "deleted_at"
] as const

const recurrences = "pair_recurrences p JOIN a.recurrences x ON x.id = p.a JOIN b.recurrences y ON y.id = p.b"

export const facets = Effect.fn("Merge.facets")(function*(room: Room) {
  yield* exec(room, table)
  for (const { differs, kind, rides } of ofIssue) {
    yield* run(
      room,
      `${
        insert(
          kind,
          "c.uid",
          "''",
          `NOT (${differs})`,
          `${both} WHERE (${differs})${rides === undefined ? "" : ` OR ${rides}`}`
        )
      }`
    )
  }
  yield* run(room, insertKeys("metadata", both))
  yield* run(
    room,
    insertRows("equal, a, b", `SELECT 'label' AS kind, *, a IS b AS equal FROM (${labels})`)
  )
  if (room.only) return
  yield* run(
    room,
    insert(
      "archived",
      "x.uid",
      "''",
      "(x.deleted_at IS NULL) = (y.deleted_at IS NULL)",
      `${projects(room)} WHERE (x.deleted_at IS NULL) <> (y.deleted_at IS NULL)`
    )
  )
  yield* run(room, insertKeys("project_metadata", projects(room)))
  for (const column of ofRecurrence) {
    const differs = column === "deleted_at"
      ? "(x.deleted_at IS NULL) <> (y.deleted_at IS NULL)"
      : `x.${column} IS NOT y.${column}`
    yield* run(room, insert("recurrence", "x.uid", `'${column}'`, "0", `${recurrences} WHERE ${differs}`))
  }
})

/** What a side lacks of the history of an issue may have changed any part of it. */
export const murky = (room: Room) =>
  run(
    room,
    "UPDATE facet SET s = facet.s OR h.s, t = facet.t OR h.t FROM history h WHERE h.uid = facet.of"
  )
