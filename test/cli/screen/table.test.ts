/** Tables of any rows at any width. */
import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { age } from "../../../src/cli/screen/age.ts"
import { screenOf } from "../../../src/cli/screen/Screen.ts"
import { type Column, table } from "../../../src/cli/screen/table.ts"
import { cells, cut } from "../../../src/cli/screen/width.ts"

interface Row {
  readonly id: string
  readonly title: string
  readonly mark: boolean
  readonly labels: string
  readonly owner: string
}

const columns: ReadonlyArray<Column<Row>> = [
  { title: "ID", text: ({ id }) => id },
  {
    title: "TITLE",
    text: ({ title }) => title,
    isMain: true,
    suffix: ({ mark }) => mark ? [" (waits for abcd)", " (waits)"] : undefined
  },
  { title: "LABELS", text: ({ labels }) => labels, least: 10, most: 20, drop: 3 },
  { title: "OWNER", text: ({ owner }) => owner, least: 5, most: 12, drop: 1 },
  { title: "AGE", text: () => "5m", isRight: true, drop: 2 }
]

const screen = (width: number) => screenOf({ isTTY: true, columns: () => width }, { NO_COLOR: "1" }, "auto", 0)
const pipe = screenOf({ isTTY: false, columns: () => 0 }, {}, "auto", 0)

const words = [
  "login",
  "支払い",
  "ページ",
  "naïve",
  "e\u0301te\u0301",
  "👩‍👩‍👧",
  "🇩🇪",
  "Zahlungsverkehrsprüfung",
  "한국어",
  "x".repeat(90),
  "⚠️",
  "\u001b[31m",
  "กำลัง",
  "a\tb",
  "c\nd",
  "\u202e"
]
const text = fc.array(fc.constantFrom(...words), { maxLength: 9 }).map((some) => some.join(" "))
const rows = fc.array(
  fc.record({ id: fc.constantFrom("7vqe", "tnkc1"), title: text, mark: fc.boolean(), labels: text, owner: text }),
  { minLength: 1, maxLength: 8 }
)

describe("a table", () => {
  it.prop("has no line that is wider than the terminal or ends in a blank, and one a row", [
    rows,
    fc.integer({ min: 40, max: 160 })
  ], ([rows, width]) => {
    const lines = table(columns, [], rows).lines(screen(width), true)
    expect(lines).toHaveLength(rows.length + 1)
    for (const [at, line] of lines.entries()) {
      expect(cells(line), line).toBeLessThanOrEqual(width)
      expect(line).toBe(line.trimEnd())
      if (at > 0) expect(line.startsWith(rows[at - 1]!.id)).toBe(true)
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/)
    }
    const marks = lines.filter((line) => /\(waits( for abcd)?\)/.test(line))
    expect(marks).toHaveLength(rows.filter(({ mark }) => mark).length)
  })

  it.prop("is a line a row elsewhere, with as many tabs in each, and nothing is cut", [rows], ([rows]) => {
    const lines = table(columns, [({ id }: Row) => id, ({ owner }) => owner, ({ title }) => title], rows).lines(
      pipe,
      true
    )
    expect(lines).toHaveLength(rows.length)
    for (const line of lines) {
      expect(line.split("\t")).toHaveLength(3)
      expect(line).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u202a-\u202e]/)
    }
  })

  it("without rows has no line, and no header", () => {
    expect(table(columns, [], []).lines(screen(80), true)).toEqual([])
  })
})

it("a text is cut by cells, between two letters", () => {
  for (const word of words.filter((word) => !/[\u0000-\u001f\u202e]/.test(word))) {
    for (let n = 1; n < 30; n++) expect(cells(cut(word, n)), `${word} in ${n}`).toBeLessThanOrEqual(n)
  }
  expect(cut("支払いページ", 9)).toBe("支払い...")
  expect(cut("支払いページ", 8)).toBe("支払...")
  expect(cut("👩‍👩‍👧👩‍👩‍👧", 3)).toBe("👩‍👩‍👧")
})

it("an age is the largest unit, rounded down", () => {
  const [minute, day] = [60_000, 86_400_000]
  const ages: ReadonlyArray<readonly [number, string]> = [
    [0, "now"],
    [minute - 1, "now"],
    [minute, "1m"],
    [59 * minute, "59m"],
    [60 * minute, "1h"],
    [day - 1, "23h"],
    [day, "1d"],
    [14 * day - 1, "13d"],
    [14 * day, "2w"],
    [60 * day - 1, "8w"],
    [60 * day, "1mo"],
    [730 * day - 1, "23mo"],
    [731 * day, "2y"],
    [-minute, "now"]
  ]
  for (const [ago, text] of ages) expect(age("1970-01-01T00:00:00.000Z", ago)).toBe(text)
  expect(age("2020-03-01T12:00:00Z", 0)).toBe("2020-03-01")
  expect(age("when it was", 0)).toBe("when it was")
})
