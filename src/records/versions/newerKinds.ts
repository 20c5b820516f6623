/** The kinds of newer versions that version 10 has not. Their records are read and never stored, so they have no rules. */
import * as Schema from "effect/Schema"
import { Int64, RawJson, Text } from "../Field.ts"
import { make } from "../Kind.ts"
import { Flag, json, kind, named, text, times } from "./newerKind.ts"

const syncStatus = {
  binding_id: Int64,
  project_id: Int64,
  sync_started_at: text,
  last_attempt_at: text,
  last_success_at: text,
  last_error_at: text,
  last_error: text,
  last_created: Int64,
  last_updated: Int64,
  last_unchanged: Int64,
  last_comments: Int64
}

/** A sync with issues elsewhere. */
export const issueSync = [
  kind("issue_sync_binding", ["id"], {
    id: Int64,
    project_id: Int64,
    provider: Text,
    source_key: Text,
    remote_id: Text,
    display_name: Text,
    config: RawJson,
    enabled: Flag,
    interval_seconds: Int64,
    last_cursor_at: text,
    ...times
  }),
  kind("issue_sync_status", ["binding_id"], syncStatus, "issue_sync_status")
]

/** Those of the first versions with a sync, whose counters were others in 17. */
export const earlySync = [
  kind("github_sync_binding", ["id"], {
    id: Int64,
    project_id: Int64,
    source_key: Text,
    host: Text,
    owner: Text,
    repo: Text,
    repo_node_id: Text,
    repo_id: Int64,
    enabled: Flag,
    interval_seconds: Int64,
    last_cursor_at: text,
    ...times
  }),
  ...["issue_sync_status", "github_sync_status"].map((name) =>
    make(name, { table: name, key: ["binding_id"], isOpen: true }, Schema.Struct({ binding_id: json }))
  )
]

/** What search knows of an issue. */
export const issueEmbedding = kind("issue_embedding", ["issue_uid"], {
  issue_uid: Text,
  embedded_content_revision: Int64,
  embed_fingerprint: Text,
  dims: Int64,
  vector_b64: Text
})

/** Issues that are kept equal to something elsewhere, through a connector. */
export const external = [
  kind("external_field_mapping", ["connector_instance", "kata_field"], {
    connector_instance: Text,
    kata_field: Text,
    external_field_id: Text,
    external_field_name: Text,
    accepted_kinds: RawJson,
    nullable: Flag,
    writable: Flag,
    schema_revision: Text,
    active: Flag,
    ...times
  }),
  kind("external_root_binding", ["uid"], {
    uid: Text,
    project_uid: Text,
    issue_uid: Text,
    root_mapping_source: Text,
    root_mapping_external_id: Text,
    connector_instance: Text,
    external_root_key: Text,
    external_account_key: Text,
    active: Flag,
    enabled: Flag,
    receive_comments: Flag,
    publish_comments: Flag,
    complete_external: Flag,
    paused_reason: Text,
    last_external_state: Text,
    last_external_revision: Text,
    receive_comments_after: text,
    publish_comments_after: text,
    pending_comment_uid: Text,
    pending_comment_started_at: text,
    last_attempt_at: text,
    last_success_at: text,
    last_error_at: text,
    last_error: Text,
    consecutive_failures: Int64,
    next_attempt_at: text,
    ...times,
    unbound_at: text
  }),
  kind("external_field_state", ["binding_uid", "mapping_kata_field"], {
    binding_uid: Text,
    mapping_connector_instance: Text,
    mapping_kata_field: Text,
    mapping_external_field_id: Text,
    mapping_schema_revision: Text,
    mapping_created_at: Text,
    baseline: json,
    conflict_kata: json,
    conflict_external: json,
    conflicted: Flag,
    conflict_at: text,
    updated_at: Text
  })
]

const definition = {
  id: Int64,
  uid: Text,
  project_id: Int64,
  name: Text,
  definition_event_uid: Text,
  definition_hlc: RawJson,
  author: Text,
  revision: Int64,
  ...times,
  deleted_at: text,
  definition: RawJson
}

/** What runs by the clock, and what ran. */
export const cron = [
  kind("cron_job", ["id"], definition),
  kind("cron_workflow", ["id"], definition),
  kind("cron_run", ["id"], {
    id: Int64,
    uid: Text,
    project_id: Int64,
    job_uid: text,
    definition_event_uid: text,
    workflow_uid: text,
    workflow_definition_event_uid: text,
    occurrence_key: text,
    issue_uid: text,
    actor: Text,
    teammate: text,
    executor_label: text,
    status: Text,
    summary: RawJson,
    revision: Int64,
    created_at: Text,
    started_at: text,
    ended_at: text,
    updated_at: Text
  })
]

/** What was a project. */
export const projectPurgeLog = kind("project_purge_log", ["id"], {
  id: Int64,
  uid: Text,
  origin_instance_uid: Text,
  project_id: Int64,
  project_uid: Schema.NullOr(Text),
  project_name: Text,
  issue_count: Int64,
  event_count: Int64,
  alias_count: Int64,
  comment_count: Int64,
  link_count: Int64,
  label_count: Int64,
  claim_count: Int64,
  pending_claim_request_count: Int64,
  events_deleted_min_id: Schema.NullOr(Int64),
  events_deleted_max_id: Schema.NullOr(Int64),
  purge_reset_after_event_id: Schema.NullOr(Int64),
  actor: Text,
  reason: Schema.NullOr(Text),
  purged_at: Text
}, "project_purge_log")

/** Of the line with teams, which was not merged; they come behind the sequences. */
export const teams = [
  named("team"),
  named("team_membership"),
  named("project_access_policy", "project_access_policies"),
  named("federation_root_key"),
  named("federation_event_provenance", "federation_event_provenance"),
  named("federation_entity_provenance", "federation_entity_provenance")
]
