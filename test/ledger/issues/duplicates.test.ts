/** What looks alike. */
import * as FastCheck from "effect/FastCheck"
import { describe, expect, it } from "vitest"
import { score, tokens, wordsOf } from "../../../src/ledger/issues/duplicates.ts"

describe("tokens", () => {
  it.each([
    ["Fixing the login crashes on Safari", ["fix", "login", "crash", "safari"]],
    ["as is, it was to be", []],
    ["a I x 7 42", ["42"]],
    ["used user uses red bed", ["used", "user", "use", "red", "bed"]],
    ["ÜBERGRÖSSE übergrösse", ["übergrösse"]],
    ["Caf\u0065\u0301 caf\u00e9", ["café"]],
    ["数据库 数据库", ["数据库"]],
    ["don't re-open #12", ["don", "re", "open", "12"]]
  ])("of %j", (text, wanted) => {
    expect([...tokens(text)]).toEqual(wanted)
  })

  it("each begins a word of the text, so that an index of words finds it by its beginning", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.string({ unit: "grapheme", maxLength: 60 }), (text) => {
        const words = text.normalize("NFC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []
        for (const token of tokens(text)) expect(words.some((word) => word.startsWith(token))).toBe(true)
      }),
      { seed: 1, numRuns: 300 }
    )
  })
})

describe("score", () => {
  const of = (a: readonly [string, string], b: readonly [string, string]) => score(wordsOf(...a), wordsOf(...b))

  it("is 1 for what is the same, and 0.6 for what has the same title and no body", () => {
    expect(of(["Login crash", "when twice"], ["login CRASHED", "twice, when"])).toBe(1)
    expect(of(["Login crash", ""], ["Login crash", ""])).toBe(0.6)
    expect(of(["Login crash", "when twice"], ["Login crash", ""])).toBe(0.6)
  })

  it("compares the first 500 characters of a body", () => {
    const beginning = "word ".repeat(100)
    expect(of(["Login crash", `${beginning}${"x".repeat(40)}`], ["Login crash", `${beginning}other end`])).toBe(1)
    // characters, not halves of them
    expect(of(["Login crash", `${"𝕏 ".repeat(248)}word end`], ["Login crash", `${"𝕏 ".repeat(248)}word`])).toBe(1)
  })

  it("needs half of the title to be as high as what is refused, which is what the index is asked for", () => {
    const word = FastCheck.constantFrom("login", "crash", "safari", "page", "slow", "index", "fix", "add")
    const text = FastCheck.array(word, { maxLength: 8 }).map((words) => words.join(" "))
    FastCheck.assert(
      FastCheck.property(text, text, text, text, (titleA, bodyA, titleB, bodyB) => {
        if (of([titleA, bodyA], [titleB, bodyB]) < 0.7) return
        const [a, b] = [tokens(titleA), tokens(titleB)]
        expect(2 * [...a].filter((token) => b.has(token)).length).toBeGreaterThanOrEqual(Math.max(a.size, b.size))
        expect(tokens(bodyA).size).toBeGreaterThan(0)
      }),
      { seed: 2, numRuns: 2000 }
    )
  })
})
