/**
 * What the ledger answers, as it goes over the wire. The same Schema decodes a row of SQL (its columns in these names, NULL for what is
 * left out) and a body of JSON, and its properties are in the order of the keys. The names and the order are those of Go kata's API.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { canonicalTime } from "../records/time.ts"
import { Metadata, Raw } from "./RawJson.ts"
import { wireType } from "./wireType.ts"

/** SQL gives a bigint, JSON a number. */
export const Int64: Schema.Schema<bigint, bigint | number> = Schema.transform(
  Schema.Union(Schema.BigIntFromSelf, Schema.Int),
  Schema.BigIntFromSelf,
  { strict: true, decode: (from) => BigInt(from), encode: (to) => to }
).annotations({ ...wireType("int64"), identifier: "Int64", jsonSchema: { type: "integer", format: "int64" } })

/**
 * An integer that means something to people only. SQLite keeps 1.5 and texts in a column of integers, and the rules of the tables let them
 * in: what is there is shown as it is, so that one such row does not hide all others. kata writes integers.
 */
export const Stored64: Schema.Schema<bigint | number | string, bigint | number | string> = Schema.Union(
  Int64,
  Schema.Number,
  Schema.String
).annotations({ ...wireType("int64"), identifier: "Stored64", jsonSchema: { type: "integer", format: "int64" } })

export type Stored64 = typeof Stored64.Type

/** Left out where it is NULL. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true, exact: true })

/** RFC 3339 in UTC, the fraction without trailing zeros: how Go prints a time. What no notation explains stays as it is stored. */
export const wireTime = (stored: string): string =>
  Option.match(canonicalTime(stored), {
    onNone: () => stored,
    onSome: (time) => time.replace(/\.?0+Z$/, "Z")
  })

/** SQL gives whatever notation is stored (design decision D13: read tolerantly). */
export const Time = Schema.transform(Schema.Union(Schema.String, Schema.BigIntFromSelf, Schema.Number), Schema.String, {
  strict: true,
  decode: (stored) => wireTime(String(stored)),
  encode: (wire) => wire
}).annotations({ identifier: "Time", jsonSchema: { type: "string", format: "date-time" } })

const named = <A, I, R>(name: string, schema: Schema.Schema<A, I, R>): Schema.Schema<A, I, R> =>
  schema.annotations({ identifier: name })

export const Project = named(
  "Project",
  Schema.Struct({
    id: Int64,
    uid: Schema.String,
    name: Schema.String,
    metadata: Metadata,
    revision: Stored64,
    created_at: Time,
    deleted_at: maybe(Time)
  })
)
export type Project = typeof Project.Type

export const ProjectStats = Schema.Struct({
  open: Int64,
  closed: Int64,
  last_event_at: Schema.NullOr(Time)
})

export const Alias = named(
  "Alias",
  Schema.Struct({
    id: Int64,
    project_id: Int64,
    alias_identity: Schema.String,
    alias_kind: Schema.String,
    root_path: Schema.String,
    created_at: Time,
    last_seen_at: Time
  })
)
export type Alias = typeof Alias.Type

/** What stands in an answer where there is no alias. */
export const noAlias: Alias = {
  id: 0n,
  project_id: 0n,
  alias_identity: "",
  alias_kind: "",
  root_path: "",
  created_at: "0001-01-01T00:00:00Z",
  last_seen_at: "0001-01-01T00:00:00Z"
}

const issueFields = {
  id: Int64,
  uid: Schema.String,
  project_id: Int64,
  project_uid: maybe(Schema.String),
  short_id: Schema.String,
  title: Schema.String,
  body: Schema.String,
  status: Schema.String,
  closed_reason: maybe(Schema.String),
  owner: maybe(Schema.String),
  priority: maybe(Stored64),
  author: Schema.String,
  metadata: Metadata,
  revision: Stored64,
  recurrence_id: maybe(Int64),
  occurrence_key: maybe(Schema.String),
  created_at: Time,
  updated_at: Time,
  closed_at: maybe(Time),
  deleted_at: maybe(Time)
}

export const Issue = named("Issue", Schema.Struct(issueFields))
export type Issue = typeof Issue.Type

/** An issue as far as a link knows it. */
export type End = Pick<Issue, "id" | "uid" | "short_id">

export const LinkPeer = named("LinkPeer", Schema.Struct({ uid: Schema.String, short_id: Schema.String }))
export type LinkPeer = typeof LinkPeer.Type

const outline = {
  labels: maybe(Schema.Array(Schema.String)),
  parent_short_id: maybe(Schema.String),
  child_counts: maybe(Schema.Struct({ open: Int64, total: Int64 })),
  blocks: maybe(Schema.Array(LinkPeer)),
  blocked_by: maybe(Schema.Array(LinkPeer)),
  related: maybe(Schema.Array(LinkPeer)),
  /** Short ids of open issues that block this one: only when they are asked for. */
  waits_for: maybe(Schema.Array(Schema.String))
}

/** An issue in a list. */
export const IssueOut = named(
  "IssueOut",
  Schema.Struct({ ...issueFields, qualified_id: Schema.String, ...outline })
)
export type IssueOut = typeof IssueOut.Type

/** An issue that can be worked on; what a list says beside its own columns comes only when it is asked for. */
export const ReadyIssue = named(
  "ReadyIssue",
  Schema.Struct({ ...issueFields, qualified_id: maybe(Schema.String), ...outline })
)
export type ReadyIssue = typeof ReadyIssue.Type

export const IssueRef = named(
  "IssueRef",
  Schema.Struct({
    uid: Schema.String,
    short_id: Schema.String,
    qualified_id: Schema.String,
    title: Schema.String,
    status: Schema.String
  })
)
export type IssueRef = typeof IssueRef.Type

export const Comment = named(
  "Comment",
  Schema.Struct({
    id: Int64,
    issue_id: Int64,
    author: Schema.String,
    body: Schema.String,
    created_at: Time
  })
)
export type Comment = typeof Comment.Type

export const Label = named(
  "Label",
  Schema.Struct({
    issue_id: Int64,
    label: Schema.String,
    author: Schema.String,
    created_at: Time
  })
)

export const LabelCount = named("LabelCount", Schema.Struct({ label: Schema.String, count: Int64 }))

export const Link = named(
  "Link",
  Schema.Struct({
    id: Int64,
    project_id: Int64,
    from: LinkPeer,
    to: LinkPeer,
    type: Schema.String,
    author: Schema.String,
    created_at: Time
  })
)
export type Link = typeof Link.Type

/** What an edit has done to the links of its issue. */
export const LinkChanges = named(
  "LinkChanges",
  Schema.Struct({
    parent_set: maybe(LinkPeer),
    parent_removed: maybe(LinkPeer),
    blocks_added: maybe(Schema.Array(LinkPeer)),
    blocks_removed: maybe(Schema.Array(LinkPeer)),
    blocked_by_added: maybe(Schema.Array(LinkPeer)),
    blocked_by_removed: maybe(Schema.Array(LinkPeer)),
    related_added: maybe(Schema.Array(LinkPeer)),
    related_removed: maybe(Schema.Array(LinkPeer))
  })
)
export type LinkChanges = typeof LinkChanges.Type

const eventFields = {
  origin_instance_uid: Schema.String,
  project_id: Int64,
  project_uid: Schema.String,
  project_name: Schema.String,
  issue_id: maybe(Int64),
  issue_uid: maybe(Schema.String),
  issue_short_id: maybe(Schema.String),
  related_issue_id: maybe(Int64),
  related_issue_uid: maybe(Schema.String),
  related_issue_short_id: maybe(Schema.String)
}

/** An event inside of the answer to what made it: its payload is JSON in a string. */
export const Event = named(
  "Event",
  Schema.Struct({
    id: Int64,
    uid: Schema.String,
    ...eventFields,
    type: Schema.String,
    actor: Schema.String,
    payload: Schema.String,
    created_at: Time
  })
)
export type Event = typeof Event.Type

/** An event as the poll and the stream give it. */
export const EventEnvelope = named(
  "EventEnvelope",
  Schema.Struct({
    event_id: Int64,
    event_uid: Schema.String,
    origin_instance_uid: eventFields.origin_instance_uid,
    type: Schema.String,
    project_id: eventFields.project_id,
    project_uid: eventFields.project_uid,
    project_name: eventFields.project_name,
    issue_id: eventFields.issue_id,
    issue_uid: eventFields.issue_uid,
    issue_short_id: eventFields.issue_short_id,
    related_issue_id: eventFields.related_issue_id,
    related_issue_uid: eventFields.related_issue_uid,
    related_issue_short_id: eventFields.related_issue_short_id,
    actor: Schema.String,
    payload: maybe(Raw),
    created_at: Time
  })
)
export type EventEnvelope = typeof EventEnvelope.Type

/** What a change of one issue answers. `event` is null where nothing changed. */
export const Mutation = named(
  "Mutation",
  Schema.Struct({
    issue: Issue,
    event: Schema.NullOr(Event),
    original_event: maybe(Event),
    changed: Schema.Boolean,
    reused: maybe(Schema.Boolean)
  })
)
export type Mutation = typeof Mutation.Type

/** What a search has found; `score` says how well, the higher the better. */
export const SearchResult = named(
  "SearchResult",
  Schema.Struct({
    issue: Issue,
    score: Schema.Number,
    matched_in: Schema.Array(Schema.Literal("title", "body", "comments"))
  })
)
export type SearchResult = typeof SearchResult.Type

export const PurgeLog = named(
  "PurgeLog",
  Schema.Struct({
    id: Int64,
    uid: Schema.String,
    origin_instance_uid: Schema.String,
    project_id: Int64,
    purged_issue_id: Int64,
    issue_uid: maybe(Schema.String),
    project_uid: maybe(Schema.String),
    project_name: Schema.String,
    short_id: maybe(Schema.String),
    issue_title: Schema.String,
    issue_author: Schema.String,
    comment_count: Int64,
    link_count: Int64,
    label_count: Int64,
    event_count: Int64,
    events_deleted_min_id: maybe(Int64),
    events_deleted_max_id: maybe(Int64),
    purge_reset_after_event_id: maybe(Int64),
    actor: Schema.String,
    reason: maybe(Schema.String),
    purged_at: Time
  })
)
export type PurgeLog = typeof PurgeLog.Type

/** JSON that goes out as it is stored: a list of texts. */
const texts = { type: "array", items: { type: "string" } } as const

export const Recurrence = named(
  "Recurrence",
  Schema.Struct({
    id: Int64,
    uid: Schema.String,
    project_id: Int64,
    rrule: Schema.String,
    dtstart: Schema.String,
    timezone: Schema.String,
    template_title: Schema.String,
    template_body: Schema.String,
    template_owner: maybe(Schema.String),
    template_priority: maybe(Stored64),
    template_labels: Raw.annotations({ identifier: "RawLabels", jsonSchema: texts }),
    template_metadata: Raw.annotations({
      identifier: "RawObject",
      jsonSchema: { type: "object", additionalProperties: true }
    }),
    next_occurrence_key: maybe(Schema.String),
    last_materialized_uid: maybe(Schema.String),
    author: Schema.String,
    revision: Stored64,
    created_at: Time,
    updated_at: Time,
    deleted_at: maybe(Time)
  })
)
export type Recurrence = typeof Recurrence.Type
