/** A snapshot as text: what it says in a stable order, so that two of them differ in lines where they differ in what they say. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { gzipSync } from "node:zlib"
import { version10 } from "../../src/records/kinds.ts"
import { readable } from "../../src/snapshot/readable.ts"
import { kata } from "../hostile/kit.ts"
import * as kit from "./kit.ts"

const linesOf = (snapshot: string | Uint8Array) =>
  Effect.scoped(
    Effect.flatMap(readable(kit.text(snapshot), version10), (lines) =>
      Effect.map(Stream.runCollect(lines), (some) => [...some].flat()))
  )

const copy = Effect.flatMap(kit.temporary, (directory) => kit.copyTo(`${directory}/rich.db`, "rich.db"))

describe("a snapshot as text", () => {
  it.scopedLive("has an issue after the other, with what belongs to it", () =>
    Effect.gen(function*() {
      const database = yield* copy
      yield* kit.change(
        database,
        "UPDATE issues SET owner = 'bob', priority = 2, body = 'one' || char(10) || 'two' WHERE id = 2;" +
          "INSERT INTO comments(issue_id, author, body, created_at) VALUES (2, 'ann', 'seen', '2027-01-01T00:00:00.000Z')"
      )
      const lines = yield* linesOf(yield* kit.exported(database))
      const at = lines.indexOf("issue app#k3vq: Target keeps its short id")
      assert.deepStrictEqual(lines.slice(at + 1, lines.indexOf("", at)), [
        "  uid: 01KDVDNAZJPEEXJ1T6BJ7NK3VQ",
        "  status: open",
        "  owner: bob",
        "  priority: 2",
        "  author: alice",
        "  created: 2026-01-01T00:00:01.000Z",
        "  body:",
        "    | one",
        "    | two",
        "  comment of ann, 2027-01-01T00:00:00.000Z:",
        "    | seen"
      ])
      const [counts] = yield* kit.query(database, "SELECT count(*) AS n FROM issues")
      assert.strictEqual(BigInt(lines.filter((line) => line.startsWith("issue ")).length), counts?.["n"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is the same, whatever numbers the rows have, whatever was only looked at, compressed or not", () =>
    Effect.gen(function*() {
      const database = yield* copy
      const before = yield* kit.exported(database)
      const lines = yield* linesOf(before)
      assert.deepStrictEqual(yield* linesOf(gzipSync(before)), lines)
      yield* kit.change(
        database,
        "UPDATE comments SET id = id + 100; UPDATE links SET id = id + 100; UPDATE project_aliases SET last_seen_at = '2027-01-01T00:00:00.000Z';" +
          " UPDATE import_mappings SET id = id + 100, comment_id = comment_id + 100, link_id = link_id + 100"
      )
      assert.deepStrictEqual(yield* linesOf(yield* kit.exported(database)), lines)
      yield* kit.change(database, "UPDATE issues SET status = 'closed', closed_reason = 'wontfix' WHERE id = 2")
      const after = yield* linesOf(yield* kit.exported(database))
      const differs = after.flatMap((line, i) => line === lines[i] ? [] : [line])
      assert.deepStrictEqual(differs, ["  status: closed as wontfix"])
    }).pipe(Effect.provide(kit.services)))
})

describe("kata textconv", () => {
  it.scopedLive("prints nothing that moves a cursor", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const database = yield* kit.copyTo(`${directory}/rich.db`, "rich.db")
      yield* kit.change(
        database,
        "UPDATE issues SET title = 'a' || char(27) || '[2Jb', body = 'c' || char(13) || 'd' || char(8238) WHERE id = 2"
      )
      yield* kit.writeFile(`${directory}/s.jsonl`, yield* kit.exported(database))
      const { exit, stderr, stdout } = yield* kata(directory, ["textconv", `${directory}/s.jsonl`])
      assert.deepStrictEqual({ exit, stderr }, { exit: 0, stderr: "" })
      assert.include(stdout, "issue app#k3vq: a\\x1b[2Jb\n")
      assert.include(stdout, "    | c\\rd\\u202e\n")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("prints what is no snapshot as it is, and says so: git shows the history of a file that was one later", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const cut = (yield* kit.exported(yield* copy)).slice(0, 3000)
      for (const [name, content] of [["cut", cut], ["text", "hello\u001b[2J\nworld"]] as const) {
        const path = yield* kit.writeFile(`${directory}/${name}`, content)
        const { exit, stderr, stdout } = yield* kata(directory, ["textconv", path])
        assert.deepStrictEqual({ exit, stderr }, { exit: 0, stderr: "" })
        const [why = "", ...rest] = stdout.split("\n")
        assert.match(why, /^\(the file: .*\)$/)
        assert.strictEqual(rest.join("\n"), content.replaceAll("\u001b", "\\x1b"))
      }
      const empty = yield* kit.writeFile(`${directory}/empty`, "")
      assert.deepStrictEqual(yield* kata(directory, ["textconv", empty]), { exit: 0, stdout: "", stderr: "" })
      assert.strictEqual((yield* kata(directory, ["textconv", `${directory}/none`])).exit, 4)
    }).pipe(Effect.provide(kit.services)))
})
