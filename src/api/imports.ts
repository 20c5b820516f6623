import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import { Batch, Imported } from "../ledger/imports/importBatch.ts"
import { BodyLimit, endpoint } from "./endpoint.ts"
import { ProjectPath } from "./params.ts"

export const imports = HttpApiGroup.make("imports", { topLevel: true })
  .add(
    endpoint("imports")
      .setPath(ProjectPath)
      .setPayload(Batch)
      .addSuccess(Imported)
      .annotate(BodyLimit, 64 * 1024 * 1024)
  )
