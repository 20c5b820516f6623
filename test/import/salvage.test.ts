/** `--salvage` of an import: what can be read and what the rules let in is restored, and every other line keeps its bytes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { appendFileSync, truncateSync } from "node:fs"
import { gzipSync } from "node:zlib"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { cases } from "./goCases.ts"
import { bytesOf } from "./goInputs.ts"
import { type SalvageCase, salvageCases } from "./salvageCases.ts"

interface Rejected {
  readonly line: number
  readonly column?: number
  readonly reason: string
  readonly raw?: string
  readonly rawHex?: string
}

const rejectedIn = (path: string | null | undefined) =>
  path === null || path === undefined
    ? Effect.succeed([])
    : Effect.map(kit.textOf(path), (text) => kit.lines(text).map((line) => JSON.parse(line) as Rejected))

const linesOf = (bytes: Buffer): ReadonlyArray<string> => {
  const lines = bytes.toString("latin1").split("\n")
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines
}

/** A rejected line is the line that it says it is, or the part of it that begins at its column, byte for byte. */
const sameBytes = (rejected: ReadonlyArray<Rejected>, bytes: Buffer) => {
  const lines = linesOf(bytes)
  for (const { column, line, raw, rawHex } of rejected) {
    const found = (raw === undefined ? Buffer.from(rawHex ?? "", "hex") : Buffer.from(raw)).toString("latin1")
    const there = lines[line - 1]!
    assert.strictEqual(
      found,
      column === undefined ? there : there.slice(column - 1, column - 1 + found.length),
      `line ${line}`
    )
  }
}

describe("a salvage of", () => {
  it("every file that an import refuses is in the table", () => {
    assert.deepStrictEqual(
      salvageCases.map(([file]) => file),
      cases.filter(({ outcome }) => outcome !== "ok").map(({ file }) => file)
    )
  })

  /** Whether there is any of what is counted. */
  const kindOf = ([, ...expected]: SalvageCase) => expected.map((one) => typeof one === "number" ? one > 0 : one).join()
  for (const [file, ...expected] of some("files", salvageCases, kindOf)) {
    it.scopedLive(`${file}: ${expected.join(", ")}`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const bytes = bytesOf(file)
        const target = `${directory}/target.db`
        const { message, outcome, value } = yield* kit.outcomeOf(
          kit.restore(kit.text(bytes, file), target, { salvage: true })
        )
        if (expected.length === 1) {
          assert.strictEqual(outcome, expected[0], message)
          return assert.deepStrictEqual(yield* kit.listing(directory), [])
        }
        assert.strictEqual(outcome, "ok", message)
        const salvage = value!.salvage!
        const { dropped, good, rejected, repaired, whole } = salvage
        assert.deepStrictEqual([whole, good, rejected, dropped, repaired], [...expected])
        const left = yield* rejectedIn(salvage.rejected_file)
        assert.strictEqual(left.length, rejected + dropped)
        sameBytes(left, bytes)
        // What is there: what was good, without what was dropped, and with what was made anew.
        const there = Object.values(value!.records).reduce((sum, n) => sum + n, 0)
        const made = there - (good - dropped)
        assert.isAtLeast(made, 0)
        assert.isAtMost(made, repaired)
        const restored = Object.fromEntries(
          (yield* kit.query(target, "SELECT key, value FROM meta")).map(({ key, value }) => [key, value])
        )
        assert.strictEqual(restored["schema_version"], "10")
        assert.deepStrictEqual(yield* kit.complaints(target), [])
        assert.deepStrictEqual(
          yield* kit.listing(directory),
          ["target.db", "target.db.lock", ...(left.length === 0 ? [] : ["target.db.rejected.jsonl"])]
        )
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("a line with more than a record (found L7):", () => {
  const lines = kit.lines(kit.fixtureText("imports/base.jsonl"))
  const [comment, other] = lines.filter((line) => line.startsWith("{\"kind\":\"comment\""))
  const cut = comment!.slice(0, 50)
  const joined: {
    readonly [what: string]: readonly [line: string, good: number, left: ReadonlyArray<readonly [number, string]>]
  } = {
    "two records": [comment! + other!, 2, []],
    "two records with blanks between them": [`${comment}  \t ${other}`, 2, []],
    "a record and text behind it": [`${comment} <<<< é`, 1, [[Buffer.byteLength(comment!) + 2, "<<<< é"]]],
    "text before a record": [`>>>> ${comment}`, 1, [[1, ">>>> "]]],
    "a record that was cut, and the next one": [cut + other!, 1, [[1, cut]]],
    "a record, one that was cut, another one": [comment! + cut + other!, 2, [[Buffer.byteLength(comment!) + 1, cut]]],
    "a record within a value of one that was cut, which is none": [
      `{"kind":"issue","data":{"id":1,"metadata":${comment}`,
      0,
      []
    ],
    "what is no UTF-8 behind a record": [`${comment}\u00ff`, 1, [[Buffer.byteLength(comment!) + 1, "ff"]]]
  }
  for (const [what, [line, good, left]] of Object.entries(joined)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const without = lines.filter((one) => one !== comment && one !== other)
        const at = without.findIndex((one) => one.startsWith("{\"kind\":\"issue_label\""))
        const bytes = Buffer.concat([
          Buffer.from(without.slice(0, at).map((one) => `${one}\n`).join("")),
          Buffer.from(line, what.startsWith("what is no UTF-8") ? "latin1" : "utf8"),
          Buffer.from(`\n${without.slice(at).map((one) => `${one}\n`).join("")}`)
        ])
        const report = yield* kit.restore(kit.text(bytes), `${yield* kit.temporary}/kata.db`, { salvage: true })
        assert.strictEqual(report.records["comment"] ?? 0, good)
        const rejected = yield* rejectedIn(report.rejected_file)
        sameBytes(rejected, bytes)
        assert.strictEqual(rejected.length, good === 0 ? 1 : left.length)
        if (good === 0) return assert.notProperty(rejected[0], "column")
        assert.deepStrictEqual(
          rejected.map(({ column, raw, rawHex }) => [column, raw ?? rawHex]),
          left.map((one) => [...one])
        )
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("what a rule keeps out of it stands raw without its neighbour", () =>
    Effect.gen(function*() {
      const orphan = comment!.replace("\"issue_id\":1", "\"issue_id\":77")
      const text = lines.map((line) => line === comment ? orphan + other : line === other ? "" : line).join("\n")
      const report = yield* kit.restore(kit.text(`${text}\n`), `${yield* kit.temporary}/kata.db`, { salvage: true })
      assert.strictEqual(report.records["comment"], 1)
      const [left] = yield* rejectedIn(report.rejected_file)
      assert.deepInclude(left, { line: 12, column: 1, raw: orphan })
    }).pipe(Effect.provide(kit.services)))
})

const rich = kit.fixtureText("rich.export.jsonl")

describe("what is not damaged", () => {
  for (
    const name of [
      "rich.sealed-d2.jsonl",
      "text.export.jsonl",
      "imports/seq-low.jsonl",
      "imports/value-time-garbage.jsonl"
    ]
  ) {
    it.scopedLive(`${name} comes in as without a salvage`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const input = kit.text(kit.fixtureBytes(name), name)
        const plain = yield* kit.restore(input, `${directory}/plain.db`)
        const report = yield* kit.restore(input, `${directory}/salvaged.db`, { salvage: true })
        const same = { target: "", database: "", salvage: null }
        assert.deepStrictEqual({ ...report, ...same }, { ...plain, ...same })
        assert.deepInclude({ ...report.salvage! }, {
          whole: true,
          rejected: 0,
          dropped: 0,
          repaired: 0,
          rejected_file: null
        })
        assert.isFalse(report.salvage!.incomplete)
        assert.strictEqual(
          yield* kit.exported(`${directory}/salvaged.db`),
          yield* kit.exported(`${directory}/plain.db`)
        )
        assert.notInclude((yield* kit.listing(directory)).join(), "rejected")
      }).pipe(Effect.provide(kit.services)))
  }
})

it.scopedLive("a sealed snapshot cut after any line: all that is before it comes in", () =>
  Effect.gen(function*() {
    const sealed = kit.lines(yield* kit.exported(yield* kit.copyOf("small.db")))
    const directory = yield* kit.temporary
    const ends = Array.from({ length: sealed.length - 2 }, (_, i) => i + 2)
    for (const end of some("cuts", ends)) {
      const bytes = Buffer.from(sealed.slice(0, end).map((line) => `${line}\n`).join(""))
      const target = `${directory}/cut-${end}.db`
      const report = yield* kit.restore(kit.text(bytes), target, { salvage: true })
      assert.deepInclude({ ...report.salvage! }, {
        whole: false,
        good: end - 1,
        rejected: 0,
        dropped: 0,
        rejected_file: null
      })
      const back = kit.lines(yield* kit.exported(target, { plain: true }))
      for (const line of sealed.slice(1, end)) assert.include(back, line)
      assert.deepStrictEqual(yield* kit.complaints(target), [])
    }
  }).pipe(Effect.provide(kit.services)))

it.scopedLive(
  "a sealed snapshot cut after any byte of its last lines: the lines before come in, the rest of one keeps its bytes",
  () =>
    Effect.gen(function*() {
      const whole = Buffer.from(yield* kit.exported(yield* kit.copyOf("small.db")))
      const directory = yield* kit.temporary
      for (let end = whole.length - 1; end > whole.length - 400; end -= 37) {
        const bytes = whole.subarray(0, end)
        const report = yield* kit.restore(kit.text(bytes), `${directory}/cut-${end}.db`, { salvage: true })
        const left = yield* rejectedIn(report.salvage!.rejected_file)
        sameBytes(left, Buffer.from(bytes))
        assert.strictEqual(left.length + report.salvage!.good + 1, linesOf(bytes).length)
      }
    }).pipe(Effect.provide(kit.services))
)

it.scopedLive("a compressed snapshot that is damaged in the middle: everything before", () =>
  Effect.gen(function*() {
    const bytes = gzipSync(Buffer.from(rich.repeat(1)), { level: 0 })
    const half = Math.floor(bytes.length / 2)
    const target = `${yield* kit.temporary}/target.db`
    const report = yield* kit.restore(kit.text(bytes.subarray(0, half)), target, { salvage: true })
    assert.isFalse(report.salvage!.whole)
    assert.isAbove(report.salvage!.good, 50)
    assert.match(report.notes.join("\n"), /the input ends before its end: the compressed data stops before its end/)
    assert.deepStrictEqual(yield* kit.complaints(target), [])
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("sequences are made from what was given, a reserved purge included", () =>
  Effect.gen(function*() {
    const target = `${yield* kit.temporary}/target.db`
    const lines = kit.lines(rich).filter((line) => !line.startsWith("{\"kind\":\"sqlite_sequence\""))
    yield* kit.restore(kit.text(lines.map((line) => `${line}\n`).join("")), target, { salvage: true })
    const [events] = yield* kit.query(target, "SELECT seq FROM sqlite_sequence WHERE name = 'events'")
    const [highest] = yield* kit.query(target, "SELECT max(id) AS id FROM events")
    assert.deepStrictEqual([events?.["seq"], highest?.["id"]], [171n, 168n])
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a dry run says what would come in and writes nothing", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const report = yield* kit.restore(
      kit.text(rich.replace("\"kind\":\"comment\"", "\"kind\":\"commend\"")),
      `${directory}/target.db`,
      {
        salvage: true,
        dryRun: true
      }
    )
    assert.deepInclude({ ...report.salvage! }, { whole: false, rejected: 1, rejected_file: null })
    assert.deepStrictEqual(yield* kit.listing(directory), [])
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("what was rejected before is not written over, and a failed swap leaves none", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const target = `${directory}/target.db`
    const input = kit.text(rich.replace("\"kind\":\"comment\"", "\"kind\":\"commend\""))
    const first = yield* kit.restore(input, target, { salvage: true })
    const second = yield* kit.restore(input, target, { salvage: true, force: true })
    assert.strictEqual(first.salvage!.rejected_file, `${target}.rejected.jsonl`)
    assert.strictEqual(second.salvage!.rejected_file, `${target}.rejected-2.jsonl`)
    const before = yield* kit.listing(directory)
    assert.strictEqual((yield* kit.outcomeOf(kit.restore(input, target, { salvage: true }))).outcome, "validation")
    assert.deepStrictEqual(yield* kit.listing(directory), before)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a line that is too long does not take the ones behind it along", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const lines = kit.lines(rich)
    const [before, behind] = [`${lines.slice(0, 20).join("\n")}\n`, `\n${lines.slice(20).join("\n")}\n`]
    const input = yield* kit.writeFile(`${directory}/long.jsonl`, before)
    // a hole in the file: 256 MiB and a byte that nobody has to write
    truncateSync(input, Buffer.byteLength(before) + 256 * 1024 * 1024 + 1)
    appendFileSync(input, behind)
    const report = yield* kit.restore(input, `${directory}/target.db`, { salvage: true })
    assert.deepInclude({ ...report.salvage! }, { good: lines.length - 1, rejected: 1, dropped: 0 })
    const [left] = yield* rejectedIn(report.salvage!.rejected_file)
    assert.include(left!.reason, "is longer than 268435456 bytes: 268435457 bytes from byte")
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("out of a damaged database, through a salvaged snapshot, into a new one", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const [database, output, target] = [`${directory}/kata.db`, `${directory}/out.jsonl`, `${directory}/new.db`]
    yield* kit.copyTo(database, "small.db")
    yield* kit.change(database, "DROP TRIGGER trg_issues_uid_immutable; UPDATE issues SET uid = x'00' WHERE id = 2")
    const exported = yield* Export.toFile({ database, output, salvage: true })
    const restored = yield* kit.restore(output, target, { salvage: true })
    assert.strictEqual(exported.rejected, 1)
    // Its link and its label went with the issue.
    assert.isTrue(restored.salvage!.whole)
    assert.isAbove(restored.salvage!.dropped, 0)
    assert.deepStrictEqual(yield* kit.complaints(target), [])
  }).pipe(Effect.provide(kit.services)))
