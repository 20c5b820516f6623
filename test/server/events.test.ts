/** What the recordings do not show of events, and an idle stream on a clock of its own. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { eventStream } from "../../src/server/eventStream.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { client } from "./client.ts"
import { scenario } from "./replay/scenario.ts"
import { create, serving } from "./replay/serve.ts"
import { type Frame, watch } from "./replay/sse.ts"
import { execute } from "./sql.ts"

/** Events as rows, without those who made them. */
const insertEvents = (from: number, to: number, projectId = 1) =>
  `WITH RECURSIVE n(i) AS (SELECT ${from} UNION ALL SELECT i + 1 FROM n WHERE i < ${to})
   INSERT INTO events(id, uid, origin_instance_uid, project_id, project_name, type, actor)
   SELECT i, printf('01HZZZZZZZZZZZZZZZZZ%06d', i), '01HZZZZZZZZZZZZZZZZZZZZZZZ', ${projectId}, 'alpha', 'project.removed', 'ann' FROM n`

const ids = (frames: ReadonlyArray<Frame>) => frames.flatMap(({ id }) => id === undefined ? [] : [Number(id)])

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

const stream = "/api/v1/events/stream"

describe("a poll", () => {
  it.live("reads what is stored oddly", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project()
      execute(
        database,
        `${insertEvents(1, 2)};
         UPDATE events SET payload = '{', created_at = '2026-05-04 00:21:07 +0200 CEST', uid = 'odd' WHERE id = 1;
         UPDATE events SET payload = '{ "b": 1.0, "a" : 12345678901234567890 }' WHERE id = 2`
      )
      expect((await ok("GET", "/events")).events).toMatchObject([
        { event_uid: "odd", payload: "{", created_at: "2026-05-03T22:21:07Z" },
        { event_id: 2 }
      ])
      const { text } = await send({ method: "GET", path: "/api/v1/events?after_id=1", headers: {}, body: undefined })
      expect(text).toContain("\"payload\":{\"b\":1.0,\"a\":12345678901234567890}")
    }))

  it.live("goes through all pages of a project, each event once", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project("alpha")
      await project("beta")
      execute(database, `${insertEvents(1, 1200)}; ${insertEvents(1201, 1300, 2)}; ${insertEvents(1301, 1400)}`)
      const seen: Array<number> = []
      for (let after = 0;;) {
        const page = await ok("GET", `/projects/1/events?after_id=${after}&limit=5000`)
        if (page.events.length === 0) break
        expect(page.events.length).toBeLessThanOrEqual(1000)
        seen.push(...page.events.map((event: { readonly event_id: number }) => event.event_id))
        after = page.next_after_id
      }
      expect(seen).toEqual([...range(1, 1200), ...range(1301, 1400)])
    }))

  it.live.each(["9223372036854775808", "99999999999999999999", "1.0", "0x1"])(
    "refuses the cursor %s",
    (after) =>
      serving({}, async (send) => {
        const { ask } = client(send)
        expect(await ask("GET", `/events?after_id=${after}`)).toMatchObject({ status: 400 })
        const sent = await send({
          method: "GET",
          path: `${stream}?after_id=${after}`,
          headers: { accept: "*/*" },
          body: undefined
        })
        expect(sent.status).toBe(400)
      })
  )
})

describe("what is asked for", () => {
  const tooLow = [
    ["after_id=-1", "after_id must be a non-negative integer"],
    ["limit=0", "limit must be a positive integer"],
    ["limit=-1", "limit must be a positive integer"],
    ["latest=0", "latest must be a positive integer"],
    ["latest=-1", "latest must be a positive integer"]
  ] as const

  it.live("is in range, of all projects, of one and of an issue", () =>
    serving({}, async (send) => {
      const { ask, issue, ok, project } = client(send)
      await project()
      const { short_id } = await issue("first")
      await issue("second")
      for (const path of ["/events", "/projects/1/events", `/projects/1/issues/${short_id}/events`]) {
        for (const [query, message] of tooLow) {
          expect(await ask("GET", `${path}?${query}`), `${path} ${query}`).toMatchObject({
            status: 400,
            body: { error: { code: "validation", message } }
          })
        }
        expect((await ok("GET", `${path}?after_id=0&limit=1`)).events).toHaveLength(1)
        expect((await ok("GET", `${path}?latest=1`)).events).toHaveLength(1)
      }
      for (const id of [0, -1]) {
        expect(await ask("GET", `/projects/${id}/events`)).toMatchObject({
          status: 400,
          body: { error: { code: "validation", message: "project_id must be a positive integer" } }
        })
      }
    }))

  it.live("is a look where it says so, which no purge sends away", () =>
    serving({}, async (send, { database }) => {
      const { ok, project } = client(send)
      await project()
      execute(
        database,
        `${insertEvents(1, 4)};
         INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, project_name, issue_title, issue_author,
           comment_count, link_count, label_count, event_count, purge_reset_after_event_id, actor)
         VALUES ('01HYYYYYYYYYYYYYYYYYYYYYYY', '01HZZZZZZZZZZZZZZZZZZZZZZZ', 1, 9, 'alpha', 'x', 'x', 0, 0, 0, 1, 9, 'ann')`
      )
      for (const path of ["/events", "/projects/1/events"]) {
        expect(await ok("GET", path), path).toMatchObject({ reset_required: true, reset_after_id: 9, events: [] })
        expect(await ok("GET", `${path}?no_reset=false`)).toMatchObject({ reset_required: true })
        for (const query of ["no_reset=true", "latest=4", "since=2000-01-01T00:00:00Z"]) {
          const page = await ok("GET", `${path}?${query}`)
          expect(page, query).toMatchObject({ reset_required: false, purged: 1 })
          expect(page.events).toHaveLength(4)
        }
      }
    }))

  it.live("of a stream is a cursor and a project, each in range", () =>
    serving({}, async (send, { address }) => {
      const { ask, issue, project } = client(send)
      await project("alpha")
      await project("beta")
      await issue("of alpha", {}, 1)
      await issue("of beta", {}, 2)
      const refused: ReadonlyArray<readonly [query: string, headers: Record<string, string>, message: string]> = [
        ["?after_id=-1", {}, "after_id must be a non-negative integer"],
        ["", { "last-event-id": "-1" }, "Last-Event-ID must be a non-negative integer"],
        ["?project_id=0", {}, "project_id must be a positive integer"],
        ["?project_id=-1", {}, "project_id must be a positive integer"],
        ["?project_id=9223372036854775808", {}, "project_id must be a positive integer"]
      ]
      for (const [query, headers, message] of refused) {
        expect(
          await ask("GET", `/events/stream${query}`, undefined, { accept: "text/event-stream", ...headers }),
          query
        )
          .toMatchObject({ status: 400, body: { error: { message } } })
      }
      for (const accept of ["", "text/plain", "text/event-streams"]) {
        const answer = await ask("GET", "/events/stream", undefined, { accept })
        expect(answer, accept).toMatchObject({ status: 406 })
      }
      for (const accept of ["text/plain, text/event-stream;q=0.5", "*/*"]) {
        const streamed = await watch(address, `${stream}?project_id=2`, { accept })
        await streamed.until(() => ids(streamed.frames).length > 0)
        expect(streamed.frames).toMatchObject([
          { comment: "connected" },
          { event: "issue.created", data: { project_id: 2 } }
        ])
        streamed.close()
      }
      const behind = await watch(address, stream, { accept: "text/event-stream", "last-event-id": "1" })
      await behind.until(() => ids(behind.frames).length > 0)
      expect(ids(behind.frames)).toEqual([2])
      behind.close()
    }))
})

describe("a stream", () => {
  it.live("tells many readers all that many writers do, once and in order", () =>
    serving({}, async (send, { address }) => {
      const { issue, ok, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const readers = await Promise.all([0, 0, 1].map((after) => watch(address, `${stream}?after_id=${after}`)))
      await Promise.all(
        Array.from(
          { length: 60 },
          (_, i) => ok("POST", `/projects/1/issues/${short_id}/comments`, { actor: "ann", body: `${i}` })
        )
      )
      for (const [i, reader] of readers.entries()) {
        await reader.until(() => ids(reader.frames).at(-1) === 61)
        expect(ids(reader.frames)).toEqual(range(i === 2 ? 2 : 1, 61))
        reader.close()
      }
    }))

  it.live("tells nothing of what is not committed", () =>
    serving({}, async (send, { address }) => {
      const { ask, issue, project } = client(send)
      await project()
      const { short_id } = await issue("One")
      const reader = await watch(address, `${stream}?after_id=1`)
      await reader.until(() => reader.frames.length === 1)
      expect((await ask("POST", `/projects/1/issues/${short_id}/comments`, { actor: " ", body: "x" })).status).toBe(400)
      await issue("Two")
      await reader.until(() => reader.frames.length > 1)
      expect(ids(reader.frames)).toEqual([2])
      reader.close()
    }))

  it.live("sends away who is more than 10,000 events behind, and who is not, gets them all", () =>
    serving({}, async (send, { address, database }) => {
      const { project } = client(send)
      await project("alpha")
      await project("beta")
      execute(database, `${insertEvents(1, 10_001)}; ${insertEvents(10_002, 10_003, 2)}`)
      const behind = await watch(address, `${stream}?project_id=1&after_id=0`)
      await behind.until(() => behind.ended)
      expect(behind.frames).toEqual([
        { comment: "connected" },
        { id: "10003", event: "sync.reset_required", data: { event_id: 10_003, reset_after_id: 10_003 } }
      ])
      const near = await watch(address, `${stream}?project_id=1&after_id=1`)
      await near.until(() => ids(near.frames).at(-1) === 10_001)
      expect(ids(near.frames)).toEqual(range(2, 10_001))
      near.close()
    }))

  it.live("keeps a frame together whatever is in it", () =>
    serving({}, async (send, { address, database }) => {
      const { issue, project } = client(send)
      await project()
      await issue("One")
      execute(
        database,
        "UPDATE events SET project_name = 'alpha' || char(8232, 10), type = 'a' || char(10) || char(10) || 'b', actor = 'x' || char(13, 10, 10), payload = '{' || char(10) || '\"a\":1}'"
      )
      const reader = await watch(address, stream)
      await reader.until(() => reader.frames.length === 2)
      expect(reader.frames[1]).toMatchObject({
        id: "1",
        event: "a  b",
        data: { type: "a\n\nb", actor: "x\r\n\n", payload: { a: 1 }, project_name: "alpha\u2028\n" }
      })
      reader.close()
    }))
})

describe("an idle stream", () => {
  const wanted = scenario("14-events-heartbeat").steps
    .flatMap((step) =>
      "chunks" in step ? step.chunks as ReadonlyArray<{ readonly atSeconds: number; readonly text: string }> : []
    )

  it.scoped("says every 25 seconds that it is there", () =>
    Effect.gen(function*() {
      const directory = mkdtempSync(join(tmpdir(), "kata-test-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true, force: true })))
      const path = join(directory, "kata.db")
      yield* create(path)
      const store = yield* Layer.build(SqliteStore.layer(path))
      const request = HttpServerRequest.fromWeb(new Request("http://kata.invalid", { headers: { accept: "*/*" } }))
      const response = yield* Effect.provide(eventStream(request, undefined, {}), store)
      expect(response.headers).toMatchObject({ "content-type": "text/event-stream", "cache-control": "no-cache" })
      const told: Array<string> = []
      const fiber = yield* Effect.fork(
        Stream.runForEach(Stream.decodeText(bodyOf(response)), (text) => Effect.sync(() => told.push(text)))
      )
      let now = 0
      for (const [i, { atSeconds }] of wanted.entries()) {
        yield* TestClock.adjust((Math.round(atSeconds) - now) * 1000 - (i === 0 ? 0 : 1))
        yield* settled
        expect(told).toEqual(wanted.slice(0, Math.max(1, i)).map(({ text }) => text))
        if (i > 0) yield* TestClock.adjust(1)
        now = Math.round(atSeconds)
      }
      yield* settled
      expect(told).toEqual(wanted.map(({ text }) => text))
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(NodeContext.layer)))
})

const bodyOf = ({ body }: HttpServerResponse.HttpServerResponse) => {
  if (body._tag !== "Stream") throw new Error("not a stream")
  return body.stream
}

/** Whatever can run has run. */
const settled = Effect.repeatN(Effect.yieldNow(), 500)
