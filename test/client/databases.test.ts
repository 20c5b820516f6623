/** Merges and comparisons by a daemon, as its client sees them: done, refused, broken off. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { Connection, Upload } from "../../src/client/DaemonClient.ts"
import { diff, merge } from "../../src/client/databases.ts"
import { FileError } from "../../src/files/FileError.ts"
import { Progress } from "../../src/Progress.ts"

const utf8 = new TextEncoder()

/** A daemon that answers so, whatever it is sent; and what that was. */
const answering = (answer: Stream.Stream<string>, status = 200) => {
  const asked: Array<Upload & { readonly bytes: number }> = []
  const connection: Connection = {
    address: "a daemon",
    mayHang: true,
    send: () => Effect.dieMessage("nothing else is asked"),
    upload: (message, bytes) =>
      Effect.map(Stream.runFold(bytes, 0, (sum, { length }) => sum + length), (bytes) => {
        asked.push({ ...message, bytes })
        return {
          status,
          headers: {},
          text: Stream.mkString(answer),
          bytes: Stream.map(answer, (text) => utf8.encode(text))
        }
      })
  }
  return { asked, connection }
}

const sent = { name: "a b.jsonl", bytes: Stream.make(utf8.encode("{}\n"), utf8.encode("{}\n")) }
const progress = (phase: string, rows: number) =>
  `{"progress":{"phase":"${phase}","rows":${rows},"bytes":0,"of_rows":9}}\n`
const report =
  "{\"report\":{\"a\":{\"name\":\"x\",\"is\":\"snapshot\",\"instance_uid\":null,\"projects\":null,\"live_only\":false,\"losses\":{}}," +
  "\"b\":{\"name\":\"y\",\"is\":\"database\",\"instance_uid\":null,\"projects\":null,\"live_only\":false,\"losses\":{}}," +
  "\"equal\":true,\"counts\":{},\"issues\":{},\"changes\":[],\"more\":0}}\n"

describe("a merge or a comparison by a daemon", () => {
  it.effect("asks for what is wanted, tells how far it is, and gives the report", () =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      // lines come in whatever pieces
      const text = progress("reading", 0) + progress("reading", 4) + progress("reading", 4) + progress("comparing", 2) +
        report
      const { asked, connection } = answering(Stream.fromIterable(text.match(/[^]{1,50}/g) ?? []))
      const done = yield* diff(connection, { ...sent, size: 6 }, { issue: "app#abc4", limit: 3 }).pipe(
        Effect.provideService(Progress, {
          phase: (name, total) => Effect.sync(() => told.push([name, total])),
          advance: (rows, bytes) => Effect.sync(() => rows + bytes > 0 && told.push(rows + bytes))
        })
      )
      expect(done).toMatchObject({ equal: true, a: { name: "x" } })
      expect(told).toEqual([
        ["sending", { bytes: 6 }],
        3,
        3,
        ["reading", { rows: 9 }],
        4,
        ["comparing", { rows: 9 }],
        2
      ])
      expect(asked).toEqual([{
        method: "POST",
        path: "/api/v1/diff?issue=app%23abc4&limit=3&name=a%20b.jsonl",
        type: "application/octet-stream",
        bytes: 6
      }])
    }))

  it.effect("names what may be there several times several times", () =>
    Effect.gen(function*() {
      const { asked, connection } = answering(Stream.make(report))
      yield* Effect.flip(
        merge(connection, sent, { actor: "ann", project: ["a", "b"], decision: ["app#x=source"], issue: [] })
      )
      expect(asked[0]?.path).toBe(
        "/api/v1/merge?actor=ann&project=a&project=b&decision=app%23x%3Dsource&name=a%20b.jsonl"
      )
    }))

  const failures: ReadonlyArray<readonly [what: string, answer: string, status: number, error: object]> = [
    [
      "the daemon's own, with its kind",
      "{\"error\":{\"kind\":\"damaged\",\"code\":\"snapshot_damaged\",\"message\":\"m\",\"hint\":\"h\",\"exit_code\":8,\"data\":{\"line\":3}}}\n",
      200,
      { _tag: "OperationFailed", kind: "damaged", was: "snapshot_damaged", message: "m", hint: "h", data: { line: 3 } }
    ],
    [
      "conflicts, as where they were found",
      "{\"error\":{\"kind\":\"conflict\",\"code\":\"merge_conflicts\",\"message\":\"m\",\"exit_code\":5,\"data\":{\"_tag\":\"MergeConflicts\",\"target\":\"t\",\"conflicts\":[],\"count\":0}}}\n",
      200,
      { _tag: "MergeConflicts", kind: "conflict", target: "t" }
    ],
    ["an answer without a last line", progress("merging", 0), 200, { _tag: "DaemonUnreachable", mayBeDone: true }],
    ["a last line that says something else", "{\"report\":{}}\n", 200, { _tag: "AnswerUnreadable" }],
    ["a refusal", "{\"error\":{\"code\":\"no_room\",\"message\":\"full\"}}", 507, { _tag: "ApiFailure", kind: "io" }],
    [
      "a server that does not know it",
      "404 page not found\n",
      404,
      { _tag: "ApiFailure", kind: "not_found", message: "the server does not know this operation" }
    ]
  ]
  it.effect.each(failures)("fails with %s", ([, answer, status, error]) =>
    Effect.gen(function*() {
      const { connection } = answering(Stream.make(answer), status)
      expect(yield* Effect.flip(merge(connection, sent, { actor: "ann" }))).toMatchObject(error)
    }))

  it.effect("fails with what the snapshot cannot be read for, and when nothing is heard for a minute", () =>
    Effect.gen(function*() {
      const broken = new FileError({ path: "a", operation: "read", code: "EIO", detail: "" })
      const { connection } = answering(Stream.concat(Stream.make(progress("merging", 0)), Stream.never))
      expect(yield* Effect.flip(diff(connection, { name: "a", bytes: Stream.fail(broken) }, {}))).toBe(broken)
      // as in a command, which is not interrupted once the change is on its way
      const waiting = yield* Effect.fork(Effect.uninterruptible(Effect.flip(merge(connection, sent, { actor: "ann" }))))
      yield* TestClock.adjust("61 seconds")
      expect(yield* Fiber.join(waiting)).toMatchObject({ _tag: "DaemonUnreachable", mayBeDone: true })
    }))
})
