/**
 * A snapshot as lines for people, in an order that changes as little as what it says: projects, and in each the issues as they came to be,
 * with what belongs to them. Numbers of rows, counters, revisions, times of the last change and events are left out.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Cell, Row, Session } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { turn } from "../host/turn.ts"
import type { Format } from "../records/Format.ts"
import { members } from "../records/json.ts"
import type { Input } from "./input.ts"
import { opened } from "./verify.ts"

const operation = "read the snapshot"

/** A private database has no indexes but those of its rules. */
const indexes = `
CREATE INDEX readable_issues ON issues(project_id, uid);
CREATE INDEX readable_comments ON comments(issue_id, created_at, author, id);
CREATE INDEX readable_from ON links(from_issue_id);
CREATE INDEX readable_to ON links(to_issue_id);
CREATE INDEX readable_mappings ON import_mappings(issue_id);
CREATE INDEX readable_aliases ON project_aliases(project_id, alias_identity);
CREATE INDEX readable_recurrences ON recurrences(project_id, uid);
CREATE INDEX readable_purges ON purge_log(project_id, uid);
`

type Lines = ReadonlyArray<string>

const isNone = (cell: Cell | undefined) => cell === null || cell === undefined || cell === ""

/** `  name: value`, or nothing. */
const field = (name: string, value: Cell | undefined): Lines => isNone(value) ? [] : [`  ${name}: ${String(value)}`]

/** A text that may have lines, each behind a bar. */
const prose = (name: string, text: Cell | undefined): Lines =>
  isNone(text) ? [] : [`  ${name}:`, ...String(text).split(/\r\n|\n/).map((line) => `    | ${line}`)]

/** One line a key, however the object is spelled and ordered. */
const metadata = (name: string, json: Cell | undefined): Lines => {
  const found = [...members(String(json)) ?? []]
  return found.map(([key, value]) => `  ${name}.${key}: ${value}`).toSorted()
}

const ofProject = (project: Row, aliases: ReadonlyArray<Row>): Lines => [
  `project ${String(project["name"])}`,
  ...field("uid", project["uid"]),
  ...field("archived", project["deleted_at"]),
  ...aliases.flatMap((alias) => field("workspace", alias["alias_identity"])),
  ...metadata("metadata", project["metadata"]),
  ""
]

const ofRecurrence = (row: Row, project: string): Lines => [
  `recurrence of ${project}: ${String(row["template_title"])}`,
  ...field("uid", row["uid"]),
  ...field("rule", row["rrule"]),
  ...field("from", row["dtstart"]),
  ...field("timezone", row["timezone"]),
  ...field("next", row["next_occurrence_key"]),
  ...field("owner", row["template_owner"]),
  ...field("priority", row["template_priority"]),
  ...field("labels", row["template_labels"] === "[]" ? null : row["template_labels"]),
  ...metadata("metadata", row["template_metadata"]),
  ...field("deleted", row["deleted_at"]),
  ...prose("body", row["template_body"]),
  ""
]

const words: { readonly [type: string]: string } = { parent: "child of", blocks: "blocks", related: "related to" }

const ofIssue = (row: Row, project: string, parts: { readonly [of: string]: ReadonlyArray<Row> }): Lines => [
  `issue ${project}#${String(row["short_id"])}: ${String(row["title"])}`,
  ...field("uid", row["uid"]),
  ...field(
    "status",
    row["status"] === "closed" && !isNone(row["closed_reason"])
      ? `closed as ${String(row["closed_reason"])}`
      : row["status"]
  ),
  ...field("closed", row["closed_at"]),
  ...field("owner", row["owner"]),
  ...field("priority", row["priority"]),
  ...field("author", row["author"]),
  ...field("created", row["created_at"]),
  ...field("deleted", row["deleted_at"]),
  ...field("occurrence", row["occurrence_key"]),
  ...(parts["labels"] ?? []).flatMap(({ label }) => field("label", label)),
  ...(parts["links"] ?? []).flatMap(({ other, type }) => [`  ${words[String(type)] ?? String(type)} ${String(other)}`]),
  ...(parts["mappings"] ?? []).flatMap(({ external_id: id, object_type: type, source }) =>
    field(`imported ${String(type)}`, `${String(source)} ${String(id)}`)
  ),
  ...metadata("metadata", row["metadata"]),
  ...prose("body", row["body"])
]

const ofComment = (row: Row): Lines =>
  prose(`comment of ${String(row["author"])}, ${String(row["created_at"])}`, row["body"])

const ofPurge = (row: Row, project: string): Lines => [
  `purged ${project}#${String(row["short_id"] ?? "?")}: ${String(row["issue_title"])}`,
  ...field("uid", row["issue_uid"]),
  ...field("by", row["actor"]),
  ...field("at", row["purged_at"]),
  ...field("reason", row["reason"]),
  ""
]

const other = (uid: string) =>
  `coalesce((SELECT p.name || '#' || o.short_id FROM issues o JOIN projects p ON p.id = o.project_id WHERE o.uid = ${uid}), ${uid})`

/** A link is told where it begins; `related`, whose direction goes by numbers, at the older uid. */
const links = `SELECT type, ${other("to_issue_uid")} AS other FROM links
    WHERE from_issue_id = @id AND (type <> 'related' OR from_issue_uid < to_issue_uid)
  UNION ALL SELECT type, ${other("from_issue_uid")} FROM links
    WHERE to_issue_id = @id AND type = 'related' AND to_issue_uid < from_issue_uid ORDER BY 1, 2`

/** One element after the other, each found by the one before it. */
const each = <A>(next: (after: string) => Effect.Effect<readonly [key: string, value: A] | undefined, SqliteFailure>) =>
  Stream.paginateEffect(
    "",
    (after) =>
      Effect.map(
        Effect.zipRight(turn, next(after)),
        (found) => [found?.[1], found === undefined ? Option.none() : Option.some(found[0])] as const
      )
  ).pipe(
    Stream.filter((value): value is A => value !== undefined)
  )

/** The rows of a table that belong to a project, by their uid. */
const rowsOf = (db: Session, table: string, project: Cell) =>
  each((after) =>
    Effect.map(
      db.get(
        operation,
        `SELECT * FROM ${table} WHERE project_id = ? AND uid > ? ORDER BY uid LIMIT 1`,
        project,
        after
      ),
      (row) => row === undefined ? undefined : [String(row["uid"]), row]
    )
  )

const issueLines = (db: Session, row: Row, project: string) =>
  Stream.unwrap(Effect.gen(function*() {
    const id = row["id"]!
    const all = (sql: string) => db.all(operation, sql, { id })
    const head = ofIssue(row, project, {
      labels: yield* all("SELECT label FROM issue_labels WHERE issue_id = @id ORDER BY label"),
      links: yield* all(links),
      mappings: yield* all(
        "SELECT source, external_id, object_type FROM import_mappings WHERE issue_id = @id ORDER BY 3, 1, 2"
      )
    })
    const comments = yield* all("SELECT id FROM comments WHERE issue_id = @id ORDER BY created_at, author, body, id")
    return Stream.concat(
      Stream.make(head),
      Stream.mapEffect(Stream.fromIterable(comments), (comment) =>
        Effect.map(
          db.get(operation, "SELECT author, created_at, body FROM comments WHERE id = ?", comment["id"]!),
          (found) => found === undefined ? [] : ofComment(found)
        ))
    ).pipe(Stream.concat(Stream.make([""])))
  }))

const projectLines = (db: Session, project: Row) =>
  Stream.unwrap(Effect.gen(function*() {
    const [id, name] = [project["id"]!, String(project["name"])]
    const aliases = yield* db.all(
      operation,
      "SELECT alias_identity FROM project_aliases WHERE project_id = ? ORDER BY alias_identity",
      id
    )
    return Stream.make(ofProject(project, aliases)).pipe(
      Stream.concat(Stream.map(rowsOf(db, "recurrences", id), (row) => ofRecurrence(row, name))),
      Stream.concat(Stream.flatMap(rowsOf(db, "issues", id), (row) => issueLines(db, row, name))),
      Stream.concat(Stream.map(rowsOf(db, "purge_log", id), (row) => ofPurge(row, name)))
    )
  }))

/** The lines of a snapshot, some at a time; nothing in them is escaped. Constant memory. */
export const readable = <E>(input: Input<E>, format: Format) =>
  Effect.gen(function*() {
    const { stage: { db } } = yield* opened(input, format)
    yield* db.exec(operation, indexes)
    const projects = each((after) =>
      Effect.map(
        db.get(operation, "SELECT * FROM projects WHERE uid > ? ORDER BY uid LIMIT 1", after),
        (row) => row === undefined ? undefined : [String(row["uid"]), row]
      )
    )
    return Stream.flatMap(projects, (project) => projectLines(db, project))
  }).pipe(Effect.withSpan("Snapshot.readable"))
