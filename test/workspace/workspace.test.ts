import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { bind, boundTo, discover, ignoreLocal } from "../../src/workspace/workspace.ts"
import { temporaryDirectory } from "../files/temp.ts"

const inDirectory = <A, E>(use: (root: string) => Effect.Effect<A, E, NodeContext.NodeContext>) =>
  Effect.flatMap(temporaryDirectory, use).pipe(Effect.scoped, Effect.provide(NodeContext.layer))

describe("a workspace", () => {
  it.live("is bounded by its repository: what lies above binds nothing in it", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        mkdirSync(join(root, "repository", ".git"), { recursive: true })
        mkdirSync(join(root, "repository", "a", "b"), { recursive: true })
        mkdirSync(join(root, "plain", "sub"), { recursive: true })
        writeFileSync(join(root, ".kata.toml"), "")
        const repository = join(root, "repository")
        const deep = join(repository, "a", "b")
        expect(yield* discover(deep)).toEqual({ start: deep, root: undefined, gitRoot: repository })
        expect(yield* discover(join(root, "plain", "sub"))).toMatchObject({ root, gitRoot: undefined })
        writeFileSync(join(repository, "a", ".kata.toml"), "")
        expect(yield* discover(deep)).toMatchObject({ root: join(repository, "a"), gitRoot: repository })
        // a file stands for its directory, and a directory of that name binds nothing
        writeFileSync(join(deep, "notes.md"), "")
        mkdirSync(join(deep, ".kata.toml"))
        expect(yield* discover(join(deep, "notes.md"))).toMatchObject({ start: deep, root: join(repository, "a") })
        expect(yield* discover(join(deep, "missing"))).toMatchObject({ root: join(repository, "a") })
      })
    ))

  it.live("a worktree has a file .git", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        writeFileSync(join(root, ".git"), "gitdir: elsewhere\n")
        expect(yield* discover(root)).toMatchObject({ gitRoot: root })
      })
    ))
})

describe(".kata.toml", () => {
  it.live("comes back as it was written, whatever the name", () =>
    inDirectory((root) =>
      Effect.gen(function*() {
        yield* bind(root, "kata")
        expect(readFileSync(join(root, ".kata.toml"), "utf8")).toBe("version = 1\n\n[project]\nname = \"kata\"\n")
        expect((statSync(join(root, ".kata.toml")).mode & 0o777) & 0o044).toBe(0o044 & ~process.umask())
        for (const name of ["a \"quoted\" \\ name", "プロジェクト 1", "x".repeat(300)]) {
          yield* bind(root, name)
          expect(yield* boundTo(root)).toBe(name)
        }
      })
    ))

  const read: ReadonlyArray<readonly [text: string, name: string]> = [
    ["version = 1\n[project]\nname = \" app \"\nextra = 2\n[server]\nurl = \"x\"\n", "app"],
    ["version = 1\n[project]\nidentity = \"github.com/acme/app\"\n", "app"],
    ["version = 1\n[project]\nidentity = \"local:///srv/app\"\n", "app"]
  ]
  it.live.each(read)("%j names %s", ([text, name]) =>
    inDirectory((root) =>
      Effect.gen(function*() {
        writeFileSync(join(root, ".kata.toml"), text)
        expect(yield* boundTo(root)).toBe(name)
      })
    ))

  const refused: ReadonlyArray<readonly [text: string, message: string]> = [
    ["version = 2\n", "read .kata.toml: unsupported .kata.toml version 2 (expected 1)"],
    ["", "read .kata.toml: unsupported .kata.toml version 0 (expected 1)"],
    ["version = 1\n", "read .kata.toml: project.name: name must be non-empty"],
    ["version = 1\n[project]\nname = 3\n", "read .kata.toml: project.name: must be a string"],
    [
      "version = 1\n[project]\nname = \"a\\u200bb\"\n",
      "read .kata.toml: project.name: name contains non-printable character U+200B"
    ]
  ]
  it.live.each(refused)("%j is refused: %s", ([text, message]) =>
    inDirectory((root) =>
      Effect.gen(function*() {
        writeFileSync(join(root, ".kata.toml"), text)
        expect(yield* Effect.flip(boundTo(root))).toMatchObject({ kind: "validation", message })
      })
    ))
})

it.live(".gitignore gets its line once, and a line break before it where one is missing", () =>
  inDirectory((root) =>
    Effect.gen(function*() {
      const path = join(root, ".gitignore")
      const text = () => readFileSync(path, "utf8")
      yield* ignoreLocal(root)
      expect(text()).toBe(".kata.local.toml\n")
      const before = statSync(path)
      yield* ignoreLocal(root)
      expect(statSync(path).ino).toBe(before.ino)
      writeFileSync(path, "node_modules")
      yield* ignoreLocal(root)
      expect(text()).toBe("node_modules\n.kata.local.toml\n")
      writeFileSync(path, "x\n  .kata.local.toml\t\ny\n")
      yield* ignoreLocal(root)
      expect(text()).toBe("x\n  .kata.local.toml\t\ny\n")
    })
  ))
