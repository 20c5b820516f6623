/** The kinds of newer Go kata's federation, which shares projects between databases, and of its claims on issues. */
import { Int64, RawJson, Text } from "../Field.ts"
import { Flag, flag, integer, kind, text, times } from "./newerKind.ts"

/** Hubs, spokes, and how far they are. */
export const federation = [
  kind("federation_binding", ["project_id"], {
    project_id: Int64,
    role: Text,
    hub_url: Text,
    hub_project_id: Int64,
    hub_project_uid: Text,
    replay_horizon_event_id: Int64,
    pull_cursor_event_id: Int64,
    push_enabled: Flag,
    push_cursor_event_id: Int64,
    bound_actor: text,
    allow_insecure: flag,
    enabled: Flag,
    ...times,
    last_sync_at: text
  }),
  kind("federation_sync_status", ["project_id"], {
    project_id: Int64,
    last_pull_started_at: text,
    last_pull_success_at: text,
    last_push_started_at: text,
    last_push_success_at: text,
    last_error_at: text,
    last_error: text,
    last_reset_at: text
  }, "federation_sync_status"),
  kind("federation_quarantine", ["id"], {
    id: Int64,
    project_id: Int64,
    direction: Text,
    first_event_id: Int64,
    last_event_id: Int64,
    event_uids: RawJson,
    error: Text,
    created_at: Text,
    skipped_at: text,
    skipped_by: text,
    skip_reason: text
  }, "federation_quarantine"),
  kind("federation_enrollment", ["id"], {
    id: Int64,
    token_hash: Text,
    spoke_instance_uid: Text,
    project_id: integer,
    capabilities: Text,
    bound_actor: text,
    allow_adoption_snapshot_authors: flag,
    adoption_baseline_open: flag,
    adoption_baseline_next_source_event_id: integer,
    adoption_baseline_end_source_event_id: integer,
    ...times,
    revoked_at: text
  })
]

const claim = {
  id: Int64,
  project_id: Int64,
  issue_id: Int64,
  issue_uid: Text,
  holder: Text,
  holder_instance_uid: Text,
  client_kind: Text,
  purpose: Text,
  claim_kind: Text
}

/** Claims on issues, and requests for claims. */
export const claims = [
  kind("issue_claim", ["id"], {
    ...claim,
    claim_uid: Text,
    acquired_at: Text,
    expires_at: text,
    released_at: text,
    release_reason: text,
    revision: Int64,
    updated_at: Text
  }),
  kind("pending_claim_request", ["id"], {
    ...claim,
    request_uid: Text,
    ttl_seconds: integer,
    requested_at: Text,
    last_attempt_at: text,
    last_error: text,
    rejected_at: text,
    resolved_at: text
  })
]
