/** Which project a command works for (spec of the configuration, section 12). */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Binding } from "../api/answers.ts"
import type { FailureKind } from "../Failure.ts"
import * as alias from "../workspace/alias.ts"
import { bind, boundTo, discover, outside } from "../workspace/workspace.ts"
import { type Client, read } from "./Client.ts"
import { ApiFailure } from "./ClientError.ts"

/** What the daemon is asked to find. */
export interface Wanted {
  readonly name?: string
  readonly alias?: alias.Alias
  readonly start_path?: string
  /** The directory whose `.kata.toml` said the name: it is written anew when the project has another one by now. */
  readonly bound?: string
}

/** Neither a `.kata.toml` nor a repository says which project this is. */
export class NoProject extends Schema.TaggedError<NoProject>()("NoProject", {}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return "no project bound to this workspace; use a qualified ref (e.g. kata#abc4)"
  }
  get hint() {
    return "kata init binds a workspace, --project names a project"
  }
}

export const isNamed = (name: string | undefined): name is string => name !== undefined && name !== ""

/** Whether a daemon could find a project by it. */
export const isPlaced = (wanted: Wanted): boolean => wanted.start_path === undefined

/** What a daemon here answers of what is not placed, without asking one. */
export const unplaced = (start: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const isThere = yield* Effect.orElseSucceed(fs.exists(start), () => false)
    return yield* isThere
      ? new ApiFailure({ status: 404, code: "project_not_initialized", reason: outside.message, advice: outside.hint })
      : new ApiFailure({
        status: 400,
        code: "validation",
        reason: `stat ${start}: no such file or directory`,
        advice: ""
      })
  })

/** By name alone, or by what the workspace says; `start` is absolute. No daemon is asked yet. */
export const wanted = Effect.fn("project.wanted")(function*(project: string | undefined, start: string) {
  if (isNamed(project)) return { name: project } satisfies Wanted
  const workspace = yield* discover(start)
  const { gitRoot, root } = workspace
  if (root !== undefined) {
    const name = yield* boundTo(root)
    // Where the repository does not say what it is known by, the name is enough.
    const known = yield* Effect.orElseSucceed(alias.of(workspace), Option.none)
    return {
      name,
      bound: root,
      ...(Option.isSome(known) ? { alias: known.value } : {})
    } satisfies Wanted
  }
  const known = gitRoot === undefined ? Option.none() : yield* alias.of(workspace)
  return (Option.isSome(known) ? { alias: known.value } : { start_path: start }) satisfies Wanted
})

/** The same for a command with an issue: outside of every workspace there is nothing that a daemon could find. */
export const wantedForIssue = (project: string | undefined, start: string) =>
  Effect.filterOrFail(wanted(project, start), isPlaced, () => new NoProject())

/** The project. A workspace learns of a project's new name here: that is how renames and merges reach clones. */
export const resolve = Effect.fn("project.resolve")(function*(client: Client, { bound, ...body }: Wanted) {
  const { project } = yield* Effect.flatMap(client.call("projectResolve", { body }), read(Binding))
  // Where it cannot be written the command works all the same, and the next one tries again.
  if (bound !== undefined && project.name !== body.name) yield* Effect.ignore(bind(bound, project.name))
  return project
})
