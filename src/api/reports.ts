import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { AuditRow } from "../ledger/reports/audit.ts"
import { Digest } from "../ledger/reports/digest.ts"
import { endpoint } from "./endpoint.ts"
import { Bool, Integer, maybe, ProjectPath } from "./params.ts"

const Text = maybe(Schema.String)

/** `actor` names several, with commas between them. */
const Window = Schema.Struct({ since: Schema.String, until: Text, actor: Text })

export const reports = HttpApiGroup.make("reports", { topLevel: true })
  .add(endpoint("digest").setUrlParams(Window).addSuccess(Digest))
  .add(endpoint("projectDigest").setPath(ProjectPath).setUrlParams(Window).addSuccess(Digest))
  .add(
    endpoint("auditCloses")
      .setUrlParams(Schema.Struct({
        project_id: Integer,
        since: Text,
        until: Text,
        actor: Text,
        parent: Text,
        reason: Text,
        no_evidence: maybe(Bool)
      }))
      .addSuccess(Schema.Struct({ rows: Schema.Array(AuditRow) }))
  )
