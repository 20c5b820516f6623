import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import type { AnyRecord, Kind } from "../../src/records/Kind.ts"
import { Event, kinds, version10 } from "../../src/records/kinds.ts"
import { read, write } from "../../src/records/line.ts"
import { kindAndRecord, recordOf } from "./arbitrary.ts"

/** The line that a text stands for, and its record; undefined for what is no record. */
const taken = (text: string) =>
  Either.match(read(version10, text), {
    onLeft: () => undefined,
    onRight: ({ canonical, kind, record }) => ({ kind: kind.name, record, line: canonical ?? text })
  })

describe("a record as kata writes it", () => {
  for (const kind of kinds) {
    it(`${kind.name} is read as it was written, and is its own canonical line`, () => {
      FastCheck.assert(FastCheck.property(recordOf(kind), (record) => {
        const text = write(kind, record)
        assert.notMatch(text, /[\n\r]/)
        const line = Either.getOrThrow(read(version10, text))
        assert.deepStrictEqual(line, { kind, record, canonical: undefined })
      }))
    })
  }
})

// ---- the same record in other words -----------------------------------------------------------------------------------

const space = FastCheck.string({ unit: FastCheck.constantFrom(" ", "\t"), maxLength: 2 })
const dice = FastCheck.infiniteStream(FastCheck.nat(7))

/** A JSON string with other escapes for some of its characters. */
const respelled = (value: string, next: () => number): string =>
  `"${
    Array.from({ length: value.length }, (_, i) => {
      const [code, char] = [value.charCodeAt(i), value.charAt(i)]
      const hex = code.toString(16).padStart(4, "0")
      const roll = next()
      if (roll === 0) return `\\u${hex}`
      if (roll === 1) return `\\u${hex.toUpperCase()}`
      if (roll === 2 && char === "/") return "\\/"
      // half of a pair must not be escaped alone
      return JSON.stringify(char).startsWith("\"\\ud") ? `\\u${hex}` : JSON.stringify(char).slice(1, -1)
    }).join("")
  }"`

/** The line of a record with white space, in another order, with other escapes, with members that nobody knows. */
const inOtherWords = (kind: Kind, record: AnyRecord, next: () => number, spaces: ReadonlyArray<string>): string => {
  const gap = () => spaces[next() % spaces.length] ?? ""
  const shuffled = <A>(all: ReadonlyArray<A>) =>
    all.map((item) => [next(), item] as const).sort(([a], [b]) => a - b).map(([, item]) => item)
  const object = (members: ReadonlyArray<readonly [string, string]>) =>
    `${gap()}{${
      shuffled(members).map(([key, raw]) => `${gap()}${respelled(key, next)}${gap()}:${gap()}${raw}${gap()}`).join(",")
    }}${gap()}`
  const data = kind.fields.flatMap((field) => {
    const value = record[field.key]
    if (value === undefined) return next() === 0 ? [[field.key, "null"] as const] : []
    if (value === null) return [[field.key, "null"] as const]
    if (field.storage === "integer") return [[field.key, String(value)] as const]
    // white space between tokens that hold no string
    if (field.storage === "json") {
      return [
        [
          field.key,
          `${gap()}${
            /"/.test(String(value)) ? value : String(value).replace(/[,:[\]{}]/g, (token) => `${gap()}${token}${gap()}`)
          }`
        ] as const
      ]
    }
    return [[field.key, respelled(String(value), next)] as const]
  })
  return object([
    ["kind", respelled(kind.name, next)],
    ["data", object(data)],
    ["Kind", "\"issue\""],
    ["x", "[1,{\"data\":\"}\"},[[]]]"],
    ["", "null"]
  ])
}

it("is the same record, and the same canonical line, in whatever words", () => {
  FastCheck.assert(
    FastCheck.property(
      kindAndRecord,
      dice,
      FastCheck.array(space, { minLength: 1, maxLength: 3 }),
      ({ kind, record }, rolls, spaces) => {
        const text = inOtherWords(kind, record, () => Number(rolls.next().value), spaces)
        assert.deepStrictEqual(taken(text), { kind: kind.name, record, line: write(kind, record) }, text)
      }
    ),
    { numRuns: 1_000 }
  )
})

// ---- what is no record ------------------------------------------------------------------------------------------------

const comment = (data: string) => `{"kind":"comment","data":{${data}}}`
const good = `"id":1,"issue_id":2,"author":"a","body":"b","created_at":"c"`
const project = (more: string) =>
  `{"kind":"project","data":{"id":1,"uid":"u","name":"n","created_at":"c",${more}"revision":1}}`
const recurrence = (priority: string, owner: string) =>
  `{"kind":"recurrence","data":{"id":1,"uid":"u","project_id":1,"rrule":"r","dtstart":"d","timezone":"z","template_title":"t","template_body":"",` +
  `${owner}${priority}"template_labels":[],"template_metadata":{},"author":"a","revision":1,"created_at":"c","updated_at":"c"}}`
const event = (fields: { readonly [key: string]: string }) =>
  `{"kind":"event","data":{${
    Event.fields.map(({ key, storage }) => `"${key}":${fields[key] ?? (storage === "integer" ? "1" : "\"x\"")}`).join(
      ","
    )
  }}}`
const deep = (n: number) => "[".repeat(n) + "]".repeat(n)

type Case = readonly [
  what: string,
  text: string,
  problem: "damaged" | "refused" | "taken",
  where?: string | undefined,
  says?: string
]
const cases: ReadonlyArray<Case> = [
  // the line
  ["nothing", "", "damaged"],
  ["words", "yesterday", "damaged"],
  ["half a line", comment(good).slice(0, -1), "damaged"],
  ["a brace too many", comment(good) + "}", "damaged"],
  ["two on a line", comment(good) + comment(good), "damaged"],
  ["a byte order mark", "\ufeff" + comment(good), "damaged", undefined, "byte order mark"],
  ["a NUL", "\0" + comment(good), "damaged"],
  ["a trailing comma", comment(good + ","), "damaged"],
  ["single quotes", comment(good).replaceAll("\"", "'"), "damaged"],
  ["a raw control character", comment(good.replace("\"b\"", "\"\u0001\"")), "damaged"],
  ["a raw tab in a string", comment(good.replace("\"b\"", "\"\t\"")), "damaged"],
  ["a bad escape", comment(good.replace("\"b\"", "\"\\x41\"")), "damaged"],
  ["half an escape", comment(good.replace("\"b\"", "\"\\u00e\"")), "damaged"],
  ["a number that JSON does not know", comment(good.replace("\"id\":1", "\"id\":01")), "damaged"],
  ["infinity", comment(good.replace("\"id\":1", "\"id\":Infinity")), "damaged"],
  ["an array", `[${comment(good)}]`, "refused", undefined, "is not a JSON object"],
  ["null", "null", "refused"],
  ["an empty object", "{}", "refused", undefined, "has no kind"],
  // the envelope
  ["no kind", `{"data":{${good}}}`, "refused", undefined, "has no kind"],
  ["a kind that is no string", `{"kind":5,"data":{${good}}}`, "refused", undefined, "has no kind"],
  ["an unknown kind", `{"kind":"workspace","data":{}}`, "refused", undefined, "does not know: \"workspace\""],
  ["a kind in capitals", `{"kind":"Comment","data":{${good}}}`, "refused"],
  ["no data", `{"kind":"comment"}`, "refused", "comment", "has no data object"],
  ["data that is null", `{"kind":"comment","data":null}`, "refused", "comment"],
  ["data that is a string", `{"kind":"comment","data":"{}"}`, "refused", "comment"],
  ["data that is an array", `{"kind":"comment","data":[]}`, "refused", "comment"],
  ["kind twice", `{"kind":"comment","kind":"comment","data":{${good}}}`, "refused", undefined, "\"kind\" twice"],
  ["data twice", `{"kind":"comment","data":{${good}},"d\\u0061ta":{${good}}}`, "refused", undefined, "\"data\" twice"],
  ["an unknown member", `{"kind":"comment","data":{${good}},"x":{"kind":1}}`, "taken"],
  ["an unknown member twice", `{"x":1,"kind":"comment","data":{${good}},"x":2}`, "taken"],
  // the fields
  ["an unknown field", comment(`${good},"uid":"u"`), "refused", "comment.uid", "does not know"],
  ["a field in capitals", comment(good.replace("author", "Author")), "refused", "comment.Author", "does not know"],
  ["a field twice", comment(`${good},"author":"a"`), "refused", "comment.author", "twice"],
  ["a field twice, once escaped", comment(`${good},"\\u0061uthor":"a"`), "refused", "comment.author", "twice"],
  ["a missing field", comment(good.replace(",\"body\":\"b\"", "")), "refused", "comment.body", "is missing"],
  ["no fields", comment(""), "refused", "comment.id", "is missing"],
  ["null for a value", comment(good.replace("\"b\"", "null")), "refused", "comment.body", "must not be null"],
  [
    "null for an integer",
    comment(good.replace("\"id\":1", "\"id\":null")),
    "refused",
    "comment.id",
    "must not be null"
  ],
  [
    "a missing field that may be null",
    event({}).replace("\"issue_id\":1,", ""),
    "refused",
    "event.issue_id",
    "is missing"
  ],
  ["null where it may be", event({ issue_id: "null", issue_uid: "null" }), "taken"],
  ["null for a key that may be left out", project("\"deleted_at\":null,\"metadata\":{},"), "taken"],
  ["null for JSON, which is JSON", project("\"metadata\":null,"), "taken"],
  // types
  ["a number for text", comment(good.replace("\"b\"", "5")), "refused", "comment.body", "is not a string: 5"],
  ["true for text", comment(good.replace("\"b\"", "true")), "refused", "comment.body", "is not a string"],
  ["an object for text", comment(good.replace("\"b\"", "{}")), "refused", "comment.body", "is not a string"],
  [
    "a number for text that may be left out",
    recurrence("", "\"template_owner\":5,"),
    "refused",
    "recurrence.template_owner"
  ],
  [
    "text for an integer",
    comment(good.replace("\"id\":1", "\"id\":\"1\"")),
    "refused",
    "comment.id",
    "64-bit integer: \"1\""
  ],
  [
    "text for an integer that may be left out",
    recurrence("\"template_priority\":\"1\",", ""),
    "refused",
    "recurrence.template_priority"
  ],
  [
    "1.5 for an integer that may be left out",
    recurrence("\"template_priority\":1.5,", ""),
    "refused",
    "recurrence.template_priority",
    "64-bit integer: 1.5"
  ],
  ...["1.0", "1e3", "-0", "1E0", "0.0", "9223372036854775808", "-9223372036854775809", "1e400", "[]", "true"].map((
    raw
  ): Case => [
    `${raw} for an integer`,
    comment(good.replace("\"id\":1", `"id":${raw}`)),
    "refused",
    "comment.id",
    `64-bit integer: ${raw}`
  ]),
  ...["0", "-5", "9007199254740993", "9223372036854775807", "-9223372036854775808"].map((
    raw
  ): Case => [`${raw} as an integer`, comment(good.replace("\"id\":1", `"id":${raw}`)), "taken"]),
  // text
  [
    "a lone surrogate in text",
    comment(good.replace("\"b\"", "\"a\\ud800\"")),
    "refused",
    "comment.body",
    "lone surrogate"
  ],
  ["the other half alone", comment(good.replace("\"b\"", "\"\\udc00a\"")), "refused", "comment.body", "lone surrogate"],
  [
    "a lone surrogate in a time",
    comment(good.replace("\"c\"", "\"\\ud800\"")),
    "refused",
    "comment.created_at",
    "lone surrogate"
  ],
  ["a pair of surrogates as escapes", comment(good.replace("\"b\"", "\"\\ud83d\\ude00\"")), "taken"],
  ["a lone surrogate in JSON", project("\"metadata\":{\"a\":\"\\ud800\"},"), "taken"],
  ["a NUL as an escape", comment(good.replace("\"b\"", "\"\\u0000\"")), "taken"],
  ["no text at all", comment(good.replace("\"b\"", "\"\"")), "taken"],
  // depth
  ["JSON 100,000 deep", project(`"metadata":${deep(100_000)},`), "taken"],
  ["a member of the envelope 100,000 deep", `{"kind":"comment","x":${deep(100_000)},"data":{${good}}}`, "taken"],
  ["an unknown field 100,000 deep", comment(`${good},"x":${deep(100_000)}`), "refused", "comment.x", "does not know"],
  [
    "text that is 100,000 deep",
    comment(good.replace("\"b\"", deep(100_000))),
    "refused",
    "comment.body",
    "is not a string"
  ],
  ["deep and cut", `{"kind":"comment","data":{"id":${"[".repeat(100_000)}`, "damaged"]
]

describe("a line with", () => {
  for (const [what, text, problem, where, says] of cases) {
    it(`${what} is ${problem}`, () => {
      const found = Either.match(read(version10, text), {
        onLeft: ({ field, kind, problem, reason }) => ({
          problem,
          where: field === undefined ? kind : `${kind}.${field}`,
          reason
        }),
        onRight: () => ({ problem: "taken", where: undefined, reason: "" })
      })
      assert.deepStrictEqual([found.problem, found.where], [problem, where])
      assert.include(found.reason, says ?? "")
    })
  }
})

it("what was taken is the same when it is written and read again", () => {
  for (const [what, text] of cases.filter(([, , problem]) => problem === "taken")) {
    const first = taken(text)!
    assert.deepStrictEqual(taken(first.line), first, what)
  }
})

it("the members that seal a snapshot are given as they stand", () => {
  const line = Either.getOrThrow(
    read(version10, `{"kind":"comment","snapshot":{ "a" : 1 },"data":{${good}},"seal":[1.0]}`)
  )
  assert.deepInclude(line, { snapshot: "{ \"a\" : 1 }", seal: "[1.0]", canonical: comment(good) })
})
