import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Call, Printed } from "./CommandLine.ts"
import { endpoint } from "./endpoint.ts"

export const system = HttpApiGroup.make("system", { topLevel: true })
  .add(
    endpoint("ping").addSuccess(
      Schema.Struct({ ok: Schema.Boolean, service: Schema.String, version: Schema.String, pid: Schema.Int })
    )
  )
  .add(
    endpoint("health").addSuccess(Schema.Struct({
      ok: Schema.Boolean,
      db_path: Schema.String,
      schema_version: Schema.Int,
      version: Schema.String,
      uptime: Schema.String,
      started_at: Schema.String
    }))
  )
  .add(
    endpoint("instance").addSuccess(
      Schema.Struct({ instance_uid: Schema.String, version: Schema.String, schema_version: Schema.Int })
    )
  )
  .add(
    endpoint("commandRun").setPayload(Call).addSuccess(Schema.Struct({ printed: Schema.NullOr(Printed) }))
  )
