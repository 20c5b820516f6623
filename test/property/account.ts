/** The account of a damaged snapshot adds up: what is in it is in the database, or stands raw in the rejected file. */
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { content } from "../../src/testing/contents.ts"
import { build, type Content } from "../../src/testing/database.ts"
import * as kit from "../snapshot/kit.ts"
import { mutateAll, type Mutation, mutation, union } from "./mutate.ts"
import { property } from "./Property.ts"

interface Left {
  readonly line: number
  readonly column?: number
  readonly raw?: string
  readonly rawHex?: string
}

/** Accidents of all kinds for a salvage; for a repair, which reads strictly, unions of files without a seal. */
const damages = FC.oneof(
  FC.tuple(
    content,
    FC.array(mutation, { minLength: 1, maxLength: 6 }),
    FC.boolean(),
    FC.constant("salvage" as const)
  ),
  FC.tuple(content, FC.array(union, { minLength: 1, maxLength: 6 }), FC.constant(true), FC.constant("repair" as const))
)

/** How an import of what is left of a snapshot ended: refused, done, or done without some lines, which are all accounted for. */
type Ended = "refused" | "all of it" | "without some lines" | "not whole, nothing to reject"

/** How often each has happened, in this run. */
export const tally = new Map<string, number>()

/** Damages a snapshot of the content and imports it; fails when the account does not add up. */
const account = (of: Content, accidents: ReadonlyArray<Mutation>, plain: boolean, how: "salvage" | "repair") =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    yield* build(`${directory}/a.db`, of)
    const before = Buffer.from(yield* kit.exported(`${directory}/a.db`, { plain }))
    const bytes = mutateAll(before, accidents)
    const target = `${directory}/b.db`
    const { message, outcome, value } = yield* kit.outcomeOf(kit.restore(kit.text(bytes), target, { [how]: true }))
    if (value === undefined) {
      assert.ok(["damaged", "validation"].includes(outcome), message)
      return "refused" satisfies Ended
    }
    const sum = (counts: { readonly [kind: string]: number }) => Object.values(counts).reduce((all, n) => all + n, 0)
    const unread = value.salvage?.rejected ?? 0
    const left = value.rejected_file === null
      ? []
      : kit.lines(yield* kit.textOf(value.rejected_file)).map((line) => JSON.parse(line) as Left)
    assert.strictEqual(left.length, value.left_out, "each line that is left out stands in the rejected file")
    // A row of meta or sqlite_sequence that was missing was made.
    const made = value.findings.flatMap(({ rows }) => rows).filter(({ value }) => value?.startsWith("none →") === true)
    assert.strictEqual(
      sum(value.records),
      sum(value.read) - (value.left_out - unread) + made.length,
      "each record that was read is a row, or is left out"
    )
    // What stands raw is what stood there, and no byte of it twice.
    const lines = bytes.toString("latin1").split("\n")
    const taken = new Set<string>()
    for (const { column, line, raw, rawHex } of left) {
      const found = (raw === undefined ? Buffer.from(rawHex ?? "", "hex") : Buffer.from(raw)).toString("latin1")
      const there = lines[line - 1]!
      assert.strictEqual(found, column === undefined ? there : there.slice(column - 1, column - 1 + found.length))
      assert.ok(!taken.has(`${line}/${column}`))
      taken.add(`${line}/${column}`)
    }
    assert.deepStrictEqual(yield* kit.complaints(target), [])
    const incomplete = value.left_out > 0 || value.salvage?.incomplete === true
    if (!incomplete) {
      // Then every line is a row, as it stands there or with a change that the report has.
      const back = new Set(kit.lines(yield* kit.exported(target, { plain: true })))
      const changed = new Set(value.findings.filter(({ outcome }) => outcome === "repaired").map(({ kind }) => kind))
      for (const line of kit.lines(before.toString()).slice(1)) {
        const text = line.replace(/,"seal":\{[^}]*\}\}$/, "}")
        if (!bytes.includes(line) || back.has(text)) continue
        assert.ok(changed.has(/^\{"kind":"(\w+)"/.exec(text)?.[1] ?? ""), `nowhere, and not told: ${text}`)
      }
      return "all of it" satisfies Ended
    }
    return (left.length > 0 ? "without some lines" : "not whole, nothing to reject") satisfies Ended
  })

export const accounted = property(
  "lines",
  "of a damaged snapshot each line is in the database or stands raw in the rejected file, and it ends with 0 only when all are",
  15,
  damages,
  ([of, accidents, plain, how]) =>
    Effect.map(account(of, accidents, plain, how), (ended) => {
      const what = `${how}: ${ended}`
      tally.set(what, (tally.get(what) ?? 0) + 1)
    })
)
