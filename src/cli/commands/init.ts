import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { posix } from "node:path"
import { Initialised } from "../../api/answers.ts"
import { read } from "../../client/Client.ts"
import { isNamed } from "../../client/project.ts"
import type { FailureKind } from "../../Failure.ts"
import { fromPlatform } from "../../files/FileError.ts"
import * as alias from "../../workspace/alias.ts"
import { bind, boundTo, discover, ignoreLocal, type Workspace } from "../../workspace/workspace.ts"
import { answerWith } from "../answer.ts"
import { toggle } from "../Argv.ts"
import { command, firstClient, startPath } from "../daemon.ts"
import { Globals } from "../Globals.ts"
import { refused } from "../refs.ts"
import { quote } from "../terminal.ts"

/** The workspace belongs to another project. */
export class BindingConflict extends Schema.TaggedError<BindingConflict>()("BindingConflict", {
  bound: Schema.String,
  wanted: Schema.String
}) {
  readonly kind = "conflict" satisfies FailureKind
  readonly code = "project_binding_conflict"
  override get message() {
    return ".kata.toml declares a different project name"
  }
  get hint() {
    return `it says ${JSON.stringify(this.bound)}; --replace makes it ${JSON.stringify(this.wanted)}`
  }
}

type Initialised = typeof Initialised.Type

/** What only the command knows. */
interface Place {
  readonly workspace: string
  readonly warnings: ReadonlyArray<string>
}

const human = ([{ created, project }]: readonly [Initialised, Place]) => [
  `${created ? "created and bound" : "bound"} project ${project.name}`
]

const format = answerWith<Initialised, typeof Initialised.Encoded, Place>(Initialised, {
  human,
  quiet: human,
  aside: ([, { warnings }]) => warnings,
  agent: ([{ created, project }, { workspace }]) => [
    `OK init project=${quote(project.name)} workspace=${quote(workspace)} changed=${created}`
  ]
})

/** What the workspace is known by; a directory outside of every workspace becomes one by being given a name. */
const aliasFor = (workspace: Workspace, named: boolean) =>
  Effect.map(
    alias.of(workspace),
    (known) => Option.orElse(known, () => named ? Option.some(alias.local(workspace.start)) : Option.none())
  )

const nameFor = ({ identity, kind, root_path }: alias.Alias) => {
  const name = kind === "local"
    ? posix.basename(root_path)
    : identity.slice(Math.max(identity.lastIndexOf("/"), identity.lastIndexOf(":")) + 1)
  return name === "" ? refused("name must be non-empty", "name the project with --project") : Effect.succeed(name)
}

/** What the daemon is asked to make of this directory. */
const asked = (workspace: Workspace, bound: string | undefined, flags: { replace: boolean; reassign: boolean }) =>
  Effect.gen(function*() {
    const { project: wanted } = yield* Globals
    if (bound !== undefined && isNamed(wanted) && wanted !== bound && !flags.replace) {
      return yield* new BindingConflict({ bound, wanted })
    }
    const chosen = isNamed(wanted) ? wanted : bound
    const known = yield* aliasFor(workspace, chosen !== undefined)
    // The daemon says why this cannot be.
    if (Option.isNone(known)) return { start_path: workspace.start }
    return {
      name: chosen ?? (yield* nameFor(known.value)),
      alias: known.value,
      replace: flags.replace || undefined,
      reassign: flags.reassign || undefined
    }
  })

export const init = command(
  "init",
  {
    replace: toggle("replace", false).pipe(
      Options.withDescription("bind the workspace to another project than it says")
    ),
    reassign: toggle("reassign", false).pipe(
      Options.withDescription("take the repository away from the project that has it")
    )
  },
  format,
  (flags) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const start = yield* startPath
      yield* Effect.mapError(fs.stat(start), fromPlatform("stat", start))
      const workspace = yield* discover(start)
      const bound = workspace.root === undefined ? undefined : yield* boundTo(workspace.root)
      const body = yield* asked(workspace, bound, flags)
      const { call } = yield* firstClient
      const answer = yield* call("projectInit", { body })
      const { project } = yield* read(Initialised)(answer)
      const directory = workspace.root ?? workspace.gitRoot ?? workspace.start
      if (project.name !== bound) yield* bind(directory, project.name)
      const warnings = yield* Effect.match(ignoreLocal(directory), {
        onFailure: (error) => [`kata: warning: could not update .gitignore: ${error.message}`],
        onSuccess: () => []
      })
      return [answer, { workspace: directory, warnings }] as const
    }),
  {
    description:
      "Bind this workspace to a project, which is made when there is none: by the name in .kata.toml, by --project, or by the name of the repository. " +
      "Writes .kata.toml, to be committed, and a line into .gitignore. Running it again changes nothing. The first one makes the database.",
    examples: [
      ["kata init", "in a clone"],
      ["kata init --project notes", "in any directory"],
      ["kata init --project monorepo --replace --reassign", "this clone belongs to another project now"]
    ]
  }
)
