/** A command that the daemon runs for somebody else, without any socket: it asks the daemon's routes from within, or is left to them. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mkdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import type { Inside } from "../../src/api/CommandLine.ts"
import { answer } from "../../src/cli/forwarded.ts"
import * as Client from "../../src/client/Client.ts"
import { connectionInside } from "../../src/client/inProcess.ts"
import { inside } from "../server/replay/serve.ts"
import { environment, services } from "./kit.ts"
import { place } from "./replay/scenario.ts"

/** A daemon with one issue in the project of `ws`, how a command line is forwarded to it, and how often its routes are asked. */
const daemon = Effect.gen(function*() {
  const root = yield* place
  const { app, databasePath } = yield* inside({})
  const counted = { requests: 0 }
  const counting: Inside["app"] = Effect.zipRight(Effect.sync(() => counted.requests++), app)
  const { call } = Client.make(connectionInside({ databasePath, app }))
  const cwd = join(root, "ws")
  mkdirSync(join(cwd, ".git"))
  yield* call("projectInit", { body: { start_path: cwd } })
  yield* call("issueCreate", { path: { project_id: 1 }, body: { actor: "ann", title: "The only issue" } })
  const { dev, ino } = statSync(cwd)
  const forwarded = (
    argv: ReadonlyArray<string>,
    variables: Readonly<Record<string, string>> = {},
    terminal = false
  ) =>
    answer(environment, "build", {
      build: "build",
      argv,
      cwd,
      directory: `${dev}:${ino}`,
      terminal,
      columns: 0n,
      variables: { HOME: join(root, "user"), KATA_DB: databasePath, ...variables }
    }, { databasePath, app: counting })
  return { call, counted, forwarded, root }
})

layer(services, { excludeTestServices: true })("a forwarded command", (it) => {
  it.scoped("asks the daemon that runs it from within: once for the project, once for the answer", () =>
    Effect.gen(function*() {
      const { counted, forwarded } = yield* daemon
      const listed = Option.getOrThrow(yield* forwarded(["list", "--agent"]))
      assert.match(listed.stdout, /^OK list count=1\n- issue=\w+ status=open title="The only issue"\n$/)
      const [, issue = ""] = /issue=(\w+)/.exec(listed.stdout) ?? []
      counted.requests = 0
      const shown = Option.getOrThrow(yield* forwarded(["show", issue]))
      assert.deepStrictEqual(shown, { stdout: `${issue}  The only issue  [open]  by ann\n`, stderr: "" })
      assert.strictEqual(counted.requests, 2)
    }))

  it.scoped("found S6: shows what would steer the terminal of who asks, and agents in a pipe get it as it is", () =>
    Effect.gen(function*() {
      const { call, forwarded } = yield* daemon
      const body = "\u001b]0;title\u0007 \u009b31m \u202e"
      const answer = yield* call("issueCreate", {
        path: { project_id: 1 },
        body: { actor: "ann", title: "Hostile", body }
      })
      const { issue: { short_id: id } } = JSON.parse(answer.text)
      const shown = (terminal: boolean, mode: string) =>
        Effect.map(forwarded(["show", id, mode], {}, terminal), (printed) => Option.getOrThrow(printed).stdout)
      assert.include(yield* shown(false, "--agent"), `\n${body}\n`)
      assert.include(yield* shown(true, "--agent"), "\n\\x1b]0;title\\x07 \\x9b31m \\u202e\n")
      const json = yield* shown(false, "--json")
      assert.include(json, "\\u001b]0;title\\u0007 \\u009b31m \\u202e")
      assert.strictEqual(JSON.parse(json).issue.body, body)
    }))

  it.scoped("is left to the place where it was typed when it fails, or wants another daemon", () =>
    Effect.gen(function*() {
      const { counted, forwarded, root } = yield* daemon
      assert.isTrue(Option.isNone(yield* forwarded(["show", "zzzz"])))
      counted.requests = 0
      const others = [
        { KATA_DB: join(root, "other.db") },
        { KATA_SERVER: "http://127.0.0.1:9" },
        { KATA_SERVER: "ftp://x" }
      ]
      for (const variables of others) assert.isTrue(Option.isNone(yield* forwarded(["list"], variables)))
      assert.strictEqual(counted.requests, 0)
    }))

  it.scoped("changes no file: a new name of the project is written by the command that was typed", () =>
    Effect.gen(function*() {
      const { call, forwarded, root } = yield* daemon
      const path = join(root, "ws", ".kata.toml")
      const before = readFileSync(path, "utf8")
      yield* call("projectRename", { path: { project_id: 1 }, body: { name: "renamed" } })
      assert.isTrue(Option.isNone(yield* forwarded(["list"])))
      assert.strictEqual(readFileSync(path, "utf8"), before)
    }))
})
