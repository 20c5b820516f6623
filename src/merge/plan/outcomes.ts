/** What becomes of each facet, and what nobody has decided: by which side has touched it, never by a clock. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ofRecurrence } from "./facets.ts"
import { all, get, type Room, run, type Side } from "./room.ts"

const belongs = "('label', 'blocks', 'related', 'parent')"

/** Facets that only one side touched are that side's; where no event tells of a difference the target keeps what it has. */
const decide = `UPDATE facet SET outcome = CASE
  WHEN equal THEN 'same'
  WHEN of IN (SELECT uid FROM history WHERE mute) THEN 'unexplained'
  WHEN s AND NOT t THEN 'source'
  WHEN t AND NOT s THEN 'target'
  WHEN s AND t THEN 'conflict'
  WHEN kind IN ${belongs} AND b IS NULL THEN 'source'
  ELSE 'unexplained' END WHERE outcome IS NULL`

export const outcomes = (room: Room) => run(room, decide)

/** Of one facet both sides have made something different, by whom and when. */
export class MergeConflict extends Schema.Class<MergeConflict>("MergeConflict")({
  facet: Schema.String,
  /** The uid of the issue, the project or the recurrence. */
  of: Schema.String,
  /** What people call it in the target: `project#short-id` of an issue, else its name. */
  name: Schema.String,
  /** The key of metadata, the label, the uid of the other end of a link. */
  key: Schema.NullOr(Schema.String),
  target: Schema.NullOr(Schema.String),
  source: Schema.NullOr(Schema.String),
  target_by: Schema.NullOr(Schema.String),
  target_at: Schema.NullOr(Schema.String),
  source_by: Schema.NullOr(Schema.String),
  source_at: Schema.NullOr(Schema.String),
  /** Why it cannot be merged, where it is not that both have changed the same. */
  why: Schema.NullOr(Schema.String)
}) {}

/** Conflicts as a program is told of them: those that are told, and how many there are. */
export const conflictData = Schema.encodeSync(
  Schema.Struct({ conflicts: Schema.Array(MergeConflict), count: Schema.Int })
)

/** How many conflicts a message has. */
const mostShown = 20

/** The first of them with both values and who made them when, each side by its name; what is left out is only counted. */
export const conflictLines = (
  { conflicts, count }: { readonly conflicts: ReadonlyArray<MergeConflict>; readonly count: number },
  sides: { readonly target: string; readonly source: string },
  more = ""
): ReadonlyArray<string> => {
  const who = (by: string | null, at: string | null) => by === null ? "" : ` (${by}, ${at})`
  const shown = conflicts.slice(0, mostShown)
  return [
    ...shown.flatMap(({ facet, key, name, source, source_at, source_by, target, target_at, target_by, why }) => [
      `- ${facet}${key === null ? "" : ` ${key}`} of ${name}${why === null ? "" : `: ${why}`}`,
      `    ${sides.target} ${target ?? "none"}${who(target_by, target_at)}`,
      `    ${sides.source} ${source ?? "none"}${who(source_by, source_at)}`
    ]),
    ...(count > shown.length ? [`… and ${count - shown.length} more${more}`] : [])
  ]
}

/** Characters of a value that are told. */
const most = 200

const columns: { readonly [kind: string]: string } = {
  title: "title",
  body: "body",
  owner: "owner",
  priority: "priority",
  status: "CASE WHEN status = 'closed' THEN 'closed' || ifnull(': ' || closed_reason, '') ELSE status END",
  deletion: "CASE WHEN deleted_at IS NULL THEN NULL ELSE 'deleted' END"
}

const valueOf = (side: "a" | "b") =>
  `CASE f.kind ${
    Object.entries(columns).map(([kind, sql]) =>
      `WHEN '${kind}' THEN (SELECT ${sql} FROM ${side}.issues WHERE uid = f.of)`
    )
      .join(" ")
  } WHEN 'project' THEN (SELECT p.name FROM ${side}.issues i JOIN ${side}.projects p ON p.id = i.project_id WHERE i.uid = f.of)
    WHEN 'metadata' THEN (SELECT m.value FROM ${side}.issues i, json_each(i.metadata) m WHERE i.uid = f.of AND m.key = f.key)
    WHEN 'project_metadata' THEN (SELECT m.value FROM ${side}.projects i, json_each(i.metadata) m WHERE i.uid = f.of AND m.key = f.key)
    WHEN 'archived' THEN (SELECT iif(deleted_at IS NULL, NULL, 'archived') FROM ${side}.projects WHERE uid = f.of)
    WHEN 'recurrence' THEN (SELECT CASE f.key ${
    ofRecurrence.map((column) => `WHEN '${column}' THEN ${column}`).join(" ")
  } END FROM ${side}.recurrences WHERE uid = f.of)
    ELSE f.${side} END`

/** The last event that touched it on a side. */
const last = (side: 0 | 1, column: string) =>
  `(SELECT e.${column} FROM touch c JOIN ${side === 1 ? "a" : "b"}.events e ON e.id = c.event` +
  ` WHERE c.kind = f.kind AND c.of = f.of AND c.key = f.key AND c.side = ${side})`

/** By what people know it. */
export const nameOf = (uid: string) =>
  `coalesce((SELECT p.name || '#' || i.short_id FROM t_issues i JOIN b.projects p ON p.id = i.project_id WHERE i.uid = ${uid}),` +
  ` (SELECT p.name || '#' || i.short_id FROM a.issues i JOIN a.projects p ON p.id = i.project_id WHERE i.uid = ${uid}),` +
  ` (SELECT name FROM b.projects WHERE uid = ${uid}), (SELECT template_title FROM b.recurrences WHERE uid = ${uid}), ${uid})`

const undecided = `SELECT f.kind AS facet, f.of, ${nameOf("f.of")} AS name, nullif(f.key, '') AS key,
  substr(${valueOf("b")}, 1, ${most}) AS target, substr(${valueOf("a")}, 1, ${most}) AS source,
  ${last(0, "actor")} AS target_by, ${last(0, "created_at")} AS target_at,
  ${last(1, "actor")} AS source_by, ${last(1, "created_at")} AS source_at, NULL AS why
  FROM facet f WHERE f.outcome = @outcome ORDER BY name, f.kind, f.key LIMIT @limit`

/** How many conflicts are told; all are counted. */
export const mostTold = 1000

const Told = Schema.Array(MergeConflict)

/** Facets with an outcome, with both values. */
export const told = (room: Room, outcome: "conflict" | "unexplained") =>
  Effect.gen(function*() {
    const count = yield* get(room, "SELECT count(*) AS n FROM facet WHERE outcome = ?", outcome)
    const rows = yield* all(room, undecided, { outcome, limit: mostTold })
    const texts = rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell === null ? null : String(cell)]))
    )
    return { count: Number(count?.["n"] ?? 0), told: Schema.decodeUnknownSync(Told)(texts) }
  })

/** The user's word: for an issue, else for all. */
export interface Decisions {
  readonly prefer: Side | undefined
  readonly each: ReadonlyMap<string, Side>
}

const isFresh = (uid: string) =>
  `EXISTS (SELECT 1 FROM a.issues i JOIN issue_map m ON m.a = i.id WHERE i.uid = ${uid} AND m.fresh)`

/** A link of an issue that comes in comes with it: nothing was decided. */
const comesAlong = `kind IN ('parent', 'blocks', 'related') AND (${isFresh("facet.of")} OR kind <> 'parent' AND ${
  isFresh("facet.key")
})`

const put = "UPDATE facet SET outcome = ?, decided = 1 WHERE outcome = 'conflict'"

export const settle = Effect.fn("Merge.settle")(function*(room: Room, { each, prefer }: Decisions) {
  for (const [issue, side] of each) yield* run(room, `${put} AND of = ?`, side, issue)
  if (prefer !== undefined) yield* run(room, put, prefer)
  // what a side with an incomplete history has decided is told to the other as a decision, or it would never know
  yield* run(
    room,
    "UPDATE facet SET decided = 1 WHERE outcome IN ('source', 'target') AND NOT equal AND (of IN (SELECT uid FROM history WHERE murky)" +
      ` OR (kind IN ('blocks', 'related') AND key IN (SELECT uid FROM history WHERE murky))) AND NOT (${comesAlong})`
  )
})
