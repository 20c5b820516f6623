/** The contract of `DaemonClient`: what commands rely on, whichever way the daemon is asked. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { strict as assert } from "node:assert"
import { DaemonUnreachable } from "../client/ClientError.ts"
import { type Connection, DaemonClient, type Message } from "../client/DaemonClient.ts"
import type { From } from "../presence/discover.ts"

export interface DaemonCase {
  readonly name: string
  /** Fails, or dies of an assertion, when the contract is broken. The daemon serves a new database. */
  readonly run: (from: From) => Effect.Effect<void, unknown, DaemonClient | Scope.Scope>
}

/** Longer than anything takes that ends, on the busiest machine. */
const patience = Duration.minutes(4)

const request = (method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) => ({
  method,
  path: `/api/v1${path}`,
  headers,
  ...(body === undefined ? {} : { body: JSON.stringify(body) })
})

/** What came, read to its end. */
const ask = ({ send }: Connection, message: Message) =>
  send(message).pipe(
    Effect.flatMap(({ headers, status, text }) => Effect.map(text, (text) => ({ status, headers, text }))),
    Effect.scoped
  )

/** The first bytes of a body, up to where its text holds the word. */
const readUntil = (bytes: Stream.Stream<Uint8Array, DaemonUnreachable>, word: string) =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.scan("", (text, part) => text + part),
    Stream.filter((text) => text.includes(word)),
    Stream.runHead,
    Effect.map(Option.getOrElse(() => ""))
  )

const member = (text: string, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (at, key) => typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined,
    JSON.parse(text)
  )

const of = (
  name: string,
  run: (connection: Connection, from: From) => Effect.Effect<void, unknown, DaemonClient | Scope.Scope>
): DaemonCase => ({
  name,
  run: (from) =>
    Effect.flatMap(DaemonClient, ({ connect }) => connect(from)).pipe(
      Effect.flatMap((connection) => run(connection, from)),
      Effect.timeoutFail({ duration: patience, onTimeout: () => "this should have ended" })
    )
})

/** A project with that name, the first one. */
const project = (connection: Connection, name = "alpha") => ask(connection, request("POST", "/projects", { name }))

/** The short id of a new issue in the first project. */
const issue = (connection: Connection, more: object = {}) =>
  Effect.map(
    ask(connection, request("POST", "/projects/1/issues", { actor: "ann", title: "One", force_new: true, ...more })),
    ({ status, text }) => {
      assert.equal(status, 200, text)
      return String(member(text, "issue", "short_id"))
    }
  )

export const daemonContract: ReadonlyArray<DaemonCase> = [
  of("an answer is its status, its headers and its text", (connection) =>
    Effect.gen(function*() {
      const made = yield* project(connection, "prøjekt ✓")
      assert.equal(made.status, 200)
      assert.equal(made.headers["content-type"], "application/json")
      assert.equal(member(made.text, "project", "name"), "prøjekt ✓")
      assert.ok(made.text.endsWith("}\n"))
      const listed = yield* ask(connection, request("GET", "/projects?include=stats"))
      assert.equal(member(listed.text, "projects", "0", "name"), "prøjekt ✓")
    })),
  of("a refusal is an answer", (connection) =>
    Effect.gen(function*() {
      const wrong = yield* ask(connection, request("POST", "/projects", { nme: "alpha" }))
      assert.deepEqual([wrong.status, member(wrong.text, "error", "code")], [400, "validation"])
      const broken = yield* ask(connection, { method: "POST", path: "/api/v1/projects", body: "{" })
      assert.deepEqual([broken.status, member(broken.text, "status")], [400, 400])
      const gone = yield* ask(connection, request("GET", "/projects/7"))
      assert.deepEqual([gone.status, member(gone.text, "error", "code")], [404, "project_not_found"])
      const nowhere = yield* ask(connection, request("GET", "/nowhere"))
      assert.deepEqual([nowhere.status, nowhere.text], [404, "404 page not found\n"])
      const method = yield* ask(connection, request("DELETE", "/projects"))
      assert.deepEqual([method.status, method.headers["allow"]], [405, "GET, HEAD, POST"])
    })),
  of("a path is asked for as it is spelled", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const id = yield* issue(connection)
      const up = yield* ask(connection, request("GET", "/projects/1/issues/.."))
      assert.equal(up.status, 404, up.text)
      const spelled = yield* ask(connection, request("GET", `/projects/1/issues/${encodeURIComponent(`alpha#${id}`)}`))
      assert.equal(member(spelled.text, "issue", "short_id"), id)
    })),
  of("a revision is asked for in a header and told in one", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const path = `/projects/1/issues/${yield* issue(connection)}`
      const patch = (headers: Readonly<Record<string, string>>) =>
        ask(connection, request("POST", `${path}/metadata`, { actor: "ann", patch: { a: 1 } }, headers))
      assert.equal((yield* patch({})).status, 400)
      const changed = yield* patch({ "If-Match": "\"rev-1\"" })
      assert.deepEqual([changed.status, changed.headers["etag"]], [200, "\"rev-2\""])
      assert.equal((yield* patch({ "if-match": "\"rev-1\"" })).status, 412)
    })),
  of("a header keeps its letters, and one that cannot be sent is not sent", (connection) =>
    Effect.gen(function*() {
      yield* project(connection, "prøjekt ✓")
      const id = yield* issue(connection)
      const remove = (confirm: string) =>
        ask(
          connection,
          request("POST", `/projects/1/issues/${id}/actions/delete`, { actor: "ann" }, {
            "X-Kata-Confirm": confirm
          })
        )
      assert.equal((yield* remove(`DELETE projekt#${id}`)).status, 412)
      const refused = yield* Effect.flip(remove(`DELETE\nprøjekt ✓#${id}`))
      assert.ok(refused instanceof DaemonUnreachable)
      assert.equal(refused.mayBeDone, false)
      assert.equal((yield* remove(`DELETE prøjekt ✓#${id}`)).status, 200)
    })),
  of("a large body arrives whole, and one that is too large is refused", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const body = "ü🐈\\\n".repeat(60_000)
      const path = `/projects/1/issues/${yield* issue(connection, { body })}`
      assert.ok(member((yield* ask(connection, request("GET", path))).text, "issue", "body") === body)
      const over = yield* ask(
        connection,
        request("POST", "/projects/1/issues", {
          actor: "ann",
          title: "Two",
          body: "x".repeat(1024 * 1024)
        })
      )
      assert.equal(over.status, 413)
    })),
  of(
    "bytes are sent as they come, and what keeps them from coming is told as it is",
    (connection) =>
      Effect.gen(function*() {
        const message = { method: "POST", path: "/api/v1/diff", type: "application/octet-stream" }
        const sent = (bytes: Stream.Stream<Uint8Array, string>) =>
          Effect.scoped(
            Effect.flatMap(
              connection.upload(message, bytes),
              ({ status, text }) => Effect.map(text, (text) => ({ status, text }))
            )
          )
        const piece = new Uint8Array(700_000).fill(0x78)
        const whole = yield* sent(Stream.make(piece, new Uint8Array(0), piece, piece))
        assert.equal(whole.status, 200)
        assert.equal(member(whole.text.split("\n")[0] ?? "", "progress", "bytes"), 2_100_000)
        const broken = yield* Effect.flip(sent(Stream.concat(Stream.make(piece), Stream.fail("no more of it"))))
        assert.equal(broken, "no more of it")
        const refused = yield* sent(Stream.empty)
        assert.deepEqual([refused.status, member(refused.text, "status")], [400, 400])
        assert.equal((yield* ask(connection, request("GET", "/ping"))).status, 200)
      })
  ),
  of("a list that is written while it is read arrives whole", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const items = Array.from({ length: 600 }, (_, i) => ({
        external_id: `bd-${i}`,
        title: `Issue ${i}`,
        body: "",
        author: "ann",
        status: "open",
        created_at: "2026-05-01T10:00:00Z",
        updated_at: "2026-05-02T10:00:00Z"
      }))
      const imports = request("POST", "/projects/1/imports", { actor: "ann", source: "beads", items })
      assert.equal((yield* ask(connection, imports)).status, 200)
      const { text } = yield* ask(connection, request("GET", "/projects/1/issues"))
      const issues = member(text, "issues")
      assert.equal(Array.isArray(issues) ? issues.length : text, items.length)
    })),
  of("events are read as they happen, until the scope closes", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const stream = request("GET", "/events/stream", undefined, { accept: "text/event-stream" })
      yield* Effect.scoped(Effect.gen(function*() {
        const { bytes, headers, status } = yield* connection.send(stream)
        assert.deepEqual([status, headers["content-type"]], [200, "text/event-stream"])
        const reading = yield* Effect.fork(readUntil(bytes, "issue.created"))
        const id = yield* issue(connection)
        const text = yield* Fiber.join(reading)
        assert.ok(text.startsWith(": connected\n\n"), text)
        assert.ok(text.includes(id), text)
      }))
      const after = { ...stream, headers: { ...stream.headers, "last-event-id": "1" } }
      const resumed = yield* Effect.scoped(
        Effect.flatMap(connection.send(after), ({ bytes }) => readUntil(bytes, ": connected"))
      )
      assert.ok(!resumed.includes("project.created"))
      assert.equal((yield* ask(connection, request("GET", "/events/stream"))).status, 406)
    })),
  of("who waits for an answer can be interrupted, and the daemon goes on", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const stream = request("GET", "/events/stream", undefined, { accept: "text/event-stream" })
      const endless = yield* Effect.fork(ask(connection, stream))
      yield* Effect.sleep("20 millis")
      const exit = yield* Fiber.interrupt(endless)
      assert.ok(Exit.isFailure(exit) && Exit.isInterrupted(exit))
      assert.equal((yield* ask(connection, request("GET", "/projects/1"))).status, 200)
    })),
  of("many are asked at once, and each gets its own answer", (connection) =>
    Effect.gen(function*() {
      yield* project(connection)
      const ids = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, i) => `Title ${i}`),
        (title) => Effect.map(issue(connection, { title }), (id) => [title, id] as const),
        { concurrency: 8 }
      )
      yield* Effect.forEach(ids, ([title, id]) =>
        Effect.map(ask(connection, request("GET", `/projects/1/issues/${id}`)), ({ text }) =>
          assert.equal(member(text, "issue", "title"), title)), { concurrency: 8 })
    })),
  of("the daemon that is there is found, and is the same one", (connection, from) =>
    Effect.gen(function*() {
      const { find } = yield* DaemonClient
      const found = yield* find(from)
      assert.equal(Option.map(found, ({ address }) => address).pipe(Option.getOrUndefined), connection.address)
      yield* project(connection)
      const { status } = yield* Effect.flatMap(found, (other) => ask(other, request("GET", "/projects/1")))
      assert.equal(status, 200)
    })),
  of("a setting that cannot be used is refused before anybody is asked", (_, from) =>
    Effect.gen(function*() {
      const { connect, find } = yield* DaemonClient
      const wrong = { ...from, variables: { ...from.variables, KATA_SERVER: "ftp://x" } }
      for (const attempt of [Effect.flip(connect(wrong)), Effect.flip(find(wrong))]) {
        const refused = yield* attempt
        assert.equal(refused instanceof Error && "_tag" in refused ? refused._tag : refused, "RemoteRefused")
      }
    }))
]
