/** The directory that a command works for: its `.kata.toml`, which binds it to a project, and its git repository. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { posix } from "node:path"
import { parse } from "smol-toml"
import type { FailureKind } from "../Failure.ts"
import * as Atomic from "../files/Atomic.ts"
import { bindingFile, localFile } from "../files/names.ts"
import { readSettings, refuseLink } from "../files/settingsFile.ts"
import { wrongName } from "../ledger/projects/projectName.ts"

export interface Workspace {
  /** The directory that the search began in; it need not exist. */
  readonly start: string
  /** The nearest directory upwards with a `.kata.toml`, but not beyond the repository that `start` is in. */
  readonly root: string | undefined
  /** The nearest directory upwards with a `.git`. */
  readonly gitRoot: string | undefined
}

export { bindingFile, localFile }

/** `.kata.toml` says nothing that can be used. */
export class BindingUnreadable extends Schema.TaggedError<BindingUnreadable>()("BindingUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `read ${bindingFile}: ${this.reason}`
  }
  get hint() {
    return `mend ${this.path}, or choose the project with --project`
  }
}

const typeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Option.some(info.type)),
    // What cannot be looked at is not there, as for git.
    Effect.orElseSucceed(() => Option.none())
  )

/** The directory and those above it. */
export const upwards = (directory: string): ReadonlyArray<string> => {
  const all = [directory]
  for (let at = directory; at !== "/"; all.push(at)) at = posix.dirname(at)
  return all
}

/** What is said where `discover` finds nothing. */
export const outside = {
  message: "no .kata.toml ancestor and no git ancestor",
  hint: "run \"kata init\" inside a workspace"
}

/** `start` is absolute; a file stands for its directory. One look after the other: each costs less than to have two at once. */
export const discover = Effect.fn("workspace.discover")(function*(start: string) {
  const isFile = Option.contains(yield* typeOf(start), "File")
  const directory = isFile ? posix.dirname(start) : start
  let root: string | undefined
  let gitRoot: string | undefined
  for (const place of upwards(directory)) {
    if (root === undefined && Option.contains(yield* typeOf(`${place}/${bindingFile}`), "File")) root = place
    if (Option.isNone(yield* typeOf(`${place}/.git`))) continue
    gitRoot = place
    break
  }
  return { start: directory, root, gitRoot } satisfies Workspace
})

const isTable = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The table that a file holds. */
export const parseToml = (path: string, text: string): Effect.Effect<Readonly<Record<string, unknown>>, string> =>
  Effect.try({
    try: () => parse(text),
    // The lines behind the first one are a picture of the place.
    catch: (cause) => {
      const [first = ""] = (cause instanceof Error ? cause.message : String(cause)).split("\n")
      const line = typeof cause === "object" && cause !== null && "line" in cause ? `line ${String(cause.line)}: ` : ""
      return `parse ${path}: ${line}${first}`
    }
  })

/** Older files say the identity of a remote instead of the name. */
const nameIn = (project: Readonly<Record<string, unknown>>): unknown => {
  const { identity, name } = project
  if (name !== undefined || typeof identity !== "string") return name ?? ""
  return identity.slice(Math.max(identity.lastIndexOf("/"), identity.lastIndexOf(":")) + 1)
}

/** The name of the project that the directory with this `.kata.toml` belongs to. */
export const boundTo = Effect.fn("workspace.boundTo")(function*(root: string) {
  const path = posix.join(root, bindingFile)
  const unreadable = (reason: string) => new BindingUnreadable({ path, reason })
  const { text } = yield* Effect.mapError(readSettings(path, { follow: false }), ({ message }) => unreadable(message))
  const file = yield* Effect.mapError(parseToml(path, text), unreadable)
  if (file["version"] !== 1) {
    return yield* unreadable(`unsupported ${bindingFile} version ${String(file["version"] ?? 0)} (expected 1)`)
  }
  const name = nameIn(isTable(file["project"]) ? file["project"] : {})
  if (typeof name !== "string") return yield* unreadable("project.name: must be a string")
  const wrong = wrongName(name.trim())
  return wrong === undefined ? name.trim() : yield* unreadable(`project.name: ${wrong}`)
})

const inToml = (text: string) =>
  `"${
    text.replace(/[\\"]/g, "\\$&").replace(
      /[\u0000-\u001f\u007f]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`
    )
  }"`

/** Not through a link, which a repository may have brought: it would lead to any file of this user. */
const writeText = (path: string, text: string) =>
  Effect.zipRight(
    refuseLink(path),
    Atomic.write(path, Stream.make(new TextEncoder().encode(text)), { private: false })
  )

/** Binds the directory to the project of this name. The file is meant to be committed: it follows the umask. */
export const bind = (root: string, name: string) =>
  writeText(posix.join(root, bindingFile), `version = 1\n\n[project]\nname = ${inToml(name)}\n`)

/** Sees to it that git ignores the settings of this machine in that directory. */
export const ignoreLocal = Effect.fn("workspace.ignoreLocal")(function*(directory: string) {
  const path = posix.join(directory, ".gitignore")
  const { text: old } = yield* readSettings(path, { follow: false }).pipe(
    Effect.catchIf((error) => error._tag === "FileError" && error.code === "ENOENT", () => Effect.succeed({ text: "" }))
  )
  if (old.split("\n").some((line) => line.trim() === localFile)) return
  yield* writeText(path, `${old}${old === "" || old.endsWith("\n") ? "" : "\n"}${localFile}\n`)
})
