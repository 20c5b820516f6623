import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { execFileSync } from "node:child_process"
import { symlinkSync } from "node:fs"
import { normalise, of } from "../../src/workspace/alias.ts"
import { temporaryDirectory } from "../files/temp.ts"

// Run through the Go program.
const known: ReadonlyArray<readonly [url: string, identity: string]> = [
  ["git@git.example:team/app.git", "git.example/team/app"],
  ["https://user:tok@git.example/team/app.git", "git.example/team/app"],
  ["ssh://git@host:2222/a/b.git", "host/2222/a/b"],
  ["ssh://git@host/team/repo.git", "host/team/repo"],
  ["https://host:8443/a/b.git", "host:8443/a/b"],
  ["https://dev.azure.com/o/My%20Proj/_git/r", "dev.azure.com/o/My-Proj/_git/r"]
]

const also: ReadonlyArray<readonly [url: string, identity: string]> = [
  ["  https://github.com/Acme/App \n", "github.com/Acme/App"],
  ["https://host/a/b/?x=1#y", "host/a/b/"],
  ["https://host", "host"],
  ["https://host/a%2", "host/a%2"]
]

describe("a remote", () => {
  it.each([...known, ...also])("%s is known as %s", (url, identity) => {
    expect(normalise(url)).toEqual(Option.some(identity))
  })

  it.each(["/srv/git/x.git", "host:path/y.git", "", "https://"])("%j is no form that is known", (url) => {
    expect(normalise(url)).toEqual(Option.none())
  })
})

it.live("a repository is known by origin, else by its first remote, else by where it lies", () =>
  Effect.gen(function*() {
    const root = yield* temporaryDirectory
    const git = (...words: ReadonlyArray<string>) => execFileSync("git", ["-C", root, ...words])
    const alias = of({ start: root, root: undefined, gitRoot: root })
    git("init", "-q")
    expect(yield* alias).toEqual(Option.some({ identity: `local://${root}`, kind: "local", root_path: root }))
    git("remote", "add", "zoo", "https://host/zoo.git")
    git("remote", "add", "ape", "https://host/ape.git")
    expect(yield* alias).toEqual(Option.some({ identity: "host/ape", kind: "git", root_path: root }))
    git("remote", "add", "origin", "https://host/app.git")
    expect(yield* alias).toEqual(Option.some({ identity: "host/app", kind: "git", root_path: root }))
    git("remote", "set-url", "origin", "/srv/app.git")
    expect(yield* Effect.flip(alias)).toMatchObject({
      kind: "validation",
      message: "parse remote url \"/srv/app.git\": not a recognized form"
    })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

it.live("a repository is asked for itself, also where a hook of git has named another one", () =>
  Effect.gen(function*() {
    const [one, other] = [yield* temporaryDirectory, yield* temporaryDirectory]
    for (const [root, name] of [[one, "one"], [other, "other"]] as const) {
      execFileSync("git", ["-C", root, "init", "-q"])
      execFileSync("git", ["-C", root, "remote", "add", "origin", `https://host/${name}.git`])
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => Object.assign(process.env, { GIT_DIR: `${other}/.git`, GIT_WORK_TREE: other })),
      () =>
        Effect.sync(() => {
          delete process.env["GIT_DIR"]
          delete process.env["GIT_WORK_TREE"]
        })
    )
    expect(yield* of({ start: one, root: undefined, gitRoot: one }))
      .toEqual(Option.some({ identity: "host/one", kind: "git", root_path: one }))
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))

it.live("a repository where there is no git is not taken for one without remotes", () =>
  Effect.gen(function*() {
    const root = yield* temporaryDirectory
    execFileSync("git", ["-C", root, "init", "-q"])
    const env = execFileSync("sh", ["-c", "command -v env"], { encoding: "utf8" }).trim()
    symlinkSync(env, `${root}/env`)
    const path = process.env["PATH"]
    yield* Effect.acquireRelease(
      Effect.sync(() => void (process.env["PATH"] = root)),
      () => Effect.sync(() => void (process.env["PATH"] = path))
    )
    expect(yield* Effect.flip(of({ start: root, root: undefined, gitRoot: root }))).toMatchObject({
      _tag: "AliasUnknown",
      message: "ask git for the remote: git cannot be run"
    })
  }).pipe(Effect.scoped, Effect.provide(NodeContext.layer)))
