import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { EventPage, IssueEvents } from "./answers.ts"
import { endpoint, Streams } from "./endpoint.ts"
import { maybe } from "./optional.ts"
import { After, Bool, CursorText, IssuePath, Page, ProjectIdText, ProjectPath, Since } from "./params.ts"

const Latest = Page.annotations({
  jsonSchema: { type: "integer", format: "int64", minimum: 1, description: "the last so many" }
})

/** With one of the last three it is a look at what there is, and no reset is required. */
const CursorQuery = Schema.Struct({
  after_id: maybe(After),
  limit: maybe(Page),
  latest: maybe(Latest),
  since: maybe(Since),
  no_reset: maybe(Bool)
})

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
    endpoint("issueEvents", "The events of an issue, with the texts of its comments", [
      "project_not_found",
      "issue_not_found"
    ]).setPath(IssuePath).setUrlParams(CursorQuery).addSuccess(IssueEvents)
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
