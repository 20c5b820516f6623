/** The vectors of the specification, and each rule of the steps alone: a record in, a record out. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { AnyRecord } from "../../../src/records/Kind.ts"
import { version10 } from "../../../src/records/kinds.ts"
import { milliseconds, stableUlid } from "../../../src/records/versions/derivedUid.ts"
import { withShortIds } from "../../../src/records/versions/linkPayloads.ts"
import type { Known } from "../../../src/records/versions/Step.ts"
import { olderThan, steps, stepsFrom, upgrade } from "../../../src/records/versions/steps.ts"
import { v7ToV8 } from "../../../src/records/versions/v7ToV8.ts"
import { kindsOf } from "../../versions/kit.ts"

const vectors = [
  ["project:1:github.com/wesm/kata", "2026-05-03T00:00:00.000Z", 1777766400000, "01KQNJ5000KWXHASB1QK74ZACZ"],
  ["issue:1:1", "2026-05-03T00:00:01.000Z", 1777766401000, "01KQNJ50Z87V7V8BNMP8GWXP2N"],
  ["event:1:1", "2026-05-03T00:00:01.000Z", 1777766401000, "01KQNJ50Z8TFTQVD778AQQC80B"],
  ["purge:1:1", "2026-05-03T00:00:03.000Z", 1777766403000, "01KQNJ52XRQ49TQRK03YXX5E13"],
  ["issue:7:42", "2026-05-04T01:02:03.456Z", 1777856523456, "01KQR83B60E3KRB1CNXESJKHH9"]
] as const

describe("a uid made of a seed", () => {
  for (const [seed, time, ms, ulid] of vectors) {
    it(`${seed} at ${time} is ${ulid}`, () => {
      assert.strictEqual(milliseconds(time), ms)
      assert.strictEqual(stableUlid(seed, ms), ulid)
    })
  }
})

describe("the time of a uid", () => {
  const at = Date.UTC(2026, 4, 3, 0, 0, 0)
  const read: ReadonlyArray<readonly [text: string, ms: number]> = [
    ["2026-05-03T00:00:00Z", at],
    ["2026-05-03T02:00:00+02:00", at],
    ["2026-05-02T23:30:00-00:30", at],
    ["2026-05-03 00:00:00", at],
    ["2026-05-03 02:00:00+02:00", at],
    ["2026-05-03T00:00:00.123456789Z", at + 123],
    ["2026-05-03T00:00:00.9999999999999Z", at + 999],
    ["2026-05-03T00:00:00,5Z", at + 500],
    ["2026-05-03 00:00:00.5", at + 500],
    ["1969-12-31T23:59:59Z", -1000]
  ]
  for (const [text, ms] of read) it(`${text} is read`, () => assert.strictEqual(milliseconds(text), ms))

  const refused = [
    "",
    "2026-05-03",
    "2026-05-03 00:00:00Z",
    "2026-05-03T00:00:00",
    "2026-05-03t00:00:00z",
    "2026-05-03T00:00:00+0000",
    "2026-5-3T0:00:00Z",
    "2026-05-03T00:00:60Z",
    "2026-05-03T24:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-05-03T00:00:00+24:00",
    "2026-05-03T00:00:00.Z",
    " 2026-05-03T00:00:00Z",
    "2026-05-03T00:00:00Z\n",
    "2026-05-04 00:21:07 +0000 UTC"
  ]
  for (const text of refused) {
    it(`${JSON.stringify(text)} is not read`, () => assert.isUndefined(milliseconds(text)))
  }
})

/** Nothing came before. */
const alone: Known = {
  uidOf: () => undefined,
  projectName: () => undefined,
  projectNameTaken: () => false,
  issueNumbered: () => undefined,
  shortIdTaken: () => false,
  instanceUid: "01KQNJ5Z0000000000000001NS"
}

describe("short ids", () => {
  it("are the shortest ends of the uids that are free, in the order of the uids", () => {
    const taken = new Set<string>()
    const found = ["MABCD4EX", "MABXD4EX", "MABYD4EX", "MACXD4EX"].map((end) => {
      const shortId = v7ToV8.settle!.rule(
        { uid: `01HZNQ7VFPK1XGD8R5${end}`, project_id: 1 },
        { ...alone, shortIdTaken: (_, shortId) => taken.has(shortId) }
      )
      taken.add(String(shortId))
      return shortId
    })
    assert.deepStrictEqual(found, ["d4ex", "xd4ex", "yd4ex", "cxd4ex"])
  })
})

describe("payloads", () => {
  const numbered = (number: bigint) =>
    number === 1n ? { shortId: "aaaa", uid: "U1" } : number === 2n ? { shortId: "bbbb", uid: "U2" } : undefined
  const rewritten: ReadonlyArray<readonly [type: string, before: string, after: string]> = [
    [
      "issue.linked",
      "{\"type\":\"blocks\",\"to_number\":2,\"from_number\":1}",
      "{\"from_short_id\":\"aaaa\",\"from_uid\":\"U1\",\"to_short_id\":\"bbbb\",\"to_uid\":\"U2\",\"type\":\"blocks\"}"
    ],
    [
      "issue.unlinked",
      "{\"to_number\":2,\"from_number\":9}",
      "{\"from_number\":9,\"to_short_id\":\"bbbb\",\"to_uid\":\"U2\"}"
    ],
    [
      "issue.created",
      "{\"links\":[null,{\"type\":\"x\",\"a\":[1.50,-0]},{\"to_number\":1,\"n\":1E+2}],\"b\":\"\\/\"}",
      "{\"b\":\"\\/\",\"links\":[null,{\"a\":[1.50,-0],\"type\":\"x\"},{\"n\":1E+2,\"to_issue_uid\":\"U1\",\"to_short_id\":\"aaaa\"}]}"
    ],
    [
      "issue.links_changed",
      "{\"parent_set\":1,\"parent_removed\":7,\"blocks_added\":[1,2],\"related_removed\":[3]}",
      "{\"blocks_added\":[\"aaaa\",\"bbbb\"],\"blocks_added_uids\":[\"U1\",\"U2\"],\"parent_removed\":7,\"parent_set\":\"aaaa\"," +
      "\"parent_set_uid\":\"U1\",\"related_removed\":[3]}"
    ],
    // What no issue has keeps its place; Go kata drops it (W9).
    [
      "issue.links_changed",
      "{\"blocked_by_added\":[9,2,null]}",
      "{\"blocked_by_added\":[9,\"bbbb\",null],\"blocked_by_added_uids\":[null,\"U2\",null]}"
    ],
    [
      "issue.linked",
      "{\"to_number\":9,\"to_number\":2,\"x\":1,\"x\":2}",
      "{\"to_short_id\":\"bbbb\",\"to_uid\":\"U2\",\"x\":2}"
    ],
    [
      "issue.linked",
      "{\"\u{1f98a}\":1,\"\uff01\":2,\"to_number\":1,\"to_uid\":\"old\"}",
      "{\"to_short_id\":\"aaaa\",\"to_uid\":\"U1\",\"\uff01\":2,\"\u{1f98a}\":1}"
    ]
  ]
  for (const [type, before, after] of rewritten) {
    it(`${type} ${before}`, () => assert.strictEqual(withShortIds(type, before, numbered), after))
  }

  const unchanged: ReadonlyArray<readonly [type: string, payload: string]> = [
    ["issue.updated", "{\"to_number\":1}"],
    ["constructor", "{\"to_number\":1}"],
    ["issue.linked", "{\"to_number\":\"1\",\"from_number\":2.0}"],
    ["issue.linked", "{\"to_number\":-1,\"from_number\":0}"],
    ["issue.linked", "{\"to_number\":18446744073709551617,\"from_number\":1e0}"],
    ["issue.linked", "{\"TO_NUMBER\":1,\"z\":1,\"a\":2}"],
    ["issue.linked", "[1,2]"],
    ["issue.linked", "null"],
    ["issue.created", "{\"links\":[{\"to_number\":1},7]}"],
    ["issue.created", "{\"links\":{\"to_number\":1}}"],
    ["issue.created", "{\"links\":[]}"],
    ["issue.links_changed", "{\"blocks_added\":[1,\"2\"],\"related_added\":[1,3.0]}"],
    ["issue.links_changed", "{\"blocks_added\":[1,99999999999999999999],\"related_added\":1}"],
    ["issue.links_changed", "{\"blocks_added\":[],\"related_added\":[null,7]}"]
  ]
  for (const [type, payload] of unchanged) {
    it(`${type} ${payload} stays as it is`, () => assert.strictEqual(withShortIds(type, payload, numbered), payload))
  }
})

describe("the names of projects", () => {
  const name = (name: string, taken: ReadonlyArray<string> = []): AnyRecord[string] =>
    Either.getOrThrow(upgrade(
      stepsFrom(olderThan(version10, 9)!, version10),
      "project",
      { id: 6, name },
      { ...alone, projectNameTaken: (name) => taken.includes(name) }
    )).record["name"]

  it("stay when they are free", () => assert.strictEqual(name(" tiny "), " tiny "))
  it("get the first free number", () => assert.strictEqual(name("tiny", ["tiny", "tiny-2"]), "tiny-3"))
  it("of blanks are those of the id", () =>
    assert.deepStrictEqual(
      ["", "\t", "\u00a0\u2003", "\u0085"].map((blank) => name(blank)),
      Array(4).fill("project-6")
    ))
  it("of what only looks blank stay", () => assert.strictEqual(name("\ufeff"), "\ufeff"))
  it("of blanks get a number too", () => assert.strictEqual(name("", ["project-6"]), "project-6-2"))
})

describe("the steps", () => {
  it("are the modules of the folder, one for each version, in order", () => {
    const folder = fileURLToPath(new URL("../../../src/records/versions/", import.meta.url))
    const modules = readdirSync(folder).filter((file) => /^v\d+ToV\d+\.ts$/.test(file)).toSorted()
    assert.deepStrictEqual(steps.map(({ from, to }) => `v${from.version}ToV${to}.ts`), modules)
    assert.deepStrictEqual(steps.map(({ from }) => from.version), steps.map((_, i) => i + 1))
    assert.deepStrictEqual(steps.map(({ to }) => to), steps.map((_, i) => i + 2))
  })

  for (const { from } of steps) {
    it(`version ${from.version} has the kinds and keys of the specification`, () => {
      const expected = kindsOf(from.version).map(([kind, , , keys]) => [
        kind,
        keys.split(" ").filter((key) => key !== "").map((key) => key.replace(/[!?]|:j/g, "")).toSorted()
      ])
      const found = from.kinds.slice(1).map(({ columns, name }) => [name, columns.map(({ key }) => key).toSorted()])
      assert.deepStrictEqual(found, expected)
    })
  }

  it("lead only to the version that they end with", () => {
    assert.isUndefined(olderThan({ ...version10, version: 11 }, 9))
    for (const version of [-1, 0, 10, 11, 1.5]) assert.isUndefined(olderThan(version10, version))
    assert.deepStrictEqual(stepsFrom(version10, version10), [])
  })
})
