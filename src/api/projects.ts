import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as Schema from "effect/Schema"
import { Alias, Event, Int64, Project } from "../ledger/model.ts"
import { AliasInput } from "../ledger/projects/aliases.ts"
import { Binding } from "../ledger/projects/bindings.ts"
import { Merged } from "../ledger/projects/merge.ts"
import { ProjectOut } from "../ledger/projects/projects.ts"
import { endpoint } from "./endpoint.ts"
import { ActorBody, ActorQuery, Bool, Integer, JsonObject, may, maybe, ProjectPath } from "./params.ts"

const WithAliases = Schema.Struct({ project: Project, aliases: Schema.Array(Alias) })
const Forced = Schema.Struct({ ...ActorQuery.fields, force: maybe(Bool) })

export const projects = HttpApiGroup.make("projects", { topLevel: true })
  .add(
    endpoint("projectInit")
      .setPayload(Schema.Struct({
        name: may(Schema.String),
        start_path: may(Schema.String),
        replace: may(Schema.Boolean),
        reassign: may(Schema.Boolean),
        alias: may(AliasInput)
      }))
      .addSuccess(Schema.Struct({ ...Binding.fields, created: Schema.Boolean }))
  )
  .add(
    endpoint("projectResolve")
      .setPayload(Schema.Struct({ alias: may(AliasInput), name: may(Schema.String), start_path: may(Schema.String) }))
      .addSuccess(Binding)
  )
  .add(
    endpoint("projectList")
      .setUrlParams(Schema.Struct({ include: maybe(Schema.String) }))
      .addSuccess(Schema.Struct({ projects: Schema.Array(ProjectOut) }))
  )
  .add(endpoint("projectShow").setPath(ProjectPath).addSuccess(WithAliases))
  .add(
    endpoint("projectRename")
      .setPath(ProjectPath)
      .setPayload(Schema.Struct({ name: Schema.String }))
      .addSuccess(WithAliases)
  )
  .add(
    endpoint("projectMerge")
      .setPath(ProjectPath)
      .setPayload(Schema.Struct({ source_project_id: Int64, target_name: may(Schema.String) }))
      .addSuccess(Merged)
  )
  .add(
    endpoint("projectArchive")
      .setPath(ProjectPath)
      .setUrlParams(Forced)
      .addSuccess(Schema.Struct({ project: Project, event: Event }))
  )
  .add(
    endpoint("projectMetadata")
      .setPath(ProjectPath)
      .setPayload(Schema.Struct({ ...ActorBody.fields, patch: JsonObject }))
      .addSuccess(Schema.Struct({ project: Project, event: maybe(Event), changed: Schema.Boolean }))
  )
  .add(
    endpoint("aliasDetach")
      .setPath(Schema.Struct({ ...ProjectPath.fields, alias_id: Integer }))
      .setUrlParams(Forced)
      .addSuccess(Schema.Struct({ alias: Alias, event: Event }))
  )
