/** What a project may be called. */
import { expect, it } from "vitest"
import { wrongName } from "../../../src/ledger/projects/projectName.ts"

it("a name is of letters, digits, signs and blanks", () => {
  expect(["a", "ä b", "x:y/z", "日本", "✓"].map(wrongName)).toEqual(Array(5).fill(undefined))
  expect(wrongName("")).toBe("name must be non-empty")
  expect(wrongName("a\nb")).toBe("name contains non-printable character U+000A")
  expect(wrongName("\u00a0x")).toBe("name contains non-printable character U+00A0")
  expect(wrongName("a\ud800")).toBe("name contains non-printable character U+D800")
  expect(wrongName("x#y")).toMatch(/^name must not contain #/)
})
