/**
 * The DDL of schema version 10, in parts, since a restore loads the rows before it makes indexes, full text, triggers.
 *
 * The tables take their CHECKs from the record kinds, unnamed and in order: Go kata reads the message that SQLite makes
 * of them. What SQLite keeps as text (triggers, indexes) is nothing that older SQLite could not parse: one such
 * statement would make the whole file unreadable to it.
 */
import type { Kind } from "../records/Kind.ts"
import * as Records from "../records/kinds.ts"

/** The text in `meta` that Go kata looks at when it opens a database, and the only one. */
export const schemaVersion = String(Records.exportVersion)

/** What `meta` of a new database holds besides `instance_uid`. Go kata never wrote another `created_by_version`. */
export const newMeta: ReadonlyArray<{ readonly key: string; readonly value: string }> = [
  { key: "created_by_version", value: "0.1.0" },
  { key: "schema_version", value: schemaVersion }
]

// ---- tables ---------------------------------------------------------------------------------------------------------

const now = "DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now'))"

/** The columns, the CHECKs of the kind, other constraints. */
const table = (kind: Kind, columns: ReadonlyArray<string>, constraints: ReadonlyArray<string> = []): string => {
  const parts = [...columns, ...kind.checks.map((check) => `CHECK(${check.sql})`), ...constraints]
  return `CREATE TABLE ${kind.table} (\n  ${parts.join(",\n  ")}\n)`
}

/** CREATE TABLE statements; a table comes after those that it refers to. */
export const tables: ReadonlyArray<string> = [
  table(Records.Meta, ["key TEXT PRIMARY KEY", "value TEXT NOT NULL"]),
  table(Records.Project, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "uid TEXT NOT NULL UNIQUE",
    "name TEXT NOT NULL UNIQUE",
    `created_at DATETIME NOT NULL ${now}`,
    "deleted_at DATETIME",
    "metadata TEXT NOT NULL DEFAULT '{}'",
    "revision INTEGER NOT NULL DEFAULT 1"
  ]),
  table(Records.ProjectAlias, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "project_id INTEGER NOT NULL REFERENCES projects(id)",
    "alias_identity TEXT NOT NULL UNIQUE",
    "alias_kind TEXT NOT NULL",
    "root_path TEXT NOT NULL",
    `created_at DATETIME NOT NULL ${now}`,
    `last_seen_at DATETIME NOT NULL ${now}`
  ]),
  table(Records.Recurrence, [
    "id INTEGER PRIMARY KEY",
    "uid TEXT NOT NULL UNIQUE",
    "project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE",
    "rrule TEXT NOT NULL",
    "dtstart TEXT NOT NULL",
    "timezone TEXT NOT NULL",
    "template_title TEXT NOT NULL",
    "template_body TEXT NOT NULL DEFAULT ''",
    "template_owner TEXT",
    "template_priority INTEGER",
    "template_labels TEXT NOT NULL DEFAULT '[]'",
    "template_metadata TEXT NOT NULL DEFAULT '{}'",
    "next_occurrence_key TEXT",
    "last_materialized_uid TEXT",
    "author TEXT NOT NULL",
    "revision INTEGER NOT NULL DEFAULT 1",
    `created_at DATETIME NOT NULL ${now}`,
    `updated_at DATETIME NOT NULL ${now}`,
    "deleted_at DATETIME"
  ]),
  table(Records.Issue, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "uid TEXT NOT NULL UNIQUE",
    "project_id INTEGER NOT NULL REFERENCES projects(id)",
    "short_id TEXT NOT NULL",
    "title TEXT NOT NULL",
    "body TEXT NOT NULL DEFAULT ''",
    "status TEXT NOT NULL DEFAULT 'open'",
    "closed_reason TEXT",
    "owner TEXT",
    "priority INTEGER",
    "author TEXT NOT NULL",
    `created_at DATETIME NOT NULL ${now}`,
    `updated_at DATETIME NOT NULL ${now}`,
    "closed_at DATETIME",
    "deleted_at DATETIME",
    "metadata TEXT NOT NULL DEFAULT '{}'",
    "revision INTEGER NOT NULL DEFAULT 1",
    "recurrence_id INTEGER REFERENCES recurrences(id) ON DELETE SET NULL",
    "occurrence_key TEXT"
  ]),
  table(Records.Comment, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "issue_id INTEGER NOT NULL REFERENCES issues(id)",
    "author TEXT NOT NULL",
    "body TEXT NOT NULL",
    `created_at DATETIME NOT NULL ${now}`
  ]),
  table(Records.IssueLabel, [
    "issue_id INTEGER NOT NULL REFERENCES issues(id)",
    "label TEXT NOT NULL",
    "author TEXT NOT NULL",
    `created_at DATETIME NOT NULL ${now}`
  ], ["PRIMARY KEY(issue_id, label)"]),
  table(Records.Link, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "project_id INTEGER NOT NULL REFERENCES projects(id)",
    "from_issue_id INTEGER NOT NULL REFERENCES issues(id)",
    "to_issue_id INTEGER NOT NULL REFERENCES issues(id)",
    "from_issue_uid TEXT NOT NULL",
    "to_issue_uid TEXT NOT NULL",
    "type TEXT NOT NULL",
    "author TEXT NOT NULL",
    `created_at DATETIME NOT NULL ${now}`
  ], ["UNIQUE(from_issue_id, to_issue_id, type)"]),
  table(Records.ImportMapping, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "source TEXT NOT NULL",
    "external_id TEXT NOT NULL",
    "object_type TEXT NOT NULL",
    "project_id INTEGER NOT NULL REFERENCES projects(id) ON DELETE CASCADE",
    "issue_id INTEGER REFERENCES issues(id) ON DELETE CASCADE",
    "comment_id INTEGER REFERENCES comments(id) ON DELETE CASCADE",
    "link_id INTEGER REFERENCES links(id) ON DELETE CASCADE",
    "label TEXT",
    "source_updated_at DATETIME",
    `imported_at DATETIME NOT NULL ${now}`
  ], ["UNIQUE(source, external_id, object_type, project_id)"]),
  table(Records.Event, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "uid TEXT NOT NULL UNIQUE",
    "origin_instance_uid TEXT NOT NULL",
    "project_id INTEGER NOT NULL REFERENCES projects(id)",
    "project_name TEXT NOT NULL",
    "issue_id INTEGER REFERENCES issues(id)",
    "issue_uid TEXT",
    "related_issue_id INTEGER REFERENCES issues(id)",
    "related_issue_uid TEXT",
    "type TEXT NOT NULL",
    "actor TEXT NOT NULL",
    "payload TEXT NOT NULL DEFAULT '{}'",
    `created_at DATETIME NOT NULL ${now}`
  ]),
  table(Records.PurgeLog, [
    "id INTEGER PRIMARY KEY AUTOINCREMENT",
    "uid TEXT NOT NULL UNIQUE",
    "origin_instance_uid TEXT NOT NULL",
    "project_id INTEGER NOT NULL",
    "purged_issue_id INTEGER NOT NULL",
    "issue_uid TEXT",
    "project_uid TEXT",
    "project_name TEXT NOT NULL",
    "issue_title TEXT NOT NULL",
    "issue_author TEXT NOT NULL",
    "comment_count INTEGER NOT NULL",
    "link_count INTEGER NOT NULL",
    "label_count INTEGER NOT NULL",
    "event_count INTEGER NOT NULL",
    "events_deleted_min_id INTEGER",
    "events_deleted_max_id INTEGER",
    "purge_reset_after_event_id INTEGER",
    "short_id TEXT",
    "actor TEXT NOT NULL",
    "reason TEXT",
    `purged_at DATETIME NOT NULL ${now}`
  ])
]

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
export const knownTables: ReadonlyArray<string> = [
  ...Records.kinds.map((kind) => kind.table),
  "issues_fts",
  ...["config", "data", "docsize", "idx"].map((shadow) => `issues_fts_${shadow}`)
]
