/** Rows of each table alone, for `contents.ts`: valid values, and numbers in the place of references. */
import * as FC from "effect/FastCheck"
import {
  canonicalTime,
  day,
  int64,
  json,
  jsonArray,
  jsonObject,
  maybe,
  nonBlank,
  projectName,
  text,
  time,
  uid,
  ulid
} from "./arbitraries.ts"

const pick = FC.nat({ max: 1000 })
const priority = maybe(FC.bigInt(0n, 4n))

const drafts = {
  meta: FC.record({ key: FC.oneof(text, FC.constant("export_version")), value: text }),
  projects: FC.record({
    id: int64,
    uid,
    name: projectName,
    created_at: time,
    deleted_at: maybe(time),
    metadata: jsonObject,
    revision: int64
  }),
  project_aliases: FC.record({
    id: int64,
    project_id: pick,
    alias_identity: nonBlank,
    alias_kind: FC.constantFrom("git", "local"),
    root_path: nonBlank,
    created_at: time,
    last_seen_at: time
  }),
  recurrences: FC.record({
    id: int64,
    uid,
    project_id: pick,
    rrule: text,
    dtstart: day,
    timezone: text,
    template_title: text,
    template_body: text,
    template_owner: maybe(text),
    template_priority: priority,
    template_labels: jsonArray,
    template_metadata: jsonObject,
    next_occurrence_key: maybe(day),
    last_materialized_uid: maybe(uid),
    author: nonBlank,
    revision: int64,
    created_at: time,
    updated_at: time,
    deleted_at: maybe(time)
  }),
  issues: FC.record({
    id: int64,
    uid,
    project_id: pick,
    short_id: pick,
    title: nonBlank,
    body: text,
    status: FC.constantFrom("open", "closed"),
    closed_reason: maybe(FC.constantFrom("done", "wontfix", "duplicate", "superseded", "audit-no-change")),
    owner: maybe(text),
    priority,
    author: nonBlank,
    created_at: time,
    updated_at: time,
    closed_at: maybe(time),
    deleted_at: maybe(time),
    metadata: jsonObject,
    revision: int64,
    recurrence_id: maybe(pick),
    occurrence_key: maybe(day)
  }),
  comments: FC.record({ id: int64, issue_id: pick, author: nonBlank, body: nonBlank, created_at: time }),
  issue_labels: FC.record({
    issue_id: pick,
    label: FC.oneof(
      FC.array(FC.constantFrom(..."abz019._:-"), { minLength: 1, maxLength: 64 }).map((all) => all.join("")),
      FC.constant("bug\0Anything #goes")
    ),
    author: nonBlank,
    created_at: time
  }),
  links: FC.record({
    id: int64,
    from_issue_id: pick,
    to_issue_id: pick,
    type: FC.constantFrom("parent", "blocks", "related"),
    author: nonBlank,
    created_at: time
  }),
  import_mappings: FC.record({
    id: int64,
    source: FC.oneof(FC.constant("beads"), nonBlank),
    external_id: nonBlank,
    object_type: FC.constantFrom("issue", "comment", "label", "link"),
    project_id: pick,
    issue_id: maybe(pick),
    comment_id: maybe(pick),
    link_id: maybe(pick),
    label: maybe(text),
    source_updated_at: maybe(time),
    imported_at: time
  }),
  events: FC.record({
    id: int64,
    uid,
    origin_instance_uid: uid,
    project_id: pick,
    project_name: text,
    issue_id: maybe(pick),
    issue_uid: maybe(FC.oneof(FC.constant("same"), text)),
    related_issue_id: maybe(pick),
    related_issue_uid: maybe(FC.oneof(FC.constant("same"), text)),
    type: FC.oneof(FC.constantFrom("issue.created", "issue.links_changed"), text),
    actor: nonBlank,
    payload: json,
    created_at: time
  }),
  purge_log: FC.record({
    id: int64,
    uid,
    origin_instance_uid: uid,
    project_id: int64,
    purged_issue_id: int64,
    issue_uid: maybe(text),
    project_uid: maybe(text),
    project_name: text,
    issue_title: text,
    issue_author: text,
    comment_count: int64,
    link_count: int64,
    label_count: int64,
    event_count: int64,
    events_deleted_min_id: maybe(int64),
    events_deleted_max_id: maybe(int64),
    purge_reset_after_event_id: maybe(int64),
    short_id: maybe(ulid.map((value) => value.slice(-7).toLowerCase())),
    actor: nonBlank,
    reason: maybe(text),
    purged_at: time
  })
}

const several = <A>(draft: FC.Arbitrary<A>, maxLength: number) => FC.array(draft, { maxLength })

/** What a database is made of. */
export const draft = FC.record({
  meta: several(drafts.meta, 3),
  projects: several(drafts.projects, 4),
  project_aliases: several(drafts.project_aliases, 3),
  recurrences: several(drafts.recurrences, 3),
  issues: several(drafts.issues, 8),
  comments: several(drafts.comments, 5),
  issue_labels: several(drafts.issue_labels, 5),
  links: several(drafts.links, 6),
  import_mappings: several(drafts.import_mappings, 4),
  events: several(drafts.events, 6),
  purge_log: several(drafts.purge_log, 3),
  instance: maybe(FC.oneof({ weight: 4, arbitrary: ulid }, { weight: 1, arbitrary: text })),
  created: canonicalTime,
  sequences: FC.array(maybe(int64), { minLength: 8, maxLength: 8 }),
  unknownSequence: maybe(int64)
})
export type Draft = typeof draft extends FC.Arbitrary<infer A> ? A : never
