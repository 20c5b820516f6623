import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as OpenApi from "@effect/platform/OpenApi"
import { Batch, Imported } from "../ledger/imports/importBatch.ts"
import { Brought } from "../ledger/imports/importBrought.ts"
import { BodyLimit, endpoint, Lines } from "./endpoint.ts"
import { ProjectPath } from "./params.ts"

export const imports = HttpApiGroup.make("imports", { topLevel: true })
  .annotate(OpenApi.Description, "Issues out of other trackers")
  .add(
    endpoint("imports", "Issues out of another tracker, all of them or none", ["project_not_found", "issue_not_found"])
      .setPath(ProjectPath)
      .setPayload(Batch)
      .addSuccess(Imported)
      .annotate(BodyLimit, 64 * 1024 * 1024)
  )
  .add(
    endpoint("importRows", "The same as lines of JSON without a limit of size, merged with what was changed here", [
      "project_not_found",
      "issue_not_found",
      "import_conflict"
    ], ["NoRoom"])
      .setPath(ProjectPath)
      .setPayload(HttpApiSchema.Text({ contentType: "application/jsonl" }))
      .addSuccess(Brought)
      .annotate(Lines, true)
  )
