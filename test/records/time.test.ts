import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import * as Handle from "../../src/database/Handle.ts"
import { Comment, Issue } from "../../src/records/kinds.ts"
import { canonicalFineTime, canonicalTime } from "../../src/records/time.ts"
import { copyOf, services } from "../snapshot/kit.ts"

const noon = "2026-05-04T00:21:07"

/** Each notation, and what it means; undefined for what is no time. */
const notations: ReadonlyArray<readonly [text: string, means: string | undefined]> = [
  [`${noon}.000Z`, `${noon}.000Z`],
  [`${noon}.123Z`, `${noon}.123Z`],
  // how Go prints a time
  ["2026-05-04 00:21:07 +0000 UTC", `${noon}.000Z`],
  ["2026-05-04 00:21:07.5 +0000 UTC", `${noon}.500Z`],
  ["2026-05-04 00:21:07.123456789 +0000 UTC", `${noon}.123Z`],
  ["2026-05-04 00:21:07.999999 +0000 UTC", `${noon}.999Z`],
  ["2026-05-04 02:21:07 +0200 CEST", `${noon}.000Z`],
  ["2026-05-03 17:21:07 -0700 PDT", `${noon}.000Z`],
  ["2026-05-04 05:51:07.25 +0530 IST", `${noon}.250Z`],
  ["2026-01-02 03:04:05.123456789 +0200 CEST m=+0.1", "2026-01-02T01:04:05.123Z"],
  ["2026-05-04 00:21:07 +0000 UTC m=-12", `${noon}.000Z`],
  ["9999-12-31 23:59:59 +0000 UTC", "9999-12-31T23:59:59.000Z"],
  // the forms of ISO 8601 that SQLite and Go's driver know
  ["2026-05-04T02:21:07.123456789+02:00", `${noon}.123Z`],
  ["2026-05-04 02:21:07+02:00", `${noon}.000Z`],
  ["2026-05-04T00:21:07-07:00", "2026-05-04T07:21:07.000Z"],
  ["2026-05-04T00:21:07+00:00Z", `${noon}.000Z`],
  [`${noon}Z`, `${noon}.000Z`],
  [`${noon}.1Z`, `${noon}.100Z`],
  [`${noon}.123456789Z`, `${noon}.123Z`],
  [noon, `${noon}.000Z`],
  ["2026-05-04 00:21:07", `${noon}.000Z`],
  ["2026-05-04 00:21:07.75", `${noon}.750Z`],
  ["2026-05-04T00:21", "2026-05-04T00:21:00.000Z"],
  ["2026-05-04 00:21", "2026-05-04T00:21:00.000Z"],
  ["2026-05-04 00:21Z", "2026-05-04T00:21:00.000Z"],
  ["2026-05-04", "2026-05-04T00:00:00.000Z"],
  ["2026-05-04Z", "2026-05-04T00:00:00.000Z"],
  ["2024-02-29", "2024-02-29T00:00:00.000Z"],
  ["0000-01-01", "0000-01-01T00:00:00.000Z"],
  // no days and hours of any calendar or clock
  ["2026-02-29", undefined],
  ["2026-02-30T00:00:00.000Z", undefined],
  ["2026-13-01", undefined],
  ["2026-00-10", undefined],
  ["2026-01-00", undefined],
  ["2026-01-01T24:00:00.000Z", undefined],
  ["2026-01-01T23:60:00.000Z", undefined],
  ["2026-01-01T23:59:60.000Z", undefined],
  ["2026-13-45T99:00:00Z", undefined],
  ["2026-05-04 00:21:07 +2400 UTC", undefined],
  ["2026-05-04T00:21:07+00:60", undefined],
  // out of the four digits, once it is UTC
  ["0000-01-01T00:00:00+01:00", undefined],
  ["9999-12-31T23:59:59-01:00", undefined],
  // what is no notation
  ["", undefined],
  ["Z", undefined],
  ["yesterday", undefined],
  ["not a date", undefined],
  ["1777766401", undefined],
  ["1777766401.5", undefined],
  ["2461041.5", undefined],
  ["2026", undefined],
  ["2026-05", undefined],
  ["2026-5-4", undefined],
  ["26-05-04", undefined],
  ["12026-05-04", undefined],
  [` ${noon}.000Z`, undefined],
  [`${noon}.000Z\n`, undefined],
  [`${noon}.000ZZ`, undefined],
  [`${noon}.000z`, undefined],
  [`${noon}.Z`, undefined],
  [`${noon}.1234567890Z`, undefined],
  ["2026-05-04t00:21:07Z", undefined],
  ["2026-05-04  00:21:07", undefined],
  ["2026-05-04T00:21:07+0200", undefined],
  ["2026-05-04T00:21+02:00", undefined],
  ["2026-05-04T00:21:07 m=+0.5", undefined],
  // a zone without a name, which Go cannot read back
  ["2026-05-04 02:21:07 +0200 +0200", undefined],
  ["2026-05-04 00:21:07 +0000", undefined],
  ["2026-05-04T00:21:07 +0000 UTC", undefined],
  ["２０２６-05-04", undefined]
]

describe("a time", () => {
  for (const [text, means] of notations) {
    it(`${JSON.stringify(text)} is ${means ?? "none"}`, () =>
      assert.strictEqual(Option.getOrUndefined(canonicalTime(text)), means))
  }

  it("is canonical in one notation only", () => {
    for (const means of notations.flatMap(([, means]) => means ?? [])) {
      assert.deepStrictEqual(canonicalTime(means), Option.some(means))
    }
  })
})

const number = (max: number, digits: number) =>
  FastCheck.integer({ min: 0, max }).map((n) => String(n).padStart(digits, "0"))
/** Texts of the canonical form, on either side of what calendar and clock know. */
const shaped = FastCheck.tuple(
  number(9999, 4),
  number(14, 2),
  number(33, 2),
  number(26, 2),
  number(62, 2),
  number(62, 2),
  FastCheck.oneof({ weight: 3, arbitrary: number(999, 3) }, number(999_999, 6), number(999_999_999, 9), number(9999, 4))
).map(([year, month, day, hour, minute, second, fraction]) =>
  `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}Z`
)
const dented = FastCheck.tuple(
  shaped,
  FastCheck.nat(24),
  FastCheck.constantFrom("", " ", "0", "-", "T", "Z", ".", "\0", "é", "+")
).map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at + 1))

describe("what the rule in SQL holds to be canonical", () => {
  for (
    const [name, kind, canonical] of [
      ["canonicalTime", Issue, canonicalTime],
      ["canonicalFineTime", Comment, canonicalFineTime]
    ] as const
  ) {
    const rule = Option.getOrThrow(kind.fields.find((field) => field.key === "created_at")!.soft)

    it.scopedLive(`is what ${name} gives back unchanged`, () =>
      Effect.gen(function*() {
        const db = yield* Handle.open(yield* copyOf("empty.db"), "write")
        const holds = db.prepare(`SELECT ifnull((${rule.word.sql("@x")}), 0) AS holds`)
        const agree = (text: string) => {
          const isCanonical = Option.getOrUndefined(canonical(text)) === text
          assert.strictEqual(holds.get({ x: text })?.["holds"] === 1n, isCanonical, text)
          assert.strictEqual(rule.word.is(text), isCanonical, text)
        }
        for (const [text] of notations) agree(text)
        FastCheck.assert(
          FastCheck.property(FastCheck.oneof(shaped, dented, FastCheck.string()), agree),
          { numRuns: 5_000 }
        )
      }).pipe(Effect.provide(services)))
  }
})

describe("the digits of a fine time are never cut (found W20)", () => {
  const fine: { readonly [text: string]: string } = {
    [`${noon}.123456Z`]: `${noon}.123456Z`,
    [`${noon}.123456789Z`]: `${noon}.123456789Z`,
    "2026-05-04 00:21:07.123456789 +0000 UTC": `${noon}.123456789Z`,
    "2026-05-04 00:21:07.5 +0000 UTC": `${noon}.500Z`,
    "2026-05-04T02:21:07.1234+02:00": `${noon}.123400Z`,
    "2026-05-04T02:21:07.1234567+02:00": `${noon}.123456700Z`,
    "2026-05-04": "2026-05-04T00:00:00.000Z"
  }
  for (const [text, means] of Object.entries(fine)) {
    it(`${text} is ${means}`, () => {
      assert.strictEqual(Option.getOrUndefined(canonicalFineTime(text)), means)
    })
  }
})
