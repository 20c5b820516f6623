/** What the API answers with, once: the daemon writes its answers by these, the client reads them. What they are made of: `ledger/model.ts`. */
import * as Schema from "effect/Schema"
import { IssueEvent } from "../ledger/events/eventLists.ts"
import { Closed } from "../ledger/issues/closed.ts"
import {
  Alias,
  Comment,
  Event,
  EventEnvelope,
  Int64,
  Issue,
  IssueOut,
  IssueRef,
  Label,
  LabelCount,
  Link,
  LinkChanges,
  Project,
  ProjectStats,
  PurgeLog,
  ReadyIssue,
  SearchResult
} from "../ledger/model.ts"
import { may, maybe } from "./optional.ts"

export const Health = Schema.Struct({
  ok: Schema.Boolean,
  db_path: Schema.String,
  schema_version: Schema.Int,
  version: Schema.String,
  uptime: Schema.String,
  started_at: Schema.String
})

/** Of an alias: where its workspace lies. */
export const Binding = Schema.Struct({ project: Project, alias: Alias, workspace_root: maybe(Schema.String) })
export const Initialised = Schema.Struct({ ...Binding.fields, created: Schema.Boolean })

/** A project in a list. */
const ProjectOut = Schema.extend(Project, Schema.Struct({ stats: maybe(ProjectStats) }))
export const Projects = Schema.Struct({ projects: Schema.Array(ProjectOut) })
export const ProjectWithAliases = Schema.Struct({ project: Project, aliases: Schema.Array(Alias) })

export const Merged = Schema.Struct({
  source: Project,
  target: Project,
  issues_moved: Int64,
  aliases_moved: Int64,
  events_moved: Int64,
  purge_logs_moved: Int64,
  short_id_extensions: may(Schema.Array(Schema.Struct({
    uid: Schema.String,
    pre_merge_short_id: Schema.String,
    post_merge_short_id: Schema.String
  })))
})

export const Archived = Schema.Struct({ project: Project, event: Event })
export const Restored = Schema.Struct({
  project: Project,
  event: Schema.NullOr(Event),
  changed: Schema.Boolean,
  aliases: Schema.Array(Alias),
  /** Those that belong to another project by now. */
  aliases_taken: Schema.Array(Schema.String),
  /** How many of which nothing but their number was written down. */
  aliases_unknown: Schema.Int
})
export const ProjectPatched = Schema.Struct({ project: Project, event: maybe(Event), changed: Schema.Boolean })
export const Detached = Schema.Struct({ alias: Alias, event: Event })

/** `total`: how many there are without a limit; only when `detail` was asked for. */
export const Listed = Schema.Struct({ issues: Schema.Array(IssueOut), total: may(Int64) })
export const Ready = Schema.Struct({ issues: Schema.Array(ReadyIssue), total: may(Int64) })
/** That alone of a list: its rows are not read for it. */
export const Total = Schema.Struct({ total: may(Int64) })
export const Found = Schema.Struct({ query: Schema.String, results: Schema.Array(SearchResult) })
export const LabelCounts = Schema.Struct({ labels: Schema.Array(LabelCount) })

export const Shown = Schema.Struct({
  issue: Issue,
  comments: Schema.Array(Comment),
  links: Schema.Array(Link),
  labels: Schema.Array(Label),
  parent: may(IssueRef),
  children: may(Schema.Array(IssueOut)),
  /** Of an issue that is closed, as far as an event records it. */
  close: may(Closed)
})

export const Edited = Schema.Struct({
  issue: Issue,
  event: Schema.NullOr(Event),
  events: may(Schema.Array(Event)),
  changed: Schema.Boolean,
  /** Only when links were asked for. */
  changes: may(LinkChanges)
})

/** What comes with something that is added to an issue. */
const change = { event: Schema.NullOr(Event), changed: Schema.Boolean }

export const Commented = Schema.Struct({ issue: Issue, comment: Comment, ...change })
export const Linked = Schema.Struct({ issue: Issue, link: Link, ...change })
export const Labelled = Schema.Struct({ issue: Issue, label: Label, ...change })

export const Purged = Schema.Struct({ purge_log: PurgeLog })
export const Moved = Schema.Struct({
  issue: Issue,
  event_id: Int64,
  new_short_id: Schema.String,
  changed: Schema.Boolean
})
export const IssuePatched = Schema.Struct({ issue: Issue, event: maybe(Event), changed: Schema.Boolean })

export const EventPage = Schema.Struct({
  reset_required: Schema.Boolean,
  reset_after_id: maybe(Int64),
  events: Schema.Array(EventEnvelope),
  next_after_id: Int64,
  /** Without a cursor: so many issues were purged, and their events with them. */
  purged: may(Int64)
})
export const IssueEvents = Schema.Struct({
  reset_required: Schema.Boolean,
  events: Schema.Array(IssueEvent),
  next_after_id: Int64
})

/** In the stream: events are gone for good, and a client that derived something from them begins anew after that id. */
export const StreamReset = Schema.Struct({ event_id: Int64, reset_after_id: Int64 })
