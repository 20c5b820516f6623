/** Imports of lines through the API: what is answered is the same whoever does the work, and one that fails or is given up leaves nothing. */
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { statSync } from "node:fs"
import { request } from "node:http"
import { WorkerFailed } from "../../src/server/WorkerFailed.ts"
import { type Body, client } from "./client.ts"
import type { Send } from "./replay/scenario.ts"
import { type Address, served, type ServeOptions, serving } from "./replay/serve.ts"
import { watch } from "./replay/sse.ts"
import { rows } from "./sql.ts"
import { eventually, leftovers } from "./waiting.ts"
import { here, saying } from "./worker.ts"

const head = {
  kind: "head",
  actor: "ann",
  source: "beads",
  key: "beads",
  on_conflict: "kata",
  prune: false,
  force: false,
  dry_run: false
}

const row = (id: string, more: object = {}) => ({
  kind: "issue",
  external_id: id,
  title: `Title ${id}`,
  body: "",
  author: "bob",
  status: "open",
  created_at: "2026-05-01T10:00:00Z",
  updated_at: "2026-05-02T10:00:00Z",
  labels: ["x"],
  comments: [],
  links: [],
  state: { v: 1, hash: `of ${id}`, title_hash: "t", body_hash: "b", imported: { status: "open" } },
  ...more
})

const linesOf = (...all: ReadonlyArray<object>) => all.map((one) => `${JSON.stringify(one)}\n`).join("")

const importOf = (...issues: ReadonlyArray<object>) => linesOf(head, ...issues, { kind: "end", issues: issues.length })

const posting = (send: Send) => async (body: string, project = 1) => {
  const bytes = Buffer.from(body)
  const { status, text } = await send({
    method: "POST",
    path: `/api/v1/projects/${project}/imports/rows`,
    headers: { "content-type": "application/jsonl" },
    body: bytes
  })
  const answer: Body = JSON.parse(text)
  return { status, answer }
}

const importing = (
  options: ServeOptions,
  use: (kit: {
    readonly post: ReturnType<typeof posting>
    readonly send: Send
    readonly address: Address
    readonly database: string
    readonly directory: string
  }) => Promise<void>
) =>
  serving(options, async (send, served) => {
    await client(send).project()
    await use({ post: posting(send), send, ...served })
  })

/** Bodies, and the number of the project that they are sent to. */
const bodies: Readonly<Record<string, readonly [body: string, project?: number]>> = {
  "an import": [importOf(row("a", { links: [{ type: "blocks", target_external_id: "b" }] }), row("b"))],
  "the same again": [importOf(row("a", { links: [{ type: "blocks", target_external_id: "b" }] }), row("b"))],
  "no body": [""],
  "no head": [importOf(row("a")).split("\n").slice(1).join("\n")],
  "a head of another form": [linesOf({ ...head, on_conflict: "me" }, { kind: "end", issues: 0 })],
  "a blank source": [linesOf({ ...head, source: " " }, { kind: "end", issues: 0 })],
  "no actor": [linesOf({ ...head, actor: "" }, { kind: "end", issues: 0 })],
  "a line that is no JSON": [`${linesOf(head)}{"kind":\n`],
  "an issue without a title": [importOf(row("c", { title: " " }))],
  "an issue twice": [importOf(row("c"), row("c"))],
  "a body that was cut off": [linesOf(head, row("c"))],
  "an end that counts otherwise": [linesOf(head, row("c"), { kind: "end", issues: 2 })],
  "lines behind the end": [linesOf(head, { kind: "end", issues: 0 }, row("c"))],
  "a link to nothing": [importOf(row("c", { links: [{ type: "blocks", target_external_id: "nothing" }] }))],
  "no such project": [importOf(row("c")), 7],
  "a conflict that is to fail": [
    linesOf(
      { ...head, on_conflict: "fail" },
      row("a", {
        title: "Theirs",
        state: { v: 1, hash: "2", title_hash: "t", body_hash: "b", imported: { status: "open" } }
      }),
      row("b"),
      { kind: "end", issues: 2 }
    )
  ]
}

describe("an import of lines", () => {
  it.live("is answered the same by a process beside the daemon and by one that starts none", () =>
    Effect.gen(function*() {
      const [beside, within]: [Array<unknown>, Array<unknown>] = [[], []]
      for (const [answers, options] of [[beside, { worker: here }], [within, {}]] as const) {
        yield* importing(options, async ({ database, directory, post }) => {
          for (const [what, [body, project]] of Object.entries(bodies)) {
            const events = () => (rows(database, "SELECT CAST(count(*) AS TEXT) AS n FROM events")[0] as Body).n
            const before = events()
            const { answer: { entry, ...answer }, status } = await post(body, project)
            const isDone = status === 200 && answer.created > 0
            expect(events() !== before, what).toBe(isDone)
            // only what is done beside the daemon can be taken back
            expect(entry !== undefined, what).toBe(isDone && answers === beside)
            answers.push([what, status, JSON.parse(JSON.stringify(answer).replace(/\((?:\w{4})\)/g, "(id)"))])
          }
          await eventually(() => leftovers(directory).length === 0)
        })
      }
      expect(beside).toEqual(within)
      expect(beside).toEqual(Object.keys(bodies).map((what) => [what, expect.any(Number), expect.any(Object)]))
      const codes = beside.map((one) => {
        const [what, status, { error }] = one as [string, number, Body]
        return [what, status, error?.code]
      })
      expect(codes).toEqual(
        Object.keys(bodies).map((what) => [
          what,
          what === "no such project" || what === "a link to nothing"
            ? 404
            : what.includes("conflict")
            ? 409
            : what.endsWith("import") || what.endsWith("again")
            ? 200
            : 400,
          what === "no such project"
            ? "project_not_found"
            : what === "a link to nothing"
            ? "issue_not_found"
            : what.includes("conflict")
            ? "import_conflict"
            : what.endsWith("import") || what.endsWith("again")
            ? undefined
            : "validation"
        ])
      )
    }))

  it.live("is heard of at once by those who follow the events", () =>
    importing({ worker: here }, async ({ address, post }) => {
      const stream = await watch(address, "/api/v1/events/stream?after_id=0")
      await stream.until(() => stream.frames.length > 0)
      expect((await post(importOf(row("a")))).answer).toMatchObject({ created: 1 })
      await stream.until(() => stream.frames.some(({ event }) => event === "issue.labeled"))
      stream.close()
    }))
})

describe("what goes wrong beside the daemon", () => {
  const failed = (reason: WorkerFailed["reason"], detail: string) =>
    Stream.fail(new WorkerFailed({ operation: "import", reason, detail }))
  it.live.each(
    [
      ["cannot be started", failed("start", "could not be started"), "could not be started", "io"],
      ["dies", failed("ended", "ended before it had said what came of it (SIGKILL)"), "(SIGKILL)", "internal"],
      ["says nothing", Stream.empty, "ended without a word", "internal"],
      ["says something else", Stream.make("{\"report\":{}}"), "something else", "internal"],
      [
        "fails as it does itself",
        Stream.make(
          "{\"error\":{\"kind\":\"locked\",\"code\":\"database_locked\",\"message\":\"it is in use\",\"hint\":\"wait\",\"exit_code\":10}}"
        ),
        "it is in use",
        "locked"
      ]
    ] as const
  )(
    "is told when the process %s, with what it is",
    ([, lines, says, kind]) =>
      importing({ worker: saying(() => lines) }, async ({ database, directory, post }) => {
        const { answer, status } = await post(importOf(row("a")))
        expect([status, answer.error.code, answer.error.data]).toEqual([500, "internal", { kind }])
        expect(answer.error.message).toContain(says)
        expect(rows(database, "SELECT 1 FROM issues")).toEqual([])
        await eventually(() => leftovers(directory).length === 0)
      })
  )

  it.scopedLive("is ended when the client goes away; one import waits for another, and for a merge", () =>
    Effect.gen(function*() {
      const open = yield* Deferred.make<void>()
      const seen = { running: 0, most: 0, ended: 0, modes: new Set<number>() }
      const worker = saying((task) =>
        Stream.unwrapScoped(Effect.gen(function*() {
          yield* Effect.acquireRelease(
            Effect.sync(() => {
              seen.most = Math.max(seen.most, ++seen.running)
              seen.modes.add(statSync(task.file).mode & 0o777)
            }),
            () => Effect.sync(() => (seen.running--, seen.ended++))
          )
          const report = task.operation === "merge"
            ? "{\"report\":{}}"
            : "{\"error\":{\"kind\":\"io\",\"code\":\"x\",\"message\":\"x\",\"exit_code\":11}}"
          return Stream.fromEffect(Effect.as(Deferred.await(open), report))
        }))
      )
      const { address, directory, send } = yield* served({ worker })
      const post = posting(send)
      yield* Effect.promise(async () => {
        await client(send).project()
        const asked = request({
          ...address,
          method: "POST",
          path: "/api/v1/projects/1/imports/rows",
          headers: { "content-type": "application/jsonl" },
          agent: false
        })
        asked.on("error", () => {})
        asked.end(importOf(row("a")))
        await eventually(() => seen.running === 1)
        asked.destroy()
        await eventually(() => seen.ended === 1 && leftovers(directory).length === 0)
      })
      const merging = send({
        method: "POST",
        path: "/api/v1/merge?actor=ann",
        headers: { "content-type": "application/x-ndjson" },
        body: Buffer.from("x")
      })
      const both = Promise.all([post(importOf(row("a"))), post(importOf(row("b"))), merging])
      yield* Effect.promise(() => eventually(() => seen.running === 1 && leftovers(directory).length === 3))
      yield* Effect.sleep("50 millis")
      expect(seen.most).toBe(1)
      yield* Deferred.succeed(open, undefined)
      yield* Effect.promise(() => both)
      expect(seen).toMatchObject({ running: 0, most: 1, ended: 4 })
      expect([...seen.modes]).toEqual([0o600])
    }))
})
