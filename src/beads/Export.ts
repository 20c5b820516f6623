/**
 * The issues of a project become records of Beads, which `bd import` takes:
 *
 *     one read transaction ──pages of issues──▶ lines ──▶ temporary file ──rename──▶ output
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Database, type View } from "../database/Database.ts"
import type { Row } from "../database/Session.ts"
import { refuseDatabases } from "../export/replaces.ts"
import { ProjectNotFound } from "../export/scope.ts"
import type { FailureKind } from "../Failure.ts"
import * as Atomic from "../files/Atomic.ts"
import { spool } from "../files/Spool.ts"
import { version10 } from "../records/kinds.ts"
import { isBeads } from "./named.ts"
import { lineOf, type OutIssue, type OutLink } from "./outgoing.ts"
import { stateKey } from "./state.ts"

export interface BeadsExportOptions {
  readonly database: string
  /** By name; the only one of the database unless given. */
  readonly project: string | undefined
  /** Of the ids of issues that Beads does not know; the name of the project unless given. */
  readonly prefix: string | undefined
  /** The workspace that they go to, as it was called when they came. */
  readonly source: string
}

/** Which project is to go out was not said. */
export class ProjectNeeded extends Schema.TaggedError<ProjectNeeded>()("ProjectNeeded", {
  path: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `an export for Beads is of one project, and ${this.path} has ${this.known.length}`
  }
  get hint() {
    return this.known.length === 0 ? "kata init makes one" : `--project takes one of: ${this.known.join(", ")}`
  }
}

export class BeadsExportReport extends Schema.Class<BeadsExportReport>("BeadsExportReport")({
  database: Schema.String,
  output: Schema.String,
  project: Schema.String,
  issues: Schema.Int,
  /** Soft-deleted ones, which stay here. */
  deleted: Schema.Int,
  /** Those that came from other workspaces of Beads, which stay here too. */
  elsewhere: Schema.Int,
  bytes: Schema.Int
}) {}

const pageSize = 200

const text = (cell: Row[string] | undefined): string =>
  typeof cell === "string" ? cell : cell == null ? "" : String(cell)
const orNull = (cell: Row[string] | undefined): string | null => cell == null ? null : text(cell)

const mapped = (issue: string) =>
  `import_mappings m WHERE m.issue_id = ${issue}.id AND m.object_type = 'issue' AND m.project_id = ${issue}.project_id`

/** The id of an issue there; found by its issue, never by the source (`+`), which all of them share. It is the one that it came with, else one of ours. */
const nameOf = (issue: string) =>
  `coalesce((SELECT min(m.external_id) FROM ${
    mapped(issue)
  } AND +m.source = @source), @prefix || '-' || ${issue}.short_id)`

/** Whether an issue came from another workspace, and not from this one. */
const isElsewhere = (issue: string) =>
  `ifnull((SELECT max(m.source = @source) FROM ${mapped(issue)} AND ${isBeads}), 1) = 0`

const isOwned = (condition: string) =>
  `EXISTS (SELECT 1 FROM import_mappings m WHERE +m.source = @source AND ${condition})`

const issuesSql = `SELECT * FROM (SELECT i.*, ${nameOf("i")} AS name FROM issues i
  WHERE i.project_id = @project AND i.deleted_at IS NULL AND NOT ${isElsewhere("i")})
  WHERE name > @after ORDER BY name LIMIT ${pageSize}`

const labelsSql = `SELECT l.issue_id, l.label,
    ${isOwned("m.issue_id = l.issue_id AND m.object_type = 'label' AND m.label = l.label")} AS owned
  FROM issue_labels l WHERE l.issue_id IN (SELECT value FROM json_each(@ids)) ORDER BY l.issue_id, l.label`

const commentsSql = `SELECT issue_id, author, body, created_at FROM comments
  WHERE issue_id IN (SELECT value FROM json_each(@ids)) ORDER BY issue_id, created_at, id`

const linksSql = `SELECT n.value AS issue_id, l.type, l.from_issue_id = n.value AS is_from, l.author, l.created_at,
    ${nameOf("p")} AS peer, ${isOwned("m.link_id = l.id")} AS owned
  FROM json_each(@ids) n CROSS JOIN links l ON l.from_issue_id = n.value OR l.to_issue_id = n.value
    JOIN issues p ON p.id = iif(l.from_issue_id = n.value, l.to_issue_id, l.from_issue_id)
  WHERE p.deleted_at IS NULL AND p.project_id = @project AND NOT ${isElsewhere("p")} ORDER BY l.id`

const byIssue = (rows: ReadonlyArray<Row>) => Map.groupBy(rows, ({ issue_id }) => String(issue_id))

interface Chosen {
  readonly view: View
  readonly project: bigint
  readonly prefix: string
  readonly source: string
}

const pageOf = Effect.fnUntraced(function*({ prefix, project, source, view }: Chosen, after: string) {
  const operation = "read the issues"
  const rows = yield* view.db.all(operation, issuesSql, { project, prefix, source, after })
  const ids = `[${rows.map(({ id }) => String(id)).join(",")}]`
  const labels = byIssue(yield* view.db.all(operation, labelsSql, { ids, source }))
  const comments = byIssue(yield* view.db.all(operation, commentsSql, { ids }))
  const links = byIssue(yield* view.db.all(operation, linksSql, { ids, project, prefix, source }))
  return rows.map((row): OutIssue => ({
    uid: text(row["uid"]),
    name: text(row["name"]),
    title: text(row["title"]),
    body: text(row["body"]),
    status: text(row["status"]),
    closed_reason: orNull(row["closed_reason"]),
    owner: orNull(row["owner"]),
    priority: row["priority"] == null ? null : Number(row["priority"]),
    author: text(row["author"]),
    created_at: text(row["created_at"]),
    updated_at: text(row["updated_at"]),
    closed_at: orNull(row["closed_at"]),
    metadata: text(row["metadata"]),
    labels: (labels.get(String(row["id"])) ?? []).map(({ label, owned }) => ({
      label: text(label),
      isOwned: owned === 1n
    })),
    comments: (comments.get(String(row["id"])) ?? []).map(({ author, body, created_at }) => ({
      author: text(author),
      body: text(body),
      created_at: text(created_at)
    })),
    links: (links.get(String(row["id"])) ?? []).map(({ author, created_at, is_from, owned, peer, type }): OutLink => ({
      type: text(type),
      isFrom: is_from === 1n,
      peer: text(peer),
      isOwned: owned === 1n,
      author: text(author),
      created_at: text(created_at)
    }))
  }))
})

/** Letters that every version takes in a prefix. */
const prefixOf = (name: string) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "") || "kata"

const chosen = Effect.fnUntraced(function*(view: View, options: BeadsExportOptions) {
  const rows = yield* view.db.all(
    "read the projects",
    "SELECT id, name FROM projects WHERE deleted_at IS NULL AND name <> '.kata-system' ORDER BY id"
  )
  const known = rows.map(({ name }) => text(name))
  const found = options.project === undefined
    ? rows.length === 1 ? rows[0] : undefined
    : rows.find(({ name }) => name === options.project)
  if (found === undefined) {
    return yield* options.project === undefined
      ? new ProjectNeeded({ path: options.database, known })
      : new ProjectNotFound({ path: options.database, project: options.project, known })
  }
  const name = text(found["name"])
  const { prefix = prefixOf(name), source } = options
  return { name, view, project: found["id"] as bigint, prefix, source }
})

/** The lines of a project, and what they are of. */
const begin = Effect.fnUntraced(function*(options: BeadsExportOptions) {
  const { view: open } = yield* Database
  const view = yield* open(options.database, version10)
  const { name, ...from } = yield* chosen(view, options)
  const names = yield* view.db.all(
    "read the issues",
    `SELECT ${nameOf("i")} AS name FROM issues i WHERE i.project_id = @project AND i.deleted_at IS NULL AND NOT ${
      isElsewhere("i")
    }`,
    { project: from.project, prefix: from.prefix, source: from.source }
  )
  const there = new Set(names.map(({ name }) => text(name)))
  const left = yield* view.db.get(
    "read the issues",
    `SELECT ifnull(sum(i.deleted_at IS NOT NULL), 0) AS deleted, ifnull(sum(i.deleted_at IS NULL AND ${
      isElsewhere("i")
    }), 0) AS elsewhere
     FROM issues i WHERE i.project_id = @project`,
    { project: from.project, source: from.source }
  )
  const lines = Stream.paginateEffect("", (after: string) =>
    Effect.map(pageOf(from, after), (page) => {
      const last = page.at(-1)
      const lines = page.map((issue) => lineOf(issue, stateKey, (name) => there.has(name))).join("")
      return [lines, last === undefined ? Option.none() : Option.some(last.name)] as const
    }))
  // nobody takes lines for all of them that were not
  const bytes = Stream.concat(lines, Stream.drain(Stream.fromEffect(view.confirm))).pipe(Stream.encodeText)
  const report = (output: string, size: number) =>
    new BeadsExportReport({
      database: view.path,
      output,
      project: name,
      issues: there.size,
      deleted: Number(left?.["deleted"] ?? 0),
      elsewhere: Number(left?.["elsewhere"] ?? 0),
      bytes: size
    })
  return { bytes, report }
})

/** Into a file, which is replaced whole or not at all. */
export const exportBeads = Effect.fn("Beads.export")((options: BeadsExportOptions, output: string) =>
  Effect.scoped(Effect.gen(function*() {
    yield* refuseDatabases(output, options.database)
    const { bytes, report } = yield* begin(options)
    const written = yield* Atomic.write(output, bytes)
    return report(output, written.bytes)
  }))
)

/** In a private file, for as long as the scope lives. */
export const spoolBeads = Effect.fn("Beads.exportSpooled")(function*(options: BeadsExportOptions) {
  const { bytes, report } = yield* begin(options)
  const file = yield* spool(bytes)
  return { file, report: report("-", file.size) }
})
