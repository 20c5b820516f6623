/** A real database as a database of the model. */
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { Db, type Event, type LinkType } from "../model/database.ts"
import { facet, linkFacet } from "../model/facets.ts"
import { payloadOf, typeOf } from "./events.ts"
import { dayNumber, type Names, numberOf, ruleOf, shortOf, writerOf } from "./names.ts"

type Row = Readonly<Record<string, string | number | null>>

const text = (value: string | number | null | undefined): string => String(value ?? "")
const maybe = (value: string | number | null | undefined): string | null =>
  value === null || value === undefined ? null : String(value)
const time = (value: string | number | null | undefined): number | null =>
  value === null || value === undefined ? null : numberOf(String(value))

const metaOf = (json: string): Record<string, string> =>
  Object.fromEntries(Object.entries(JSON.parse(json) as object).map(([key, value]) => [key, String(value)]))

const projectOf = "(SELECT p.uid FROM projects p WHERE p.id = t.project_id)"
const issueOf = "(SELECT i.uid FROM issues i WHERE i.id = t.issue_id)"

const selects = {
  projects: "SELECT * FROM projects t",
  issues:
    `SELECT t.*, ${projectOf} AS project, (SELECT r.uid FROM recurrences r WHERE r.id = t.recurrence_id) AS recurrence FROM issues t`,
  labels: `SELECT t.*, ${issueOf} AS issue FROM issue_labels t`,
  links: "SELECT * FROM links t ORDER BY id",
  comments: `SELECT t.*, ${issueOf} AS issue FROM comments t ORDER BY id`,
  mappings: `SELECT t.*, ${projectOf} AS project, ${issueOf} AS issue FROM import_mappings t ORDER BY id`,
  events: `SELECT t.*, ${projectOf} AS project FROM events t ORDER BY id`,
  purges: `SELECT t.*, ${projectOf} AS project FROM purge_log t`,
  aliases: `SELECT t.*, ${projectOf} AS project FROM project_aliases t`,
  recurrences: `SELECT t.*, ${projectOf} AS project FROM recurrences t`,
  sequence: "SELECT seq FROM sqlite_sequence WHERE name = 'events'"
}

type Rows = { readonly [Table in keyof typeof selects]: ReadonlyArray<Row> }

/** All rows that the model knows of. Nobody else has the database open. */
const rowsIn = (path: string): Rows => {
  const db = new Sqlite(path, { fileMustExist: true })
  try {
    const all = Object.entries(selects).map(([table, sql]) => [table, db.prepare<[], Row>(sql).all()])
    return Object.fromEntries(all) as Rows
  } finally {
    db.close()
  }
}

const readIssues = (db: Db, rows: Rows, names: Names): void => {
  for (const row of rows.issues) {
    const { issues } = db
    issues.set(names.model(text(row["uid"])), {
      project: names.model(text(row["project"])),
      short: shortOf(text(row["short_id"])),
      title: text(row["title"]),
      body: text(row["body"]),
      status: row["status"] === "closed" ? text(row["closed_reason"]) : text(row["status"]),
      closedAt: time(row["closed_at"]),
      owner: maybe(row["owner"]),
      priority: typeof row["priority"] === "number" ? row["priority"] : null,
      meta: metaOf(text(row["metadata"])),
      deleted: row["deleted_at"] !== null,
      deletedAt: time(row["deleted_at"]),
      updated: numberOf(text(row["updated_at"])),
      revision: Number(row["revision"]),
      recurrence: row["recurrence"] === null ? null : names.model(text(row["recurrence"])),
      occurrence: row["occurrence_key"] === null ? null : dayNumber(text(row["occurrence_key"]))
    })
  }
}

const readParts = (db: Db, rows: Rows, names: Names): void => {
  const written = (row: Row) => ({ at: numberOf(text(row["created_at"])), by: writerOf(text(row["author"])) })
  for (const row of rows.labels) db.labels.set(facet(names.model(text(row["issue"])), text(row["label"])), written(row))
  for (const row of rows.links) {
    const [from, to] = [names.model(text(row["from_issue_uid"])), names.model(text(row["to_issue_uid"]))]
    if (row["type"] === "parent") db.parents.set(from, { parent: to, ...written(row) })
    else db.links.set(linkFacet(text(row["type"]) as LinkType, from, to), written(row))
  }
  for (const row of rows.comments) {
    db.comments.set(Number(row["id"]), {
      issue: names.model(text(row["issue"])),
      author: text(row["author"]),
      at: numberOf(text(row["created_at"])),
      body: text(row["body"]),
      mark: ""
    })
  }
  for (const row of rows.mappings) {
    const issue = names.model(text(row["issue"]))
    const external = text(row["external_id"])
    if (row["object_type"] === "comment") {
      db.mapped.set(facet(issue, external.replace(/^.*-/, "")), Number(row["comment_id"]))
    } else db.items.set(facet(names.model(text(row["project"])), external), issue)
  }
}

/** An event, with its own name. */
const eventOf = (row: Row, names: Names): Event => {
  const uid = (column: string) => row[column] === null ? null : names.model(text(row[column]))
  const issue = uid("issue_uid")
  return {
    uid: names.model(text(row["uid"])),
    type: typeOf(text(row["type"])),
    project: names.model(text(row["project"])),
    issue,
    related: uid("related_issue_uid"),
    payload: payloadOf(text(row["type"]), text(row["payload"]), issue ?? "", names)
  }
}

const readOthers = (db: Db, rows: Rows, names: Names): void => {
  for (const row of rows.projects) {
    db.projects.set(names.model(text(row["uid"])), {
      name: text(row["name"]),
      archived: row["deleted_at"] !== null,
      meta: metaOf(text(row["metadata"])),
      revision: Number(row["revision"])
    })
  }
  for (const row of rows.recurrences) {
    const [next, last] = [row["next_occurrence_key"], row["last_materialized_uid"]]
    db.recurrences.set(names.model(text(row["uid"])), {
      project: names.model(text(row["project"])),
      rule: ruleOf(text(row["rrule"])),
      template: text(row["template_title"]),
      deleted: row["deleted_at"] !== null,
      next: next === null ? null : dayNumber(text(next)),
      last: last === null ? null : names.model(text(last)),
      revision: Number(row["revision"])
    })
  }
  for (const row of rows.purges) {
    db.purges.set(names.model(text(row["uid"])), {
      issue: names.model(text(row["issue_uid"])),
      short: shortOf(text(row["short_id"])),
      project: names.model(text(row["project"])),
      reset: row["purge_reset_after_event_id"] === null ? null : Number(row["purge_reset_after_event_id"])
    })
  }
  for (const row of rows.aliases) db.aliases.set(text(row["alias_identity"]), names.model(text(row["project"])))
  db.sequence = Number(rows.sequence[0]?.["seq"] ?? 0)
}

export const read = (path: string, names: Names) =>
  Effect.sync((): Db => {
    const rows = rowsIn(path)
    const db = new Db()
    readIssues(db, rows, names)
    readParts(db, rows, names)
    readOthers(db, rows, names)
    for (const row of rows.events) {
      const event = eventOf(row, names)
      db.events.set(event.uid, event)
      if (row["issue_id"] !== null) db.attached.add(event.uid)
    }
    return db
  })
