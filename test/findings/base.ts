/** A small database in which nothing is odd, and which no rule holds together. */
import type { Content, Row } from "../../src/testing/database.ts"

export const uid = (n: number): string => `01KDVDNA00AAAAAAAAAAAAA${String(n).padStart(3, "0")}`
const at = "2026-01-02T03:04:05.678Z"
const short = (n: number) => uid(n).slice(-4).toLowerCase()

const issue = (id: number, more: Row = {}): Row => ({
  id: BigInt(id),
  uid: uid(100 + id),
  project_id: 1n,
  short_id: short(100 + id),
  title: `Issue ${id}`,
  body: "",
  status: "open",
  author: "ana",
  created_at: at,
  updated_at: at,
  ...more
})

const link = (id: number, type: string, from: number, to: number): Row => ({
  id: BigInt(id),
  project_id: 1n,
  from_issue_id: BigInt(from),
  from_issue_uid: uid(100 + from),
  to_issue_id: BigInt(to),
  to_issue_uid: uid(100 + to),
  type,
  author: "ana",
  created_at: at
})

const mapping = (id: number, object_type: string, external_id: string, more: Row): Row => ({
  id: BigInt(id),
  source: "beads",
  external_id,
  object_type,
  project_id: 1n,
  issue_id: 1n,
  source_updated_at: at,
  imported_at: at,
  ...more
})

const event = (id: number, more: Row): Row => ({
  id: BigInt(id),
  uid: uid(300 + id),
  origin_instance_uid: uid(1),
  project_id: 1n,
  project_name: "app",
  issue_id: 1n,
  issue_uid: uid(101),
  type: "issue.created",
  actor: "ana",
  payload: "{}",
  created_at: at,
  ...more
})

export const base: Content = {
  meta: [
    { key: "created_by_version", value: "0.1.0" },
    { key: "instance_uid", value: uid(1) },
    { key: "schema_version", value: "10" }
  ],
  projects: [
    {
      id: 1n,
      uid: uid(11),
      name: "app",
      created_at: at,
      deleted_at: null,
      metadata: "{\"area\":\"Work\"}",
      revision: 1n
    },
    { id: 2n, uid: uid(12), name: "docs", created_at: at, deleted_at: null, metadata: "{}", revision: 1n }
  ],
  project_aliases: [
    {
      id: 1n,
      project_id: 1n,
      alias_identity: "git.example/team/app",
      alias_kind: "git",
      root_path: "/a",
      created_at: at,
      last_seen_at: at
    },
    {
      id: 2n,
      project_id: 2n,
      alias_identity: "local:///my docs",
      alias_kind: "local",
      root_path: "/d",
      created_at: at,
      last_seen_at: at
    }
  ],
  recurrences: [{
    id: 1n,
    uid: uid(21),
    project_id: 1n,
    rrule: "FREQ=MONTHLY;BYDAY=-1FR,+2MO;UNTIL=20301231T000000Z",
    dtstart: "2026-01-05",
    timezone: "America/Argentina/Buenos_Aires",
    template_title: "Weekly",
    template_labels: "[\"chore\",\"weekly\"]",
    template_metadata: "{\"k\":{\"n\":1},\"a\":[{\"k\":1},{\"k\":2}]}",
    next_occurrence_key: "2026-01-12",
    last_materialized_uid: uid(104),
    author: "ana",
    revision: 1n,
    created_at: at,
    updated_at: at
  }],
  issues: [
    issue(1, { owner: "ana", priority: 0n }),
    issue(2, { status: "closed", closed_reason: "done", closed_at: at }),
    issue(3, {
      metadata: `{"scheduled_on":"2026-01-05","deadline_on":"2026-12-31","someday":false,"timezone":"Etc/GMT+1",` +
        `"checklist":[{"id":"${uid(500)}","text":"step","done":true}],"zz":[null]}`
    }),
    issue(4, { recurrence_id: 1n, occurrence_key: "2026-01-05" }),
    issue(5, { project_id: 2n, deleted_at: at })
  ],
  comments: [{ id: 1n, issue_id: 1n, author: "ben", body: "Why?", created_at: at }],
  issue_labels: [{ issue_id: 1n, label: "bug", author: "ana", created_at: at }],
  links: [link(1, "parent", 2, 1), link(2, "parent", 3, 2), link(3, "blocks", 1, 3), link(4, "related", 1, 4)],
  import_mappings: [
    mapping(1, "issue", "bd-1", {}),
    mapping(2, "comment", "c1", { comment_id: 1n }),
    mapping(3, "label", "bd-1:label:bug", { label: "bug" }),
    mapping(4, "link", "bd-1:blocks:bd-3", { link_id: 3n })
  ],
  events: [
    event(1, {}),
    event(2, { type: "issue.linked", related_issue_id: 3n, related_issue_uid: uid(103) }),
    event(3, { issue_id: null, issue_uid: null, type: "x.custom", payload: "null" })
  ],
  purge_log: [{
    id: 1n,
    uid: uid(401),
    origin_instance_uid: uid(1),
    project_id: 1n,
    purged_issue_id: 9n,
    issue_uid: uid(109),
    project_uid: uid(11),
    project_name: "app",
    short_id: short(109),
    issue_title: "Gone",
    issue_author: "ana",
    comment_count: 0n,
    link_count: 0n,
    label_count: 0n,
    event_count: 2n,
    events_deleted_min_id: 4n,
    events_deleted_max_id: 5n,
    purge_reset_after_event_id: 6n,
    actor: "ana",
    purged_at: at
  }],
  sqlite_sequence: Object.entries({
    projects: 2n,
    project_aliases: 2n,
    issues: 9n,
    comments: 1n,
    links: 4n,
    import_mappings: 4n,
    events: 6n,
    purge_log: 1n
  }).map(([name, seq]) => ({ name, seq }))
}
