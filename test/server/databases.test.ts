/** Merges and comparisons through the API, with the real work and with one that fails. */
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readFileSync, statSync } from "node:fs"
import { request } from "node:http"
import { gzipSync } from "node:zlib"
import { FreeSpace } from "../../src/files/freeSpace.ts"
import { WorkerFailed } from "../../src/server/WorkerFailed.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { issue, owned, three, titled } from "../merge/files.ts"
import * as kit from "../snapshot/kit.ts"
import { type Body, client } from "./client.ts"
import type { Send } from "./replay/scenario.ts"
import { type Address, served, type ServeOptions, serving } from "./replay/serve.ts"
import { watch } from "./replay/sse.ts"
import { rows } from "./sql.ts"
import { eventually, leftovers } from "./waiting.ts"
import { here, saying } from "./worker.ts"

const jsonl = "application/x-ndjson"

/** Sends a snapshot, and gives the lines of the answer, or the refusal. */
const sends =
  (send: Send) =>
  async (path: string, body: string | Buffer, type: string = jsonl, headers: Record<string, string> = {}) => {
    const bytes = Buffer.from(body)
    const { headers: received, status, text } = await send({
      method: "POST",
      path: `/api/v1${path}`,
      headers: { "content-type": type, ...headers },
      body: bytes
    })
    const lines = text.split("\n").filter((line) => line !== "").map((line): Body => JSON.parse(line))
    return { status, type: received["content-type"], lines, last: lines.at(-1) }
  }

/** Ours and theirs, and the database that both come from with what ours did. */
const sides = Effect.map(
  Effect.provide(three(titled("ours", "was"), owned("theirs")), kit.services),
  ({ directory, theirs }) => ({ database: `${directory}/ours.db`, theirs: readFileSync(theirs, "utf8") })
)

const merging = (
  options: ServeOptions,
  use: (
    kit: ReturnType<typeof client> & {
      readonly post: ReturnType<typeof sends>
      readonly theirs: string
      readonly address: Address
      readonly database: string
      readonly directory: string
    }
  ) => Promise<void>
) =>
  Effect.flatMap(
    sides,
    ({ database, theirs }) =>
      serving({ worker: here, database, ...options }, (send, served) =>
        use({ ...client(send), ...served, post: sends(send), theirs }))
  )

const titleIn = (database: string) => rows(database, `SELECT title, owner FROM issues WHERE uid = '${issue}'`)

describe("POST /api/v1/merge", () => {
  it.scopedLive("brings in what is new, says how far it is and what came of it, and then has nothing to do", () =>
    merging({}, async ({ database, directory, post, theirs }) => {
      const { last, lines, status, type } = await post("/merge?actor=ann&name=theirs.jsonl", theirs)
      expect([status, type]).toEqual([200, jsonl])
      expect(lines[0]).toEqual({ progress: { phase: "received", rows: 0, bytes: Buffer.byteLength(theirs) } })
      expect(lines.slice(0, -1).every(({ progress }) => typeof progress.phase === "string")).toBe(true)
      expect(lines.some(({ progress }) => progress?.phase === "reading" && progress.of_bytes > 0)).toBe(true)
      expect(last.report).toMatchObject({ unchanged: false, dry_run: false, counts: { issue: { changed: 1 } } })
      expect(last.report.sources[0].name).toBe("theirs.jsonl")
      expect(titleIn(database)).toEqual([{ title: "ours", owner: "theirs" }])
      await eventually(() => leftovers(directory).length === 0)
      const again = await post("/merge?actor=ann", gzipSync(theirs), "application/gzip")
      expect(again.last.report.unchanged).toBe(true)
    }))

  it.scopedLive("only says what would come in, or takes only what is asked for", () =>
    merging({}, async ({ database, post, theirs }) => {
      expect((await post("/merge?actor=ann&dry_run=true", theirs)).last.report).toMatchObject({ dry_run: true })
      expect(titleIn(database)).toEqual([{ title: "ours", owner: null }])
      const none = await post("/merge?actor=ann&issue=app%23zzzz", theirs)
      expect(none.last.error).toMatchObject({ kind: "not_found", code: "not_in_source", exit_code: 4 })
      const one = await post("/merge?actor=ann&project=app&issue=app%23k3vq&issue=app%23k3vq", theirs)
      expect(one.last.report.counts.issue).toEqual({ new: 0, gone: 0, changed: 1 })
    }))

  it.scopedLive("tells conflicts with all that is known of them, until they are decided", () =>
    Effect.gen(function*() {
      const { directory, theirs } = yield* Effect.provide(
        three(titled("ours", "was"), titled("theirs", "was")),
        kit.services
      )
      yield* serving({ worker: here, database: `${directory}/ours.db` }, async (send, { database }) => {
        const post = sends(send)
        const text = readFileSync(theirs, "utf8")
        const { last, status } = await post("/merge?actor=ann", text)
        expect(status).toBe(200)
        expect(last.error).toMatchObject({ kind: "conflict", code: "merge_conflicts", exit_code: 5 })
        expect(last.error.data).toMatchObject({
          _tag: "MergeConflicts",
          count: 1,
          conflicts: [{ facet: "title", of: issue, target: "ours", source: "theirs", source_by: "ann" }]
        })
        for (const [query, said] of [["decision=app%23k3vq", "decision must be"], ["prefer=me", "one of"]] as const) {
          const refused = await post(`/merge?actor=ann&${query}`, text)
          expect([refused.status, refused.last.error.message]).toEqual([400, expect.stringContaining(said)])
        }
        expect((await post("/merge", text)).status).toBe(400)
        const decided = await post("/merge?actor=bob&decision=app%23k3vq%3Dsource", text)
        expect(decided.last.report.decided).toBe(1)
        expect(rows(database, "SELECT actor FROM events ORDER BY id DESC LIMIT 1")).toEqual([{ actor: "bob" }])
      })
    }))

  // by itself the store looks for what others have written every few seconds, which never pass here
  it.scoped("is heard of at once by those who follow the events, though another process has written", () =>
    merging({}, async ({ address, database, post, theirs }) => {
      const before = rows(database, "SELECT max(id) AS n FROM events")[0] as Body
      const stream = await watch(address, `/api/v1/events/stream?after_id=${before.n}`)
      await stream.until(() => stream.frames.length > 0)
      expect((await post("/merge?actor=ann", theirs)).last.report.unchanged).toBe(false)
      await stream.until(() => stream.frames.some(({ event }) => event === "issue.assigned"))
      stream.close()
    }))

  it.scopedLive("refuses what is no snapshot as the command does", () =>
    merging({}, async ({ directory, post, theirs }) => {
      const cut = await post("/merge?actor=ann&name=cut.jsonl", theirs.slice(0, -100))
      expect(cut.last.error).toMatchObject({ kind: "damaged", exit_code: 8 })
      expect(cut.last.error.message).toContain("cut.jsonl")
      expect((await post("/merge?actor=ann", "")).status).toBe(400)
      await eventually(() => leftovers(directory).length === 0)
    }))
})

describe("POST /api/v1/diff", () => {
  it.scopedLive("says what the database says differently", () =>
    merging({}, async ({ post, theirs }) => {
      const { last } = await post("/diff?name=theirs.jsonl", theirs)
      expect(last.report).toMatchObject({ equal: false, a: { name: "theirs.jsonl", is: "snapshot" } })
      expect(last.report.changes.length).toBeGreaterThan(0)
      expect((await post("/diff?limit=0", theirs)).last.report).toMatchObject({ changes: [], equal: false })
      expect((await post("/diff?limit=10001", theirs)).status).toBe(400)
      expect((await post("/diff?project=nothing", theirs)).last.error).toMatchObject({ code: "nothing_to_compare" })
    }))
})

describe("who may ask", () => {
  it.live("sends a type that no form can send, no origin, and the token", () =>
    serving({ worker: here, token: "t" }, async (send) => {
      const post = sends(send)
      const token = { authorization: "Bearer t" }
      for (const path of ["/merge?actor=ann", "/diff", "/%6Derge?actor=ann"]) {
        for (const type of ["text/plain", "application/json", "multipart/form-data; boundary=x", ""]) {
          expect((await post(path, "x", type, token)).status, `${path} ${type}`).toBe(415)
        }
        expect((await post(path, "x", jsonl, { ...token, origin: "http://evil.example" })).status).toBe(403)
        expect((await post(path, "x")).status).toBe(401)
        expect((await post(path, "x", `${jsonl}; charset=utf-8`, token)).status).toBe(200)
      }
    }))

  it.live("is nobody where everybody may only read", () =>
    serving({ worker: here, insecureReadonly: true, tcp: true }, async (send) => {
      expect((await sends(send)("/merge?actor=ann", "x")).status).toBe(401)
    }))
})

/** A worker that stops at a gate, and what is known of those who came. */
const gate = Effect.gen(function*() {
  const open = yield* Deferred.make<void>()
  const seen = { running: 0, most: 0, ended: 0, modes: new Array<string>() }
  const worker = saying((task) =>
    Stream.unwrapScoped(Effect.gen(function*() {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          seen.running++
          seen.most = Math.max(seen.most, seen.running)
          seen.modes.push((statSync(task.file).mode & 0o777).toString(8))
        }),
        () => Effect.sync(() => (seen.running--, seen.ended++))
      )
      return Stream.concat(
        Stream.make("{\"progress\":{\"phase\":\"merging\",\"rows\":0,\"bytes\":0}}"),
        Stream.fromEffect(Effect.as(Deferred.await(open), "{\"report\":{}}"))
      )
    }))
  )
  return { worker, seen, open: Deferred.succeed(open, undefined) }
})

/** A request that is given up when the test wants it: after so much of the answer, or of the body. */
const givenUp = (address: Address, body: string, whole: boolean) => {
  const asked = request({
    ...address,
    method: "POST",
    path: "/api/v1/merge?actor=ann",
    headers: { "content-type": jsonl },
    agent: false
  })
  asked.on("error", () => {})
  asked.write(body)
  if (whole) asked.end()
  return asked
}

describe("what goes wrong", () => {
  const failures = {
    "dies": new WorkerFailed({ operation: "merge", reason: "ended", detail: "ended (SIGKILL)" }),
    "cannot be started": new WorkerFailed({ operation: "merge", reason: "start", detail: "could not be started" })
  }
  it.live.each(Object.entries(failures))(
    "is told when the process %s, and nothing is left",
    ([, failed]) =>
      serving({ worker: saying(() => Stream.fail(failed)) }, async (send, { directory }) => {
        const { last, status } = await sends(send)("/merge?actor=ann", "x")
        expect(status).toBe(200)
        expect(last.error).toMatchObject({ kind: failed.kind, code: "worker_failed", message: failed.message })
        await eventually(() => leftovers(directory).length === 0)
      })
  )

  it.live("is told when the process says nothing, or this daemon can start none", () =>
    Effect.gen(function*() {
      yield* serving({ worker: saying(() => Stream.empty) }, async (send) => {
        expect((await sends(send)("/merge?actor=ann", "x")).last.error).toMatchObject({ kind: "internal" })
      })
      yield* serving({}, async (send) => {
        const { last } = await sends(send)("/diff", "x")
        expect(last.error).toMatchObject({ kind: "daemon_unavailable", data: { reason: "missing" } })
      })
    }))

  it.live("is refused when the disk is full, and the connection stays good", () =>
    serving({
      worker: here,
      filesystem: layerFaultyFileSystem([{
        operation: "write",
        call: 1,
        code: "ENOSPC",
        path: ".kata-",
        onwards: true
      }])
    }, async (send, { directory }) => {
      const { last, status } = await sends(send)("/merge?actor=ann", "x".repeat(3_000_000))
      expect([status, last.error.code]).toEqual([507, "no_room"])
      expect(last.error.message).toContain("no space left on device")
      await eventually(() => leftovers(directory).length === 0)
      expect((await send({ method: "GET", path: "/api/v1/ping", headers: {}, body: undefined })).status).toBe(200)
    }))

  it.live("is refused when it would leave no room for the database, before and while it comes", () =>
    Effect.gen(function*() {
      let free = 1_000_000
      const room = Layer.succeed(FreeSpace, () => Effect.sync(() => free))
      yield* serving({ worker: Layer.merge(here, room) }, async (send, { address, directory }) => {
        const { last, status } = await sends(send)("/merge?actor=ann", "x")
        expect([status, last.error.message]).toEqual([413, expect.stringContaining("there is room for 0 B")])
        free = 1e12
        const asked = givenUp(address, "x".repeat(10_000_000), false)
        const answer = new Promise<number>((resolve) =>
          asked.on("response", ({ statusCode }) => resolve(statusCode ?? 0))
        )
        await eventually(() => leftovers(directory).length > 0)
        free = 0
        asked.end("x".repeat(10_000_000))
        expect(await answer).toBe(507)
        await eventually(() => leftovers(directory).length === 0)
      })
    }))

  it.scopedLive("ends the work when the client goes away, before or after its snapshot came whole", () =>
    Effect.gen(function*() {
      const { seen, worker } = yield* gate
      const { address, directory, send } = yield* served({ worker })
      yield* Effect.promise(async () => {
        const half = givenUp(address, "x".repeat(100_000), false)
        await eventually(() => leftovers(directory).length > 0)
        half.destroy()
        await eventually(() => leftovers(directory).length === 0)
        expect(seen.ended).toBe(0)
        const whole = givenUp(address, "x", true)
        await eventually(() => seen.running === 1)
        whole.destroy()
        await eventually(() => seen.ended === 1 && leftovers(directory).length === 0)
        expect((await send({ method: "GET", path: "/api/v1/health", headers: {}, body: undefined })).status).toBe(200)
      })
    }))

  it.scopedLive("does not meet another merge: one waits for the other, and a comparison for none", () =>
    Effect.gen(function*() {
      const { open, seen, worker } = yield* gate
      const { send } = yield* served({ worker })
      const post = sends(send)
      const both = Promise.all([post("/merge?actor=ann", "a"), post("/merge?actor=bob", "b")])
      yield* Effect.promise(() => eventually(() => seen.running === 1))
      yield* Effect.sleep("50 millis")
      expect(seen.most).toBe(1)
      const compared = post("/diff", "c")
      yield* Effect.promise(() => eventually(() => seen.running === 2))
      yield* open
      for (const { last, status } of [...(yield* Effect.promise(() => both)), yield* Effect.promise(() => compared)]) {
        expect([status, last]).toEqual([200, { report: {} }])
      }
      expect(seen).toMatchObject({ ended: 3, running: 0, modes: ["600", "600", "600"] })
    }))
})
