/** What was recorded on top of rows that are to be taken back. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { changing, columnsOf, numbersOf, quote, sameKey } from "../changes/changeset.ts"
import type { Session } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"

export class BuiltOn extends Schema.Class<BuiltOn>("BuiltOn")({
  kind: Schema.String,
  /** Such as `app#abc4`. */
  of: Schema.String,
  why: Schema.Literal("recorded since", "changed since", "gone since", "refers to it")
}) {}

/** As many are told one by one. */
const told = 20

const issueBy = (column: string, value: string) =>
  `(SELECT p.name || '#' || i.short_id FROM b.issues i JOIN b.projects p ON p.id = i.project_id WHERE i.${column} = ${value})`

/** What people call the row `t` of the database. */
const names: { readonly [kind: string]: string } = {
  project: "t.name",
  project_alias: "t.alias_identity",
  issue: issueBy("id", "t.id"),
  comment: `ifnull(${issueBy("id", "t.issue_id")}, '?') || ', by ' || t.author`,
  issue_label: `ifnull(${issueBy("id", "t.issue_id")}, '?') || ' ' || t.label`,
  link: `ifnull(${issueBy("id", "t.from_issue_id")}, '?') || ' ' || t.type || ' ' || ifnull(${
    issueBy("id", "t.to_issue_id")
  }, '?')`,
  event: `t.type || ' by ' || t.actor || ifnull(' on ' || ${issueBy("uid", "t.issue_uid")}, '')`
}

const nameOf = (kind: Kind) => names[kind.name] ?? `'number ' || t.${quote(kind.key[0]!)}`

/** The issues of which something is taken back, and the projects that go. */
const concerned = `
CREATE TABLE concerned(uid TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT OR IGNORE INTO concerned SELECT uid FROM put_issues;
INSERT OR IGNORE INTO concerned SELECT uid FROM b.issues WHERE id IN (
  SELECT id FROM drop_issues
  UNION SELECT issue_id FROM drop_issue_labels UNION SELECT issue_id FROM put_issue_labels
  UNION SELECT issue_id FROM put_comments UNION SELECT c.issue_id FROM drop_comments d JOIN b.comments c ON c.id = d.id
  UNION SELECT from_issue_id FROM put_links UNION SELECT to_issue_id FROM put_links
  UNION SELECT l.from_issue_id FROM drop_links d JOIN b.links l ON l.id = d.id
  UNION SELECT l.to_issue_id FROM drop_links d JOIN b.links l ON l.id = d.id);
CREATE TABLE built_on(kind TEXT NOT NULL, of TEXT, why TEXT NOT NULL);
`

const isGone = (kind: Kind, row: string, name: string) =>
  `INSERT INTO built_on SELECT '${kind.name}', ${name}, 'gone since' FROM ${row}_${kind.table} w WHERE NOT EXISTS (
     SELECT 1 FROM b.${kind.table} t WHERE ${sameKey(kind, "t", "w")})`

const byKey = (kind: Kind) => `'number ' || w.${quote(kind.key[0]!)}`

/** Columns that change by being looked at. */
const seen = new Set(["project_aliases.last_seen_at"])

const sameWork = (kind: Kind, x: string, y: string) =>
  columnsOf(kind).filter((column) => !seen.has(`${kind.table}.${column}`))
    .map((column) => `${x}.${quote(column)} IS ${y}.${quote(column)}`).join(" AND ")

const questions = (kind: Kind, format: Format): ReadonlyArray<string> => [
  isGone(kind, "was", byKey(kind)),
  isGone(kind, "drop", byKey(kind)),
  `INSERT INTO built_on SELECT '${kind.name}', ${
    nameOf(kind)
  }, 'changed since' FROM was_${kind.table} w JOIN b.${kind.table} t
     ON ${sameKey(kind, "t", "w")} WHERE NOT (${sameWork(kind, "t", "w")})`,
  // events have a question of their own
  ...(kind.name === "event" ?
    [] :
    changing(format).flatMap(({ table }) =>
      numbersOf(kind, table).filter((column) => column !== kind.reserves?.field).map((column) =>
        `INSERT INTO built_on SELECT '${kind.name}', ${nameOf(kind)}, 'refers to it' FROM b.${kind.table} t
         WHERE t.${quote(column)} IN (SELECT id FROM drop_${table})
           AND NOT EXISTS (SELECT 1 FROM drop_${kind.table} d WHERE ${sameKey(kind, "d", "t")})
           AND NOT EXISTS (SELECT 1 FROM put_${kind.table} p WHERE ${sameKey(kind, "p", "t")})`
      )
    ))
]

/**
 * Looks what was built on the rows that a session has read an inverse of, against its database `b`: events about what they concern, rows that are not
 * as they were made, rows that refer to what would go. `lastEvent` is the highest number of an event when they were made. Work on
 * anything else is in nobody's way.
 */
export const builtOn = Effect.fn("Undo.builtOn")(function*(db: Session, format: Format, lastEvent: bigint) {
  yield* db.exec("look what was recorded since", concerned)
  yield* db.attempt("look what was recorded since", ({ prepare }) => {
    prepare(
      `INSERT INTO built_on SELECT 'event', ${names["event"]}, 'recorded since' FROM b.events t WHERE t.id > ? AND (
         t.issue_uid IN (SELECT uid FROM concerned) OR t.related_issue_uid IN (SELECT uid FROM concerned)
         OR t.project_id IN (SELECT id FROM drop_projects)
         OR (t.issue_uid IS NULL AND t.project_id IN (SELECT id FROM put_projects)))`
    ).run(lastEvent)
  })
  for (const kind of changing(format)) {
    for (const sql of questions(kind, format)) yield* db.exec("look what was recorded since", sql)
  }
  const count = yield* db.get("look what was recorded since", "SELECT count(*) AS n FROM built_on")
  const rows = yield* db.all("look what was recorded since", `SELECT * FROM built_on ORDER BY rowid LIMIT ${told}`)
  return {
    count: Number(count?.["n"]),
    first: rows.map(({ kind, of, why }) =>
      new BuiltOn({ kind: String(kind), of: String(of ?? "?"), why: String(why) as BuiltOn["why"] })
    )
  }
})

/** What refers to rows that go goes with them; of these columns only the reference. */
const loosened = new Set(["events.related_issue_id", "issues.recurrence_id"])

/**
 * Makes the changeset one that can be done whatever was recorded since: what is gone stays gone, what refers to what goes goes too.
 */
export const forced = Effect.fn("Undo.forced")(function*(db: Session, format: Format) {
  const kinds = changing(format)
  yield* db.exec(
    "take back what was recorded since",
    `CREATE TABLE asked_projects AS SELECT id FROM drop_projects; CREATE TABLE asked_issues AS SELECT id FROM drop_issues;
     INSERT OR IGNORE INTO drop_links SELECT t.id FROM b.links t JOIN put_links p ON p.fresh AND p.type = 'parent' AND t.type = 'parent'
       AND p.from_issue_id = t.from_issue_id AND p.id <> t.id WHERE t.id NOT IN (SELECT id FROM put_links)`
  )
  for (const kind of kinds) {
    const { table } = kind
    const missing = (row: string) => `NOT EXISTS (SELECT 1 FROM b.${table} t WHERE ${sameKey(kind, "t", row)})`
    yield* db.exec(
      "take back what was recorded since",
      `DELETE FROM drop_${table} WHERE ${missing(`drop_${table}`)};
       DELETE FROM put_${table} WHERE NOT fresh AND ${missing(`put_${table}`)};
       UPDATE put_${table} SET fresh = 0 WHERE fresh AND NOT ${missing(`put_${table}`)}`
    )
    for (const { table: other } of kinds) {
      for (const column of numbersOf(kind, other).filter((column) => column !== kind.reserves?.field)) {
        const name = quote(column)
        const refers = `FROM b.${table} t WHERE t.${name} IN (SELECT id FROM drop_${other})` +
          ` AND NOT EXISTS (SELECT 1 FROM put_${table} p WHERE ${sameKey(kind, "p", "t")})`
        yield* db.exec(
          "take back what was recorded since",
          loosened.has(`${table}.${column}`)
            ? `INSERT INTO put_${table} SELECT ${
              columnsOf(kind).map((key) => key === column ? "NULL" : `t.${quote(key)}`).join(", ")
            }, 0 ${refers}`
            : `INSERT OR IGNORE INTO drop_${table} SELECT ${
              kind.key.map((key) => `t.${quote(key)}`).join(", ")
            } ${refers}`
        )
        // what would come back without what it belongs to
        yield* db.exec(
          "take back what was recorded since",
          `DELETE FROM put_${table} WHERE fresh AND ${name} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM b.${other} o WHERE o.id = ${name})
             AND NOT EXISTS (SELECT 1 FROM put_${other} o WHERE o.id = ${name})`
        )
      }
    }
  }
})

/** How many projects and issues would go that were there before what is taken back. */
export const older = (db: Session) =>
  Effect.map(
    db.get(
      "look what was there before",
      ["projects", "issues"].map((table) =>
        `SELECT count(*) AS n FROM drop_${table} WHERE id NOT IN (SELECT id FROM asked_${table})
           AND id <= (SELECT id FROM a.base WHERE name = '${table}')`
      ).join(" UNION ALL ").replace(/^/, "SELECT sum(n) AS n FROM (") + ")"
    ),
    (row) => Number(row?.["n"] ?? 0)
  )

/** What has a name by now that a row would get back, as people call it; undefined when nothing has. */
export const inThePlace = Effect.fn("Undo.inThePlace")(function*(db: Session) {
  const row = yield* db.get(
    "look whether names are free",
    `SELECT 'the project ' || t.name AS of FROM b.projects t JOIN put_projects p ON p.name = t.name AND p.id <> t.id
       WHERE t.id NOT IN (SELECT id FROM drop_projects) AND t.id NOT IN (SELECT id FROM put_projects)
     UNION ALL SELECT 'the issue ' || ${
      issueBy("id", "t.id")
    } FROM b.issues t JOIN put_issues p ON p.project_id = t.project_id
       AND p.short_id = t.short_id AND p.id <> t.id WHERE t.id NOT IN (SELECT id FROM drop_issues) AND t.id NOT IN (SELECT id FROM put_issues)
     UNION ALL SELECT 'the workspace ' || t.alias_identity FROM b.project_aliases t JOIN put_project_aliases p
       ON p.alias_identity = t.alias_identity AND p.id <> t.id
       WHERE t.id NOT IN (SELECT id FROM drop_project_aliases) AND t.id NOT IN (SELECT id FROM put_project_aliases)
     LIMIT 1`
  )
  return row === undefined ? undefined : String(row["of"])
})

/**
 * Whether links that came back go round in a circle with some that were made since: those whose number is above `last`, the highest that was
 * given before. A circle of older ones was there already.
 */
export const isCircular = Effect.fn("Undo.isCircular")(function*(db: Session, last: bigint) {
  const row = yield* db.get(
    "look for circles",
    `SELECT EXISTS (SELECT 1 FROM plan.put_links p WHERE p.fresh AND p.type IN ('parent', 'blocks') AND EXISTS (
       WITH RECURSIVE beyond(id, later) AS (SELECT p.to_issue_id, 0 UNION SELECT l.to_issue_id, r.later OR l.id > ?
         FROM main.links l JOIN beyond r ON l.from_issue_id = r.id WHERE l.type = p.type)
       SELECT 1 FROM beyond WHERE id = p.from_issue_id AND later)) AS found`,
    last
  )
  return row?.["found"] === 1n
})
