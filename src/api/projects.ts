import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Schema from "effect/Schema"
import { Int64 } from "../ledger/model.ts"
import { AliasInput } from "../ledger/projects/aliases.ts"
import {
  Archived,
  Binding,
  Detached,
  Initialised,
  Merged,
  ProjectPatched,
  Projects,
  ProjectWithAliases,
  Restored
} from "./answers.ts"
import { endpoint, Revised } from "./endpoint.ts"
import { may, maybe } from "./optional.ts"
import { ActorBody, ActorQuery, Bool, IfMatch, Include, JsonObject, NotBlank, ProjectPath, RowId } from "./params.ts"

const Forced = Schema.Struct({ ...ActorQuery.fields, force: maybe(Bool) })

export const projects = HttpApiGroup.make("projects", { topLevel: true })
  .annotate(OpenApi.Description, "Projects, and the workspaces that they are known by")
  .add(
    endpoint("projectInit", "The project of a workspace or of a name, made where there is none", [
      "project_archived",
      "project_alias_conflict",
      "project_binding_conflict"
    ])
      .setPayload(Schema.Struct({
        name: may(Schema.String),
        start_path: may(Schema.String),
        replace: may(Schema.Boolean),
        reassign: may(Schema.Boolean),
        alias: may(AliasInput)
      }))
      .addSuccess(Initialised)
  )
  .add(
    endpoint("projectResolve", "The project of a workspace or of a name", [
      "project_not_initialized",
      "project_not_found",
      "project_alias_conflict"
    ])
      .setPayload(Schema.Struct({ alias: may(AliasInput), name: may(Schema.String), start_path: may(Schema.String) }))
      .addSuccess(Binding)
  )
  .add(
    endpoint("projectList", "All projects that are not archived, or really all")
      .setUrlParams(Schema.Struct({ include: maybe(Include), archived: maybe(Bool) })).addSuccess(Projects)
  )
  .add(
    endpoint("projectShow", "One project, and what it is known by", ["project_not_found"])
      .setPath(ProjectPath).addSuccess(ProjectWithAliases)
  )
  .add(
    endpoint("projectRename", "Give a project another name", ["project_not_found", "project_name_taken"])
      .setPath(ProjectPath).setPayload(Schema.Struct({ name: NotBlank })).addSuccess(ProjectWithAliases)
  )
  .add(
    endpoint("projectMerge", "Move everything of another project into this one", [
      "project_not_found",
      "project_name_taken",
      "project_merge_archived_source",
      "project_merge_archived_target",
      "project_merge_import_mapping_collision"
    ])
      .setPath(ProjectPath)
      .setPayload(Schema.Struct({
        source_project_id: Int64,
        target_name: may(Schema.String),
        dry_run: may(Schema.Boolean)
      }))
      .addSuccess(Merged)
  )
  .add(
    endpoint("projectArchive", "Archive a project", [
      "project_not_found",
      "project_already_archived",
      "project_has_open_issues"
    ]).setPath(ProjectPath).setUrlParams(Forced).addSuccess(Archived)
  )
  .add(
    endpoint("projectRestore", "Bring an archived project back", ["project_not_found"])
      .setPath(ProjectPath).setPayload(ActorBody).addSuccess(Restored)
  )
  .add(
    endpoint("projectMetadata", "Change the metadata of a project, key by key; null takes a key away", [
      "project_not_found",
      "invalid_metadata_value",
      "revision_conflict"
    ])
      .setPath(ProjectPath)
      .setHeaders(IfMatch)
      .setPayload(Schema.Struct({ ...ActorBody.fields, patch: JsonObject }))
      .addSuccess(ProjectPatched)
      .annotate(Revised, true)
  )
  .add(
    endpoint("aliasDetach", "Let a workspace no longer belong to a project", [
      "project_not_found",
      "alias_not_found",
      "alias_is_last"
    ])
      .setPath(Schema.Struct({ ...ProjectPath.fields, alias_id: RowId("the alias") }))
      .setUrlParams(Forced)
      .addSuccess(Detached)
  )
