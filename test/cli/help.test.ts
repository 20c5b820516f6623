import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Argv from "../../src/cli/Argv.ts"
import { accepts, isBoolean } from "../../src/cli/flags.ts"
import { globals } from "../../src/cli/Globals.ts"
import * as Main from "../../src/cli/Main.ts"
import { registry } from "../../src/cli/registry.ts"
import type { Group, Leaf, Node } from "../../src/cli/Tree.ts"
import { isGroup } from "../../src/cli/Tree.ts"
import { captured } from "../../src/testing/stdio.ts"
import { environment, kata, services } from "./kit.ts"

const helps: ReadonlyArray<ReadonlyArray<string>> = [[], ["help"], ["--help"], ["-h"], ["--json", "help"]]

describe("help", () => {
  it.effect.each(helps)("of the root: %j", (argv) =>
    Effect.gen(function*() {
      const { exit, stderr, stdout } = yield* kata(argv)
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" })
      expect(stdout).toContain("Usage:\n  kata <command> [flags]\n")
      expect(stdout).toContain("About kata:\n  version     Print the version of kata\n")
      expect(stdout).toContain("\nGlobal flags:\n")
    }))

  it.effect("of a command", () =>
    Effect.gen(function*() {
      const { stdout } = yield* kata(["list", "-h"])
      expect(stdout).toContain("Usage:\n  kata list [flags]\n")
      expect(stdout).toContain("  -n, --limit <N>")
      expect(stdout).toContain("--include-deleted[=false]")
      expect(yield* kata(["help", "ls"])).toEqual({ exit: 0, stderr: "", stdout })
      expect(yield* kata(["list", "--help", "--json"])).toEqual({ exit: 0, stderr: "", stdout })
      expect((yield* kata(["export", "-h"])).stdout).toContain("  kata export --output <text> [flags]\n")
      expect((yield* kata(["search", "-h"])).stdout).toContain("  kata search [flags] <word>...\n")
    }))

  it.effect("of a group, asked for or not", () =>
    Effect.gen(function*() {
      const alone = yield* kata(["label"])
      expect(alone.exit).toBe(0)
      expect(alone.stdout).toContain("Usage:\n  kata label <command> [flags]\n")
      expect(yield* kata(["help", "label"])).toEqual(alone)
      expect((yield* kata(["help", "label", "add"])).stdout).toContain("  kata label add <ref> <label>\n")
    }))

  it.effect("of nothing that exists is told on stderr", () =>
    Effect.map(kata(["help", "nosuch"]), (result) =>
      expect(result).toEqual({
        exit: 0,
        stdout: "",
        stderr: "Unknown help topic [`nosuch`]\nRun \"kata help\" for the commands.\n"
      })))
})

const leaves = (nodes: ReadonlyArray<Node<unknown>>, path: ReadonlyArray<string> = []): ReadonlyArray<
  readonly [path: ReadonlyArray<string>, leaf: Leaf<unknown>]
> =>
  nodes.flatMap((node) =>
    isGroup(node) ? leaves(node.children, [...path, node.name]) : [[[...path, node.name], node] as const]
  )

describe("every command of kata", () => {
  const root: Group<unknown> = { name: "kata", summary: "", children: registry }

  it.effect.each(leaves(registry))("%j", ([path, leaf]) =>
    Effect.gen(function*() {
      const streams = captured()
      yield* Effect.provide(Main.run([...path, "--help"], registry, environment), [streams.layer, services])
      const text = streams.stdout.text()
      expect(text).not.toMatch(/\u001b|\t/)
      expect(text).not.toMatch(/This setting|user-defined/)
      expect(text.split("\n").filter((line) => line.length > 80)).toEqual([])

      const { flags } = accepts((yield* Effect.promise(() => leaf.load())).descriptor)
      for (const flag of flags.values()) {
        expect(`${flag.name} ${flag.description}`).not.toBe(`${flag.name} `)
        // Before its command is known, the value of a flag is found with the global flag of that name.
        const global = globals.get(flag.name)
        if (global !== undefined) expect(isBoolean(flag)).toBe(isBoolean(global))
      }

      // Nobody forgot that texts travel between marks, and the command's name is its word.
      const given = [...new Set(flags.values())].filter((flag) => flag.kind === "text").map((flag) => `${flag.name}=x`)
      for (const args of [[], ["a"], ["a", "b"]]) {
        const { request } = yield* Argv.read(root, [...path, ...given, "--", ...args])
        if (request._tag === "Run") expect(JSON.stringify(request.flags)).not.toContain("\\u0002")
      }
    }))

  it("has a name of its own", () => {
    const names = (nodes: ReadonlyArray<Node<unknown>>): void => {
      const words = nodes.flatMap((node) => [node.name, ...node.aliases ?? []])
      expect(new Set(words).size).toBe(words.length)
      for (const node of nodes) if (isGroup(node)) names(node.children)
    }
    names(registry)
  })

  it.effect("stands in the help of kata, in 80 columns", () =>
    Effect.gen(function*() {
      const streams = captured()
      yield* Effect.provide(Main.run([], registry, environment), [streams.layer, services])
      for (const node of registry) expect(streams.stdout.text()).toContain(`\n  ${node.name} `)
      expect(streams.stdout.text().split("\n").filter((line) => line.length > 80)).toEqual([])
    }))
})
