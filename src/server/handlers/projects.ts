import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type { projects } from "../../api/projects.ts"
import * as Aliases from "../../ledger/projects/aliases.ts"
import { archive, restore } from "../../ledger/projects/archive.ts"
import * as Bindings from "../../ledger/projects/bindings.ts"
import { merge } from "../../ledger/projects/merge.ts"
import { patchMetadata } from "../../ledger/projects/projectMetadata.ts"
import * as Projects from "../../ledger/projects/projects.ts"
import { refuse } from "../../ledger/Refused.ts"
import type { Store } from "../../store/Store.ts"
import { Answer } from "../responses.ts"
import { revisionOf } from "../revision.ts"
import type { Handlers } from "../Router.ts"
import * as startPath from "../startPath.ts"

/** What reading a client's workspace needs. */
export type Machine = FileSystem.FileSystem | Path.Path | CommandExecutor.CommandExecutor

export const projectsHandlers: Handlers<typeof projects, Store | Machine> = {
  projectInit: ({ payload: { alias, name = "", reassign = false, replace = false, start_path = "" } }) =>
    start_path !== ""
      ? startPath.init(start_path, { name, replace, reassign })
      : name === ""
      ? Effect.fail(refuse("validation", "either name or start_path is required"))
      : Bindings.init({ name, alias, reassign }),
  projectResolve: ({ payload: { alias, name = "", start_path = "" } }) =>
    alias === undefined && name === "" && start_path !== ""
      ? startPath.resolve(start_path)
      : Bindings.resolve({ alias, name }),
  projectList: ({ urlParams: { archived, include = "" } }) => {
    const stats = include.split(",").some((word) => word.trim().toLowerCase() === "stats")
    return Effect.map(Projects.list({ stats, archived }), (projects) => ({ projects }))
  },
  projectShow: ({ path }) => Projects.show(path.project_id),
  projectRename: ({ path, payload }) => Projects.rename(path.project_id, payload.name),
  projectMerge: ({ path, payload }) =>
    merge({
      source: payload.source_project_id,
      target: path.project_id,
      name: payload.target_name,
      dryRun: payload.dry_run
    }),
  projectArchive: ({ path, urlParams: { actor, force = false } }) => archive({ id: path.project_id, actor, force }),
  projectRestore: ({ path, payload: { actor } }) => restore({ id: path.project_id, actor }),
  projectMetadata: ({ headers, path, payload: { actor, patch } }) =>
    Effect.gen(function*() {
      const revision = yield* revisionOf(headers)
      const done = yield* patchMetadata({ id: path.project_id, actor, revision, patch })
      return new Answer(done, done.project.revision)
    }),
  aliasDetach: ({ path, urlParams: { actor, force = false } }) =>
    Aliases.detach({ projectId: path.project_id, aliasId: path.alias_id, actor, force })
}
