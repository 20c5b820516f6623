/** What a workspace is known by wherever it lies: the remote of its repository, or else where it lies. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { said } from "./git.ts"
import type { Workspace } from "./workspace.ts"

export interface Alias {
  readonly identity: string
  readonly kind: "git" | "local"
  readonly root_path: string
}

/** The repository does not say what it is known by. */
export class AliasUnknown extends Schema.TaggedError<AliasUnknown>()("AliasUnknown", {
  root: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return `look at the remotes: git -C ${this.root} remote -v`
  }
}

const decoded = (text: string) => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The remote URL without what differs between the clones of one repository; none for a form that is not known. */
export const normalise = (url: string): Option.Option<string> => {
  const trimmed = url.trim()
  const clean = (identity: string) => Option.some(decoded(identity.replace(/\.git$/, "")).replaceAll(" ", "-"))
  // Matched first, so that a port behind a user becomes part of the path: that is how the identities in databases are spelled.
  const [, host, behind] = /^[^@]+@([^:]+):(.+)$/s.exec(trimmed) ?? []
  if (host !== undefined) return clean(`${host}/${behind}`)
  const full = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#]*@)?([^/?#@]+)([^?#]*)/.exec(trimmed)
  if (full === null) return Option.none()
  const path = decoded((full[2] ?? "").replace(/^\//, ""))
  return clean(path === "" ? full[1]! : `${full[1]}/${path}`)
}

/** What git printed of the repository at `root`; none when it failed. */
const git = (root: string, reason: string, ...words: ReadonlyArray<string>) =>
  Effect.mapError(said(root, ...words), (error) => new AliasUnknown({ root, reason: `${reason}: ${error.reason}` }))

const remoteUrl = Effect.fnUntraced(function*(root: string) {
  const url = (name: string) => git(root, "ask git for the remote", "remote", "get-url", "--", name)
  const origin = yield* url("origin")
  if (Option.isSome(origin)) return origin
  const names = yield* git(root, "ask git for the remotes", "remote")
  const first = Option.getOrElse(names, () => "").split("\n")[0] ?? ""
  return first === "" ? Option.none() : yield* url(first)
})

/** The alias of a repository. */
const ofGit = Effect.fn("alias.ofGit")(function*(root: string) {
  const url = yield* remoteUrl(root)
  if (Option.isNone(url)) return local(root)
  const identity = normalise(url.value)
  return Option.isSome(identity)
    ? { identity: identity.value, kind: "git", root_path: root } satisfies Alias
    : yield* new AliasUnknown({ root, reason: `parse remote url ${JSON.stringify(url.value)}: not a recognized form` })
})

/** The alias of a directory that no remote is known of. */
export const local = (root: string): Alias => ({ identity: `local://${root}`, kind: "local", root_path: root })

/** None outside of every workspace. */
export const of = ({ gitRoot, root }: Workspace) =>
  gitRoot !== undefined
    ? Effect.asSome(ofGit(gitRoot))
    : Effect.succeed(root === undefined ? Option.none() : Option.some(local(root)))

/** What `git config user.name` says there, if anything. */
export const userName = (directory: string) =>
  Effect.map(
    // Without git there is no name: the next source is asked.
    Effect.orElseSucceed(git(directory, "ask git for the user", "config", "user.name"), () => Option.none<string>()),
    Option.filter((name) => name !== "")
  )
