import { describe, expect, it } from "@effect/vitest"
import * as fc from "effect/FastCheck"
import { lines, quote, singleLine, visibleJson } from "../../src/cli/terminal.ts"

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({
    unit: fc.constantFrom(
      "\u001b",
      "[",
      "3",
      "1",
      "m",
      "\n",
      "\r",
      "\t",
      "\u0000",
      "\u007f",
      "\u009b",
      "\u202e",
      "\u2066",
      "a",
      "\"",
      "\\",
      " ",
      ","
    )
  })
)

// Written apart from the code: everything that a terminal acts upon, or that shows text in another order.
const acts = (char: string) => {
  const code = char.codePointAt(0)!
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
}

describe("singleLine", () => {
  it.each([
    ["plain — ünï 🙂", "plain — ünï 🙂"],
    ["\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
    ["a\nb\r\nc\td", "a\\nb\\r\\nc\\td"],
    ["\u0000\u007f\u009b", "\\x00\\x7f\\x9b"],
    ["\u202egnp.exe\u2069", "\\u202egnp.exe\\u2069"],
    ["a\u2028b", "a\\u2028b"]
  ])("%j", (from, to) => expect(singleLine(from)).toBe(to))

  it("leaves nothing that a terminal acts upon, and nothing else changes", () =>
    fc.assert(fc.property(text, (text) => {
      expect([...singleLine(text)].filter(acts)).toEqual([])
      if (![...text].some((char) => acts(char) || /[\u061c\u200e\u200f\u2028\u2029]/.test(char))) {
        expect(singleLine(text)).toBe(text)
      }
    })))
})

describe("lines", () => {
  it("keeps the lines of a body, with tabs as blanks", () =>
    expect(lines("a\tb\r\n\u001bc\n\td")).toEqual(["a       b", "\\x1bc", "        d"]))
})

describe("quote", () => {
  it.each([
    ["bare", "bare"],
    ["ünï", "ünï"],
    ["a,b", "a,b"],
    ["", "\"\""],
    ["two words", "\"two words\""],
    ["a\"b\\c", "\"a\\\"b\\\\c\""],
    ["a\nb", "\"a\\nb\""],
    ["\u202e", "\"\\u202e\""],
    ["\u009b", "\"\\u009b\""]
  ])("%j", (from, to) => expect(quote(from)).toBe(to))

  it("is one word on one line, and reads back", () =>
    fc.assert(fc.property(text, (text) => {
      const quoted = quote(text)
      expect([...quoted].filter(acts)).toEqual([])
      if (quoted.startsWith("\"")) expect(JSON.parse(quoted)).toBe(text)
      else expect(quoted).toBe(text)
      if (!quoted.startsWith("\"")) expect(quoted).toMatch(/^\S+$/)
    })))
})

describe("found S6: visibleJson", () => {
  it("leaves nothing that a terminal acts upon, and every value as it was", () =>
    fc.assert(fc.property(fc.dictionary(text, fc.array(text)), (value) => {
      const json = visibleJson(JSON.stringify(value))
      expect([...json].filter(acts)).toEqual([])
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)))
    })))

  it("does not read what it shows: keys that stand twice, numbers and escapes stay as they are spelled", () =>
    expect(visibleJson("{\"a\":1.0,\"a\":12345678901234567890,\"\u009b\\\\\u202e\":\"\\u001b\\u202E\u0085\"}")).toBe(
      "{\"a\":1.0,\"a\":12345678901234567890,\"\\u009b\\\\\\u202e\":\"\\u001b\\u202E\\u0085\"}"
    ))
})
