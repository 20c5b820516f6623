/** A command that the daemon runs for somebody else, without any socket: it asks the daemon's routes from within, or is left to them. */
import { assert, describe, it } from "@effect/vitest"
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
const withDaemon = (
  use: (
    forwarded: (
      argv: ReadonlyArray<string>,
      variables?: Readonly<Record<string, string>>
    ) => Promise<Option.Option<{ readonly stdout: string; readonly stderr: string }>>,
    counted: { requests: number },
    root: string,
    call: Client.Client["call"]
  ) => Promise<void>
) =>
  place((root) =>
    inside({}, async (daemon) => {
      const counted = { requests: 0 }
      const app: Inside["app"] = Effect.zipRight(Effect.sync(() => counted.requests++), daemon.app)
      const { call } = Client.make(connectionInside(daemon))
      const cwd = join(root, "ws")
      mkdirSync(join(cwd, ".git"))
      await Effect.runPromise(Effect.gen(function*() {
        yield* call("projectInit", { body: { start_path: cwd } })
        yield* call("issueCreate", { path: { project_id: 1 }, body: { actor: "ann", title: "The only issue" } })
      }))
      const { dev, ino } = statSync(cwd)
      const forwarded = (argv: ReadonlyArray<string>, variables: Readonly<Record<string, string>> = {}) =>
        answer(environment, "build", {
          build: "build",
          argv,
          cwd,
          directory: `${dev}:${ino}`,
          variables: { HOME: join(root, "user"), KATA_DB: daemon.databasePath, ...variables }
        }, { databasePath: daemon.databasePath, app }).pipe(Effect.provide(services), Effect.runPromise)
      await use(forwarded, counted, root, call)
    })
  )

describe("a forwarded command", () => {
  it("asks the daemon that runs it from within: once for the project, once for the answer", () =>
    withDaemon(async (forwarded, counted) => {
      const listed = Option.getOrThrow(await forwarded(["list", "--agent"]))
      assert.match(listed.stdout, /^OK list count=1\n- issue=\w+ status=open title="The only issue"\n$/)
      const [, issue = ""] = /issue=(\w+)/.exec(listed.stdout) ?? []
      counted.requests = 0
      const shown = Option.getOrThrow(await forwarded(["show", issue]))
      assert.deepStrictEqual(shown, { stdout: `${issue}  The only issue  [open]  by ann\n`, stderr: "" })
      assert.strictEqual(counted.requests, 2)
    }))

  it("is left to the place where it was typed when it fails, or wants another daemon", () =>
    withDaemon(async (forwarded, counted, root) => {
      assert.isTrue(Option.isNone(await forwarded(["show", "zzzz"])))
      counted.requests = 0
      for (
        const variables of [
          { KATA_DB: join(root, "other.db") },
          { KATA_SERVER: "http://127.0.0.1:9" },
          { KATA_SERVER: "ftp://x" }
        ]
      ) assert.isTrue(Option.isNone(await forwarded(["list"], variables)))
      assert.strictEqual(counted.requests, 0)
    }))

  it("changes no file: a new name of the project is written by the command that was typed", () =>
    withDaemon(async (forwarded, _, root, call) => {
      const path = join(root, "ws", ".kata.toml")
      const before = readFileSync(path, "utf8")
      await Effect.runPromise(call("projectRename", { path: { project_id: 1 }, body: { name: "renamed" } }))
      assert.isTrue(Option.isNone(await forwarded(["list"])))
      assert.strictEqual(readFileSync(path, "utf8"), before)
    }))
})
