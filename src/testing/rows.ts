/** Rows of large databases, several to a statement. */
import type { Handle } from "../database/Handle.ts"
import type { Param } from "../database/Session.ts"

/** Rows of one INSERT. */
const rowsPerInsert = 16

interface Table {
  readonly name: string
  readonly columns: ReadonlyArray<string>
}

const table = (name: string, columns: string): Table => ({ name, columns: columns.split(" ") })
const tables = {
  meta: table("meta", "key value"),
  project: table("projects", "id uid name created_at deleted_at metadata revision"),
  alias: table("project_aliases", "project_id alias_identity alias_kind root_path created_at last_seen_at"),
  recurrence: table(
    "recurrences",
    "id uid project_id rrule dtstart timezone template_title template_body template_owner template_priority template_labels template_metadata next_occurrence_key last_materialized_uid author revision created_at updated_at deleted_at"
  ),
  issue: table(
    "issues",
    "id uid project_id short_id title body status closed_reason owner priority author created_at updated_at closed_at deleted_at metadata revision recurrence_id occurrence_key"
  ),
  comment: table("comments", "issue_id author body created_at"),
  label: table("issue_labels", "issue_id label author created_at"),
  link: table("links", "project_id from_issue_id to_issue_id from_issue_uid to_issue_uid type author created_at"),
  mapping: table(
    "import_mappings",
    "source external_id object_type project_id issue_id comment_id link_id label source_updated_at imported_at"
  ),
  event: table(
    "events",
    "uid origin_instance_uid project_id project_name issue_id issue_uid related_issue_id related_issue_uid type actor payload created_at"
  ),
  purge: table(
    "purge_log",
    "uid origin_instance_uid project_id purged_issue_id issue_uid project_uid project_name issue_title issue_author comment_count link_count label_count event_count events_deleted_min_id events_deleted_max_id purge_reset_after_event_id short_id actor reason purged_at"
  )
}

type Name = keyof typeof tables

/** Collects rows of one table and inserts several with one statement. */
class Rows {
  private readonly rows: Array<ReadonlyArray<Param>> = []
  private readonly db: Handle
  private readonly of: Table

  constructor(db: Handle, of: Table) {
    this.db = db
    this.of = of
  }

  add(...row: ReadonlyArray<Param>): void {
    this.rows.push(row)
    if (this.rows.length === rowsPerInsert) this.flush()
  }

  flush(): void {
    if (this.rows.length === 0) return
    const { columns, name } = this.of
    const values = `(${columns.map(() => "?").join(",")})`
    this.db.prepare(`INSERT INTO ${name} (${columns.join(",")}) VALUES ${this.rows.map(() => values).join(",")}`)
      .run(...this.rows.flat())
    this.rows.length = 0
  }
}

/** One collector for each table, parents first. */
export const into = (db: Handle): Readonly<Record<Name, Rows>> => ({
  meta: new Rows(db, tables.meta),
  project: new Rows(db, tables.project),
  alias: new Rows(db, tables.alias),
  recurrence: new Rows(db, tables.recurrence),
  issue: new Rows(db, tables.issue),
  comment: new Rows(db, tables.comment),
  label: new Rows(db, tables.label),
  link: new Rows(db, tables.link),
  mapping: new Rows(db, tables.mapping),
  event: new Rows(db, tables.event),
  purge: new Rows(db, tables.purge)
})
