import * as FC from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { kinds } from "../../src/records/kinds.ts"
import { record } from "../../src/testing/arbitraries.ts"
import { content } from "../../src/testing/contents.ts"

const samples = FC.sample(content, { numRuns: 150, seed: 1 })

describe("contents", () => {
  for (const kind of kinds) {
    it(`${kind.table}: every column has values, and NULL where it may`, () => {
      const rows = samples.flatMap((sample) => sample[kind.table] ?? [])
      for (const field of kind.columns) {
        const cells = rows.map((row) => row[field.key])
        expect(cells.filter((cell) => cell !== null && cell !== undefined).length, field.key).toBeGreaterThan(20)
        // every type of object that a mapping may have needs its issue
        const never = kind.name === "import_mapping" && field.key === "issue_id"
        if (field.presence !== "always" && !never) {
          expect(cells.filter((cell) => cell === null).length).toBeGreaterThan(5)
        }
      }
    })
  }

  it("texts hold what programs get wrong", () => {
    const all = samples.flatMap((sample) => Object.values(sample).flat()).flatMap((row) => Object.values(row)).join("")
    const wanted = ["\0", "\u2028", "\u2029", "\ufeff", "\ufffd", "\u{10ffff}", "\\ud800", "e\u0301", "<b>", "\"", "\\"]
    for (const piece of wanted) expect(all.includes(piece), JSON.stringify(piece)).toBe(true)
  })

  it("ids go beyond 2^53 and below zero", () => {
    const ids = samples.flatMap((sample) => sample["issues"] ?? []).map((row) => BigInt(String(row["id"])))
    expect(ids.some((id) => id > 2n ** 53n)).toBe(true)
    expect(ids.some((id) => id < 0n)).toBe(true)
  })
})

describe("records", () => {
  for (const kind of kinds) {
    it(`${kind.name}: every record is one of its kind`, () => {
      for (const value of FC.sample(record(kind), 200)) expect(kind.is(value), Object.values(value).join()).toBe(true)
    })
  }
})
