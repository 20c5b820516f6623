/** What changes an issue as a whole: its state, its life, its place. */
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { reasons } from "../ledger/issues/evidence.ts"
import { Mutation } from "../ledger/model.ts"
import { IssuePatched, Moved, Purged } from "./answers.ts"
import { endpoint, Revised } from "./endpoint.ts"
import { may } from "./optional.ts"
import { Actor, Confirm, IfMatch, IssuePath, JsonObject, Reason, Uid } from "./params.ts"

const Evidence = Schema.Struct({
  type: Schema.String,
  sha: may(Schema.String),
  url: may(Schema.String),
  command: may(Schema.String),
  paths: may(Schema.Array(Schema.String)),
  rationale: may(Schema.String),
  issue_ref: may(Schema.String)
})

const Close = Schema.Struct({
  actor: Actor,
  reason: may(Schema.Literal(...reasons, "")),
  message: may(Schema.String),
  evidence: may(Schema.Array(Evidence)),
  source: may(Schema.Literal("tui", "")),
  dry_run: may(Schema.Boolean)
})

/** Clients send a reason to all of these; only a purge keeps it. */
const Action = Schema.Struct({ actor: Actor, reason: may(Reason) })

const Move = Schema.Struct({ actor: Actor, to_project_uid: Uid })
const Patch = Schema.Struct({ actor: Actor, patch: JsonObject })

export const changes = HttpApiGroup.make("changes", { topLevel: true })
  .annotate(OpenApi.Description, "Issues as a whole: their state, their life, their place")
  .add(
    endpoint("issueClose", "Close an issue, with a reason, a message and evidence", [
      "project_not_found",
      "issue_not_found",
      "parent_has_open_children",
      "sibling_throttle",
      "duplicate_message"
    ]).setPath(IssuePath).setPayload(Close).addSuccess(Mutation)
  )
  .add(
    endpoint("issueReopen", "Open a closed issue again", ["project_not_found", "issue_not_found"])
      .setPath(IssuePath).setPayload(Action).addSuccess(Mutation)
  )
  .add(
    endpoint("issueDelete", "Delete an issue, which can be undone", [
      "project_not_found",
      "issue_not_found",
      "confirm_required",
      "confirm_mismatch"
    ]).setPath(IssuePath).setHeaders(Confirm("DELETE")).setPayload(Action).addSuccess(Mutation)
  )
  .add(
    endpoint("issueRestore", "Bring a deleted issue back", ["project_not_found", "issue_not_found"])
      .setPath(IssuePath).setPayload(Action).addSuccess(Mutation)
  )
  .add(
    endpoint("issuePurge", "Remove an issue for good, with all that belongs to it", [
      "project_not_found",
      "issue_not_found",
      "confirm_required",
      "confirm_mismatch"
    ]).setPath(IssuePath).setHeaders(Confirm("PURGE")).setPayload(Action).addSuccess(Purged)
  )
  .add(
    endpoint("issueMove", "Move an issue to another project", [
      "project_not_found",
      "issue_not_found",
      "same_project",
      "recurrence_pinned",
      "cross_project_links",
      "revision_conflict"
    ]).setPath(IssuePath).setHeaders(IfMatch).setPayload(Move).addSuccess(Moved).annotate(Revised, true)
  )
  .add(
    endpoint("issueMetadata", "Change the metadata of an issue, key by key; null takes a key away", [
      "project_not_found",
      "issue_not_found",
      "invalid_metadata_value",
      "revision_conflict"
    ]).setPath(IssuePath).setHeaders(IfMatch).setPayload(Patch).addSuccess(IssuePatched).annotate(Revised, true)
  )
