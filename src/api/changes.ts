/** What changes an issue as a whole: its state, its life, its place. */
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { reasons } from "../ledger/issues/evidence.ts"
import { Event, Int64, Issue, Mutation, PurgeLog } from "../ledger/model.ts"
import { endpoint } from "./endpoint.ts"
import { IssuePath, JsonObject, may } from "./params.ts"

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
  actor: Schema.String,
  reason: may(Schema.Literal(...reasons, "")),
  message: may(Schema.String),
  evidence: may(Schema.Array(Evidence)),
  source: may(Schema.Literal("tui", "")),
  dry_run: may(Schema.Boolean)
})

/** Clients send a reason to all of these; only a purge keeps it. */
const Action = Schema.Struct({ actor: Schema.String, reason: may(Schema.String) })

const Move = Schema.Struct({ actor: Schema.String, to_project_uid: Schema.String })
const Moved = Schema.Struct({
  issue: Issue,
  event_id: Int64,
  new_short_id: Schema.String,
  changed: Schema.Boolean
})

const Patch = Schema.Struct({ actor: Schema.String, patch: JsonObject })
const Patched = Schema.Struct({
  issue: Issue,
  event: Schema.optionalWith(Event, { exact: true }),
  changed: Schema.Boolean
})

export const changes = HttpApiGroup.make("changes", { topLevel: true })
  .add(endpoint("issueClose").setPath(IssuePath).setPayload(Close).addSuccess(Mutation))
  .add(endpoint("issueReopen").setPath(IssuePath).setPayload(Action).addSuccess(Mutation))
  .add(endpoint("issueDelete").setPath(IssuePath).setPayload(Action).addSuccess(Mutation))
  .add(endpoint("issueRestore").setPath(IssuePath).setPayload(Action).addSuccess(Mutation))
  .add(
    endpoint("issuePurge").setPath(IssuePath).setPayload(Action).addSuccess(Schema.Struct({ purge_log: PurgeLog }))
  )
  .add(endpoint("issueMove").setPath(IssuePath).setPayload(Move).addSuccess(Moved))
  .add(endpoint("issueMetadata").setPath(IssuePath).setPayload(Patch).addSuccess(Patched))
