import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { createHash } from "node:crypto"
import { ContentSum } from "../../src/snapshot/digest.ts"

const sumOf = (lines: ReadonlyArray<string>): string => {
  const sum = new ContentSum()
  for (const line of lines) sum.add(line)
  return sum.hex
}

/** The same by another way: one large number, the first byte of a digest its lowest. */
const byBigInt = (lines: ReadonlyArray<string>): string =>
  lines.reduce((sum, line) => {
    const digest = createHash("sha256").update(line).digest().subarray(0, 16).reverse()
    return BigInt.asUintN(128, sum + BigInt(`0x${digest.toString("hex")}`))
  }, 0n).toString(16).padStart(32, "0")

const text = FastCheck.string({ unit: "binary" })
const lines = FastCheck.array(text, { maxLength: 40 })
const shuffled = lines.chain((all) =>
  FastCheck.shuffledSubarray(all, { minLength: all.length }).map((other) => [all, other] as const)
)

describe("the sum over the content", () => {
  it("is the sum of the digests modulo 2^128", () => {
    FastCheck.assert(FastCheck.property(lines, (all) => assert.strictEqual(sumOf(all), byBigInt(all))))
  })

  it("does not depend on the order", () => {
    FastCheck.assert(FastCheck.property(shuffled, ([one, other]) => assert.strictEqual(sumOf(one), sumOf(other))))
  })

  it("counts every line, and can take any of them out again", () => {
    FastCheck.assert(FastCheck.property(lines, text, (all, line) => {
      const sum = new ContentSum()
      for (const one of [...all, line]) sum.add(Buffer.from(one))
      assert.notStrictEqual(sum.hex, sumOf(all))
      sum.remove(line)
      assert.strictEqual(sum.hex, sumOf(all))
      for (const one of all) sum.remove(one)
      assert.strictEqual(sum.hex, "0".repeat(32))
    }))
  })

  it("carries from word to word only what a word cannot hold", () => {
    // No line is known whose digest has such words.
    const of = (low: number) => {
      const sum = new ContentSum()
      Reflect.set(sum, "words", [low, 0, 0, 0])
      return sum
    }
    assert.strictEqual(of(0xfffffffe).plus(of(1)).hex, "ffffffff".padStart(32, "0"))
    assert.strictEqual(of(0xffffffff).plus(of(1)).hex, "100000000".padStart(32, "0"))
  })
})
