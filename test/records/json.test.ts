import { assert, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { members, minify } from "../../src/records/json.ts"
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

it("members reads escapes in keys", () => {
  assert.deepStrictEqual([...members(`{"\\u006bind":1,"a\\"}":{"b":[2,{"c":3}]}}`)!], [
    ["kind", "1"],
    ["a\"}", `{"b":[2,{"c":3}]}`]
  ])
})

for (const text of ["[]", "[{}]", "null", "5", "\"{}\"", "true"]) {
  it(`members of ${text}, which is no object`, () => assert.isUndefined(members(text)))
}
