/** The client against servers that answer, refuse, hang and break. */
import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { Shown } from "../../src/api/answers.ts"
import * as Client from "../../src/client/Client.ts"
import type { Connection } from "../../src/client/DaemonClient.ts"
import { overHttp } from "../../src/client/overHttp.ts"
import { follow, frames, type News } from "../../src/client/stream.ts"
import type { Target } from "../../src/presence/Target.ts"

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

/** A server on a free port of this machine. */
const server = (handle: Handler) =>
  Effect.acquireRelease(
    Effect.async<{ readonly host: string; readonly port: number; readonly connections: () => number }>((resume) => {
      let connections = 0
      const server = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (part: string) => {
          body += part
        }).on("end", () => handle(request, response, body))
      })
      server.on("connection", () => connections++)
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ host: "127.0.0.1", port, connections: () => connections, server }))
      })
    }),
    (started) =>
      Effect.sync(() => {
        const { server } = started as unknown as { readonly server: ReturnType<typeof createServer> }
        server.closeAllConnections()
        server.close()
      })
  )

/** A client of that server. */
const clientOf = (target: Target, timeout?: Duration.Duration) =>
  Effect.map(overHttp(target), (connection) => Client.make(connection, timeout))

const fixed = (status: number, body: string): Handler => (_, response) =>
  void response.writeHead(status, { "content-type": "application/json" }).end(body)

const show = { path: { project_id: 1n, ref: "abc4" } }

describe("the client", () => {
  it.scopedLive("fills the path, quotes the query, and uses its connection again", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const target = yield* server(({ headers, method, url }, response, body) => {
        seen.push({ method, url, body, type: headers["content-type"], confirm: headers["x-kata-confirm"] })
        response.end("{\"a\":1.0}\n")
      })
      const { call } = yield* clientOf(target)
      const answer = yield* call("labelRemove", {
        path: { project_id: 7n, ref: "abc4", label: "a/b ü" },
        query: { actor: "x&y" }
      })
      expect(answer.text).toBe("{\"a\":1.0}\n")
      yield* call("issueDelete", {
        path: { project_id: 7n, ref: "abc4" },
        headers: { "X-Kata-Confirm": "DELETE ü#abc4" },
        body: { actor: "ä", reason: undefined }
      })
      expect(seen).toEqual([
        {
          method: "DELETE",
          url: "/api/v1/projects/7/issues/abc4/labels/a%2Fb%20%C3%BC?actor=x%26y",
          body: "",
          type: undefined,
          confirm: undefined
        },
        {
          method: "POST",
          url: "/api/v1/projects/7/issues/abc4/actions/delete",
          body: "{\"actor\":\"ä\"}",
          type: "application/json",
          // what Node makes of the bytes of UTF-8
          confirm: Buffer.from("DELETE ü#abc4").toString("latin1")
        }
      ])
      expect(target.connections()).toBe(1)
    }))

  it.scopedLive("gives the token to this machine, and to nobody in clear", () =>
    Effect.gen(function*() {
      const tokens: Array<string | undefined> = []
      const target = yield* server(({ headers }, response) => {
        tokens.push(headers.authorization)
        response.end("{}")
      })
      yield* Effect.flatMap(clientOf({ ...target, token: "secret" }), ({ call }) => call("instance", {}))
      // the same server, by a name that may be anybody's
      yield* Effect.flatMap(
        clientOf({ host: "localhost", port: target.port, token: "secret" }),
        ({ call }) => call("instance", {})
      )
      expect(tokens).toEqual(["Bearer secret", undefined])
    }))

  const refusals: ReadonlyArray<readonly [status: number, body: string, error: object]> = [
    [404, "{\"error\":{\"code\":\"x\",\"message\":\"gone\"}}", { kind: "not_found", code: "x", message: "gone" }],
    [400, "{\"error\":{\"code\":\"v\",\"message\":\"a\\nb\",\"hint\":\"h\"}}", { kind: "validation", hint: "h" }],
    [409, "{\"error\":{\"message\":\"m\"}}", { kind: "conflict", code: "" }],
    [412, "{\"error\":{\"code\":\"c\",\"message\":\"m\",\"hint\":null}}", { kind: "confirm", hint: "" }],
    [401, "{\"error\":{\"code\":\"auth_required\",\"message\":\"m\"}}", { kind: "validation", code: "auth_required" }],
    [403, "{\"error\":{\"code\":\"auth_invalid\",\"message\":\"token mismatch\"}}", { kind: "validation" }],
    [408, "{\"error\":{\"code\":\"error\",\"message\":\"m\"}}", { kind: "daemon_unavailable" }],
    [413, "{\"error\":{\"code\":\"error\",\"message\":\"m\"}}", { kind: "validation" }],
    [415, "{\"error\":{\"code\":\"error\",\"message\":\"m\"}}", { kind: "daemon_unavailable" }],
    [405, "Method Not Allowed\n", { kind: "daemon_unavailable", message: "Method Not Allowed" }],
    // the ledger says it, as Go kata's, and anything else that has enough of us
    [429, "{\"error\":{\"code\":\"sibling_throttle\",\"message\":\"m\"}}", { kind: "internal" }],
    [429, "slow down", { kind: "daemon_unavailable", hint: expect.stringMatching(/right server/) }],
    [400, "{\"error\":{\"code\":\"v\",\"message\":\"m\",\"data\":{\"kind\":\"damaged\"}}}", { kind: "validation" }],
    [500, "{\"error\":{\"code\":\"internal\",\"message\":\"m\",\"data\":{\"kind\":\"damaged\"}}}", { kind: "damaged" }],
    [500, "{\"error\":{\"code\":\"internal\",\"message\":\"m\",\"data\":{\"kind\":\"usage\"}}}", { kind: "internal" }],
    [500, "boom\n", { kind: "internal", code: "", message: "boom" }],
    [502, "", { kind: "daemon_unavailable", message: "the daemon answered 502" }],
    [302, "<html>", { kind: "daemon_unavailable", message: "the daemon answered 302" }]
  ]
  it.scopedLive.each(refusals)("a %d is a typed error", ([status, body, error]) =>
    Effect.gen(function*() {
      const { call } = yield* clientOf(yield* server(fixed(status, body)))
      expect(yield* Effect.flip(call("issueShow", show))).toMatchObject({ _tag: "ApiFailure", ...error })
    }))

  it.scopedLive("waits only so long; of a change it says that it may be made", () =>
    Effect.gen(function*() {
      const { call } = yield* clientOf(yield* server(() => {}), Duration.millis(50))
      expect(yield* Effect.flip(call("issueShow", show))).toMatchObject({
        kind: "daemon_unavailable",
        message: expect.stringMatching(/nothing within 50ms$/),
        hint: "KATA_HTTP_TIMEOUT=1m waits longer"
      })
      expect(yield* Effect.flip(call("issueReopen", { ...show, body: { actor: "ann" } }))).toMatchObject({
        hint: "the change may have been made: look before you repeat it; KATA_HTTP_TIMEOUT=1m waits longer"
      })
    }))

  it.scopedLive("waits for a change as long as it is told that it waits, also where nothing can be interrupted", () =>
    Effect.gen(function*() {
      const seen: Array<string | undefined> = []
      const busy = (words: number): Handler => ({ headers }, response) => {
        seen.push(headers["x-kata-wait"]?.toString())
        let left = words
        const telling = setInterval(() => {
          if (left-- > 0) return response.writeProcessing()
          clearInterval(telling)
          if (words > 10) response.end("{}")
        }, 20)
      }
      const change = { ...show, body: { actor: "ann" } }
      const patient = yield* clientOf(yield* server(busy(40)), Duration.millis(400))
      expect((yield* patient.call("issueReopen", change)).text).toBe("{}")
      const silent = yield* clientOf(yield* server(busy(3)), Duration.millis(100))
      const reopen = Effect.uninterruptible(silent.call("issueReopen", change))
      expect(yield* Effect.flip(reopen)).toMatchObject({ message: expect.stringMatching(/nothing within 100ms$/) })
      // a question is answered at once or not at all
      yield* Effect.flip(silent.call("issueShow", show))
      expect(seen).toEqual(["102", "102", undefined])
    }))

  it.scopedLive("tells a connection that nobody takes from one that breaks", () =>
    Effect.gen(function*() {
      const half = yield* server((_, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("{", () => response.destroy())
      })
      const broken = yield* clientOf(half)
      expect(yield* Effect.flip(broken.call("issueReopen", { ...show, body: { actor: "ann" } }))).toMatchObject({
        kind: "daemon_unavailable",
        mayBeDone: true
      })
      const nobody = yield* clientOf({ socketPath: "/nonexistent/daemon.sock" })
      expect(yield* Effect.flip(nobody.call("issueReopen", { ...show, body: { actor: "ann" } }))).toMatchObject({
        kind: "daemon_unavailable",
        message: "no answer from the daemon at unix:///nonexistent/daemon.sock: no such file (ENOENT)",
        mayBeDone: false
      })
    }))

  it.scopedLive("asks the daemon that follows what the one before did not hear, and nothing that it may have done", () =>
    Effect.gen(function*() {
      const heard: Array<string> = []
      const after = yield* overHttp(
        yield* server(({ method }, response) => {
          heard.push(method ?? "")
          response.end("{}")
        })
      )
      const ends = yield* overHttp(yield* server((_, response) => response.destroy()))
      const gone = yield* overHttp({ socketPath: "/nonexistent/daemon.sock" })
      const hangs = yield* overHttp(yield* server(() => {}))
      const change = { ...show, body: { actor: "ann" } }
      const [ending, missing, hanging] = [ends, gone, hangs].map((connection) =>
        Client.make({ ...connection, again: Effect.succeed(after) }, Duration.millis(50))
      ) as [Client.Client, Client.Client, Client.Client]
      yield* ending.call("issueShow", show)
      yield* missing.call("issueShow", show)
      yield* missing.call("issueReopen", change)
      expect(heard).toEqual(["GET", "GET", "POST"])
      expect(yield* Effect.flip(ending.call("issueReopen", change))).toMatchObject({ mayBeDone: true })
      yield* Effect.flip(hanging.call("issueShow", show))
      yield* Effect.flip(hanging.call("issueReopen", change))
      expect(heard).toHaveLength(3)
    }))

  it.scopedLive("refuses what it cannot read, and a header that cannot be sent", () =>
    Effect.gen(function*() {
      const { call } = yield* clientOf(yield* server(fixed(200, "{\"a\":1}")))
      const answer = yield* call("issueShow", show)
      expect(yield* Effect.flip(Client.read(Shown)(answer))).toMatchObject({
        kind: "internal",
        message: expect.stringContaining("to GET /api/v1/projects/1/issues/abc4")
      })
      expect(
        yield* Effect.flip(
          call("issueCreate", {
            path: { project_id: 1 },
            headers: { "Idempotency-Key": "a\nb" },
            body: { actor: "ann", title: "t" }
          })
        )
      ).toMatchObject({ _tag: "DaemonUnreachable", mayBeDone: false })
    }))
})

describe("a stream of events", () => {
  const encode = (text: string, size: number) =>
    Stream.fromIterable(Buffer.from(text).toString("latin1").match(new RegExp(`[^]{1,${size}}`, "g")) ?? []).pipe(
      Stream.map((part) => Buffer.from(part, "latin1"))
    )

  it.effect.each([1, 3, 1000])("is frames, however its bytes come (%d at a time)", (size) =>
    Effect.gen(function*() {
      const text = ": connected\n\nid: 1\nevent: issue.created\ndata: {\"t\":\"ü\"}\n\n" +
        ": keepalive\n\nid:2\r\ndata:a\r\ndata: b\r\n\r\nretry: 3\n\nid: 3\ndata: cut"
      const got = yield* Stream.runFold(frames(encode(text, size)), [] as Array<object>, (all, one) => [...all, one])
      expect(got).toEqual([
        { id: "1", event: "issue.created", data: "{\"t\":\"ü\"}" },
        { id: "2", event: "", data: "a\nb" }
      ])
    }))

  it.scopedLive("begins again where it ended, waits longer each time, and not at all after a reset", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      const answers = [
        "id: 41\nevent: issue.created\ndata: {\"event_id\":41}\n\n",
        "",
        "id: 50\nevent: sync.reset_required\ndata: {\"event_id\":50,\"reset_after_id\":50}\n\n",
        "id: 51\nevent: issue.closed\ndata: {\"event_id\":51}\n\n",
        undefined
      ]
      const target = yield* server(({ headers, url }, response) => {
        asked.push([url, headers["last-event-id"], headers.accept])
        const text = answers[asked.length - 1]
        if (text === undefined) {
          fixed(404, "{\"error\":{\"code\":\"project_not_found\",\"message\":\"gone\"}}")(
            {} as IncomingMessage,
            response,
            ""
          )
        } else response.writeHead(200, { "content-type": "text/event-stream" }).end(text)
      })
      const news: Array<News> = []
      const breaks: Array<readonly [string, number]> = []
      const fiber = yield* Effect.fork(follow({
        connection: overHttp(target),
        after: 40,
        projectId: 1n,
        timeout: Duration.seconds(5),
        onNews: (one) => Effect.sync(() => news.push(one)),
        onBreak: (what, seconds) => Effect.sync(() => breaks.push([what, seconds]))
      }))
      expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ kind: "not_found", message: "gone" })
      const url = "/api/v1/events/stream?project_id=1"
      expect(asked).toEqual(
        ["40", "41", "41", "50", "51"].map((cursor) => [url, cursor, "text/event-stream"])
      )
      expect(news).toEqual([
        { _tag: "Event", after: 41, json: "{\"event_id\":41}" },
        { _tag: "Reset", after: 50 },
        { _tag: "Event", after: 51, json: "{\"event_id\":51}" }
      ])
      expect(breaks).toEqual([["the stream ended", 1], ["the stream ended", 2], ["the stream ended", 1]])
    }))

  it.effect("is tried again after 1, 2, 4 seconds and so on up to 30, as long as that may help", () =>
    Effect.gen(function*() {
      const breaks: Array<readonly [string, number]> = []
      const statuses = [503, 500, 502, 503, 503, 503, 503, 499]
      const connection = Effect.sync((): Connection => ({
        address: "a daemon",
        mayHang: false,
        send: () =>
          Effect.sync(() => ({
            status: statuses.shift() ?? 0,
            headers: {},
            text: Effect.succeed("in trouble"),
            bytes: Stream.empty
          })),
        upload: () => Effect.dieMessage("nothing is uploaded")
      }))
      const fiber = yield* Effect.fork(follow({
        connection,
        after: undefined,
        projectId: undefined,
        timeout: Duration.seconds(5),
        onNews: () => Effect.void,
        onBreak: (what, seconds) => Effect.sync(() => breaks.push([what, seconds]))
      }))
      yield* TestClock.adjust("2 minutes")
      expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ _tag: "ApiFailure", status: 499 })
      expect(breaks.map(([, seconds]) => seconds)).toEqual([1, 2, 4, 8, 16, 30, 30])
      expect(statuses).toEqual([])
    }))
})
