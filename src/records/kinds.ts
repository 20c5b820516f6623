/**
 * The twelve kinds of records of export version 10, in the order of the file. This list is the only place that knows the fields,
 * their order, which keys are omitted or null, and the rules, hard and soft. Source of every rule: Go kata of schema 10.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { derived, Int64, RawJson, reference, soft, Text, time, unread, vouched } from "./Field.ts"
import { check, type Kind, make } from "./Kind.ts"
import * as Pattern from "./linePatterns.ts"
import * as vouch from "./rowPredicates.ts"
import * as odd from "./softRules.ts"
import { canonicalDay, canonicalTime } from "./time.ts"

// ---- values with a soft rule ------------------------------------------------------------------------------------------

const instant = "0000-00-00T00:00:00.000Z".replaceAll("0", "[0-9]")

const Instant = unread(vouched(
  time({
    rule: "time",
    says: "is not a time as kata writes it (YYYY-MM-DDTHH:MM:SS.mmmZ)",
    // The pattern is cheap but ends at a NUL; `date` knows the calendar, rolls over what is no day of it, and lets an hour 24 pass.
    holds: (x) =>
      `(${x} GLOB '${instant}' AND octet_length(${x}) = 24 AND date(${x}) IS substr(${x},1,10) AND substr(${x},12,2) < '24')`,
    repair: canonicalTime
  }),
  Pattern.time
))
const isUlid = (x: string) => `(${x} GLOB '[0-7]${"[0-9A-HJKMNP-TV-Z]".repeat(25)}' AND octet_length(${x}) = 26)`
const Uid = vouched(
  soft({ rule: "ulid", says: "is not a ULID in its canonical form", holds: isUlid }),
  Pattern.ulid
)
/** Mostly that of the database itself, which `meta` is asked about once. */
const Origin = unread(vouched(
  soft({
    rule: "ulid",
    says: "is neither this instance nor a ULID in its canonical form",
    holds: (x) => `(${x} = (SELECT value FROM meta WHERE key = 'instance_uid') AND length(${x}) = 26 OR ${isUlid(x)})`
  }),
  Pattern.ulid
))
const Day = vouched(
  soft({
    rule: "date",
    says: "is not a date as kata writes it (YYYY-MM-DD)",
    holds: (x) => `${x} IS date(${x})`,
    repair: canonicalDay
  }),
  Pattern.date
)
/** Space alone is white space that a name may have, and not at its ends; `unprintable` is the rest, as ranges. */
const unprintable = [[1, 31], [127, 160], [173, 173], [0x1680, 0x1680], [0x2000, 0x200f], [0x2028, 0x202f], [
  0x205f,
  0x206f
]]
  .concat([[0x3000, 0x3000], [0xe000, 0xf8ff], [0xfeff, 0xfeff]]).map(([from, to]) => `char(${from})||'-'||char(${to})`)
const ProjectName = vouched(
  soft({
    rule: "printable",
    says: "has characters that are not printable, or blanks around it",
    holds: (x) => `(${x} NOT GLOB '*['||${unprintable.join("||")}||']*' AND ${x} = trim(${x}))`
  }),
  Pattern.notBlank
)
const Prose = unread(Text)
/** Text that a CHECK wants to be more than blanks. */
const Words = unread(vouched(Text, Pattern.notBlank))
/** The same, of something that is looked for. */
const Key = vouched(Text, Pattern.notBlank)
const JsonObject = vouched(RawJson, Pattern.jsonObject)
const JsonArray = vouched(RawJson, Pattern.jsonArray)
const Priority = unread(vouched(Int64, "[0-4]"))
const Ordinal = unread(vouched(Int64, "[1-9][0-9]{0,14}"))
const Count = unread(vouched(Int64, "0|[1-9][0-9]{0,14}"))
const Zone = vouched(Text, "[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*")
const oneOf = (...words: ReadonlyArray<string>) => vouched(Text, words.join("|"))
const ShortId = vouched(Text, "[0-9a-hjkmnp-tv-z]{4,26}")
/** The uid of an issue, beside its row number. */
const PeerUid = vouched(Text, Pattern.ulid)

const JsonText = (field: string, type: "object" | "array") =>
  check(
    field,
    `is not a JSON ${type} of at most 1000 levels`,
    `json_valid(${field}) AND json_type(${field}) = '${type}'`
  )
const notBlank = (field: string) => check(field, "is blank", `length(trim(${field})) > 0`)
const uidLength = (field: string) => check(field, "does not have 26 characters", `length(${field}) = 26`)
const crockford = "'*[^0-9abcdefghjkmnpqrstvwxyz]*'"

// ---- kinds ------------------------------------------------------------------------------------------------------------

export const Meta = make(
  "meta",
  {
    table: "meta",
    key: ["key"],
    unique: [{ columns: ["key"] }],
    rows: [{
      rule: "reserved key",
      field: "key",
      says: "is the name of the file's own first record",
      holds: "key <> 'export_version'"
    }],
    vouch: vouch.meta
  },
  Schema.Struct({
    key: Text,
    value: Text
  })
)

export const Project = make(
  "project",
  {
    table: "projects",
    key: ["id"],
    autoincrement: true,
    checks: [
      JsonText("metadata", "object"),
      uidLength("uid"),
      notBlank("name"),
      check("name", "must not contain #", "name NOT GLOB '*#*'")
    ],
    unique: [{ columns: ["uid"] }, { columns: ["name"] }],
    rows: [...odd.projectMetadata, odd.revision],
    vouch: vouch.project
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    name: ProjectName,
    created_at: Instant,
    deleted_at: Schema.optional(Instant),
    metadata: JsonObject,
    revision: Ordinal
  })
)

export const ProjectAlias = make(
  "project_alias",
  {
    table: "project_aliases",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("alias_kind", "must be git or local", "alias_kind IN ('git','local')"),
      notBlank("alias_identity"),
      notBlank("root_path")
    ],
    unique: [{ columns: ["alias_identity"] }],
    rows: [odd.aliasIdentity],
    vouch: vouch.projectAlias
  },
  Schema.Struct({
    id: Int64,
    project_id: reference("projects"),
    alias_identity: Key,
    alias_kind: oneOf("git", "local"),
    root_path: Words,
    created_at: Instant,
    last_seen_at: Instant
  })
)

export const Recurrence = make(
  "recurrence",
  {
    table: "recurrences",
    key: ["id"],
    checks: [
      uidLength("uid"),
      check("template_priority", "must be 0 to 4", "template_priority IS NULL OR template_priority BETWEEN 0 AND 4"),
      JsonText("template_labels", "array"),
      JsonText("template_metadata", "object"),
      notBlank("author")
    ],
    unique: [{ columns: ["uid"] }],
    rows: odd.recurrence,
    vouch: vouch.recurrence
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    project_id: reference("projects"),
    rrule: Text,
    dtstart: Day,
    timezone: Zone,
    template_title: Words,
    template_body: Prose,
    template_owner: Schema.optional(Prose),
    template_priority: Schema.optional(Priority),
    template_labels: JsonArray,
    template_metadata: JsonObject,
    next_occurrence_key: Schema.optional(Day),
    last_materialized_uid: Schema.optional(Uid),
    author: Words,
    revision: Ordinal,
    created_at: Instant,
    updated_at: Instant,
    deleted_at: Schema.optional(Instant)
  })
)

export const Issue = make(
  "issue",
  {
    table: "issues",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("status", "must be open or closed", "status IN ('open','closed')"),
      check(
        "closed_reason",
        "must be done, wontfix, duplicate, superseded or audit-no-change",
        "closed_reason IN ('done','wontfix','duplicate','superseded','audit-no-change')"
      ),
      JsonText("metadata", "object"),
      uidLength("uid"),
      notBlank("title"),
      notBlank("author"),
      check(
        "status",
        "is not closed, although closed_at or closed_reason is set",
        "status = 'closed' OR (closed_at IS NULL AND closed_reason IS NULL)"
      ),
      check("priority", "must be 0 to 4", "priority IS NULL OR priority BETWEEN 0 AND 4"),
      check("short_id", "does not have 4 to 26 characters", "length(short_id) BETWEEN 4 AND 26"),
      check("short_id", "must be digits and lower-case letters without i, l, o, u", `short_id NOT GLOB ${crockford}`),
      check(
        "short_id",
        "is not the end of the uid",
        "short_id = lower(substr(uid, 27 - length(short_id), length(short_id)))"
      )
    ],
    unique: [
      { columns: ["uid"] },
      { columns: ["project_id", "short_id"] },
      {
        columns: ["recurrence_id", "occurrence_key"],
        where: "recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL"
      }
    ],
    rows: [...odd.occurrences, odd.owner, ...odd.issueMetadata, odd.revision],
    vouch: vouch.issue
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    project_id: reference("projects"),
    short_id: ShortId,
    title: Words,
    body: Prose,
    status: oneOf("open", "closed"),
    closed_reason: Schema.NullOr(oneOf("done", "wontfix", "duplicate", "superseded", "audit-no-change")),
    owner: Schema.NullOr(Words),
    priority: Schema.optional(Priority),
    author: Words,
    created_at: Instant,
    updated_at: Instant,
    closed_at: Schema.NullOr(Instant),
    deleted_at: Schema.NullOr(Instant),
    metadata: JsonObject,
    revision: Ordinal,
    recurrence_id: Schema.optional(reference("recurrences", { detach: true })),
    recurrence_uid: Schema.optional(Text).annotations(
      derived({ table: "recurrences", column: "uid", via: "recurrence_id" })
    ),
    occurrence_key: Schema.optional(Day)
  })
)

export const Comment = make(
  "comment",
  {
    table: "comments",
    key: ["id"],
    autoincrement: true,
    checks: [notBlank("author"), notBlank("body")]
  },
  Schema.Struct({
    id: Int64,
    issue_id: reference("issues"),
    author: Words,
    body: Words,
    created_at: Instant
  })
)

export const IssueLabel = make(
  "issue_label",
  {
    table: "issue_labels",
    key: ["issue_id", "label"],
    checks: [
      check("label", "does not have 1 to 64 characters", "length(label) BETWEEN 1 AND 64"),
      check("label", "must be of a-z, 0-9, dot, underscore, colon and hyphen", "label NOT GLOB '*[^a-z0-9._:-]*'"),
      notBlank("author")
    ],
    unique: [{ columns: ["issue_id", "label"] }]
  },
  Schema.Struct({
    issue_id: reference("issues"),
    label: vouched(Text, "[a-z0-9._:-]{1,64}"),
    author: Words,
    created_at: Instant
  })
)

export const Link = make(
  "link",
  {
    table: "links",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("type", "must be parent, blocks or related", "type IN ('parent','blocks','related')"),
      check("to_issue_id", "is the issue itself", "from_issue_id <> to_issue_id"),
      uidLength("from_issue_uid"),
      uidLength("to_issue_uid"),
      notBlank("author"),
      check(
        "from_issue_id",
        "must be the smaller id of a related link",
        "type <> 'related' OR from_issue_id < to_issue_id"
      )
    ],
    unique: [
      { columns: ["from_issue_id", "to_issue_id", "type"] },
      { columns: ["from_issue_id"], where: "type = 'parent'", only: { column: "type", is: "parent" } }
    ],
    vouch: vouch.link
  },
  Schema.Struct({
    id: Int64,
    project_id: reference("projects"),
    from_issue_id: reference("issues"),
    from_issue_uid: PeerUid,
    to_issue_id: reference("issues"),
    to_issue_uid: PeerUid,
    type: oneOf("parent", "blocks", "related"),
    author: Words,
    created_at: Instant
  })
)

export const ImportMapping = make(
  "import_mapping",
  {
    table: "import_mappings",
    key: ["id"],
    autoincrement: true,
    checks: [
      check(
        "object_type",
        "must be issue, comment, label or link",
        "object_type IN ('issue','comment','label','link')"
      ),
      notBlank("source"),
      notBlank("external_id"),
      check("issue_id", "is missing", "object_type != 'issue' OR issue_id IS NOT NULL"),
      check(
        "comment_id",
        "or issue_id is missing",
        "object_type != 'comment' OR (issue_id IS NOT NULL AND comment_id IS NOT NULL)"
      ),
      check(
        "label",
        "or issue_id is missing",
        "object_type != 'label' OR (issue_id IS NOT NULL AND label IS NOT NULL)"
      ),
      check(
        "link_id",
        "or issue_id is missing",
        "object_type != 'link' OR (issue_id IS NOT NULL AND link_id IS NOT NULL)"
      )
    ],
    unique: [{ columns: ["source", "external_id", "object_type", "project_id"] }],
    rows: [odd.externalId],
    vouch: vouch.importMapping
  },
  Schema.Struct({
    id: Int64,
    source: Key,
    external_id: Key,
    object_type: oneOf("issue", "comment", "label", "link"),
    project_id: reference("projects"),
    issue_id: Schema.optional(reference("issues")),
    comment_id: Schema.optional(reference("comments")),
    link_id: Schema.optional(reference("links")),
    label: Schema.optional(Text),
    source_updated_at: Schema.optional(Instant),
    imported_at: Instant
  })
)

export const Event = make(
  "event",
  {
    table: "events",
    key: ["id"],
    autoincrement: true,
    checks: [
      notBlank("actor"),
      check("payload", "is not JSON of at most 1000 levels", "json_valid(payload)"),
      uidLength("uid"),
      uidLength("origin_instance_uid")
    ],
    unique: [{ columns: ["uid"] }],
    rows: [odd.neverStored]
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    origin_instance_uid: Origin,
    project_id: reference("projects"),
    project_name: Prose,
    issue_id: Schema.NullOr(reference("issues", { detach: true })),
    issue_uid: Schema.NullOr(Text),
    related_issue_id: Schema.NullOr(reference("issues", { detach: true })),
    related_issue_uid: Schema.NullOr(Text),
    type: unread(vouched(Text, `(?!sync\\.reset_required")${Pattern.text}`)),
    actor: Words,
    payload: unread(RawJson),
    created_at: Instant
  })
)

export const PurgeLog = make(
  "purge_log",
  {
    table: "purge_log",
    key: ["id"],
    autoincrement: true,
    checks: [
      notBlank("actor"),
      uidLength("uid"),
      uidLength("origin_instance_uid"),
      check(
        "short_id",
        "must be 4 to 26 digits and lower-case letters without i, l, o, u",
        `short_id IS NULL OR (length(short_id) BETWEEN 4 AND 26 AND short_id NOT GLOB ${crockford})`
      )
    ],
    unique: [{ columns: ["uid"] }],
    rows: odd.purges,
    vouch: vouch.purge
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    origin_instance_uid: Origin,
    project_id: Int64,
    purged_issue_id: Int64,
    issue_uid: Schema.NullOr(Text),
    project_uid: Schema.NullOr(Text),
    project_name: Prose,
    short_id: Schema.optional(ShortId),
    issue_title: Prose,
    issue_author: Prose,
    comment_count: Count,
    link_count: Count,
    label_count: Count,
    event_count: Count,
    events_deleted_min_id: Schema.NullOr(Int64),
    events_deleted_max_id: Schema.NullOr(Int64),
    purge_reset_after_event_id: Schema.NullOr(Int64),
    actor: Words,
    reason: Schema.NullOr(Prose),
    purged_at: Instant
  })
)

export const Sequence = make(
  "sqlite_sequence",
  {
    table: "sqlite_sequence",
    key: ["name"]
  },
  Schema.Struct({
    name: Text,
    seq: Int64
  })
)

/** Every kind, by rank: the records of a file never go back in this order. */
export const kinds: ReadonlyArray<Kind> = [
  Meta,
  Project,
  ProjectAlias,
  Recurrence,
  Issue,
  Comment,
  IssueLabel,
  Link,
  ImportMapping,
  Event,
  PurgeLog,
  Sequence
]

const byName = new Map(kinds.map((kind) => [kind.name, kind]))

export const kindOf = (name: string): Option.Option<Kind> => Option.fromNullable(byName.get(name))

/** The export version of these kinds, which is the schema version of their database. */
export const exportVersion = 10
