/** The events that come in, behind those of the target and in the order of the source; and those that find an issue that was missing. */
import * as Effect from "effect/Effect"
import { inWindows } from "../matching.ts"
import { ofOnly } from "./known.ts"
import { exec, isLinking, type Room, run, select } from "./room.ts"

const inGone = (uid: string) => `ifnull(${uid}, '') IN (SELECT uid FROM gone_b)`

/** The number of an issue of the result by its uid. */
const idOf = (uid: string) =>
  `coalesce((SELECT m.b FROM a.issues i JOIN issue_map m ON m.a = i.id WHERE i.uid = ${uid}), (SELECT id FROM t_issues i WHERE i.uid = ${uid}))`

/**
 * Numbers of rows in a payload are those of the database that wrote it: they become those of the result, and 0 where the row is no more. The
 * only change that is made to one.
 */
const renumbered = (event: string) => {
  const number = (member: string, map: string, payload: string) =>
    `CASE WHEN instr(${event}.payload, '"${member}"') AND json_type(${payload}, '$.${member}') = 'integer'
      THEN json_replace(${payload}, '$.${member}', ifnull((SELECT b FROM ${map} WHERE a = ${payload} ->> '$.${member}'), 0)) ELSE ${payload} END`
  return `CASE ${event}.type WHEN 'issue.commented' THEN ${number("comment_id", "comment_map", `${event}.payload`)}
    WHEN 'issue.linked' THEN ${number("link_id", "link_map", `${event}.payload`)}
    WHEN 'issue.unlinked' THEN ${number("link_id", "link_map", `${event}.payload`)} ELSE ${event}.payload END`
}

const coming: { readonly [column: string]: string } = {
  id: "n.number",
  project_id: "(SELECT b FROM project_map WHERE a = e.project_id)",
  issue_id: `iif(e.issue_id IS NULL, NULL, ${idOf("e.issue_uid")})`,
  related_issue_id: `iif(${inGone("e.related_issue_uid")}, NULL, ${idOf("e.related_issue_uid")})`,
  related_issue_uid: `iif(${inGone("e.related_issue_uid")}, NULL, e.related_issue_uid)`,
  payload: renumbered("e")
}

const wanted = (room: Room) =>
  [
    "NOT EXISTS (SELECT 1 FROM t_events o WHERE o.uid = e.uid)",
    `NOT (${inGone("e.issue_uid")})`,
    `NOT (e.type ${isLinking} AND ${inGone("e.related_issue_uid")})`,
    "e.project_id IN (SELECT a FROM project_map)",
    ...(room.only ? [ofOnly, "e.issue_id IS NOT NULL"] : [])
  ].join(" AND ")

/** Events that the target has without their issue, which is there now, as the source has it. */
const attached = (room: Room) =>
  `INSERT OR REPLACE INTO put_events SELECT ${
    select(room, "event", {
      issue_id: idOf("o.issue_uid"),
      related_issue_id: `iif(o.related_issue_uid IS NULL, NULL, ${idOf("o.related_issue_uid")})`,
      payload: `iif(o.type = 'issue.commented', ${renumbered("e")}, o.payload)`
    }, "o")
  }, 0 FROM t_events o JOIN a.events e ON e.uid = o.uid
   WHERE o.issue_id IS NULL AND o.issue_uid IS NOT NULL AND e.issue_id IS NOT NULL AND ${
    idOf("o.issue_uid")
  } IS NOT NULL` +
  (room.only ? " AND o.issue_uid IN (SELECT uid FROM only)" : "")

/** The other end of a link arrives, or was purged in a database that is none of ours any more. */
const related = (room: Room) =>
  `INSERT OR REPLACE INTO put_events SELECT ${
    select(room, "event", {
      issue_id: "ifnull((SELECT p.issue_id FROM put_events p WHERE p.id = o.id), o.issue_id)",
      payload: "ifnull((SELECT p.payload FROM put_events p WHERE p.id = o.id), o.payload)",
      related_issue_id: idOf("ifnull(o.related_issue_uid, e.related_issue_uid)"),
      related_issue_uid: "ifnull(o.related_issue_uid, e.related_issue_uid)"
    }, "o")
  }, 0 FROM t_events o JOIN a.events e ON e.uid = o.uid
   WHERE o.related_issue_id IS NULL AND o.type IN ('issue.linked', 'issue.unlinked', 'issue.links_changed')
     AND ifnull(o.related_issue_uid, e.related_issue_uid) IS NOT NULL AND NOT (${
    inGone("ifnull(o.related_issue_uid, e.related_issue_uid)")
  })
     AND ${idOf("ifnull(o.related_issue_uid, e.related_issue_uid)")} IS NOT NULL` +
  (room.only
    ? " AND (o.issue_uid IN (SELECT uid FROM only) OR ifnull(o.related_issue_uid, e.related_issue_uid) IN (SELECT uid FROM restored))"
    : "")

export const events = Effect.fn("Merge.events")(function*(room: Room) {
  yield* exec(room, "CREATE TABLE coming_event(number INTEGER PRIMARY KEY, id INTEGER)")
  // behind those that purges have reserved
  yield* run(
    room,
    "INSERT INTO coming_event SELECT max((SELECT id FROM base WHERE name = 'events'), ifnull((SELECT max(reserved) FROM purged), 0)), NULL"
  )
  yield* inWindows(room.db, "a.events", (first, last) =>
    run(
      room,
      `INSERT INTO coming_event SELECT (SELECT max(number) FROM coming_event) + row_number() OVER (ORDER BY e.id), e.id FROM a.events e` +
        ` WHERE e.id BETWEEN ? AND ? AND ${wanted(room)}`,
      first,
      last
    ))
  yield* run(room, "DELETE FROM coming_event WHERE id IS NULL")
  yield* inWindows(room.db, "main.coming_event", (first, last) =>
    run(
      room,
      `INSERT INTO put_events SELECT ${
        select(room, "event", coming, "e")
      }, 1 FROM coming_event n JOIN a.events e ON e.id = n.id` +
        " WHERE n.number BETWEEN ? AND ?",
      first,
      last
    ))
  yield* run(room, attached(room))
  yield* run(room, related(room))
})
