import { assert, describe, it } from "@effect/vitest"
import { runsOf, spread } from "./some.ts"

const kindOf = (value: string) => value[0]
const table = ["a1", "a2", "a3", "a4", "b1", "a5", "c1", "c2", "c3", "a6", "c4"]

describe("of a table", () => {
  it("all values are tried, in their order, when nobody says how many", () => {
    assert.strictEqual(runsOf({}), Infinity)
    assert.strictEqual(runsOf({ KATA_RUNS: "" }), Infinity)
    assert.deepStrictEqual(spread(Infinity, table, kindOf), table)
    assert.deepStrictEqual(spread(500, table, kindOf), table)
  })

  it("so many of each kind are tried, each kind from another place on, and at least one", () => {
    assert.strictEqual(runsOf({ KATA_RUNS: "2" }), 2)
    assert.deepStrictEqual(spread(2, table, kindOf), ["a1", "a4", "b1", "c1", "c3"])
    assert.deepStrictEqual(spread(1, table, kindOf), ["a1", "b1", "c3"])
  })

  it("values that are equal are two", () => {
    assert.deepStrictEqual(spread(2, ["a", "a", "a"], kindOf), ["a", "a"])
  })

  it("every version is met by some of the damages", () => {
    const versions = [1, 2, 3, 4, 6, 7, 8, 9]
    const damages = Array.from({ length: 10 }, (_, i) => i)
    const rows = versions.flatMap((version) => damages.map((damage) => ({ version, damage })))
    const chosen = spread(2, rows, ({ damage }) => damage)
    assert.strictEqual(chosen.length, 20)
    assert.deepStrictEqual([...new Set(chosen.map(({ version }) => version))], versions)
    assert.deepStrictEqual([...new Set(chosen.map(({ damage }) => damage))].toSorted(), damages)
  })
})
