/**
 * What referred to a number that has changed follows it: by the uid that stands beside the number, else because no other row has the old
 * one, else by what the events say. What cannot be told stays with the row that came first.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { exact } from "../database/around.ts"
import type { Stage } from "../database/Database.ts"
import { highestId } from "../database/sequences.ts"
import type { Session, Statements } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { turn } from "../host/turn.ts"
import type { Value } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { drop, put, type Repair } from "../records/repairs.ts"
import type { Described } from "../records/Rule.ts"
import type { Mender } from "./Mender.ts"

/** Rows that are looked at in one go. */
const window = 500

/** Numbers of rows that changed, and issues of which there are several versions. */
export const tables =
  "CREATE TEMP TABLE moved (seq INTEGER PRIMARY KEY, tbl TEXT, uid TEXT, old INTEGER, new INTEGER);" +
  "CREATE INDEX temp.moved_old ON moved(tbl, old); CREATE INDEX temp.moved_new ON moved(tbl, new);" +
  "CREATE TEMP TABLE rival (row INTEGER, seq INTEGER, PRIMARY KEY (row, seq)) WITHOUT ROWID"

const about = (path: string) => `CASE WHEN json_valid(payload) THEN json_extract(payload, '$.${path}') END`

/** The events of issues that there are several of, by uid or by number. */
export const history = {
  make: "CREATE TEMP TABLE history AS SELECT id, issue_uid, type, created_at, payload, project_name," +
    ` CASE type WHEN 'issue.commented' THEN ${about("comment_id")} ELSE ${about("label")} END AS about` +
    " FROM events WHERE issue_uid IN (SELECT uid FROM issues WHERE id IN (SELECT row FROM temp.rival))" +
    " OR issue_uid IN (SELECT uid FROM temp.moved WHERE tbl = 'issues')" +
    " OR issue_uid IN (SELECT i.uid FROM temp.moved m JOIN issues i ON i.id = m.old WHERE m.tbl = 'issues')" +
    " OR project_id IN (SELECT old FROM temp.moved WHERE tbl = 'projects');" +
    "CREATE INDEX temp.history_issue ON history(issue_uid, created_at, id)",
  of: "SELECT type, created_at, payload FROM temp.history WHERE json_valid(payload)" +
    " AND issue_uid = (SELECT uid FROM issues WHERE id = ?) ORDER BY created_at, id"
}

const uidOf = (table: string, id: string) => `(SELECT uid FROM ${table} WHERE id = ${id})`

/** An event of the issue `uid` is about what `what` says. */
const eventOf = (uid: string, type: string, what: string) =>
  `EXISTS (SELECT 1 FROM temp.history h WHERE h.issue_uid = ${uid} AND h.type = '${type}' AND h.about = ${what})`

const ofOne = (type: string, what: string) =>
  `${eventOf("m.uid", type, what)} AND NOT ${eventOf(uidOf("issues", "m.old"), type, what)}`

const ofProject = (uid: string, project: string) =>
  `EXISTS (SELECT 1 FROM temp.history h WHERE h.issue_uid = ${uid} AND h.project_name = (SELECT name FROM projects WHERE id = ${project}))`

/**
 * Where two rows share the old number `m.old`, whether the row `k` belongs to the one that is `m.new` now. By kind and field; of others
 * nothing tells.
 */
const evidence: { readonly [field: string]: string } = {
  "comment.issue_id": ofOne(
    "issue.commented",
    "coalesce((SELECT c.old FROM temp.moved c WHERE c.tbl = 'comments' AND c.new = k.id), k.id)"
  ),
  "issue_label.issue_id": ofOne("issue.labeled", "k.label"),
  "import_mapping.comment_id": "k.issue_id = (SELECT issue_id FROM comments WHERE id = m.new)" +
    " AND k.issue_id IS NOT (SELECT issue_id FROM comments WHERE id = m.old)",
  "import_mapping.link_id":
    "k.issue_id IN (SELECT from_issue_id FROM links WHERE id = m.new UNION SELECT to_issue_id FROM links WHERE id = m.new)" +
    " AND k.issue_id NOT IN (SELECT from_issue_id FROM links WHERE id = m.old UNION SELECT to_issue_id FROM links WHERE id = m.old)",
  "issue.project_id": `${ofProject("k.uid", "m.new")} AND NOT ${ofProject("k.uid", "m.old")}`,
  "link.project_id": "(SELECT project_id FROM issues WHERE id = k.from_issue_id) = m.new",
  "import_mapping.project_id": "(SELECT project_id FROM issues WHERE id = k.issue_id) = m.new",
  "event.project_id": "k.project_name = (SELECT name FROM projects WHERE id = m.new)" +
    " AND k.project_name IS NOT (SELECT name FROM projects WHERE id = m.old)"
}

/** The rows of a kind that follow, with the number that they should have. */
const following = (kind: Kind, field: string, table: string): string => {
  const beside =
    kind.between.flatMap(({ follow }) => follow.is === "uid" && follow.via === field ? [follow.field] : [])[0]
  const alone = `NOT EXISTS (SELECT 1 FROM ${table} WHERE id = m.old)`
  const told = evidence[`${kind.name}.${field}`] ?? "0"
  const holds = beside === undefined
    ? `(${alone} OR (${told}))`
    : `(k.${beside} = m.uid OR (k.${beside} IS NULL AND ${alone}))`
  const to =
    `(SELECT m.new FROM temp.moved m WHERE m.tbl = '${table}' AND m.old = k.${field} AND ${holds} ORDER BY m.seq LIMIT 1)`
  return `SELECT id, new FROM (SELECT k.rowid AS id, ${to} AS new FROM ${kind.table} k NOT INDEXED WHERE k.rowid >= ?` +
    ` AND k.${field} IN (SELECT old FROM temp.moved WHERE tbl = '${table}') ORDER BY k.rowid) WHERE new IS NOT NULL LIMIT ${window}`
}

const rule = (field: string): Described => ({
  rule: "number",
  field,
  says: "follows a record that got a new id",
  blocking: true,
  repair: Option.none()
})

/** Mends the rows that a query gives from a rowid on, each to what it gives beside the row. */
const inWindows = (
  db: Session,
  sql: string,
  mend: (db: Statements, row: bigint, to: Value) => void,
  from = -(2n ** 63n)
): Effect.Effect<void, SqliteFailure> =>
  Effect.flatMap(
    db.attempt("follow the records that got new numbers", (db) => {
      const rows = db.prepare(sql).all(from)
      for (const { id, new: to } of rows) mend(db, id as bigint, typeof to === "bigint" ? exact(to) : String(to))
      const last = rows.at(-1)?.["id"]
      return rows.length === window && typeof last === "bigint" && last < highestId ? last + 1n : undefined
    }),
    (next) => next === undefined ? Effect.void : Effect.zipRight(turn, inWindows(db, sql, mend, next))
  )

/** The member of the payload of an event that is the number of a comment or a link, by the table. */
const inPayload: {
  readonly [table: string]: { readonly member: string; readonly types: string; readonly is: string }
} = {
  comments: {
    member: "comment_id",
    types: "'issue.commented'",
    // Of two comments of one issue, the one that is nearer in time.
    is: "e.issue_id = n.issue_id AND (o.id IS NULL OR o.issue_id <> n.issue_id OR" +
      " abs(julianday(e.created_at) - julianday(n.created_at)) < abs(julianday(e.created_at) - julianday(o.created_at)))"
  },
  links: {
    member: "link_id",
    types: "'issue.linked', 'issue.unlinked'",
    is:
      "(e.issue_id, e.related_issue_id) IN (VALUES (n.from_issue_id, n.to_issue_id), (n.to_issue_id, n.from_issue_id))" +
      " AND (o.id IS NULL OR (e.issue_id, e.related_issue_id) NOT IN" +
      " (VALUES (o.from_issue_id, o.to_issue_id), (o.to_issue_id, o.from_issue_id)))"
  }
}

/** Events that name in their payload a number that has changed, with the old one and the new one as a pair. */
const inPayloads = (table: string): string => {
  const { is, member, types } = inPayload[table]!
  const number = `CASE WHEN json_valid(e.payload) THEN json_extract(e.payload, '$.${member}') END`
  return "SELECT id, new FROM (SELECT e.id AS id, (SELECT m.old || ' ' || m.new FROM temp.moved m" +
    ` JOIN ${table} n ON n.id = m.new LEFT JOIN ${table} o ON o.id = m.old WHERE m.tbl = '${table}' AND m.old = ${number}` +
    ` AND ${is} ORDER BY m.seq LIMIT 1) AS new FROM events e NOT INDEXED WHERE e.id >= ? AND e.type IN (${types}) ORDER BY e.id)` +
    ` WHERE new IS NOT NULL LIMIT ${window}`
}

/** The payload with one number changed and every other character as it was. */
const renumbered = (member: string, pair: Value): Repair => (record) => {
  const [from, to] = String(pair).split(" ")
  const place = `"${member}":${from}`
  const payload = String(record["payload"])
  const parts = payload.split(new RegExp(`${place}(?=[,}])`))
  return Option.some(parts.length === 2 ? { ...record, payload: parts.join(`"${member}":${to}`) } : record)
}

const takenAway: Described = {
  rule: "versions",
  field: "label",
  says: "was taken from an issue of several versions by its last event",
  blocking: true,
  repair: Option.none()
}

/** Labels of issues that were settled, whose last event took them away. */
const unlabeled =
  "SELECT l.rowid AS id FROM issue_labels l WHERE l.rowid >= ? AND l.issue_id IN (SELECT row FROM temp.rival) AND" +
  ` (SELECT h.type FROM temp.history h WHERE h.issue_uid = ${uidOf("issues", "l.issue_id")} AND h.about = l.label` +
  " AND h.type IN ('issue.labeled', 'issue.unlabeled') ORDER BY h.created_at DESC, h.id DESC LIMIT 1) = 'issue.unlabeled'" +
  ` ORDER BY l.rowid LIMIT ${window}`

/** Lets everything follow. Projects come last: a link, or a mapping, is in the project of its issue. */
export const follow = Effect.fn("Import.follow")(function*(stage: Stage, format: Format, mender: Mender) {
  const { db } = stage
  const changed = new Set(
    (yield* db.all("follow the records that got new numbers", "SELECT DISTINCT tbl FROM temp.moved"))
      .map(({ tbl }) => String(tbl))
  )
  const ordered = [
    ...format.kinds.filter(({ table }) => table !== "projects"),
    ...format.kinds.filter(({ table }) => table === "projects")
  ]
  for (const { table } of ordered.filter(({ table }) => changed.has(table))) {
    for (const kind of format.kinds) {
      for (const { key, reference } of kind.fields) {
        if (!Option.exists(reference, (to) => to.table === table)) continue
        yield* inWindows(
          db,
          following(kind, key, table),
          (db, row, to) => mender.row(db, kind, row, rule(key), put({ [key]: to }))
        )
      }
    }
  }
  const events = Option.getOrUndefined(format.kindIn("events"))
  for (const [table, { member }] of Object.entries(inPayload)) {
    if (events === undefined || !changed.has(table)) continue
    const says = { ...rule("payload"), blocking: false }
    yield* inWindows(
      db,
      inPayloads(table),
      (db, row, pair) => mender.row(db, events, row, says, renumbered(member, pair))
    )
  }
  const labels = Option.getOrUndefined(format.kindIn("issue_labels"))
  if (labels === undefined) return
  yield* inWindows(db, unlabeled, (db, row) => mender.row(db, labels, row, takenAway, drop))
})
