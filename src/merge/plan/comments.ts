/**
 * Which comments are the same one: a version 10 has no uid for them. By the event that made it, by what an importer calls it, then by its
 * text, where several equal ones are as many as there are. They only come; none goes.
 */
import * as Effect from "effect/Effect"
import type { Row } from "../../database/Session.ts"
import { number } from "./maps.ts"
import { exec, inPages, type Room, run } from "./room.ts"

const tables = `
CREATE TABLE comment_map(a INTEGER PRIMARY KEY, b INTEGER NOT NULL, fresh INTEGER NOT NULL);
CREATE TABLE made(side INTEGER NOT NULL, comment INTEGER NOT NULL, event TEXT NOT NULL, external TEXT, PRIMARY KEY (side, comment)) WITHOUT ROWID;
CREATE TABLE said(side INTEGER NOT NULL, id INTEGER NOT NULL, issue TEXT NOT NULL, event TEXT, external TEXT, done INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (side, id)) WITHOUT ROWID;
`

const made = (side: 0 | 1) =>
  `INSERT OR IGNORE INTO made SELECT ${side}, e.payload ->> '$.comment_id', e.uid, e.payload ->> '$.comment_external_id'
   FROM ${side === 1 ? "a.events" : "t_events"} e WHERE e.type = 'issue.commented' AND e.issue_id IS NOT NULL
     AND e.issue_uid IN (SELECT uid FROM concerned) AND json_valid(e.payload) AND typeof(e.payload ->> '$.comment_id') = 'integer'`

const said = (side: 0 | 1) =>
  `INSERT INTO said(side, id, issue, event, external) SELECT ${side}, t.id, c.uid, m.event, m.external
   FROM ${side === 1 ? "a.comments" : "t_comments"} t JOIN concerned c ON c.${side === 1 ? "a" : "b"} = t.issue_id
   LEFT JOIN made m ON m.side = ${side} AND m.comment = t.id`

/** The same but for the numbers. */
const alike = "x.author IS y.author AND x.created_at IS y.created_at AND x.body IS y.body"

const byEvent =
  `INSERT OR IGNORE INTO comment_map SELECT s.id, t.id, 0 FROM said s JOIN said t ON t.side = 0 AND t.event = s.event AND t.issue = s.issue
  JOIN a.comments x ON x.id = s.id JOIN b.comments y ON y.id = t.id WHERE s.side = 1 AND s.event IS NOT NULL AND ${alike}`

const settled =
  `UPDATE said SET done = 1 WHERE (side = 1 AND id IN (SELECT a FROM comment_map)) OR (side = 0 AND id IN (SELECT b FROM comment_map))`

const left = (limit: number) =>
  `SELECT s.id AS key, s.issue, s.event, s.external FROM said s WHERE s.side = 1 AND NOT s.done AND s.id > ?
     AND EXISTS (SELECT 1 FROM said t WHERE t.side = 0 AND t.issue = s.issue AND NOT t.done) ORDER BY s.id LIMIT ${limit}`

const candidate = (rule: string) =>
  `SELECT t.id FROM said t JOIN b.comments y ON y.id = t.id JOIN a.comments x ON x.id = @id
   WHERE t.side = 0 AND t.issue = @issue AND NOT t.done AND ${rule} AND ${alike} ORDER BY t.id LIMIT 1`

/** One by an importer's name first, then by its text: an event on both sides says that they are two. */
const rules = [
  "@event IS NOT NULL AND t.event IS NOT NULL AND @external IS NOT NULL AND t.external = @external",
  "(@event IS NULL OR t.event IS NULL)"
]

export const comments = Effect.fn("Merge.comments")(function*(room: Room) {
  yield* exec(room, tables)
  yield* run(
    room,
    `INSERT INTO comment_map SELECT p.a, p.b, 0 FROM pair_comments p JOIN a.comments c ON c.id = p.a
     WHERE c.issue_id NOT IN (SELECT a FROM concerned)`
  )
  for (const side of [1, 0] as const) {
    yield* run(room, made(side))
    yield* run(room, said(side))
  }
  yield* exec(room, "CREATE INDEX said_event ON said(event, side); CREATE INDEX said_issue ON said(issue, side)")
  yield* run(room, byEvent)
  yield* run(room, settled)
  for (const rule of rules) {
    yield* inPages(room, left, (rows) =>
      room.db.attempt("plan the merge", ({ prepare }) => {
        for (const { event, external, issue, key } of rows as ReadonlyArray<Row>) {
          const hit = prepare(candidate(rule)).get({ id: key!, issue: issue!, event: event!, external: external! })
          if (hit === undefined) continue
          prepare("INSERT INTO comment_map VALUES (?, ?, 0)").run(key!, hit["id"]!)
          prepare("UPDATE said SET done = 1 WHERE (side = 1 AND id = ?) OR (side = 0 AND id = ?)").run(key!, hit["id"]!)
        }
      }))
  }
  yield* number(
    room,
    "comment",
    "comments",
    "t.issue_id IN (SELECT a FROM issue_map) AND t.id NOT IN (SELECT a FROM comment_map)" +
      (room.only ? " AND t.issue_id IN (SELECT i.id FROM a.issues i JOIN only o ON o.uid = i.uid)" : "")
  )
  yield* run(
    room,
    `INSERT INTO put_comments SELECT m.b, (SELECT b FROM issue_map WHERE a = c.issue_id), c.author, c.body, c.created_at, 1
     FROM comment_map m JOIN a.comments c ON c.id = m.a WHERE m.fresh`
  )
})
