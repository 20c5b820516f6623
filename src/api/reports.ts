import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { AuditRow } from "../ledger/reports/audit.ts"
import { Digest } from "../ledger/reports/digest.ts"
import { endpoint } from "./endpoint.ts"
import { maybe } from "./optional.ts"
import { Actors, Bool, IssueRef, ProjectId, ProjectPath, Since } from "./params.ts"

const Window = Schema.Struct({ since: Since, until: maybe(Since), actor: maybe(Actors) })

export const reports = HttpApiGroup.make("reports", { topLevel: true })
  .annotate(OpenApi.Description, "Who did what")
  .add(
    endpoint("digest", "Who did what in a span of time, in all projects", ["project_not_found"]).setUrlParams(Window)
      .addSuccess(Digest)
  )
  .add(
    endpoint("projectDigest", "Who did what in a span of time, in a project", ["project_not_found"])
      .setPath(ProjectPath).setUrlParams(Window).addSuccess(Digest)
  )
  .add(
    endpoint("auditCloses", "How issues were closed: by whom, why, with what evidence", ["project_not_found"])
      .setUrlParams(Schema.Struct({
        project_id: ProjectId,
        since: maybe(Since),
        until: maybe(Since),
        actor: maybe(Schema.String),
        parent: maybe(IssueRef),
        reason: maybe(Schema.String),
        no_evidence: maybe(Bool)
      }))
      .addSuccess(Schema.Struct({ rows: Schema.Array(AuditRow) }))
  )
