/** Operations on the whole database: a snapshot comes as the body, and what becomes of it is told line by line. */
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { DiffReport, mostChanges } from "../merge/DiffReport.ts"
import { MergeReport } from "../merge/MergeReport.ts"
import { endpoint } from "./endpoint.ts"
import { FailedLine, lineType, ProgressLine, snapshotTypes } from "./lines.ts"
import { maybe } from "./optional.ts"
import { Actor, Bool, Integer, oneOf } from "./params.ts"

const text = (description: string) => Schema.String.annotations({ jsonSchema: { type: "string", description } })

/** A parameter that may be there several times. */
const texts = (description: string) =>
  Schema.Array(Schema.String).annotations({ jsonSchema: { type: "array", items: { type: "string" }, description } })

const Name = maybe(text("what the answer calls the snapshot"))

export const MergeQuery = Schema.Struct({
  actor: Actor,
  name: Name,
  prefer: maybe(oneOf("target", "source")),
  decision: maybe(texts("ISSUE=target or ISSUE=source: who is right about one issue; again for more")),
  project: maybe(texts("only this project of the snapshot, by name or uid; again for more")),
  issue: maybe(texts("only this issue of the snapshot, as in app#abc4, or a uid; again for more")),
  apply_purges: maybe(Bool),
  restore_purged: maybe(Bool),
  dry_run: maybe(Bool)
})

export const DiffQuery = Schema.Struct({
  name: Name,
  project: maybe(text("only what belongs to this project, by name or uid")),
  issue: maybe(text("only what is about this issue, as in app#abc4, or a uid")),
  limit: maybe(Integer.annotations({
    jsonSchema: {
      type: "integer",
      format: "int64",
      minimum: 0,
      maximum: mostChanges,
      description: "how many changes are told; all are counted"
    }
  }))
})

const reportLine = <A, I>(name: string, report: Schema.Schema<A, I>) =>
  Schema.Struct({ report }).annotations({ identifier: name, description: "the last line: it is done" })

export const MergedLine = reportLine("MergedLine", MergeReport)
export const ComparedLine = reportLine("ComparedLine", DiffReport)

/** An answer of lines. */
const lines = <A, I>(report: Schema.Schema<A, I>) =>
  HttpApiSchema.withEncoding(Schema.Union(report, ProgressLine, FailedLine), { kind: "Json", contentType: lineType })

/** The body is not of the router's kind: what it says here is for the document. */
const takesSnapshot = {
  requestBody: {
    required: true,
    description: "a snapshot as kata export writes it, of any version that kata reads, compressed with gzip or not",
    content: Object.fromEntries(
      snapshotTypes.map((type) => [type, { schema: { type: "string", description: "the bytes of the file" } }])
    )
  }
}

export const databases = HttpApiGroup.make("databases", { topLevel: true })
  .annotate(OpenApi.Description, "The whole database, and a snapshot")
  .add(
    endpoint("databaseMerge", "Bring what a snapshot has into the database, by the history of each issue", [], [
      "NoRoom"
    ])
      .setUrlParams(MergeQuery).addSuccess(lines(MergedLine)).annotate(OpenApi.Override, takesSnapshot)
  )
  .add(
    endpoint("databaseDiff", "What the database says differently than a snapshot", [], ["NoRoom"])
      .setUrlParams(DiffQuery).addSuccess(lines(ComparedLine)).annotate(OpenApi.Override, takesSnapshot)
  )
