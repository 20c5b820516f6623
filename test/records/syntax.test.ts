import { assert, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { syntaxError } from "../../src/records/syntax.ts"
import { json as spelled } from "../../src/testing/arbitraries.ts"

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const part = FastCheck.constantFrom(
  ..."{}[]\",: \n\t-+.eE0123\\u/x\u0001\u00a0",
  "true",
  "null",
  "\\u00e9",
  "\"a\"",
  "\\n",
  "[]",
  "{\"a\":1}"
)
/** JSON, and JSON in which something was exchanged. */
const nearly = FastCheck.tuple(spelled, FastCheck.nat(), FastCheck.nat(3), FastCheck.array(part, { maxLength: 2 })).map(
  ([text, at, gone, put]) =>
    text.slice(0, at % (text.length + 1)) + put.join("") + text.slice(at % (text.length + 1) + gone)
)

it("a large text is JSON when JSON.parse says so of it", () => {
  const text = FastCheck.oneof(spelled, nearly, FastCheck.array(part).map((all) => all.join("")), FastCheck.string())
  FastCheck.assert(
    FastCheck.property(text, (text) => {
      assert.strictEqual(syntaxError(text, 0) === undefined, isJson(text), text)
    }),
    { numRuns: Number(process.env["KATA_RUNS"] ?? 3000) }
  )
})

for (
  const text of [
    "",
    " ",
    "[",
    "]",
    "{",
    "[1,]",
    "{\"a\":1,}",
    "{\"a\"}",
    "1 2",
    "01",
    "1.",
    ".1",
    "-",
    "1e",
    "tru",
    "\"\\x\"",
    "\"",
    "\"\n\"",
    "[1}"
  ]
) {
  it(`${JSON.stringify(text)} is none`, () => assert.isDefined(syntaxError(text, 0)))
}

it("says where it ends to be JSON", () => {
  assert.strictEqual(syntaxError("[1,x]", 0), "Unexpected text at position 3")
  assert.strictEqual(syntaxError("[1,", 0), "Unexpected end at position 3")
})
