import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as Schema from "effect/Schema"
import { EventEnvelope, Int64 } from "../ledger/model.ts"
import { endpoint, Streams } from "./endpoint.ts"
import { Integer, ProjectPath } from "./params.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const CursorQuery = Schema.Struct({ after_id: optional(Integer), limit: optional(Integer) })

const Page = Schema.Struct({
  reset_required: Schema.Boolean,
  reset_after_id: optional(Int64),
  events: Schema.Array(EventEnvelope),
  next_after_id: Int64
})

export const events = HttpApiGroup.make("events", { topLevel: true })
  .add(endpoint("events").setUrlParams(CursorQuery).addSuccess(Page))
  .add(endpoint("projectEvents").setPath(ProjectPath).setUrlParams(CursorQuery).addSuccess(Page))
  .add(
    endpoint("eventStream")
      // the stream has sentences of its own for what is no number
      .setUrlParams(
        Schema.Struct({ after_id: optional(Schema.String), project_id: optional(Schema.String) })
      )
      .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .annotate(Streams, "events stream")
  )
