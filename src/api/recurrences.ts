import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Recurrence } from "../ledger/model.ts"
import { endpoint, Revised } from "./endpoint.ts"
import { may, maybe } from "./optional.ts"
import {
  Actor,
  ActorQuery,
  IfMatch,
  JsonObject,
  LabelName,
  NotBlank,
  Priority,
  ProjectId,
  ProjectPath,
  Uid
} from "./params.ts"

const template = {
  body: may(Schema.String),
  owner: may(Schema.String),
  priority: may(Priority),
  labels: may(Schema.Array(LabelName))
}

const Create = Schema.Struct({
  actor: Actor,
  rrule: NotBlank,
  dtstart: NotBlank,
  timezone: NotBlank,
  // null is no object there, for Go kata either
  template: Schema.Struct({ title: NotBlank, ...template, metadata: maybe(JsonObject) })
})

const Patch = Schema.Struct({
  actor: Actor,
  rrule: may(NotBlank),
  dtstart: may(NotBlank),
  timezone: may(NotBlank),
  template: may(Schema.Struct({ title: may(NotBlank), ...template, metadata: may(JsonObject) }))
})

const RecurrencePath = Schema.Struct({ project_id: ProjectId, uid: Uid })

const One = Schema.Struct({ recurrence: Recurrence })
const Patched = Schema.Struct({ recurrence: Recurrence, changed: Schema.Boolean })

export const recurrences = HttpApiGroup.make("recurrences", { topLevel: true })
  .annotate(OpenApi.Description, "Issues that come again")
  .add(
    endpoint("recurrenceCreate", "A rule by which an issue comes again", [
      "project_not_found",
      "invalid_metadata_value"
    ])
      .setPath(ProjectPath).setPayload(Create).addSuccess(One, { status: 201 })
  )
  .add(
    endpoint("recurrenceList", "The recurrences of a project", ["project_not_found"])
      .setPath(ProjectPath).addSuccess(Schema.Struct({ recurrences: Schema.Array(Recurrence) }))
  )
  .add(
    endpoint("recurrenceShow", "One recurrence", ["project_not_found", "not_found"])
      .setPath(RecurrencePath).addSuccess(One)
  )
  .add(
    endpoint("recurrencePatch", "Change a recurrence", [
      "project_not_found",
      "not_found",
      "invalid_metadata_value",
      "revision_conflict"
    ]).setPath(RecurrencePath).setHeaders(IfMatch).setPayload(Patch).addSuccess(Patched).annotate(Revised, true)
  )
  .add(
    endpoint("recurrenceDelete", "Delete a recurrence; its issues stay", ["project_not_found", "not_found"])
      .setPath(RecurrencePath).setUrlParams(ActorQuery).addSuccess(HttpApiSchema.NoContent)
  )
