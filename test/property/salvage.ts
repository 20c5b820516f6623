/**
 * Snapshots after several accidents: a salvage brings in every line that nobody touched, unless a rule is in its way, and then the rule is
 * one that holds; and nothing is without a line.
 */
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import * as Option from "effect/Option"
import assert from "node:assert/strict"
import { kinds } from "../../src/records/kinds.ts"
import { content } from "../../src/testing/contents.ts"
import { build } from "../../src/testing/database.ts"
import * as kit from "../snapshot/kit.ts"
import { mutateAll, mutation } from "./mutate.ts"
import { property } from "./Property.ts"

interface Json {
  readonly kind: string
  readonly data: { readonly [key: string]: unknown }
}

/** Numbers as they are spelled. */
const parse = (line: string): Json =>
  JSON.parse(line.replace(/("(?:[^"\\]|\\.)*")|(-?\d{16,})/g, (_, text, digits) => text ?? `"${digits}"`)) as Json

const kindNamed = (name: string) => kinds.find((kind) => kind.name === name)!

/** What is damaged in the seal is damaged, although the rest of the line is as it was. */
const withoutSeal = (line: string) => line.replace(/,"seal":\{[^}\ufffd]*\}\}$/, "}")

/** Whether the rule that kept a line out is one: what it points at is not there, or something else is in its place. */
const reasoned = (line: string, reason: string, back: ReadonlyArray<Json>): boolean => {
  const { data, kind: name } = parse(line)
  const kind = kindNamed(name)
  const there = (table: string, column: string, value: unknown) =>
    back.some((one) => kindNamed(one.kind).table === table && String(one.data[column]) === String(value))
  const references = kind.fields.flatMap(({ key, reference }) =>
    Option.match(reference, { onNone: () => [], onSome: ({ table }) => [[key, table] as const] })
  )
  if (
    references.some(([key, table]) => data[key] !== null && data[key] !== undefined && !there(table, "id", data[key]))
  ) {
    return true
  }
  if (reason.includes("more than once")) return true
  // Its parent was changed by the accident, and is there as another row.
  return name === "link" && /another project|uid of the linked issue/.test(reason)
}

export const untouched = property(
  "lines",
  "a salvage brings in every line that nobody touched, but for a rule that holds; the others keep a line",
  15,
  FC.tuple(content, FC.array(mutation, { minLength: 1, maxLength: 4 }), FC.boolean()),
  ([of, accidents, plain]) =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      yield* build(`${directory}/a.db`, of)
      const before = Buffer.from(yield* kit.exported(`${directory}/a.db`, { plain }))
      const bytes = mutateAll(before, accidents)
      const target = `${directory}/b.db`
      const { message, outcome, value } = yield* kit.outcomeOf(
        kit.restore(kit.text(bytes), target, { salvage: true })
      )
      if (value === undefined) {
        // Nothing is left that could come in, or the version became another one.
        assert.ok(["damaged", "validation"].includes(outcome), message)
        return
      }
      const salvage = value.salvage!
      const left = salvage.rejected_file === null
        ? []
        : kit.lines(yield* kit.textOf(salvage.rejected_file)).map((line) =>
          JSON.parse(line) as {
            readonly line: number
            readonly column?: number
            readonly reason: string
            readonly raw?: string
          }
        )
      assert.strictEqual(left.length, salvage.rejected + salvage.dropped)
      assert.strictEqual(new Set(left.map(({ column = 1, line }) => `${line}:${column}`)).size, left.length)
      const output = kit.lines(yield* kit.exported(target, { plain: true }))
      const back = output.map(parse)
      const known = new Set(output)
      const untouched = new Set(kit.lines(before.toString()).slice(1).map(withoutSeal))
      const now = bytes.toString("latin1").split("\n")
        .map((line) => Buffer.from(line, "latin1").toString("utf8"))
      let lines = 0
      for (const [i, line] of now.entries()) {
        if (line.trim() !== "") lines++
        const plainLine = withoutSeal(line)
        if (!untouched.has(plainLine) || known.has(plainLine)) continue
        const refused = left.find(({ line }) => line === i + 1)
        if (refused !== undefined) {
          assert.ok(reasoned(plainLine, refused.reason, back), `line ${i + 1}: ${refused.reason}: ${line}`)
          continue
        }
        // It was mended: its row is there with another value, and the report has it.
        const { data, kind: name } = parse(plainLine)
        const key = kindNamed(name).key[0]!
        const row = back.find((one) => one.kind === name && String(one.data[key]) === String(data[key]))
        assert.ok(row !== undefined || name === "issue_label", `line ${i + 1} is nowhere: ${line}`)
        assert.ok(
          value.findings.some((finding) => finding.kind === name && finding.outcome === "repaired"),
          `line ${i + 1} was changed in silence: ${line}`
        )
      }
      // The first line is no record, and of a line with several values each counts; `account` adds them up one by one.
      assert.ok(salvage.good + salvage.rejected + 1 >= lines, `${salvage.good} and ${salvage.rejected} of ${lines}`)
      assert.deepStrictEqual(yield* kit.complaints(target), [])
    })
)

export const undamaged = property(
  "bytes",
  "a salvage of a sound database gives the bytes of an export",
  15,
  content,
  (of) =>
    Effect.gen(function*() {
      const database = `${yield* kit.temporary}/kata.db`
      yield* build(database, of)
      assert.strictEqual(yield* kit.exported(database, { salvage: true }), yield* kit.exported(database))
    })
)
