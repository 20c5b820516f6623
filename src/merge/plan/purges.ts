/** Issues that were purged on the other side: they go here too, when that is asked for, with all that belongs to them and their events. */
import * as Effect from "effect/Effect"
import { quote } from "../../changes/changeset.ts"
import type { Staying } from "./known.ts"
import { get, isLinking, type Room, run, select } from "./room.ts"

/** Rows that do not stay. */
const dropped = ["issue", "comment", "issue_label", "link", "import_mapping", "event"]

/** The next id that an event can have: those that are reserved come first. */
const reserve = `(SELECT id FROM base WHERE name = 'events') + sum(gone) OVER (ORDER BY uid)`

const counts = `SELECT u.uid, u.id, u.purge,
    (SELECT count(*) FROM b.events e WHERE e.issue_uid = u.uid OR (e.related_issue_uid = u.uid AND e.type ${isLinking})) AS events,
    (SELECT min(id) FROM b.events e WHERE e.issue_uid = u.uid OR (e.related_issue_uid = u.uid AND e.type ${isLinking})) AS least,
    (SELECT max(id) FROM b.events e WHERE e.issue_uid = u.uid OR (e.related_issue_uid = u.uid AND e.type ${isLinking})) AS most
  FROM purging u`

/** The numbers of rows of a purge are those of the database that it is done in; how much was purged is what the user was told who did it. */
const here: { readonly [column: string]: string } = {
  id: "(SELECT id FROM base WHERE name = 'purge_log') + row_number() OVER (ORDER BY l.id)",
  project_id:
    "coalesce((SELECT project_id FROM b.issues i WHERE i.id = c.id), (SELECT b FROM project_map WHERE a = l.project_id), 0)",
  purged_issue_id: "ifnull(c.id, 0)",
  events_deleted_min_id: "c.least",
  events_deleted_max_id: "c.most",
  purge_reset_after_event_id: "iif(c.events > 0, c.reserved, NULL)"
}

/** One that was not done here tells only what was purged there. */
const elsewhere: { readonly [column: string]: string } = {
  id:
    "(SELECT max(ifnull(max(id), 0), (SELECT id FROM base WHERE name = 'purge_log')) FROM put_purge_log) + row_number() OVER (ORDER BY l.id)",
  project_id: "ifnull((SELECT b FROM project_map WHERE a = l.project_id), 0)",
  purged_issue_id: "0",
  events_deleted_min_id: "NULL",
  events_deleted_max_id: "NULL",
  purge_reset_after_event_id: "NULL"
}

/** What was purged there and is alive here, or tells of something that is, does not become known here. */
const alive = `CREATE TABLE alive AS
  SELECT uid FROM gone_a g WHERE EXISTS (SELECT 1 FROM t_issues i WHERE i.uid = g.uid)
    OR EXISTS (SELECT 1 FROM t_events e WHERE e.issue_uid = g.uid)
    OR EXISTS (SELECT 1 FROM t_events e WHERE e.related_issue_uid = g.uid AND e.type ${isLinking})
  UNION SELECT issue_uid FROM put_events WHERE issue_uid IN (SELECT uid FROM gone_a)
  UNION SELECT related_issue_uid FROM put_events WHERE type ${isLinking} AND related_issue_uid IN (SELECT uid FROM gone_a)`

/** Before anything comes in: takes away what is to be purged. */
export const purge = Effect.fn("Merge.purge")(function*(room: Room, { of }: Staying) {
  yield* run(
    room,
    `CREATE TABLE purged AS SELECT *, ${reserve} AS reserved FROM (SELECT *, events > 0 AS gone FROM (${counts}))`
  )
  if ((yield* get(room, "SELECT 1 FROM purged")) === undefined) return
  for (const kind of room.format.kinds.filter(({ name }) => dropped.includes(name))) {
    const keys = kind.key.map((key) => `t.${quote(key)}`).join(", ")
    yield* run(room, `INSERT INTO drop_${kind.table} SELECT ${keys} FROM b.${kind.table} t WHERE NOT (${of(kind)})`)
  }
  yield* run(
    room,
    `INSERT INTO put_purge_log SELECT ${
      select(room, "purge_log", here, "l")
    }, 1 FROM purged c JOIN a.purge_log l ON l.id = c.purge`
  )
  // a change of several links stays, without the issue that is gone
  yield* run(
    room,
    `INSERT INTO put_events SELECT ${
      select(room, "event", { related_issue_id: "NULL", related_issue_uid: "NULL" }, "t")
    }, 0 FROM t_events t WHERE t.related_issue_uid IN (SELECT uid FROM purging)`
  )
})

/** What the target is told of purges elsewhere; the last step. */
export const purges = Effect.fn("Merge.purges")(function*(room: Room) {
  if (room.only) return
  yield* run(room, alive)
  yield* run(
    room,
    `INSERT INTO put_purge_log SELECT ${select(room, "purge_log", elsewhere, "l")}, 1 FROM a.purge_log l
     WHERE NOT EXISTS (SELECT 1 FROM b.purge_log o WHERE o.uid = l.uid) AND l.id NOT IN (SELECT purge FROM purging)
       AND ifnull(l.issue_uid, '') NOT IN (SELECT uid FROM alive)`
  )
})
