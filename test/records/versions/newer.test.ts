/** A record of a version after 10 becomes one of version 10: each rule alone, and the fixtures record by record. */
import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { AnyRecord } from "../../../src/records/Kind.ts"
import { version10 } from "../../../src/records/kinds.ts"
import { read } from "../../../src/records/line.ts"
import { acceptedBy, lossGroups, lossNames, lostKinds } from "../../../src/records/losses.ts"
import { canonicalJson, contentHash } from "../../../src/records/versions/contentHash.ts"
import { lineOf, newerFormat } from "../../../src/records/versions/newer.ts"
import { type KnownOfNewer, toVersion10 } from "../../../src/records/versions/newerToV10.ts"
import * as kit from "../../snapshot/kit.ts"
import * as newer from "../../versions/newerKit.ts"

describe.each(newer.versions)("version %i", (version) => {
  const converted = newer.convert(version, newer.file(version))
  it("gives the records of version 10", () =>
    assert.deepStrictEqual(newer.linesOf(converted), kit.lines(newer.expected(version))))
  it("counts each loss under its name", () =>
    assert.deepStrictEqual(
      newer.tally(converted.flatMap(({ held }) => held.losses)),
      newer.counts(version).lost
    ))
  it("counts what is filled, and every hash is right", () => {
    const filled = converted.flatMap(({ held, kind }) =>
      held.changes.filter(() => kind !== "meta" && kind !== "issue_embedding").map(({ field }) => ({
        name: `${kind}.${field}`
      }))
    )
    assert.deepStrictEqual(newer.tally(filled), newer.counts(version).filled)
    const derived = converted.filter(({ held, kind }) => kind === "issue_embedding" && held.changes.length > 0)
    assert.deepStrictEqual(newer.tally(derived.map(({ kind }) => ({ name: kind }))), newer.counts(version).derived)
    assert.deepStrictEqual(converted.flatMap(({ held }) => held.odd), [])
  })
})

const known: KnownOfNewer = {
  projectUid: () => "01HZZZZZZZZZZZZZZZZZZZZZ01",
  projectOf: (issue) => issue === 9 ? undefined : issue === 3 ? 2n : 1,
  isLostLink: (link) => link === 5,
  reserved: 90
}
const held = (kind: string, record: AnyRecord, of = known) =>
  Either.getOrThrowWith(toVersion10(kind, record, of), ({ says }) => new Error(says))
const lost = (kind: string, record: AnyRecord) => held(kind, record).losses.map(({ name }) => name)

describe("a record", () => {
  it("of a version 10 kind without a rule is carried as it is", () => {
    const record = { id: 1, purge_reset_after_event_id: 7 }
    assert.deepStrictEqual(held("purge_log", record), { record, changes: [], losses: [], odd: [] })
  })
  it("of no known kind is no loss but a problem", () =>
    assert.isTrue(Either.isLeft(toVersion10("relay", { id: 1 }, known))))
  for (const kind of lostKinds) {
    it(`${kind} is lost whole`, () => {
      const { losses, record } = held(kind, { id: 1 })
      assert.isUndefined(record)
      assert.deepStrictEqual(losses.map(({ field, name }) => [name, field]), [[kind, undefined]])
    })
  }
  it("issue_embedding is left out, and no loss", () => {
    const { changes, losses, record } = held("issue_embedding", { issue_uid: "x" })
    assert.deepStrictEqual([record, losses, changes.length], [undefined, [], 1])
  })
  it("of an unreleased claim says that its holder works on the issue", () => {
    const says = (record: AnyRecord) => held("issue_claim", record).losses[0]?.says ?? ""
    assert.include(says({ released_at: null }), "its holder works")
    assert.notInclude(says({ released_at: "2026-01-01T00:00:00.000Z" }), "its holder works")
  })
  it("project_alias gets the path of a local identity, and when it was made", () => {
    const at = "2026-01-01T00:00:00.000Z"
    const path = (alias_identity: string, alias_kind: string) =>
      held("project_alias", { alias_identity, alias_kind, created_at: at }).record
    assert.include(path("local:///a b", "local"), { root_path: "/a b", last_seen_at: at })
    assert.include(path("local://  ", "local"), { root_path: "(unknown)" })
    assert.include(path("local:///a", "git"), { root_path: "(unknown)" })
    const given = { root_path: "/x", last_seen_at: "y", created_at: at }
    assert.deepStrictEqual(held("project_alias", given).changes, [])
    assert.deepStrictEqual(held("project_alias", given).record, given)
  })
  it("issue loses a content revision other than 0, and the end of an assignment", () => {
    assert.deepStrictEqual(lost("issue", { content_revision: 0, assignment_expires_on: null }), [])
    assert.deepStrictEqual(lost("issue", { content_revision: 0n }), [])
    assert.deepStrictEqual(lost("issue", { content_revision: 1, assignment_expires_on: "2026-01-01" }), [
      "issue.content_revision",
      "issue.assignment_expires_on"
    ])
    const record = { owner: "ana", content_revision: 1, assignment_expires_on: "2026-01-01" }
    assert.deepStrictEqual(held("issue", record).record, { owner: "ana" })
  })
  it("comment loses its uid, its teammate, and what it answers", () => {
    const all = { uid: "u", teammate: "t", reply_to_uid: "r", reply_kind: "k", edited_at: "e" }
    assert.deepStrictEqual(lost("comment", all), Object.keys(all).map((key) => `comment.${key}`))
    assert.deepStrictEqual(held("comment", { ...all, body: "b" }).record, { body: "b" })
    assert.deepStrictEqual(lost("comment", { body: "b", teammate: "", edited_at: null }), [])
  })
  it("link is of the project of its issues", () => {
    const { losses, record } = held("link", { id: 1, from_issue_id: 1, to_issue_id: 2 })
    assert.deepStrictEqual([record?.["project_id"], losses], [1, []])
    assert.strictEqual(held("link", { id: 1, from_issue_id: 9, to_issue_id: 3 }).record?.["project_id"], 2n)
  })
  it("link of two projects is lost, and is told with both ends", () => {
    const record = { id: 1, from_issue_id: 1, from_issue_uid: "A", to_issue_id: 3, to_issue_uid: "B", type: "parent" }
    assert.deepInclude(held("link", record).losses[0], { name: "link.cross_project", value: "parent: A → B" })
    assert.isUndefined(held("link", record).record)
  })
  it("link that says its project keeps it", () =>
    assert.strictEqual(held("link", { project_id: 7, from_issue_id: 1, to_issue_id: 3 }).record?.["project_id"], 7))
  it("link of no issue at all is a problem", () => {
    const problem = Either.flip(toVersion10("link", { from_issue_id: 9, to_issue_id: 9 }, known))
    assert.include(Either.getOrThrow(problem), { field: "from_issue_id" })
  })
  it("import_mapping of a lost link is lost, of another one carried", () => {
    assert.deepStrictEqual(lost("import_mapping", { link_id: 5, observed_status: "x" }), ["mapping.of_lost_link"])
    assert.deepStrictEqual(lost("import_mapping", { link_id: 6 }), [])
  })
  it("import_mapping loses what was observed", () => {
    const all = { observed_status: "a", observed_status_at: "b", pending_event_uid: "c", remote_locator: "d" }
    assert.deepStrictEqual(lost("import_mapping", all), Object.keys(all).map((key) => `import_mapping.${key}`))
  })
  it("sqlite_sequence of another table is lost", () => {
    assert.deepStrictEqual(lost("sqlite_sequence", { name: "cron_jobs", seq: 2 }), ["sequence.unknown_table"])
    assert.deepStrictEqual(lost("sqlite_sequence", { name: "issues", seq: 2 }), [])
  })
  it("sqlite_sequence of events is above what a project_purge_log reserves", () => {
    const seq = (seq: bigint | number, of = known) => held("sqlite_sequence", { name: "events", seq }, of)
    assert.strictEqual(seq(80).record?.["seq"], 90)
    assert.strictEqual(seq(80).changes.length, 1)
    assert.deepStrictEqual([seq(91n).record?.["seq"], seq(91n).changes], [91n, []])
    assert.deepStrictEqual(seq(80, { ...known, reserved: undefined }).record?.["seq"], 80)
  })
  it("meta says version 10", () => {
    assert.strictEqual(held("meta", { key: "schema_version", value: "32" }).record?.["value"], "10")
    assert.strictEqual(held("meta", { key: "instance_created_at", value: "32" }).record?.["value"], "32")
  })
})

// ---- the hash of an event ---------------------------------------------------------------------------------------------

const first = {
  uid: "01KQNJ50Z8TFTQVD778AQQC80B",
  origin_instance_uid: "01HZZZZZZZZZZZZZZZZZZZZZ00",
  issue_uid: "01KQNJ50Z87V7V8BNMP8GWXP2N",
  related_issue_uid: null,
  type: "issue.created",
  actor: "tester",
  payload: "{}",
  hlc_physical_ms: 1777766401000,
  hlc_counter: 1,
  created_at: "2026-05-03T00:00:01.000Z"
}
const vector = "21f0a00a4be7b2f1270b00d79197d65469dcc6e355b5fd818e30f90f42111d58"

describe("the hash of an event", () => {
  it("is that of the specification", () => assert.strictEqual(contentHash(first, "01KQNJ5000KWXHASB1QK74ZACZ"), vector))
  it("is told when it is wrong, and the event is carried", () => {
    const { odd, record } = held("event", { ...first, content_hash: "0".repeat(64) })
    assert.deepStrictEqual(odd.map(({ field, value }) => [field, value]), [["content_hash", "0".repeat(64)]])
    const { hlc_counter: _counter, hlc_physical_ms: _ms, ...event } = first
    assert.deepStrictEqual(record, event)
  })
  it("is not asked of a payload that SQLite cannot read either", () => {
    const payload = "[".repeat(1001) + "]".repeat(1001)
    assert.isUndefined(contentHash({ ...first, payload }, ""))
    assert.include(held("event", { ...first, payload, content_hash: vector }).odd[0]?.says, "was not checked")
  })
  const canonical: ReadonlyArray<readonly [text: string, as: string]> = [
    ["{\"b\":1,\"a\":[1.50,1E+2,9007199254740993]}", "{\"a\":[1.50,1E+2,9007199254740993],\"b\":1}"],
    ["{ \"z\" : { \"b\" : true , \"a\" : null } }", "{\"z\":{\"a\":null,\"b\":true}}"],
    ["\"\\u00e9\\/<\\u2028&\"", "\"é/\\u003c\\u2028\\u0026\""],
    ["{\"\u{1f600}\":1,\"\uff5e\":2}", "{\"\uff5e\":2,\"\u{1f600}\":1}"],
    ["{\"a\":1,\"\\u0061\":2}", "{\"a\":2}"],
    ["[]", "[]"],
    ["{}", "{}"],
    ["-0.0", "-0.0"]
  ]
  it("has nothing for what is no JSON", () => {
    for (const text of ["{", "[1", "{\"a\"", "{\"a", "[\"\\x\"]", "[1,{\"a\":2"]) {
      assert.isUndefined(canonicalJson(text), text)
    }
  })
  for (const [text, as] of canonical) it(`has ${text} as ${as}`, () => assert.strictEqual(canonicalJson(text), as))
})

// ---- names ------------------------------------------------------------------------------------------------------------

describe("the names of losses", () => {
  it("are no name of two things, and groups stand for names", () => {
    assert.strictEqual(new Set(lossNames).size, lossNames.length)
    for (const names of Object.values(lossGroups)) for (const name of names) assert.include(lossNames, name)
  })
  it("are accepted one by one, by their group, or all", () => {
    const accepts = (given: ReadonlyArray<string>, name: string) => acceptedBy(given)(name)
    assert.isTrue(accepts(["all"], "cron_job"))
    assert.isTrue(accepts(["derived", "cron"], "cron_job"))
    assert.isTrue(accepts(["derived"], "event.hlc"))
    assert.isTrue(accepts(["comment.uid"], "comment.uid"))
    assert.isFalse(accepts(["comment.uid"], "comment.teammate"))
    assert.isFalse(accepts([], "comment.uid"))
  })
})

// ---- formats ----------------------------------------------------------------------------------------------------------

describe("the format of a version", () => {
  it("is there for 11 to 32", () => {
    for (const version of [10, 33, 11.5, -1]) assert.isUndefined(newerFormat(version))
    for (let version = 11; version <= 32; version++) assert.strictEqual(newerFormat(version)?.version, version)
  })
  it("has the kinds of version 10 in their order", () => {
    const names = version10.kinds.map(({ name }) => name)
    for (let version = 11; version <= 32; version++) {
      assert.deepStrictEqual(
        newerFormat(version)!.kinds.map(({ name }) => name).filter((name) => names.includes(name)),
        names
      )
    }
  })
  it("has no kind that would be neither carried nor lost", () => {
    for (let version = 11; version <= 32; version++) {
      for (const { name } of newerFormat(version)!.kinds) {
        const isKnown = version10.kinds.some((kind) => kind.name === name) || lostKinds.has(name)
        assert.isTrue(isKnown || name === "issue_embedding", name)
      }
    }
  })
  const says = (version: number, line: string) => Either.isRight(read(newerFormat(version)!, line))
  it("has both lines from 27 on, and knows a line by its kinds", () => {
    const team = "{\"kind\":\"team\",\"data\":{\"id\":1,\"name\":\"x\",\"more\":{}}}"
    assert.deepStrictEqual([26, 27, 32].map((version) => says(version, team)), [false, true, true])
    assert.strictEqual(lineOf(new Set(["team"])), "teams")
    assert.strictEqual(lineOf(new Set(["cron_run"])), "cron")
    assert.strictEqual(lineOf(new Set(["cron_run", "federation_root_key"])), "both")
    assert.isUndefined(lineOf(new Set(["issue"])))
  })
  it("has no kind of experiments, and no field that is not listed", () => {
    assert.isFalse(says(31, "{\"kind\":\"cron_flow\",\"data\":{\"id\":1}}"))
    const mapping =
      "{\"kind\":\"import_mapping\",\"data\":{\"id\":1,\"source\":\"s\",\"external_id\":\"x\",\"object_type\":\"issue\"," +
      "\"project_id\":1,\"imported_at\":\"t\",\"status_sync\":{}}}"
    assert.isFalse(says(30, mapping))
    assert.isTrue(says(30, mapping.replace("\"status_sync\":{}", "\"remote_locator\":\"x\"")))
  })
  it("has the fields of its version", () => {
    const comment = (more: string) =>
      `{"kind":"comment","data":{"id":1,${more}"issue_id":1,"author":"a","body":"b","created_at":"t"}}`
    assert.deepStrictEqual([11, 12].map((version) => says(version, comment(""))), [true, false])
    assert.deepStrictEqual([11, 12].map((version) => says(version, comment("\"uid\":\"u\","))), [false, true])
    const teammate = comment("\"uid\":\"u\",\"teammate\":\"t\",")
    assert.deepStrictEqual([26, 27].map((version) => says(version, teammate)), [false, true])
  })
})
