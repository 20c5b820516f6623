/**
 * By what a row is the same one in two databases, where each has numbered its rows by itself: uids, and what stands for a row that has none
 * (docs/diff.md).
 */
import type { Field } from "../records/Field.ts"
import type { Kind } from "../records/Kind.ts"

export interface Identity {
  /** Columns; one that points at another row means the row that it points at, whatever its number is. */
  readonly by: ReadonlyArray<string>
  /** Several rows may have the same: as many of them are the same as there are on both sides. */
  readonly counted?: true
  /** Columns that mean nothing outside of their database, beside those that number the rows. */
  readonly local?: ReadonlyArray<string>
}

const byUid: Identity = { by: ["uid"] }

/** The kinds that are compared. `meta` says what a database is, `sqlite_sequence` how far it has counted: neither is a record of work. */
const identities: { readonly [kind: string]: Identity } = {
  project: byUid,
  project_alias: { by: ["alias_identity"] },
  recurrence: byUid,
  issue: byUid,
  comment: { by: ["issue_id", "author", "created_at", "body"], counted: true },
  issue_label: { by: ["issue_id", "label"] },
  link: { by: ["type", "from_issue_id", "to_issue_id"] },
  import_mapping: { by: ["source", "external_id", "object_type", "project_id"] },
  event: byUid,
  purge_log: {
    by: ["uid"],
    local: [
      "project_id",
      "purged_issue_id",
      "events_deleted_min_id",
      "events_deleted_max_id",
      "purge_reset_after_event_id"
    ]
  }
}

/** Undefined for a kind that is not compared. */
export const identityOf = (kind: Kind): Identity | undefined => identities[kind.name]

/** The columns that a row says of itself on both sides: all but its number, what it is known by, and what is local. */
export const contents = (kind: Kind): ReadonlyArray<Field> => {
  const { by = [], local = [] } = identityOf(kind) ?? {}
  return kind.columns.filter(({ key }) => key !== "id" && !by.includes(key) && !local.includes(key))
}
