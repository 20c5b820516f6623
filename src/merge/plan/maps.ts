/**
 * Which row of the result each row of the source is: one that the target has, or one that comes in, under a number of its own. Tables
 * `<kind>_map(a, b, fresh)`.
 */
import * as Effect from "effect/Effect"
import { all, exec, isLinking, type Room, run, some } from "./room.ts"

const table = (name: string) =>
  `CREATE TABLE ${name}_map(a INTEGER PRIMARY KEY, b INTEGER NOT NULL, fresh INTEGER NOT NULL)`

/** Numbers what comes in behind all that the target has, in the order of the source. */
export const number = (room: Room, name: string, of: string, where: string) =>
  run(
    room,
    `INSERT INTO ${name}_map SELECT t.id, (SELECT id FROM base WHERE name = '${of}') + row_number() OVER (ORDER BY t.id), 1` +
      ` FROM a.${of} t WHERE ${where}`
  )

export const pairsOf = (room: Room, name: string, of: string) =>
  Effect.zipRight(
    exec(room, table(name)),
    run(room, `INSERT INTO ${name}_map SELECT a, b, 0 FROM pair_${of}`)
  )

/** A project that one side has merged into another: its events lie elsewhere there, and nothing else tells of it. */
export interface Followed {
  readonly source: string
  readonly target: string
  /** The source's project became that of the target; else the target would have to merge its own. */
  readonly settled: boolean
}

const elsewhere = `SELECT DISTINCT p.id AS source_id, p.uid AS source, q.id AS target_id, q.uid AS target
  FROM a.projects p CROSS JOIN a.events e ON e.project_id = p.id JOIN t_events o ON o.uid = e.uid JOIN b.projects q ON q.id = o.project_id
  WHERE q.uid <> p.uid`

/** Finds projects that were merged: on either side one of the two is no more. */
const followed = Effect.fnUntraced(function*(room: Room) {
  const suspects = yield* some(
    room,
    "SELECT 1 FROM a.projects p WHERE p.uid NOT IN (SELECT uid FROM b.projects)" +
      " UNION ALL SELECT 1 FROM b.projects p WHERE p.uid NOT IN (SELECT uid FROM a.projects)"
  )
  if (!suspects) return []
  const rows = yield* all(room, elsewhere)
  const settled: Array<Followed> = []
  for (const row of rows) {
    const [source, target] = [String(row["source"]), String(row["target"])]
    const isGone = !(yield* some(room, "SELECT 1 FROM b.projects WHERE uid = ?", source))
    const isThere = room.scope !== null || (yield* some(room, "SELECT 1 FROM a.projects WHERE uid = ?", target))
    const isSettled = isGone && isThere
    if (isSettled) {
      yield* run(
        room,
        "INSERT OR IGNORE INTO project_map VALUES (?, ?, 0)",
        row["source_id"] as bigint,
        row["target_id"] as bigint
      )
    }
    settled.push({ source, target, settled: isSettled })
  }
  return settled
})

const isOnly = (room: Room) => room.only ? " AND t.uid IN (SELECT uid FROM only)" : ""

const notPurged = (uid: string) => `ifnull(${uid}, '') NOT IN (SELECT uid FROM gone_b)`

/**
 * An empty project is not merged: nothing says whether it is new here or was emptied there. Nor does one come back of which all was purged
 * here.
 */
const fresh = (room: Room) =>
  `t.id NOT IN (SELECT a FROM project_map) AND (${
    room.only
      ? "EXISTS (SELECT 1 FROM a.issues i WHERE i.project_id = t.id AND i.uid IN (SELECT uid FROM only))" +
        " OR EXISTS (SELECT 1 FROM a.events e WHERE e.project_id = t.id AND e.issue_uid IN (SELECT uid FROM only))"
      : [
        ["issues", notPurged("o.uid")],
        ["recurrences", "1"],
        [
          "events",
          `${notPurged("o.issue_uid")} AND NOT (o.type ${isLinking} AND NOT ${notPurged("o.related_issue_uid")})`
        ]
      ].map(([table, where]) => `EXISTS (SELECT 1 FROM a.${table} o WHERE o.project_id = t.id AND ${where})`).join(
        " OR "
      )
  })`

export const maps = Effect.fn("Merge.maps")(function*(room: Room) {
  yield* pairsOf(room, "project", "projects")
  const followedProjects = yield* followed(room)
  yield* number(room, "project", "projects", fresh(room))
  yield* pairsOf(room, "recurrence", "recurrences")
  if (!room.only) yield* number(room, "recurrence", "recurrences", "t.id NOT IN (SELECT a FROM recurrence_map)")
  yield* pairsOf(room, "issue", "issues")
  yield* number(
    room,
    "issue",
    "issues",
    `t.id NOT IN (SELECT a FROM issue_map) AND t.uid NOT IN (SELECT uid FROM gone_b)${isOnly(room)}`
  )
  return followedProjects
})
