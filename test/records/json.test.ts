import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Handle from "../../src/database/Handle.ts"
import { depth, distinct, elements, isDistinct, members, minify, wellFormed } from "../../src/records/json.ts"
import { wholeCharacters } from "../../src/records/vocabulary.ts"
import { copyOf, services } from "../snapshot/kit.ts"
import { json } from "./arbitrary.ts"

const space = FastCheck.string({ unit: FastCheck.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 })
/** JSON in lines, as an editor would have it. */
const wide = FastCheck.tuple(FastCheck.jsonValue(), FastCheck.constantFrom(1, 2, "\t"))
  .map(([value, indent]) => JSON.stringify(value, null, indent))

it("minify gives what JSON.stringify gives of the value", () => {
  FastCheck.assert(FastCheck.property(wide, space, space, (text, before, after) => {
    assert.strictEqual(minify(before + text + after), JSON.stringify(JSON.parse(text)))
  }))
})

it("minify leaves compact text alone, whatever its spelling", () => {
  FastCheck.assert(FastCheck.property(json, (text) => assert.strictEqual(minify(text), text)))
})

it("members gives keys as read, values as spelled, doubles and all, in order", () => {
  const member = FastCheck.tuple(FastCheck.string({ unit: "binary" }), FastCheck.oneof(json, wide), space, space)
  FastCheck.assert(FastCheck.property(FastCheck.array(member), space, (all, inside) => {
    const text = `${inside}{${inside}${
      all.map(([key, value, before, after]) => `${before}${JSON.stringify(key)}${after}:${before}${value}${after}`)
        .join(",")
    }}${inside}`
    JSON.parse(text)
    assert.deepStrictEqual([...members(text)!], all.map(([key, value]) => [key, value] as const))
  }))
})

it("what is no JSON comes to an end, and raises nothing", () => {
  const all = (text: string) => {
    for (const make of [members, elements]) for (const _ of make(text) ?? []) { /* to its end */ }
    for (const make of [minify, distinct, isDistinct, wellFormed, depth]) make(text)
  }
  for (
    const text of [
      "{\"",
      "{\"a",
      "{\"a\\",
      "{\"\\x\":1}",
      "{\"a\":\"b",
      "[\"a",
      "[[",
      "{\"a\":{\"b",
      "\"",
      "\"\\",
      "}}",
      "{]",
      ""
    ]
  ) all(text)
  const odd = FastCheck.string({
    unit: FastCheck.constantFrom("{", "}", "[", "]", ":", ",", "\"", "\\", "a", "1", " ")
  })
  FastCheck.assert(FastCheck.property(odd, all), { numRuns: 2000 })
  // cut anywhere, the members before the cut are as they were
  FastCheck.assert(FastCheck.property(json, FastCheck.nat(), (text, at) => all(text.slice(0, at % (text.length + 1)))))
  assert.deepStrictEqual([...members(`{"a":1,"b":"c`)!], [["a", "1"]])
})

it("members reads escapes in keys", () => {
  assert.deepStrictEqual([...members(`{"\\u006bind":1,"a\\"}":{"b":[2,{"c":3}]}}`)!], [
    ["kind", "1"],
    ["a\"}", `{"b":[2,{"c":3}]}`]
  ])
})

for (const text of ["[]", "[{}]", "null", "5", "\"{}\"", "true"]) {
  it(`members of ${text}, which is no object`, () => assert.isUndefined(members(text)))
}

describe("what newer readers refuse is mended, and nothing is lost (found W19)", () => {
  const keys: { readonly [text: string]: string } = {
    "{\"a\":1,\"a\":2}": "{\"a-2\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2,\"a-2\":3,\"a\":4}": "{\"a-3\":1,\"a-4\":2,\"a-2\":3,\"a\":4}",
    "{\"a\":1.50,\"b\":[{\"x\":{},\"x\":{}},\"\\u00e9\"],\"c\":-0}":
      "{\"a\":1.50,\"b\":[{\"x\":{}},\"\\u00e9\"],\"c\":-0}",
    "[[],[[{\"__proto__\":1,\"__proto__\":2}]]]": "[[],[[{\"__proto__-2\":1,\"__proto__\":2}]]]",
    "[]": "[]",
    "\"a\"": "\"a\""
  }
  for (const [text, mended] of Object.entries(keys)) {
    it(`keys of ${text}`, () => assert.strictEqual(distinct(text), mended))
  }

  it("what has no key twice keeps every character", () => {
    FastCheck.assert(FastCheck.property(json, (text) => {
      const mended = distinct(text)
      assert.deepStrictEqual(JSON.parse(distinct(mended)), JSON.parse(mended))
      assert.strictEqual(distinct(mended), mended)
    }))
  })

  it("that no object has a key twice is seen as a reader of all members sees it", () => {
    const key = FastCheck.constantFrom("a", "b", "a:", "{", "\\", "\"", "\",\"a\":")
    const { value } = FastCheck.letrec<{ value: string }>((tie) => ({
      value: FastCheck.oneof(
        { maxDepth: 4 },
        key.map((text) => JSON.stringify(text)),
        FastCheck.constantFrom("1", "true", "{}", "[]"),
        FastCheck.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
        FastCheck.array(FastCheck.tuple(key, tie("value")), { maxLength: 4 }).map((all) =>
          `{${all.map(([name, raw]) => `${JSON.stringify(name)}:${raw}`).join(",")}}`
        )
      )
    }))
    const slow = (text: string): boolean => {
      const found = [...members(text) ?? []]
      return new Set(found.map(([name]) => name)).size === found.length &&
        [...found.map(([, raw]) => raw), ...elements(text) ?? []].every(slow)
    }
    const seen = new Map<boolean | undefined, number>()
    FastCheck.assert(
      FastCheck.property(value, (text) => {
        const fast = isDistinct(text)
        seen.set(fast, (seen.get(fast) ?? 0) + 1)
        if (fast !== undefined) assert.strictEqual(fast, slow(text), text)
      }),
      { numRuns: 2000 }
    )
    for (const answer of [true, false, undefined]) assert.isAbove(seen.get(answer) ?? 0, 20)
    const many = (keys: number) => `{${Array.from({ length: keys }, (_, i) => `"${i}":{"0":1}`).join(",")}}`
    assert.deepStrictEqual([isDistinct(many(32)), isDistinct(many(33))], [true, undefined])
  })

  const characters: { readonly [text: string]: string } = {
    "\"\\ud83d\\ude00\"": "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"": "\"\\ufffd\"",
    "\"\\uDE00\\uD83D\\ud83d\\ude00\"": "\"\\ufffd\\ufffd\\ud83d\\ude00\"",
    "\"\\\\ud83d\"": "\"\\\\ud83d\"",
    "\"\\\\\\ud83d\\n\"": "\"\\\\\\ufffd\\n\""
  }
  for (const [text, mended] of Object.entries(characters)) {
    it(`characters of ${text}`, () => assert.strictEqual(wellFormed(text), mended))
  }

  it("every string is one of characters then", () => {
    const escape = FastCheck.constantFrom("\\ud83d", "\\ude00", "\\uDBFF", "\\u0041", "\\\\", "\\n", "x", "ud83d")
    FastCheck.assert(FastCheck.property(FastCheck.array(escape), (parts) => {
      const text = `"${parts.join("")}"`
      const value = JSON.parse(text) as string
      assert.strictEqual(JSON.parse(wellFormed(text)), value.toWellFormed())
      assert.strictEqual(wellFormed(text) === text, value.isWellFormed())
      assert.strictEqual(wholeCharacters.is(text), value.isWellFormed())
    }))
  })

  it.scopedLive("SQL says the same", () =>
    Effect.gen(function*() {
      const db = yield* Handle.open(yield* copyOf("empty.db"), "write")
      const holds = db.prepare(`SELECT ${wholeCharacters.sql("@x")} AS holds`)
      const escape = FastCheck.constantFrom(
        "\\ud83d",
        "\\ude00",
        "\\uDBFF",
        "\\u0041",
        "\\\\",
        "\\n",
        "x",
        "ud83d",
        "\\ud7ff"
      )
      FastCheck.assert(
        FastCheck.property(FastCheck.array(escape), (parts) => {
          const text = `"${parts.join("")}"`
          assert.strictEqual(holds.get({ x: text })?.["holds"], wholeCharacters.is(text) ? 1n : 0n, text)
        }),
        { numRuns: 3000 }
      )
    }).pipe(Effect.provide(services)))
})
