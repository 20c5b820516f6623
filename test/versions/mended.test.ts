/** Mended lines that come back with files of older versions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "./kit.ts"

const rich = (n: number) => kit.lines(old.fixture(`v${n}/rich.own-export.jsonl`))
const file = (lines: ReadonlyArray<string>, name: string) => kit.text(lines.map((line) => `${line}\n`).join(""), name)
const first = (lines: ReadonlyArray<string>, kind: string) =>
  lines.find((line) => line.startsWith(`{"kind":"${kind}"`))!
const dataOf = (line: string): { readonly [key: string]: unknown } => JSON.parse(line).data

const restored = (
  lines: ReadonlyArray<string>,
  mended: ReadonlyArray<string>,
  options: { readonly repair?: boolean } = {}
) =>
  Effect.gen(function*() {
    const target = `${yield* kit.temporary}/kata.db`
    const report = yield* kit.restore(file(lines, "old.jsonl"), target, {
      ...options,
      rejected: file(mended, "mended.jsonl")
    })
    assert.deepStrictEqual(yield* kit.complaints(target), [])
    return { report, target, lines: kit.lines(yield* kit.exportedAsGo(target)) }
  })

describe.each(some("versions", old.versions))("version %i", (n) => {
  const source = rich(n)
  const [comment, issue] = [first(source, "comment"), first(source, "issue")]

  it.scopedLive("a record and a row come back as if they had never been away", () =>
    Effect.gen(function*() {
      const whole = yield* old.restored(`${source.join("\n")}\n`, "old.jsonl")
      const row = JSON.stringify({ table: "comments", rowid: 1, why: "was damaged", cells: dataOf(comment) })
      for (const mended of [[comment, issue], [row, issue]]) {
        const back = yield* restored(source.filter((line) => line !== comment && line !== issue), mended)
        assert.deepInclude({ ...back.report.joined }, { records: 2, cells: 0, rejected: 0 })
        assert.deepStrictEqual(old.sameInstance(back.lines, whole.lines), whole.lines)
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a cell is one of the table as it is now; one that it has no more is kept", () =>
    Effect.gen(function*() {
      const cell = (cells: object) => JSON.stringify({ table: "issues", rowid: dataOf(issue)["id"], cells })
      const back = yield* restored(source, [cell({ body: "mended" }), cell({ number: 7 })])
      assert.deepInclude({ ...back.report.joined }, { records: 0, cells: 1, rejected: 1 })
      assert.strictEqual(dataOf(first(back.lines, "issue"))["body"], "mended")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a record whose number is taken gets another one; the one that was there keeps it", () =>
    Effect.gen(function*() {
      const other = JSON.stringify({ kind: "comment", data: { ...dataOf(comment), body: "of somebody else" } })
      const target = `${yield* kit.temporary}/kata.db`
      const refused = yield* kit.outcomeOf(
        kit.restore(file(source, "old.jsonl"), target, { rejected: file([other], "mended.jsonl") })
      )
      assert.strictEqual(refused.outcome, "validation")
      assert.include(refused.message, "comment 1: id is there more than once")
      const { lines, report } = yield* restored(source, [other], { repair: true })
      assert.strictEqual(report.left_out, 0)
      const comments = lines.filter((line) => line.startsWith("{\"kind\":\"comment\"")).map(dataOf)
      assert.strictEqual(comments.find(({ id }) => id === 1)?.["body"], dataOf(comment)["body"])
      assert.isAbove(Number(comments.find(({ body }) => body === "of somebody else")?.["id"]), 1)
    }).pipe(Effect.provide(kit.services)))
})
