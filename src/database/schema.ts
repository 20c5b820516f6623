/**
 * The DDL of schema version 10, in parts, since a restore loads the rows before it makes indexes, full text, triggers.
 *
 * The tables take their CHECKs from the record kinds, unnamed and in order: Go kata reads the message that SQLite makes
 * of them. What SQLite keeps as text (triggers, indexes) is nothing that older SQLite could not parse: one such
 * statement would make the whole file unreadable to it.
 */
import * as Option from "effect/Option"
import type { Field } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"

/** What `meta` of a new database holds besides `instance_uid`. Go kata never wrote another `created_by_version`. */
export const newMeta = ({ version }: Format): ReadonlyArray<{ readonly key: string; readonly value: string }> => [
  { key: "created_by_version", value: "0.1.0" },
  { key: "schema_version", value: String(version) }
]

// ---- tables ---------------------------------------------------------------------------------------------------------

const types: Record<Field["storage"], string> = { text: "TEXT", json: "TEXT", integer: "INTEGER", time: "DATETIME" }

const columnOf = (kind: Kind, { initially, key, presence, reference, storage }: Field): string => {
  if (kind.key.length === 1 && kind.key[0] === key) {
    return `${key} ${types[storage]} PRIMARY KEY${kind.autoincrement ? " AUTOINCREMENT" : ""}`
  }
  const alone = kind.unique.some(({ columns, index }) => index === undefined && columns.join() === key)
  return [
    key,
    types[storage],
    ...(presence === "always" ? ["NOT NULL"] : []),
    ...(alone ? ["UNIQUE"] : []),
    ...(presence === "always"
      ? Option.match(initially, { onNone: () => [], onSome: (sql) => [`DEFAULT ${sql}`] })
      : []),
    ...Option.match(reference, {
      onNone: () => [],
      onSome: ({ onDelete, table }) => [
        `REFERENCES ${table}(id)${onDelete === undefined ? "" : ` ON DELETE ${onDelete}`}`
      ]
    })
  ].join(" ")
}

/** The columns, the CHECKs of the kind, constraints over several columns. */
const tableOf = (kind: Kind): string => {
  const constraints = kind.unique.filter(({ columns, index }) => index === undefined && columns.length > 1)
    .map(({ columns }) => `${columns.join() === kind.key.join() ? "PRIMARY KEY" : "UNIQUE"}(${columns.join(", ")})`)
  const parts = [
    ...kind.columns.map((field) => columnOf(kind, field)),
    ...kind.checks.map(({ holds }) => `CHECK(${holds})`),
    ...constraints
  ]
  return `CREATE TABLE ${kind.table} (\n  ${parts.join(",\n  ")}\n)`
}

/** SQLite makes its counter itself. */
const isOwn = ({ table }: Kind) => table !== "sqlite_sequence"

/** CREATE TABLE statements; a table comes after those that it refers to. */
export const tablesOf = ({ kinds }: Format): ReadonlyArray<string> => kinds.filter(isOwn).map(tableOf)

// ---- indexes --------------------------------------------------------------------------------------------------------

export interface Index {
  readonly name: string
  readonly sql: string
  readonly unique: boolean
}

const index = (name: string, on: string): Index => ({ name, unique: false, sql: `CREATE INDEX ${name} ON ${on}` })
const unique = (name: string, on: string): Index => ({
  name,
  unique: true,
  sql: `CREATE UNIQUE INDEX ${name} ON ${on}`
})

const key = "json_extract(payload, '$.idempotency_key')"

/** The named indexes. The unique ones are rules, the others only speed. */
export const indexes: ReadonlyArray<Index> = [
  index("idx_projects_active", "projects(id) WHERE deleted_at IS NULL"),
  index("idx_project_aliases_project", "project_aliases(project_id)"),
  index("recurrences_project", "recurrences(project_id) WHERE deleted_at IS NULL"),
  index("idx_issues_project_status_updated", "issues(project_id, status, updated_at DESC) WHERE deleted_at IS NULL"),
  index("idx_issues_project_updated", "issues(project_id, updated_at DESC) WHERE deleted_at IS NULL"),
  index("idx_issues_owner", "issues(owner) WHERE owner IS NOT NULL AND deleted_at IS NULL"),
  unique("uniq_issues_project_short_id", "issues(project_id, short_id)"),
  unique(
    "issues_recurrence_occurrence_uniq",
    "issues(recurrence_id, occurrence_key) WHERE recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL"
  ),
  index("idx_comments_issue", "comments(issue_id, created_at)"),
  index("idx_issue_labels_label", "issue_labels(label)"),
  unique("uniq_one_parent_per_child", "links(from_issue_id) WHERE type = 'parent'"),
  index("idx_links_from", "links(from_issue_id, type)"),
  index("idx_links_to", "links(to_issue_id, type)"),
  index("idx_links_project", "links(project_id)"),
  index("idx_links_from_uid", "links(from_issue_uid)"),
  index("idx_links_to_uid", "links(to_issue_uid)"),
  index("idx_import_mappings_issue", "import_mappings(issue_id)"),
  index("idx_import_mappings_comment", "import_mappings(comment_id)"),
  index("idx_import_mappings_link", "import_mappings(link_id)"),
  index("idx_events_project", "events(project_id, id)"),
  index("idx_events_issue", "events(issue_id, id) WHERE issue_id IS NOT NULL"),
  index("idx_events_related", "events(related_issue_id, id) WHERE related_issue_id IS NOT NULL"),
  index("idx_events_issue_uid", "events(issue_uid) WHERE issue_uid IS NOT NULL"),
  index("idx_events_related_issue_uid", "events(related_issue_uid) WHERE related_issue_uid IS NOT NULL"),
  index("idx_events_origin_instance", "events(origin_instance_uid)"),
  index(
    "idx_events_idempotency",
    `events(project_id, ${key}, created_at) WHERE type = 'issue.created' AND ${key} IS NOT NULL`
  ),
  index("idx_purge_log_reset", "purge_log(purge_reset_after_event_id) WHERE purge_reset_after_event_id IS NOT NULL"),
  index(
    "idx_purge_log_project_reset",
    "purge_log(project_id, purge_reset_after_event_id) WHERE purge_reset_after_event_id IS NOT NULL"
  ),
  index("idx_purge_log_issue", "purge_log(purged_issue_id)"),
  index("idx_purge_log_issue_uid", "purge_log(issue_uid) WHERE issue_uid IS NOT NULL"),
  index("idx_purge_log_project_uid", "purge_log(project_uid) WHERE project_uid IS NOT NULL"),
  index("idx_purge_log_origin_instance", "purge_log(origin_instance_uid)"),
  index("idx_purge_log_short_id", "purge_log(project_id, short_id) WHERE short_id IS NOT NULL")
]

// ---- full text ------------------------------------------------------------------------------------------------------

/** A contentless index: what was indexed can only be taken out by naming exactly the same text again. */
export const fullText =
  "CREATE VIRTUAL TABLE issues_fts USING fts5(title, body, comments, content='', tokenize='unicode61 remove_diacritics 2')"

/**
 * What the third column holds: the bodies of `rows(id, body)` by id, joined by a blank; '' for none. SQLite keeps the
 * order of a subquery that feeds group_concat: it neither flattens it nor drops its ORDER BY. (An ORDER BY inside of
 * group_concat would need SQLite 3.44.)
 */
const joined = (rows: string) =>
  `coalesce((SELECT group_concat(body, ' ') FROM (SELECT id, body FROM ${rows} ORDER BY id)), '')`

/**
 * Indexes issues that are there already, part by part, so that a long run can be interrupted. `count` gives `n`, all
 * issues. `next` binds an id and a number of issues and gives `id`, the end of the part that starts after that id; NULL
 * when nothing is left. `part` binds the id before the part and the id at its end. The first id to start after is
 * `from`, which is below every integer. Without the index idx_comments_issue it is quadratic.
 */
export const fillFullText = {
  from: -Infinity,
  count: "SELECT count(*) AS n FROM issues NOT INDEXED",
  next: "SELECT max(id) AS id FROM (SELECT id FROM issues WHERE id > ? ORDER BY id LIMIT ?)",
  part: `INSERT INTO issues_fts(rowid, title, body, comments)
  SELECT i.id, i.title, i.body, ${joined("comments WHERE issue_id = i.id")}
  FROM issues i WHERE i.id > ? AND i.id <= ? ORDER BY i.id`
} as const

/**
 * What the triggers do not see: a comment whose text is changed, or that goes to another issue. `ids` selects the issues; they are taken out of
 * the index before, as they are, and put into it after.
 */
export const reindexing = (ids: string) => {
  const rows = `FROM issues i WHERE i.id IN (${ids})`
  const words = `i.id, i.title, i.body, ${joined("comments WHERE issue_id = i.id")}`
  return {
    take: `INSERT INTO issues_fts(issues_fts, rowid, title, body, comments) SELECT 'delete', ${words} ${rows}`,
    put: `INSERT INTO issues_fts(rowid, title, body, comments) SELECT ${words} ${rows}`
  }
}

// ---- triggers -------------------------------------------------------------------------------------------------------

export interface Trigger {
  readonly name: string
  readonly sql: string
}

const trigger = (name: string, fires: string, ...body: ReadonlyArray<string>): Trigger => ({
  name,
  sql: `CREATE TRIGGER ${name} ${fires}\nBEGIN\n  ${body.join("\n  ")}\nEND`
})
const abort = (message: string, when: string) => `SELECT RAISE(ABORT, '${message}') WHERE ${when};`
const ofIssue = (column: string, id: string) => `(SELECT ${column} FROM issues WHERE id = ${id})`

const elsewhere = (end: string) => `${ofIssue("project_id", `NEW.${end}_issue_id`)} <> NEW.project_id`
const sameProject = abort("cross-project links are not allowed", `${elsewhere("from")} OR ${elsewhere("to")}`)
const sameUid = (end: string) =>
  abort(
    `${end}_issue_uid does not match ${end}_issue_id`,
    `NEW.${end}_issue_uid <> ${ofIssue("uid", `NEW.${end}_issue_id`)}`
  )
const sameUids = [sameUid("from"), sameUid("to")]
const sameForever = (table: string) => abort(`${table}.uid is immutable`, "NEW.uid <> OLD.uid")

const put = (row: string) => `INSERT INTO issues_fts(rowid, title, body, comments) SELECT ${row};`
const take = (row: string) =>
  `INSERT INTO issues_fts(issues_fts, rowid, title, body, comments) SELECT 'delete', ${row};`
const changing = (row: "OLD" | "NEW", comments: string) => `${row}.id, ${row}.title, ${row}.body, ${joined(comments)}`
const stored = (id: string, comments: string) => `id, title, body, ${joined(comments)} FROM issues WHERE id = ${id}`
const commentsOf = (id: string) => `comments WHERE issue_id = ${id}`
const ofOld = commentsOf("OLD.issue_id")
const ofNew = commentsOf("NEW.issue_id")

/** Of several triggers for one change SQLite fires the last made first: their order decides which message is seen. */
export const triggers: ReadonlyArray<Trigger> = [
  trigger("trg_links_same_project_insert", "BEFORE INSERT ON links", sameProject),
  trigger("trg_links_same_project_update", "BEFORE UPDATE ON links", sameProject),
  trigger("trg_links_uid_consistency_insert", "BEFORE INSERT ON links", ...sameUids),
  trigger("trg_links_uid_consistency_update", "BEFORE UPDATE ON links", ...sameUids),
  trigger("trg_projects_uid_immutable", "BEFORE UPDATE OF uid ON projects", sameForever("projects")),
  trigger("trg_issues_uid_immutable", "BEFORE UPDATE OF uid ON issues", sameForever("issues")),
  trigger("issues_ai_fts", "AFTER INSERT ON issues", put("NEW.id, NEW.title, NEW.body, ''")),
  trigger(
    "issues_au_fts",
    "AFTER UPDATE OF title, body ON issues",
    take(changing("OLD", commentsOf("OLD.id"))),
    put(changing("NEW", commentsOf("NEW.id")))
  ),
  trigger("issues_ad_fts", "AFTER DELETE ON issues", take(changing("OLD", commentsOf("OLD.id")))),
  trigger(
    "comments_ai_fts",
    "AFTER INSERT ON comments",
    take(stored("NEW.issue_id", `${ofNew} AND id <> NEW.id`)),
    put(stored("NEW.issue_id", ofNew))
  ),
  trigger(
    "comments_ad_fts",
    "AFTER DELETE ON comments",
    take(stored("OLD.issue_id", `${ofOld} UNION ALL SELECT OLD.id, OLD.body`)),
    put(stored("OLD.issue_id", ofOld))
  )
]

/** Every table that belongs to the schema: ours, SQLite's counter, and those of the full text. */
export const knownTables = ({ beside, kinds }: Format): ReadonlyArray<string> => [
  ...kinds.map((kind) => kind.table),
  ...beside,
  "issues_fts",
  ...["config", "data", "docsize", "idx"].map((shadow) => `issues_fts_${shadow}`)
]
