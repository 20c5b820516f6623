/** Projects that go out of sight, come back, or become one: what is said before, and what is asked. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { inside } from "../server/replay/serve.ts"
import { execute } from "../server/sql.ts"
import { place, run } from "./replay/scenario.ts"

/** Two workspaces, `shop` and `old`, with an issue each; `typed` is what somebody types on a terminal. */
const workspaces = Effect.gen(function*() {
  const root = yield* place
  const daemon = yield* inside({})
  const kata = (argv: ReadonlyArray<string>, options: { readonly cwd?: string; readonly typed?: string } = {}) =>
    run({
      argv,
      cwd: join(root, options.cwd ?? "old"),
      daemon,
      variables: { KATA_AUTHOR: "ana" },
      ...(options.typed === undefined ? {} : { stdin: options.typed, stdinIsTerminal: true })
    })
  for (const name of ["shop", "old"]) {
    mkdirSync(join(root, name, ".git"), { recursive: true })
    yield* kata(["init"], { cwd: name })
    yield* kata(["create", `Of ${name}`], { cwd: name })
  }
  /** Everything that a change could change. */
  const state = Effect.gen(function*() {
    const [list, events] = [
      yield* kata(["projects", "list", "--archived", "--json"]),
      yield* kata(["events", "--all-projects", "--after", "0", "--limit", "1000", "--json"])
    ]
    return [list.stdout, events.stdout]
  })
  return { database: daemon.databasePath, kata, root, state }
})

describe("found L14", () => {
  it.scopedLive("a removed project is listed, brought back with its workspace, and was never gone", () =>
    Effect.gen(function*() {
      const { kata } = yield* workspaces
      const before = yield* kata(["list", "--json"])
      const removed = yield* kata(["projects", "remove", "old", "--force"])
      expect(removed).toEqual({
        exit: 0,
        stdout: "archived project #2 (old); events preserved, aliases dropped\n",
        stderr: "hint: kata projects restore old brings it back\n"
      })
      expect((yield* kata(["projects", "list"])).stdout).toBe("1  shop\n")
      expect((yield* kata(["projects", "list", "--all"])).stdout).toBe("1  shop  active\n2  old  archived\n")
      const again = yield* kata(["init"])
      expect([again.exit, again.stderr]).toEqual([
        5,
        "kata: project with this name was archived via `kata projects remove`\n" +
        "hint: kata projects restore old brings it back; or pick another name\n"
      ])
      const taken = yield* kata(["projects", "rename", "shop", "old"])
      expect(taken.stderr).toContain("hint: kata projects restore old brings it back")
      const restored = yield* kata(["projects", "restore", "old"])
      expect(restored).toEqual({ exit: 0, stdout: "restored project #2 (old) with 1 workspace\n", stderr: "" })
      expect((yield* kata(["list", "--json"])).stdout).toBe(before.stdout)
      expect((yield* kata(["projects", "restore", "2"])).stdout).toBe(
        "project #2 (old) is not archived; nothing changed\n"
      )
    }))

  it.scopedLive("a workspace that belongs to another project by now stays there", () =>
    Effect.gen(function*() {
      const { kata, root } = yield* workspaces
      yield* kata(["projects", "remove", "old", "--force"])
      yield* kata(["init", "--project", "new", "--replace"])
      const restored = yield* kata(["projects", "restore", "old"])
      expect([restored.exit, restored.stdout, restored.stderr]).toEqual([
        0,
        "restored project #2 (old) with 0 workspaces\n",
        `note: local://${join(root, "old")} belongs to another project by now, and stays there\n`
      ])
      expect((yield* kata(["list", "--json"])).stdout).toContain("\"issues\":[]")
    }))

  it.scopedLive("on a terminal a removal is asked for, and no changes nothing", () =>
    Effect.gen(function*() {
      const { kata, state } = yield* workspaces
      const before = yield* state
      const question = "hides 1 open issue of 1 and 1 workspace\nundo: kata projects restore old\nGo on? [y/N] "
      const no = yield* kata(["projects", "remove", "old", "--force"], { typed: "\n" })
      expect([no.exit, no.stdout, no.stderr]).toEqual([
        6,
        "",
        `${question}kata: not confirmed; nothing was changed\n`
      ])
      expect(yield* state).toEqual(before)
      const refused = yield* kata(["projects", "remove", "old"], { typed: "y" })
      expect([refused.exit, refused.stderr.includes("Go on?")]).toEqual([5, false])
      expect(yield* state).toEqual(before)
      expect((yield* kata(["projects", "remove", "old", "--force", "--yes"], { typed: "" })).exit).toBe(0)
      yield* kata(["projects", "restore", "old"])
      const yes = yield* kata(["projects", "remove", "old", "--force"], { typed: "y\n" })
      expect([yes.exit, yes.stderr.startsWith(question)]).toEqual([0, true])
    }))

  it.scopedLive("a merge tells its plan, wants its words, and then does what the plan said", () =>
    Effect.gen(function*() {
      const { kata, state } = yield* workspaces
      const before = yield* state
      const merge = ["projects", "merge", "old", "shop"]
      const planned = yield* kata([...merge, "--dry-run"])
      expect(planned.stdout).toMatch(
        /^would merge project #2 \(old\) into #1 \(shop\) and move 1 issue, 1 alias, 1 event\nnothing undoes it; before it: kata export --allow-running-daemon --output before-merge-[0-9a-z]{8}\.jsonl\n$/
      )
      const refusals = [
        yield* kata(merge),
        yield* kata([...merge, "--confirm", "MERGE shop"]),
        yield* kata(merge, { typed: "yes\n" })
      ]
      expect(refusals.map(({ exit, stdout }) => [exit, stdout])).toEqual([[6, ""], [6, ""], [6, ""]])
      expect(refusals[0]?.stderr).toBe("kata: no TTY: pass --confirm \"MERGE old\" to proceed noninteractively\n")
      expect(refusals[2]?.stderr).toBe(
        `${planned.stdout}Type "MERGE old" to confirm: kata: confirmation input did not match\n`
      )
      const json = (yield* kata([...merge, "--dry-run", "--json"])).stdout
      expect(yield* state).toEqual(before)
      expect((yield* kata([...merge, "--confirm", "MERGE old", "--json"])).stdout).toBe(json)
      expect((yield* kata(["list"])).stdout.trimEnd().split("\n")).toHaveLength(2)
    }))

  it.scopedLive("an older removal, which did not write down its workspaces, says so", () =>
    Effect.gen(function*() {
      const { database, kata } = yield* workspaces
      yield* kata(["projects", "remove", "old", "--force"])
      execute(database, "UPDATE events SET payload = json_remove(payload, '$.aliases') WHERE type = 'project.removed'")
      const restored = yield* kata(["projects", "restore", "old"])
      expect([restored.stdout, restored.stderr]).toEqual([
        "restored project #2 (old) with 0 workspaces\n",
        "hint: the names of 1 workspace were not recorded: run kata init in each of them\n"
      ])
      expect((yield* kata(["projects", "restore", "none"])).exit).toBe(4)
    }))
})

it.scopedLive("the project of newer Go kata's tokens is not listed; one that only has its name, or its uid, is", () =>
  Effect.gen(function*() {
    const { database, kata } = yield* workspaces
    const insert = (uid: string, name: string) =>
      Effect.sync(() => execute(database, `INSERT INTO projects(uid, name) VALUES ('${uid}', '${name}')`))
    const listed = () =>
      Effect.map(
        kata(["projects", "list", "--archived", "--quiet"]),
        ({ stdout }) => stdout.trim().split("\n").map((line) => line.split("  ")[1])
      )
    yield* insert("0".repeat(26), "other")
    yield* insert("01KT134R00G1QV3PXECCE77WXQ", ".kata-system")
    expect(yield* listed()).toEqual(["shop", "old", "other", ".kata-system"])
    yield* Effect.sync(() => execute(database, "DELETE FROM projects WHERE id > 2"))
    yield* insert("0".repeat(26), ".kata-system")
    expect(yield* listed()).toEqual(["shop", "old"])
  }))
