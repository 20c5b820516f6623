/**
 * A snapshot as lines for people, in an order that changes as little as what it says: projects, and in each the issues as they came to be,
 * with what belongs to them. Numbers of rows, counters, revisions, times of the last change and events are left out.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Cell, Param, Row, Statements } from "../database/Session.ts"
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

/** The rows of a table after each other, by their uid. */
function* rowsOf({ prepare }: Statements, table: string, where: string, ...params: ReadonlyArray<Param>) {
  const next = prepare(`SELECT * FROM ${table} WHERE ${where} AND uid > ? ORDER BY uid LIMIT 1`)
  for (let row = next.get(...params, ""); row !== undefined; row = next.get(...params, row["uid"]!)) yield row
}

function* issueLines({ prepare }: Statements, row: Row, project: string): Iterable<Lines> {
  const id = row["id"]!
  const all = (sql: string) => prepare(sql).all({ id })
  yield ofIssue(row, project, {
    labels: all("SELECT label FROM issue_labels WHERE issue_id = @id ORDER BY label"),
    links: all(links),
    mappings: all("SELECT source, external_id, object_type FROM import_mappings WHERE issue_id = @id ORDER BY 3, 1, 2")
  })
  for (const comment of all("SELECT id FROM comments WHERE issue_id = @id ORDER BY created_at, author, body, id")) {
    const found = prepare("SELECT author, created_at, body FROM comments WHERE id = ?").get(comment["id"]!)
    if (found !== undefined) yield ofComment(found)
  }
  yield [""]
}

function* linesIn(db: Statements): Generator<Lines, void> {
  for (const project of rowsOf(db, "projects", "1")) {
    const [id, name] = [project["id"]!, String(project["name"])]
    const aliases = db.prepare(
      "SELECT alias_identity FROM project_aliases WHERE project_id = ? ORDER BY alias_identity"
    )
    yield ofProject(project, aliases.all(id))
    for (const row of rowsOf(db, "recurrences", "project_id = ?", id)) yield ofRecurrence(row, name)
    for (const row of rowsOf(db, "issues", "project_id = ?", id)) yield* issueLines(db, row, name)
    for (const row of rowsOf(db, "purge_log", "project_id = ?", id)) yield ofPurge(row, name)
  }
}

/** Characters of lines that are made without a turn for others. */
const portion = 256 * 1024

/** The next lines, some; none at the end. */
const next = (lines: Iterator<Lines>): Option.Option<Lines> => {
  const some: Array<string> = []
  for (let size = 0; size < portion;) {
    const { done, value } = lines.next()
    if (done === true) return some.length === 0 ? Option.none() : Option.some(some)
    for (const line of value) {
      some.push(line)
      size += line.length
    }
  }
  return Option.some(some)
}

/** The lines of a snapshot, some at a time; nothing in them is escaped. Constant memory. */
export const readable = <E>(input: Input<E>, format: Format) =>
  Effect.gen(function*() {
    const { stage: { db } } = yield* opened(input, format)
    yield* db.exec(operation, indexes)
    const lines = yield* db.attempt(operation, linesIn)
    return Stream.repeatEffectOption(
      Effect.zipRight(turn, db.attempt(operation, () => next(lines))).pipe(
        Effect.mapError(Option.some),
        Effect.flatMap(Option.match({ onNone: () => Effect.fail(Option.none()), onSome: Effect.succeed }))
      )
    )
  }).pipe(Effect.withSpan("Snapshot.readable"))
