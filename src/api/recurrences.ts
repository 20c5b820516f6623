import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { Int64, Recurrence } from "../ledger/model.ts"
import { endpoint } from "./endpoint.ts"
import { ActorQuery, Integer, JsonObject, may, ProjectPath } from "./params.ts"

const template = {
  body: may(Schema.String),
  owner: may(Schema.String),
  priority: may(Int64),
  labels: may(Schema.Array(Schema.String)),
  metadata: may(JsonObject)
}

const Create = Schema.Struct({
  actor: Schema.String,
  rrule: Schema.String,
  dtstart: Schema.String,
  timezone: Schema.String,
  template: Schema.Struct({ title: Schema.String, ...template })
})

const Patch = Schema.Struct({
  actor: Schema.String,
  rrule: may(Schema.String),
  dtstart: may(Schema.String),
  timezone: may(Schema.String),
  template: may(Schema.Struct({ title: may(Schema.String), ...template }))
})

const RecurrencePath = Schema.Struct({ project_id: Integer, uid: Schema.String })

const One = Schema.Struct({ recurrence: Recurrence })
const Patched = Schema.Struct({ recurrence: Recurrence, changed: Schema.Boolean })

export const recurrences = HttpApiGroup.make("recurrences", { topLevel: true })
  .add(endpoint("recurrenceCreate").setPath(ProjectPath).setPayload(Create).addSuccess(One, { status: 201 }))
  .add(
    endpoint("recurrenceList").setPath(ProjectPath).addSuccess(
      Schema.Struct({ recurrences: Schema.Array(Recurrence) })
    )
  )
  .add(endpoint("recurrenceShow").setPath(RecurrencePath).addSuccess(One))
  .add(endpoint("recurrencePatch").setPath(RecurrencePath).setPayload(Patch).addSuccess(Patched))
  .add(
    endpoint("recurrenceDelete").setPath(RecurrencePath).setUrlParams(ActorQuery).addSuccess(HttpApiSchema.NoContent)
  )
