/** Which project a command works for (spec of the configuration, section 12). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Int64 } from "../ledger/model.ts"
import * as alias from "../workspace/alias.ts"
import { bind, boundTo, discover } from "../workspace/workspace.ts"
import { type Client, read } from "./Client.ts"

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
  Effect.filterOrFail(wanted(project, start), (wanted) => wanted.start_path === undefined, () => new NoProject())

/** As much as a command needs of it. */
const Resolved = Schema.Struct({ project: Schema.Struct({ id: Int64, name: Schema.String }) })

/** The project. A workspace learns of a project's new name here: that is how renames and merges reach clones. */
export const resolve = Effect.fn("project.resolve")(function*(client: Client, { bound, ...body }: Wanted) {
  const { project } = yield* Effect.flatMap(client.call("projectResolve", { body }), read(Resolved))
  // Where it cannot be written the command works all the same, and the next one tries again.
  if (bound !== undefined && project.name !== body.name) yield* Effect.ignore(bind(bound, project.name))
  return project
})
