/** The issues of the result: those that change, and those that come in. */
import * as Effect from "effect/Effect"
import { object } from "../../ledger/RawJson.ts"
import { members } from "../../records/json.ts"
import { inPages, type Room, run, select } from "./room.ts"
import type { FacetKind } from "./touches.ts"

const facet = (kind: FacetKind, what: string) =>
  `EXISTS (SELECT 1 FROM facet f WHERE f.kind = '${kind}' AND f.of = y.uid AND f.key = '' AND ${what})`
const taken = (kind: FacetKind) => facet(kind, "f.outcome = 'source'")
const pick = (kind: FacetKind, column: string) => `iif(${taken(kind)}, x.${column}, y.${column})`

/** The later one of two, where there is one. */
const later = (column: string) =>
  `CASE WHEN x.${column} IS NULL THEN y.${column} WHEN y.${column} IS NULL THEN x.${column} ELSE max(x.${column}, y.${column}) END`

/** A time that goes with a facet: of the side that made it, the later one where both, or nobody, did. */
const riding = (kind: FacetKind, column: string) =>
  `CASE WHEN ${facet(kind, "(f.outcome = 'source' OR f.outcome = 'same' AND f.s AND NOT f.t)")} THEN x.${column}
    WHEN ${facet(kind, "f.outcome = 'same' AND f.s = f.t")} THEN ${later(column)} ELSE y.${column} END`

const shortId = `CASE WHEN ${
  facet("project", "(f.outcome = 'source' OR f.outcome = 'same' AND f.s AND NOT f.t)")
} THEN x.short_id
    WHEN ${
  facet("project", "f.outcome = 'same' AND f.s = f.t")
} AND length(x.short_id) > length(y.short_id) THEN x.short_id ELSE y.short_id END`

const has = (side: 0 | 1) => `EXISTS (SELECT 1 FROM extra e WHERE e.side = ${side} AND e.issue = y.uid)`
const raised = (side: 0 | 1) =>
  `(SELECT count(*) FROM extra e WHERE e.side = ${side} AND e.issue = y.uid AND e.type IN ('issue.metadata_updated', 'issue.moved'))`

/** A revision counts the events that raise it: what only one side has is added to what the other counts. */
export const revision = (t: string, s: string, ofTarget: string, ofSource: string) =>
  `CASE WHEN ${ofTarget} > 0 AND ${ofSource} = 0 THEN ${t} ELSE max(${t} + ${ofSource}, ${s} + ${ofTarget}) END`

/** What is not named stays as the target has it. */
const changed: { readonly [column: string]: string } = {
  project_id: `iif(${taken("project")}, (SELECT b FROM project_map WHERE a = x.project_id), y.project_id)`,
  short_id: shortId,
  title: pick("title", "title"),
  body: pick("body", "body"),
  status: pick("status", "status"),
  closed_reason: pick("status", "closed_reason"),
  closed_at: riding("status", "closed_at"),
  owner: pick("owner", "owner"),
  priority: pick("priority", "priority"),
  deleted_at: riding("deletion", "deleted_at"),
  updated_at: `CASE WHEN ${has(1)} AND NOT ${has(0)} THEN x.updated_at WHEN ${has(0)} AND NOT ${
    has(1)
  } THEN y.updated_at
    ELSE max(x.updated_at, y.updated_at) END`,
  revision: revision("y.revision", "x.revision", raised(0), raised(1)),
  recurrence_id: "ifnull(y.recurrence_id, (SELECT b FROM recurrence_map WHERE a = x.recurrence_id))",
  occurrence_key:
    "iif(y.recurrence_id IS NULL AND (SELECT b FROM recurrence_map WHERE a = x.recurrence_id) IS NOT NULL, x.occurrence_key, y.occurrence_key)"
}

/** Of one that comes in, what points at other rows; a part of a series comes without it when the series does not come. */
const fresh: { readonly [column: string]: string } = {
  id: "m.b",
  project_id: "(SELECT b FROM project_map WHERE a = x.project_id)",
  recurrence_id: "(SELECT b FROM recurrence_map WHERE a = x.recurrence_id)",
  occurrence_key:
    "iif(x.recurrence_id IS NULL OR EXISTS (SELECT 1 FROM recurrence_map WHERE a = x.recurrence_id), x.occurrence_key, NULL)"
}

const metadataPage = (limit: number) =>
  `SELECT p.id AS key, x.metadata AS source, p.metadata AS target,
     (SELECT json_group_array(f.key) FROM facet f WHERE f.kind = 'metadata' AND f.of = p.uid AND f.outcome = 'source') AS keys
   FROM put_issues p JOIN a.issues x ON x.uid = p.uid
   WHERE NOT p.fresh AND p.id > ? AND EXISTS (SELECT 1 FROM facet f WHERE f.kind = 'metadata' AND f.of = p.uid AND f.outcome = 'source')
   ORDER BY p.id LIMIT ${limit}`

/** An object with some members as another one has them. */
export const withMembers = (target: string, source: string, keys: ReadonlyArray<string>): string => {
  const [result, other] = [new Map(members(target) ?? []), new Map(members(source) ?? [])]
  for (const key of keys) {
    const value = other.get(key)
    if (value === undefined) result.delete(key)
    else result.set(key, value)
  }
  return object(result)
}

export const issues = Effect.fn("Merge.issues")(function*(room: Room) {
  yield* run(
    room,
    `INSERT INTO put_issues SELECT ${select(room, "issue", changed, "y")}, 0 FROM concerned c` +
      " JOIN a.issues x ON x.id = c.a JOIN t_issues y ON y.id = c.b"
  )
  yield* inPages(room, metadataPage, (rows) =>
    room.db.attempt("plan the merge", ({ prepare }) => {
      for (const row of rows) {
        const keys = JSON.parse(String(row["keys"])) as ReadonlyArray<string>
        prepare("UPDATE put_issues SET metadata = ? WHERE id = ?").run(
          withMembers(String(row["target"]), String(row["source"]), keys),
          row["key"] as bigint
        )
      }
    }))
  yield* run(
    room,
    `INSERT INTO put_issues SELECT ${
      select(room, "issue", fresh, "x")
    }, 1 FROM issue_map m JOIN a.issues x ON x.id = m.a WHERE m.fresh`
  )
})
