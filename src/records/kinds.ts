/**
 * The twelve kinds of records of export version 10, in the order of the file. This list is the only place that knows the fields,
 * their order, which keys are omitted or null, and the rules, hard and soft. Source of every rule: Go kata of schema 10.
 */
import * as Schema from "effect/Schema"
import { notAmong, parentWithout, sameRow, uidOf } from "./betweenRows.ts"
import { derived, initially, Int64, RawJson, reference, soft, Text, time } from "./Field.ts"
import { type Format, make as makeFormat } from "./Format.ts"
import { type Kind, make } from "./Kind.ts"
import { distinctKeys, issueMetadata, projectMetadata, wholeCharacters } from "./metadataRules.ts"
import * as Newer from "./newerRules.ts"
import * as Paired from "./pairedRules.ts"
import * as Mend from "./repairs.ts"
import { check, soft as kept } from "./Rule.ts"
import * as V from "./vocabulary.ts"

// ---- values with a soft rule ------------------------------------------------------------------------------------------

const Instant = time({ rule: "time", word: V.time })
/** Newer kata keeps all digits of these. */
const FineInstant = time({ rule: "time", word: V.fineTime })
/** Set by the database when no value is given. */
const now = "(strftime('%Y-%m-%dT%H:%M:%fZ','now'))"
const Moment = initially(Instant, now)
const Uid = soft({ rule: "ulid", word: V.ulid })
/** Mostly that of the database itself, which `meta` is asked about once. */
const Origin = soft({
  rule: "ulid",
  word: {
    ...V.ulid,
    says: "is neither this instance nor a ULID in its canonical form",
    sql: (x) =>
      `(${x} = (SELECT value FROM meta WHERE key = 'instance_uid') AND length(${x}) = 26 OR ${V.ulid.sql(x)})`,
    narrow: true
  }
})
const Day = soft({ rule: "date", word: V.date })
/** Space alone is white space that a name may have, and not at its ends; the rest of it is not printable. */
const ProjectName = soft({
  rule: "printable",
  word: V.printable(
    [
      [1, 31],
      [127, 160],
      [173, 173],
      [0x1680, 0x1680],
      [0x2000, 0x200f],
      [0x2028, 0x202f],
      [0x205f, 0x206f],
      [0x3000, 0x3000],
      [0xe000, 0xf8ff],
      [0xfeff, 0xfeff]
    ],
    "has characters that are not printable, or blanks around it"
  ),
  repair: Mend.printableName
})
const Json = initially(RawJson, "'{}'")
const JsonArray = initially(RawJson, "'[]'")
const Prose = initially(Text, "''")
const Revision = initially(Int64, "1")

const jsonObject = (field: string) => check(field, V.jsonOf("object"), { repair: Mend.intoObject(field) })
const uid = (field: string) => check(field, V.length(26))
const notBlank = (field: string) => check(field, V.notBlank)
const person = (field: string) => check(field, V.notBlank, { repair: Mend.put({ [field]: "unknown" }) })
const priority = (field: string) =>
  check(field, V.range(0, 4), { orNull: true, repair: Mend.put({ [field]: undefined }) })
const origin = check("origin_instance_uid", V.length(26), { repair: Mend.ownInstance })
const crockford = "0-9abcdefghjkmnpqrstvwxyz"
const shortIdLength = V.length(4, 26)
const shortIdCharacters = V.characters(crockford, "must be digits and lower-case letters without i, l, o, u")
const shortId = V.and(
  shortIdLength,
  shortIdCharacters,
  "must be 4 to 26 digits and lower-case letters without i, l, o, u"
)

// ---- kinds ------------------------------------------------------------------------------------------------------------

export const Meta = make(
  "meta",
  {
    table: "meta",
    key: ["key"],
    unique: [{ columns: ["key"] }],
    rows: [
      kept(
        "key",
        "reserved key",
        V.not("export_version", "is the name of the file's own first record"),
        Mend.drop
      ),
      Newer.cronState
    ],
    reads: ["value"]
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
      jsonObject("metadata"),
      uid("uid"),
      check("name", V.notBlank, { repair: Mend.projectName }),
      check("name", V.without("#"), { repair: Mend.projectName })
    ],
    unique: [{ columns: ["uid"] }, { columns: ["name"], repair: Mend.projectName }],
    rows: [...projectMetadata, Newer.system, Paired.revision]
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    name: ProjectName,
    created_at: Moment,
    deleted_at: Schema.optional(Instant),
    metadata: Json,
    revision: Revision
  })
)

export const ProjectAlias = make(
  "project_alias",
  {
    table: "project_aliases",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("alias_kind", V.oneOf("git", "local"), { repair: Mend.aliasKind }),
      notBlank("alias_identity"),
      notBlank("root_path")
    ],
    unique: [{ columns: ["alias_identity"] }],
    rows: [Paired.aliasIdentity],
    between: [
      parentWithout("project_id", "projects", "deleted_at", {
        rule: "alias of an archived project",
        says: "is an archived project, which has no aliases",
        blocking: false
      })
    ]
  },
  Schema.Struct({
    id: Int64,
    project_id: reference("projects"),
    alias_identity: Text,
    alias_kind: Text,
    root_path: Text,
    created_at: Moment,
    last_seen_at: Moment
  })
)

export const Recurrence = make(
  "recurrence",
  {
    table: "recurrences",
    key: ["id"],
    checks: [
      uid("uid"),
      priority("template_priority"),
      check("template_labels", V.jsonOf("array"), { repair: Mend.intoArray("template_labels") }),
      jsonObject("template_metadata"),
      person("author")
    ],
    unique: [{ columns: ["uid"] }],
    rows: Paired.recurrence
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    project_id: reference("projects", { onDelete: "CASCADE" }),
    rrule: Text,
    dtstart: Day,
    timezone: Text,
    template_title: Text,
    template_body: Prose,
    template_owner: Schema.optional(Text),
    template_priority: Schema.optional(Int64),
    template_labels: JsonArray,
    template_metadata: Json,
    next_occurrence_key: Schema.optional(Day),
    last_materialized_uid: Schema.optional(Uid),
    author: Text,
    revision: Revision,
    created_at: Moment,
    updated_at: Moment,
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
      check("status", V.oneOf("open", "closed"), { repair: Mend.status }),
      check("closed_reason", V.oneOf("done", "wontfix", "duplicate", "superseded", "audit-no-change"), {
        repair: Mend.put({ closed_reason: null })
      }),
      jsonObject("metadata"),
      uid("uid"),
      check("title", V.notBlank, { repair: Mend.put({ title: "(untitled)" }) }),
      person("author"),
      Paired.onlyClosed,
      priority("priority"),
      check("short_id", shortIdLength, { repair: Mend.shortId }),
      check("short_id", shortIdCharacters, { repair: Mend.shortId }),
      Paired.endOfUid
    ],
    unique: [
      { columns: ["uid"] },
      { columns: ["project_id", "short_id"], index: "uniq_issues_project_short_id", repair: Mend.shortId },
      {
        columns: ["recurrence_id", "occurrence_key"],
        where: "recurrence_id IS NOT NULL AND occurrence_key IS NOT NULL",
        index: "issues_recurrence_occurrence_uniq",
        repair: Mend.put({ recurrence_id: undefined, recurrence_uid: undefined, occurrence_key: undefined })
      }
    ],
    rows: [...Paired.occurrences, Paired.owner, ...issueMetadata, Paired.revision]
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    project_id: reference("projects"),
    short_id: Text,
    title: Text,
    body: Prose,
    status: initially(Text, "'open'"),
    closed_reason: Schema.NullOr(Text),
    owner: Schema.NullOr(Text),
    priority: Schema.optional(Int64),
    author: Text,
    created_at: Moment,
    updated_at: Moment,
    closed_at: Schema.NullOr(Instant),
    deleted_at: Schema.NullOr(Instant),
    metadata: Json,
    revision: Revision,
    recurrence_id: Schema.optional(reference("recurrences", { detach: true, onDelete: "SET NULL" })),
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
    checks: [person("author"), notBlank("body")]
  },
  Schema.Struct({
    id: Int64,
    issue_id: reference("issues"),
    author: Text,
    body: Text,
    created_at: initially(FineInstant, now)
  })
)

export const IssueLabel = make(
  "issue_label",
  {
    table: "issue_labels",
    key: ["issue_id", "label"],
    checks: [
      check("label", Paired.labelLength, { repair: Mend.label }),
      check("label", Paired.labelCharacters, { repair: Mend.label }),
      person("author")
    ],
    unique: [{ columns: ["issue_id", "label"] }]
  },
  Schema.Struct({
    issue_id: reference("issues"),
    label: Text,
    author: Text,
    created_at: Moment
  })
)

export const Link = make(
  "link",
  {
    table: "links",
    key: ["id"],
    autoincrement: true,
    columns: [
      "id",
      "project_id",
      "from_issue_id",
      "to_issue_id",
      "from_issue_uid",
      "to_issue_uid",
      "type",
      "author",
      "created_at"
    ],
    checks: [
      check("type", V.oneOf("parent", "blocks", "related")),
      Paired.notItself,
      check("from_issue_uid", V.length(26), { repair: Mend.uidOf("from_issue_id", "issues", "from_issue_uid") }),
      check("to_issue_uid", V.length(26), { repair: Mend.uidOf("to_issue_id", "issues", "to_issue_uid") }),
      person("author"),
      Paired.smallerFirst
    ],
    unique: [
      { columns: ["from_issue_id", "to_issue_id", "type"] },
      {
        columns: ["from_issue_id"],
        where: "type = 'parent'",
        only: { column: "type", is: "parent" },
        index: "uniq_one_parent_per_child"
      }
    ],
    // The triggers of links. An end that does not exist is the foreign key's matter.
    between: [
      ...["from_issue_id", "to_issue_id"].map((end) =>
        sameRow(end, "issues", "project_id", "project_id", {
          rule: "cross-project link",
          says: "is an issue of another project",
          blocking: true
        })
      ),
      ...["from_issue", "to_issue"].map((end) =>
        uidOf(`${end}_id`, "issues", `${end}_uid`, {
          rule: "uid of the linked issue",
          says: "is not the uid of the linked issue",
          blocking: true,
          repair: Mend.uidOf(`${end}_id`, "issues", `${end}_uid`)
        })
      )
    ],
    tree: { child: "from_issue_id", parent: "to_issue_id", only: { column: "type", is: "parent" } }
  },
  Schema.Struct({
    id: Int64,
    project_id: reference("projects"),
    from_issue_id: reference("issues"),
    from_issue_uid: Text,
    to_issue_id: reference("issues"),
    to_issue_uid: Text,
    type: Text,
    author: Text,
    created_at: Moment
  })
)

export const ImportMapping = make(
  "import_mapping",
  {
    table: "import_mappings",
    key: ["id"],
    autoincrement: true,
    checks: [
      check("object_type", V.oneOf("issue", "comment", "label", "link")),
      notBlank("source"),
      notBlank("external_id"),
      ...Paired.mappings
    ],
    unique: [{ columns: ["source", "external_id", "object_type", "project_id"] }],
    rows: [Paired.externalId],
    between: [
      sameRow("comment_id", "comments", "issue_id", "issue_id", {
        rule: "comment of another issue",
        says: "is a comment of another issue: the newest Go kata does not upgrade the database",
        blocking: false,
        repair: Mend.asIn("comment_id", "comments", "issue_id")
      })
    ]
  },
  Schema.Struct({
    id: Int64,
    source: Text,
    external_id: Text,
    object_type: Text,
    project_id: reference("projects", { onDelete: "CASCADE" }),
    issue_id: Schema.optional(reference("issues", { onDelete: "CASCADE" })),
    comment_id: Schema.optional(reference("comments", { onDelete: "CASCADE" })),
    link_id: Schema.optional(reference("links", { onDelete: "CASCADE" })),
    label: Schema.optional(Text),
    source_updated_at: Schema.optional(FineInstant),
    imported_at: Moment
  })
)

export const Event = make(
  "event",
  {
    table: "events",
    key: ["id"],
    autoincrement: true,
    checks: [
      person("actor"),
      check("payload", V.json, { repair: Mend.intoObject("payload") }),
      uid("uid"),
      origin
    ],
    unique: [{ columns: ["uid"] }],
    rows: [
      kept(
        "type",
        "event type",
        V.not("sync.reset_required", "is a message to a reader of the stream, and no event")
      ),
      Newer.cronType,
      wholeCharacters("payload"),
      distinctKeys("payload"),
      Newer.payloadShape
    ],
    between: ["issue", "related_issue"].map((issue) =>
      uidOf(`${issue}_id`, "issues", `${issue}_uid`, {
        rule: "uid of the event's issue",
        says: "is not the uid of the event's issue",
        blocking: false,
        repair: Mend.eventUids
      }, true)
    )
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    origin_instance_uid: Origin,
    project_id: reference("projects"),
    project_name: Text,
    issue_id: Schema.NullOr(reference("issues", { detach: true })),
    issue_uid: Schema.NullOr(Text),
    related_issue_id: Schema.NullOr(reference("issues", { detach: true })),
    related_issue_uid: Schema.NullOr(Text),
    type: Text,
    actor: Text,
    payload: Json,
    created_at: Moment
  })
)

export const PurgeLog = make(
  "purge_log",
  {
    table: "purge_log",
    key: ["id"],
    autoincrement: true,
    columns: [
      "id",
      "uid",
      "origin_instance_uid",
      "project_id",
      "purged_issue_id",
      "issue_uid",
      "project_uid",
      "project_name",
      "issue_title",
      "issue_author",
      "comment_count",
      "link_count",
      "label_count",
      "event_count",
      "events_deleted_min_id",
      "events_deleted_max_id",
      "purge_reset_after_event_id",
      "short_id",
      "actor",
      "reason",
      "purged_at"
    ],
    checks: [
      person("actor"),
      uid("uid"),
      origin,
      check("short_id", shortId, { orNull: true, repair: Mend.put({ short_id: undefined }) })
    ],
    unique: [{ columns: ["uid"] }],
    rows: Paired.purges,
    // Few are purged.
    between: [
      notAmong("issues", ["project_id", "short_id"], "short_id", {
        rule: "short id given again",
        says: "is that of an issue which is there: the short id of a purged issue was given again",
        blocking: false
      })
    ],
    reserves: { field: "purge_reset_after_event_id", table: "events" }
  },
  Schema.Struct({
    id: Int64,
    uid: Uid,
    origin_instance_uid: Origin,
    project_id: Int64,
    purged_issue_id: Int64,
    issue_uid: Schema.NullOr(Text),
    project_uid: Schema.NullOr(Text),
    project_name: Text,
    short_id: Schema.optional(Text),
    issue_title: Text,
    issue_author: Text,
    comment_count: Int64,
    link_count: Int64,
    label_count: Int64,
    event_count: Int64,
    events_deleted_min_id: Schema.NullOr(Int64),
    events_deleted_max_id: Schema.NullOr(Int64),
    purge_reset_after_event_id: Schema.NullOr(Int64),
    actor: Text,
    reason: Schema.NullOr(Text),
    purged_at: Moment
  })
)

export const Sequence = make(
  "sqlite_sequence",
  {
    table: "sqlite_sequence",
    key: ["name"],
    reads: ["seq"]
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

/** Version 10: what this kata writes. Operations hand it to the code that reads, writes, loads or checks records. */
export const version10: Format = makeFormat({ version: 10, kinds })
