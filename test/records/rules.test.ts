/** Every form of a rule says what its SQL says: asked of SQLite, of the predicate and of the pattern, for values that are made up. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import * as Handle from "../../src/database/Handle.ts"
import type { Param } from "../../src/database/Session.ts"
import { kinds } from "../../src/records/kinds.ts"
import { label, labelCharacters, rrule } from "../../src/records/pairedRules.ts"
import * as V from "../../src/records/vocabulary.ts"
import { both, type Pattern, sourceOf, type Value, type Word } from "../../src/records/Word.ts"
import { copyOf, services } from "../snapshot/kit.ts"
import { exact, integer, text } from "./arbitrary.ts"

const ulid = "01KDVDNA00AAAAAAAAAAAAA001"

/** What some rule accepts, and what looks like it. */
const known = FC.constantFrom(
  "",
  " ",
  "  ",
  "\0",
  "\0a",
  " \0a",
  "a\0",
  "a",
  " a ",
  "A",
  "#",
  "a#",
  "a\0#",
  "é",
  "🙂",
  "a🙂",
  "\u00a0",
  "\u0085",
  "\ufeff",
  "x".repeat(25),
  "x".repeat(26),
  "🙂".repeat(26),
  "é".repeat(64),
  "a".repeat(65),
  "a".repeat(26) + "\0",
  ulid,
  ulid.toLowerCase(),
  `8${ulid.slice(1)}`,
  `${ulid}\0`,
  ulid.slice(1),
  "A001",
  "a001",
  "aaa001",
  "ilou",
  "0123\0I",
  "open",
  "closed",
  "open\0",
  "done",
  "wontfix",
  "git",
  "local",
  "parent",
  "blocks",
  "related",
  "issue",
  "comment",
  "label",
  "link",
  "2026-02-28",
  "2026-02-29",
  "2024-02-29",
  "2000-02-29",
  "1900-02-29",
  "2026-13-01",
  "2026-04-31",
  "2026-05-04\0",
  "now",
  "0000-01-01",
  "2026-05-04T00:21:07.123Z",
  "2026-05-04T24:00:00.000Z",
  "2026-05-04T00:60:00.000Z",
  "2026-02-29T00:00:00.000Z",
  "2026-05-04 00:21:07",
  "Europe/Berlin",
  "UTC",
  "Etc/GMT+1",
  "/",
  "a//b",
  "a/",
  "1/a",
  "Europe/Berlin\0",
  "FREQ=DAILY",
  "freq=daily",
  "FREQ=DAILY;COUNT=3",
  "COUNT=3;FREQ=DAILY",
  "FREQ=DAILY;COUNT=",
  "FREQ=DAILY;FREQ=DAILY",
  "FREQ=DAILY;A=1",
  "FREQ=DAILY;COUNT=3;COUNT=4",
  "FREQ=DAILY;BYDAY=MO,TU;WKST=-1",
  "FREQ=DAILY;",
  "github.com/a/b",
  "local://",
  "local:///a",
  "local://\\",
  "a:label:b",
  ":label:b",
  "1:2:3",
  "a:b",
  "::",
  "sync.reset_required",
  "export_version",
  "export_version\0",
  "issue.created",
  "cron.run.observed",
  "cron.run.observed\0",
  "cron.run.seen",
  "cron.",
  "cron\0.",
  "cron",
  "cron_state.a",
  ".kata-system",
  "0".repeat(26)
)
const json = FC.oneof(
  FC.constantFrom(
    "{}",
    "[]",
    "null",
    "1",
    "\"a\"",
    "{\"a\":1,\"a\":2}",
    "{\"a\":{\"b\":1,\"b\":1}}",
    "{\"\\u0061\":1,\"a\":2}",
    "{a:1}",
    "{",
    "[1,]",
    "[\"a\",\"b\"]",
    "[\"b\",\"a\"]",
    "[\"a\",\"a\"]",
    "[\"A\"]",
    "[1]",
    "[\"\\u0000\"]",
    `["${"a".repeat(65)}"]`,
    `${"[".repeat(6)}${"]".repeat(6)}`,
    `${"[".repeat(1500)}${"]".repeat(1500)}`
  ),
  FC.record(
    {
      scheduled_on: FC.oneof(known, FC.constantFrom<unknown>(1, null)),
      deadline_on: FC.constantFrom<unknown>("2026-05-04", "2026-02-29", null),
      someday: FC.constantFrom<unknown>(true, false, 0, "true"),
      checklist: FC.constantFrom<unknown>([], {}, [1], [{ id: ulid, text: "a", done: true }], [{
        id: ulid,
        text: 1,
        done: true
      }]),
      timezone: FC.constantFrom<unknown>("UTC", "a//b", 1),
      area: FC.constantFrom<unknown>("a", 1)
    },
    { requiredKeys: [] }
  ).map((value) => JSON.stringify(value)),
  FC.record(
    {
      comments: FC.constantFrom<unknown>(
        [],
        null,
        {},
        [1],
        [{}],
        [{ teammate: "a b" }],
        [{ teammate: "a.b" }, {}],
        "a"
      ),
      links: FC.constantFrom<unknown>([{ type: "blocks" }], [null], 0),
      teammate: FC.oneof(known, FC.constantFrom<unknown>("a-1", "-a", "a".repeat(65), null, 1))
    },
    { requiredKeys: [] }
  ).map((value) => JSON.stringify(value)),
  FC.constantFrom(
    "{\"links\":3,\"links\":[]}",
    "{\"l\\u0069nks\":3}",
    "{\"comments\":[{\"teammate\":\"a\",\"teammate\":1}]}"
  )
)
const values: FC.Arbitrary<string> = FC.oneof({ weight: 6, arbitrary: known }, { weight: 2, arbitrary: text }, {
  weight: 1,
  arbitrary: json
})
const integers = FC.oneof(
  FC.integer({ min: -2, max: 12 }),
  integer,
  FC.constantFrom(2 ** 53 - 1, exact(2n ** 63n - 1n))
)

const paramOf = (value: Value): Param => typeof value === "number" ? BigInt(value) : value ?? null
/** As it stands in a line: text without its quotes, its bytes as Latin-1. */
const rawOf = (value: string | number | bigint): string =>
  typeof value === "string" ? Buffer.from(JSON.stringify(value).slice(1, -1)).toString("latin1") : String(value)
const matches = (pattern: Pattern, raw: string) => new RegExp(`^(?:${sourceOf(pattern)})(?=")`).test(`${raw}"`)

const words: { readonly [name: string]: { readonly word: Word; readonly of: FC.Arbitrary<string | number | bigint> } } =
  {
    oneOf: { word: V.oneOf("open", "closed"), of: values },
    "one of odd ones": {
      word: V.oneOf("a'b", "é", "a.c"),
      of: FC.oneof(values, FC.constantFrom("a'b", "é", "a.c", "abc"))
    },
    not: { word: V.not("export_version", "is it"), of: values },
    beginning: { word: V.beginning("cron.", ["cron.run.observed"], "begins so"), of: values },
    "beginning, without exceptions": { word: V.beginning("cron_state.", [], "begins so"), of: values },
    "not empty": { word: V.not("", "is empty"), of: values },
    range: { word: V.range(0, 4), of: integers },
    "a wide range": { word: V.range(-1, 4000), of: integers },
    "at least 0": { word: V.atLeast(0), of: integers },
    "at least 1": { word: V.atLeast(1), of: integers },
    "at least 7": { word: V.atLeast(7), of: integers },
    length: { word: V.length(26), of: values },
    "length of a range": { word: V.length(1, 64), of: values },
    characters: { word: labelCharacters, of: values },
    "characters and length": { word: label, of: values },
    without: { word: V.without("#"), of: values },
    notBlank: { word: V.notBlank, of: values },
    printable: { word: V.printable([[1, 31], [127, 160], [0x2000, 0x200f], [0xfeff, 0xfeff]], "is not"), of: values },
    json: { word: V.json, of: json },
    "an object": { word: V.jsonOf("object"), of: json },
    "an array": { word: V.jsonOf("array"), of: json },
    ulid: { word: V.ulid, of: values },
    date: { word: V.date, of: values },
    time: { word: V.time, of: values },
    zone: { word: V.zone, of: values },
    rrule: { word: rrule, of: values }
  }

describe("a word says the same as SQL, as a predicate and as a pattern", () => {
  for (const [name, { of, word }] of Object.entries(words)) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const db = yield* Handle.open(yield* copyOf("empty.db"), "write")
        const sql = db.prepare(`SELECT (CASE WHEN ${word.sql("@x")} THEN 1 ELSE 0 END) AS holds`)
        const seen = { kept: 0, broken: 0, matched: 0 }
        FC.assert(
          FC.property(of, (value) => {
            const holds = sql.get({ x: paramOf(value) })?.["holds"] === 1n
            const is = word.is(value)
            if (word.narrow === true) assert.isTrue(holds || !is, JSON.stringify(String(value)))
            else assert.strictEqual(is, holds, JSON.stringify(String(value)))
            const raw = word.pattern !== undefined && name.match(/json|an object|an array/)
              ? String(value)
              : rawOf(value)
            const matched = word.pattern !== undefined && matches(word.pattern, raw)
            assert.isTrue(is || !matched, JSON.stringify(String(value)))
            seen[holds ? "kept" : "broken"]++
            if (matched) seen.matched++
          }),
          { numRuns: 2_000 }
        )
        assert.isTrue(seen.kept > 0 && seen.broken > 0, JSON.stringify(seen))
        assert.strictEqual(seen.matched > 0, word.pattern !== undefined, JSON.stringify(seen))
      }).pipe(Effect.provide(services)))
  }
})

it("two patterns match together what both match", () => {
  const patterns: ReadonlyArray<Pattern> = Object.values(words).flatMap(({ of, word }) =>
    word.pattern === undefined || of !== values ? [] : [word.pattern]
  )
  const pattern = FC.constantFrom(...patterns)
  FC.assert(
    FC.property(pattern, pattern, values, (a, b, value) => {
      const raw = rawOf(value)
      const [one, other, together] = [a, b, both(a, b, "\"")].map((pattern) => matches(pattern, raw))
      assert.isTrue(
        !together || (one === true && other === true) || impliedByLength(a, b),
        JSON.stringify([a, b, value])
      )
    }),
    { numRuns: 5_000 }
  )
})

/** A length in characters is kept by whatever has so many, whatever characters they are. */
const impliedByLength = (a: Pattern, b: Pattern) =>
  [a, b].some(({ form, of }) => form === undefined && of === undefined)

/** A value of a field of this storage: mostly what makes sense somewhere. */
const valueOf = { text: values, time: values, json, integer: integers }
/** Fields that must fit together, and would hardly ever. */
const fitting: { readonly [field: string]: FC.Arbitrary<string> } = {
  uid: FC.oneof(FC.constantFrom(ulid, "0".repeat(26)), values),
  short_id: FC.oneof(FC.constantFrom("a001", "aa001"), values),
  alias_kind: FC.oneof(FC.constantFrom("git", "local"), values),
  object_type: FC.oneof(FC.constantFrom("issue", "comment", "label", "link"), values),
  status: FC.oneof(FC.constantFrom("open", "closed"), values),
  name: FC.oneof(FC.constant(".kata-system"), values),
  type: FC.oneof(FC.constantFrom("parent", "related", "issue.created", "issue.commented"), values)
}

describe("what shows on a line that a rule is kept implies its SQL", () => {
  for (const kind of kinds.filter(({ rules }) => rules.length > 0)) {
    it.scopedLive(kind.name, () =>
      Effect.gen(function*() {
        const db = yield* Handle.open(yield* copyOf("empty.db"), "write")
        const row = `SELECT ${kind.fields.map(({ key }) => `@${key} AS ${key}`).join(", ")}`
        const record = FC.record(Object.fromEntries(kind.fields.map(({ key, presence, storage }) => {
          const value: FC.Arbitrary<Value> = fitting[key] ?? valueOf[storage]
          return [key, presence === "always" ? value : FC.option(value, { nil: null })] as const
        })))
        for (const { evidence, field, holds, rule } of kind.rules) {
          if (evidence.by !== "row") continue
          const sql = db.prepare(`SELECT ifnull((${holds}), 1) AS holds FROM (${row})`)
          const seen = { kept: 0, broken: 0 }
          FC.assert(
            FC.property(record, (of) => {
              const raws = evidence.reads.map((key) => {
                const value = of[key] ?? null
                if (value === null) return undefined
                return kind.fields.some((field) => field.key === key && field.storage === "json")
                  ? Buffer.from(String(value)).toString("latin1")
                  : rawOf(value)
              })
              // A line has JSON where JSON must be: the pattern sees to that.
              const isLine = kind.fields.every(({ key, storage }) => storage !== "json" || V.json.is(String(of[key])))
              const keeps = isLine && evidence.keeps(...raws)
              const kept = Number(
                sql.get(Object.fromEntries(kind.fields.map(({ key }) => [key, paramOf(of[key])])))?.["holds"]
              ) !== 0
              assert.isTrue(kept || !keeps, `${rule} ${field} ${JSON.stringify(raws)}`)
              if (keeps) seen.kept++
              if (!kept) seen.broken++
            }),
            { numRuns: 1_500 }
          )
          assert.isTrue(seen.kept > 0 && seen.broken > 0, `${kind.name}: ${rule}: ${JSON.stringify(seen)}`)
        }
      }).pipe(Effect.provide(services)))
  }
})
