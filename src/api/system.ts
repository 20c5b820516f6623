import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Health } from "./answers.ts"
import { Call, Printed } from "./CommandLine.ts"
import { endpoint } from "./endpoint.ts"

export const system = HttpApiGroup.make("system", { topLevel: true })
  .annotate(OpenApi.Description, "The daemon itself")
  .add(
    endpoint("ping", "Whether the daemon is there").addSuccess(
      Schema.Struct({ ok: Schema.Boolean, service: Schema.String, version: Schema.String, pid: Schema.Int })
    )
  )
  .add(endpoint("health", "Whether the daemon and its database answer").addSuccess(Health))
  .add(
    endpoint("instance", "Which kata this is").addSuccess(
      Schema.Struct({ instance_uid: Schema.String, version: Schema.String, schema_version: Schema.Int })
    )
  )
  .add(
    endpoint("commandRun", "Run a command of this kata that only shows something")
      .setPayload(Call).addSuccess(Schema.Struct({ printed: Schema.NullOr(Printed) }))
  )
