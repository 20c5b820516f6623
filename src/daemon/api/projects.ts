import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Alias, Project } from "../../ledger/model.ts"
import { ProjectOut } from "../../ledger/projects.ts"
import { ProjectPath } from "../params.ts"
import { endpoint } from "./endpoint.ts"

const WithAliases = Schema.Struct({ project: Project, aliases: Schema.Array(Alias) })

export const projects = HttpApiGroup.make("projects", { topLevel: true })
  .add(
    endpoint("projectList")
      .setUrlParams(Schema.Struct({ include: Schema.optional(Schema.String) }))
      .addSuccess(Schema.Struct({ projects: Schema.Array(ProjectOut) }))
  )
  .add(endpoint("projectShow").setPath(ProjectPath).addSuccess(WithAliases))
