/** The issues of both sides of which anything may differ, and whether the events of a side tell all of their history. */
import * as Effect from "effect/Effect"
import { exec, type Room, run } from "./room.ts"

const tables = `
CREATE TABLE concerned(uid TEXT PRIMARY KEY, a INTEGER NOT NULL, b INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE passage(side INTEGER NOT NULL, issue TEXT NOT NULL, born INTEGER NOT NULL, came TEXT NOT NULL, went TEXT);
CREATE TABLE history(uid TEXT PRIMARY KEY, s INTEGER NOT NULL, t INTEGER NOT NULL, murky INTEGER NOT NULL, mute INTEGER NOT NULL) WITHOUT ROWID;
`

/** Rows of a side that belong to issues of both sides and have no counterpart. */
const alone = (side: "a" | "b", table: string, issue: string) =>
  `SELECT m.a, m.b FROM ${
    side === "a" ? `a.${table}` : `t_${table}`
  } t JOIN issue_map m ON m.${side} = t.${issue} AND NOT m.fresh
   WHERE NOT EXISTS (SELECT 1 FROM pair_${table} p WHERE p.${side} = t."rowid")`

const belongings = [["issue_labels", "issue_id"], ["comments", "issue_id"], ["links", "from_issue_id"], [
  "links",
  "to_issue_id"
]] as const

const add = (select: string) =>
  `INSERT OR IGNORE INTO concerned SELECT x.uid, m.a, m.b FROM (${select}) m JOIN a.issues x ON x.id = m.a`

/** Births and moves as the events of a side tell them: the project where the issue came to be, and where it had been. */
const passages = (side: 0 | 1) => {
  const schema = side === 1 ? "a" : "b"
  return `INSERT INTO passage SELECT ${side}, e.issue_uid, e.type = 'issue.created', p.uid,
    CASE WHEN e.type = 'issue.moved' AND json_valid(e.payload) THEN e.payload ->> '$.from_project_uid' END
    FROM ${side === 1 ? "a.events" : "t_events"} e JOIN ${schema}.projects p ON p.id = e.project_id
    WHERE e.type IN ('issue.created', 'issue.moved') AND e.issue_id IS NOT NULL AND e.issue_uid IN (SELECT uid FROM concerned)`
}

/**
 * No birth, or a departure from where it never arrived: a snapshot of a project that was taken after a move. A project that is no more
 * was merged into another.
 */
const incomplete = (side: 0 | 1, scoped: boolean) =>
  `(NOT EXISTS (SELECT 1 FROM passage w WHERE w.side = ${side} AND w.issue = c.uid AND w.born) OR EXISTS (
    SELECT 1 FROM passage w WHERE w.side = ${side} AND w.issue = c.uid AND w.went IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM passage o WHERE o.side = ${side} AND o.issue = c.uid AND o.came = w.went)
      AND ${
    side === 1 && scoped ? "1" : `EXISTS (SELECT 1 FROM ${side === 1 ? "a" : "b"}.projects p WHERE p.uid = w.went)`
  }))`

const hasExtra = (side: 0 | 1) => `EXISTS (SELECT 1 FROM extra e WHERE e.side = ${side} AND e.issue = c.uid)`

/**
 * `s`, `t`: events may be missing there that have changed anything. `murky`: the source has something new, and on a side events may be missing.
 * `mute`: the source shows nothing new and lacks history, so that nothing is taken from it.
 */
const histories = (room: Room) =>
  `INSERT INTO history SELECT uid, hs AND si, hs AND ti AND ht, hs AND (si OR ti), si AND NOT hs FROM (
    SELECT c.uid, ${hasExtra(1)} AS hs, ${hasExtra(0)} AS ht, ${incomplete(1, room.scope !== null)} AS si, ${
    incomplete(0, false)
  } AS ti FROM concerned c) WHERE si OR ti`

export const concerned = Effect.fn("Merge.concerned")(function*(room: Room) {
  const { db } = room
  yield* exec(room, tables)
  yield* run(room, add("SELECT a, b FROM pair_issues WHERE NOT same"))
  for (const column of ["issue", "related"]) {
    yield* run(
      room,
      `INSERT OR IGNORE INTO concerned SELECT x.uid, m.a, m.b FROM extra e JOIN a.issues x ON x.uid = e.${column}` +
        " JOIN issue_map m ON m.a = x.id AND NOT m.fresh"
    )
  }
  for (const [table, issue] of belongings) {
    yield* run(room, add(alone("a", table, issue)))
    yield* run(room, add(alone("b", table, issue)))
  }
  if (room.only) yield* run(room, "DELETE FROM concerned WHERE uid NOT IN (SELECT uid FROM only)")
  if ((yield* db.get("plan the merge", "SELECT 1 FROM concerned")) === undefined) return
  yield* run(room, passages(1))
  yield* run(room, passages(0))
  yield* exec(room, "CREATE INDEX passage_issue ON passage(side, issue)")
  yield* run(room, histories(room))
})
