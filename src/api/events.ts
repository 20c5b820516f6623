import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { EventPage } from "./answers.ts"
import { endpoint, Streams } from "./endpoint.ts"
import { maybe } from "./optional.ts"
import { After, CursorText, Page, ProjectIdText, ProjectPath } from "./params.ts"

const CursorQuery = Schema.Struct({ after_id: maybe(After), limit: maybe(Page) })

export const events = HttpApiGroup.make("events", { topLevel: true })
  .annotate(OpenApi.Description, "What happened, in its order")
  .add(
    endpoint("events", "A page of the events of all projects", ["project_not_found"]).setUrlParams(CursorQuery)
      .addSuccess(EventPage)
  )
  .add(
    endpoint("projectEvents", "A page of the events of a project", ["project_not_found"])
      .setPath(ProjectPath).setUrlParams(CursorQuery).addSuccess(EventPage)
  )
  .add(
    endpoint("eventStream", "Events as they happen, as server-sent events", ["project_not_found"], [
      "NotAcceptable",
      "CursorConflict"
    ])
      // the stream has sentences of its own for what is no number
      .setUrlParams(Schema.Struct({ after_id: maybe(CursorText), project_id: maybe(ProjectIdText) }))
      .setHeaders(Schema.Struct({ "Last-Event-ID": maybe(CursorText) }))
      .addSuccess(HttpApiSchema.Text({ contentType: "text/event-stream" }))
      .annotate(Streams, "events stream")
  )
