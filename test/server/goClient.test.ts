/** What Go kata's command line and terminal UI send, as a proxy has seen it: each of it gets an answer that they can read. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { afterAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { newMeta } from "../../src/database/schema.ts"
import { version10 } from "../../src/records/kinds.ts"
import { build } from "../../src/testing/database.ts"
import { serving } from "./replay/serve.ts"

interface Request {
  readonly method: string
  readonly path: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

interface Command {
  readonly name?: string
  readonly scenario?: string
  readonly argv: ReadonlyArray<string>
  readonly exit: number
  readonly requests: ReadonlyArray<Request>
}

const recorded = JSON.parse(
  readFileSync(new URL("../fixtures/http/go-client-requests.json", import.meta.url), "utf8")
) as {
  readonly commands: ReadonlyArray<Command>
  readonly tui: ReadonlyArray<{ readonly step: string; readonly requests: ReadonlyArray<Request> }>
}

/** Which scenario a command belongs to, where the file does not say it: that of the one before. */
const scenarios = recorded.commands.reduce((all, command) => {
  const scenario = command.scenario ?? [...all.keys()].at(-1) ?? ""
  return all.set(scenario, [...all.get(scenario) ?? [], command])
}, new Map<string, Array<Command>>())
scenarios.set("terminal UI", recorded.tui.map(({ requests, step }) => ({ argv: [step], exit: 0, requests })))

const directory = mkdtempSync(join(tmpdir(), "kata-test-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** The issues that requests name in their paths, by their short ids, but for those that there were none of. */
const issuesOf = (commands: ReadonlyArray<Command>) => {
  const named = JSON.stringify(commands.map(({ requests }) => requests)).match(
    /(?<=projects\/(\d)\/issues\/)[^"/]+|(?<="(?:to_ref|set_parent|\w+_uid)":")\w+|(?<=_(?:blocks|blocked_by|related)":\[")[^\]]+/g
  ) ?? []
  const refs = new Set(named.flatMap((text) => text.split(/\W+/)))
  return [...refs].map((ref) => ref.length === 26 ? ref.toUpperCase() : ref)
    .filter((ref) => ref !== "zzzz" && /^(?:[0-9a-hjkmnp-tv-z]{4}|[0-9A-Z]{26})$/.test(ref))
}

const project = (id: number, name: string) => ({ id, uid: `01M82W${"0".repeat(19)}${id}`, name })
const alias = (id: number, name: string) => ({
  id,
  project_id: id,
  alias_identity: `github.com/acme/${name}`,
  alias_kind: "git",
  root_path: `/tmp/${name}`
})

/** A database that has what the requests name. */
const world = (name: string, commands: ReadonlyArray<Command>) => {
  const path = join(directory, `${name}.db`)
  const uids = new Map(
    issuesOf(commands).map((ref, i) => {
      const uid = ref.length === 26 ? ref : `01M82X${String(i).padStart(16, "0")}${ref.toUpperCase()}`
      return [uid.slice(-4).toLowerCase(), uid]
    })
  )
  return Effect.as(
    build(path, {
      meta: newMeta(version10).map((row) => ({ ...row })),
      projects: name === "02-init" ? [] : [project(1, "app"), project(2, "lib"), project(3, "ws3")],
      project_aliases: name === "02-init" ? [] : [alias(1, "app"), alias(2, "lib")],
      issues: [...uids].map(([short_id, uid], i) => ({
        id: i + 1,
        uid,
        project_id: 1,
        short_id,
        title: `seed ${short_id} ${uid}`,
        author: "alice"
      }))
    }),
    path
  )
}

/** Commands that are answered otherwise, since one before them was not recorded. */
const otherwise: Readonly<Record<string, number>> = { "edit remove": 409 }

describe.each([...scenarios])("%s", (name, commands) => {
  it.live("is understood", () =>
    Effect.gen(function*() {
      const database = yield* world(name, commands)
      const odd = yield* serving({ database, throttle: { enabled: true, window: 300_000 } }, async (send) => {
        const odd: Array<string> = []
        let pinged = false
        for (const command of commands) {
          for (const { body, headers, method, path, query } of command.requests) {
            // The stream has its own tests; one ping is as good as five hundred.
            if (path.endsWith("/events/stream") || (pinged && path.endsWith("/ping"))) continue
            pinged ||= path.endsWith("/ping")
            const target = query === undefined ? path : `${path}?${query}`
            const reply = await send({
              method,
              path: target,
              headers: { host: "kata.invalid", "user-agent": "Go-http-client/1.1", ...headers },
              body: body === undefined ? undefined : JSON.stringify(body)
            })
            const words = `${command.name ?? command.argv.join(" ")}: ${method} ${target} ${JSON.stringify(body)} -> ${
              String(reply.status)
            } ${reply.text}`
            const wanted = otherwise[command.name ?? ""]
            if (reply.headers["content-type"] !== "application/json") odd.push(words)
            else if (command.exit === 0 ? ![200, wanted].includes(reply.status) : reply.status >= 500) odd.push(words)
            else if (typeof JSON.parse(reply.text) !== "object") odd.push(words)
          }
        }
        return odd
      })
      expect(odd.join("")).toBe("")
    }).pipe(Effect.provide(NodeContext.layer)))
})
