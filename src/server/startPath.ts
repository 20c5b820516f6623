/** Projects by a directory on the daemon's machine: it walks for a client that has only a path. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { posix } from "node:path"
import * as Bindings from "../ledger/projects/bindings.ts"
import { refuse } from "../ledger/Refused.ts"
import * as alias from "../workspace/alias.ts"
import { bind, boundTo, discover, outside } from "../workspace/workspace.ts"

const invalid = (error: { readonly message: string }) => refuse("validation", error.message)

/** The workspace, the name in its `.kata.toml`, and what it is known by. */
const look = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (!posix.isAbsolute(path)) return yield* refuse("validation", `start_path must be absolute, got ${path}`)
  const there = yield* Effect.orElseSucceed(fs.exists(path), () => false)
  if (!there) return yield* refuse("validation", `stat ${path}: no such file or directory`)
  const workspace = yield* discover(path)
  const { root } = workspace
  return {
    workspace,
    bound: root === undefined ? undefined : yield* Effect.mapError(boundTo(root), invalid),
    known: yield* Effect.mapError(alias.of(workspace), invalid)
  }
})

/** The name of a project when none is given: that of its repository. */
const nameOf = ({ identity, kind, root_path }: alias.Alias): string =>
  kind === "local"
    ? posix.basename(root_path)
    : identity.slice(Math.max(identity.lastIndexOf("/"), identity.lastIndexOf(":")) + 1)

/** Makes the project of the workspace if there is none, and writes the `.kata.toml` that says so. */
export const init = Effect.fn("startPath.init")(function*(path: string, wanted: {
  readonly name?: string | undefined
  readonly replace: boolean
  readonly reassign: boolean
}) {
  const { bound, known, workspace } = yield* look(path)
  const named = wanted.name?.trim() || undefined
  if (named !== undefined && bound !== undefined && named !== bound && !wanted.replace) {
    return yield* refuse("project_binding_conflict", ".kata.toml declares a different project name", {
      hint: "pass replace=true to overwrite"
    })
  }
  const derived = bound ?? Option.getOrUndefined(Option.map(known, nameOf))
  const name = named ?? derived
  if (name === undefined) {
    return yield* refuse("validation", "cannot derive project name outside a workspace", {
      hint: "pass name or run inside a workspace"
    })
  }
  const binding = yield* Bindings.init({
    name,
    derived: named === undefined,
    alias: Option.getOrElse(known, () => alias.local(workspace.start)),
    reassign: wanted.reassign
  })
  const workspace_root = workspace.root ?? workspace.gitRoot ?? workspace.start
  if (bound !== binding.project.name) yield* Effect.mapError(bind(workspace_root, binding.project.name), invalid)
  return { ...binding, workspace_root }
})

/** Finds the project of the workspace. */
export const resolve = Effect.fn("startPath.resolve")(function*(path: string) {
  const { bound, known, workspace } = yield* look(path)
  if (Option.isNone(known)) {
    return yield* refuse("project_not_initialized", outside.message, { hint: outside.hint })
  }
  const binding = yield* Bindings.resolve({ name: bound, alias: known.value })
  const { root } = workspace
  if (root !== undefined && bound !== binding.project.name) {
    // The answer is right all the same; a process that may write there mends it later.
    yield* Effect.ignore(bind(root, binding.project.name))
  }
  return { ...binding, workspace_root: root ?? known.value.root_path }
})
