/** Lines of `.gitattributes`: ours are added once and go again, everybody else's stay as they are. */
import { expect, it } from "vitest"
import { hasOurs, lineFor, withoutPatterns, withPatterns, wrongPattern } from "../../src/workspace/gitAttributes.ts"

const ours = "snapshot.jsonl -text diff=kata merge=kata"

it("are added once, behind what is there", () => {
  expect(withPatterns("", ["snapshot.jsonl"])).toBe(`${ours}\n`)
  expect(withPatterns("*.png binary", ["snapshot.jsonl"])).toBe(`*.png binary\n${ours}\n`)
  const once = withPatterns("*.png binary\n", ["snapshot.jsonl", "snapshot.jsonl", "b/*.jsonl"])
  expect(once).toBe(`*.png binary\n${ours}\nb/*.jsonl -text diff=kata merge=kata\n`)
  expect(withPatterns(once, ["b/*.jsonl", "snapshot.jsonl"])).toBe(once)
  expect(withPatterns(`${ours}\r\n`, ["snapshot.jsonl"])).toBe(`${ours}\r\n`)
})

it("go again, and nothing else does", () => {
  const foreign = "# kata\nsnapshot.jsonl merge=union\n\n*.md text\r\n"
  const both = withPatterns(foreign, ["snapshot.jsonl", "other.jsonl"])
  expect(withoutPatterns(both, [])).toBe(foreign)
  expect(withoutPatterns(both, ["other.jsonl"])).toBe(`${foreign}${ours}\n`)
  expect(withoutPatterns(foreign, [])).toBe(foreign)
  expect(withoutPatterns("no line end", [])).toBe("no line end")
  expect(withoutPatterns(`${ours}\n`, [])).toBe("")
  expect([hasOurs(both), hasOurs(foreign)]).toEqual([true, false])
})

it("spell a pattern so that git takes it for one", () => {
  expect(lineFor("a b.jsonl")).toBe("\"a b.jsonl\" -text diff=kata merge=kata")
  expect(lineFor("#1.jsonl")).toMatch(/^"#1\.jsonl" /)
  expect(lineFor("[attr]x")).toMatch(/^"\[attr\]x" /)
  expect(lineFor("say \"hi\"\\")).toMatch(/^"say \\"hi\\"\\\\" /)
  expect(lineFor("-x.jsonl")).toMatch(/^-x\.jsonl /)
  for (const wrong of ["", "!x", "backups/", "a\nb", "a\0b"]) expect(wrongPattern(wrong)).toBeDefined()
  for (const right of ["snapshot.jsonl", "backups/*.jsonl", "a b", "ünï.jsonl"]) {
    expect(wrongPattern(right)).toBeUndefined()
  }
})
