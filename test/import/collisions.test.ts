/** Two records under one number, and two versions of one record: what a repair makes of a union of two files. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"

const base = kit.lines(kit.fixtureText("imports/base.jsonl"))

type Data = { readonly [key: string]: unknown }

const line = (kind: string, data: Data) => JSON.stringify({ kind, data })
const dataOf = (text: string) => (JSON.parse(text) as { readonly data: Data }).data
/** A record of the base with other values. */
const other = (start: string, change: Data) => {
  const found = base.find((line) => line.startsWith(`{"kind":${start}`))!
  return line(JSON.parse(found).kind, { ...dataOf(found), ...change })
}

/** The base with these lines behind the last one of their kind. */
const withLines = (...more: ReadonlyArray<string>) =>
  more.reduce<ReadonlyArray<string>>((lines, line) => {
    const kind = line.slice(0, line.indexOf("\"data\""))
    const at = lines.findLastIndex((other) => other.startsWith(kind))
    return [...lines.slice(0, at + 1), line, ...lines.slice(at + 1)]
  }, base)

const uid = (n: number) => `01KDVDNA00AAAAAAAAAAAAA${n}`
const [first, second] = [uid(104), uid(105)]

const mended = (lines: ReadonlyArray<string>, options: { readonly salvage?: boolean } = {}) =>
  Effect.gen(function*() {
    const target = `${yield* kit.temporary}/kata.db`
    const report = yield* kit.restore(kit.text(`${lines.join("\n")}\n`), target, { repair: true, ...options })
    assert.deepStrictEqual(yield* kit.complaints(target), [])
    const left = report.rejected_file === null ? [] : kit.lines(yield* kit.textOf(report.rejected_file))
    assert.strictEqual(left.length, report.left_out)
    // Every line is carried, with a change that is reported, or stands raw in the rejected file.
    const read = Object.values(report.read).reduce((sum, n) => sum + n, 0)
    const there = Object.values(report.records).reduce((sum, n) => sum + n, 0)
    assert.strictEqual(there, read - report.left_out)
    return {
      report,
      raw: left.map((text) =>
        JSON.parse(text) as { readonly line: number; readonly reason: string; readonly raw: string }
      ),
      rows: (sql: string) =>
        Effect.map(kit.query(target, sql), (rows) =>
          rows.map((row) => Object.values(row).map((v) => typeof v === "bigint" ? Number(v) : v))),
      said: report.findings.filter(({ outcome }) =>
        outcome !== "carried"
      ).map(({ line }) => line)
    }
  })

const event = (n: number, change: Data) =>
  other("\"event\",\"data\":{\"id\":1", { id: n, uid: uid(200 + n), payload: {}, ...change })

describe("what is only badly numbered is not lost (found L5):", () => {
  it.scopedLive("a comment, an event, a link, a mapping, an alias and a purge under numbers that are taken", () =>
    Effect.gen(function*() {
      const lines = withLines(
        line("comment", { id: 1, issue_id: 2, author: "eve", body: "a third", created_at: "2026-01-02T00:00:00.000Z" }),
        line("link", {
          ...dataOf(base.find((line) => line.startsWith("{\"kind\":\"link\""))!),
          from_issue_id: 1,
          to_issue_id: 3,
          to_issue_uid: uid(106),
          type: "related"
        }),
        other("\"import_mapping\"", {
          source: "bd",
          external_id: "c1",
          object_type: "comment",
          issue_id: 2,
          comment_id: 1
        }),
        other("\"import_mapping\"", { id: 2, source: "bd", external_id: "c0", object_type: "comment", comment_id: 1 }),
        other("\"project_alias\"", { alias_identity: "git.example.com/team/other" }),
        other("\"purge_log\"", { uid: uid(302), short_id: "a108" }),
        event(1, {
          uid: uid(203),
          issue_id: 2,
          issue_uid: second,
          type: "issue.commented",
          payload: { comment_id: 1, source: "x" }
        }),
        event(2, { uid: uid(204), type: "issue.commented", payload: { comment_id: 1 } })
      )
      const { raw, report, rows } = yield* mended(lines)
      assert.deepStrictEqual(raw, [])
      assert.deepStrictEqual(yield* rows("SELECT id, issue_id, body FROM comments"), [[1, 1, "a comment"], [
        2,
        2,
        "another"
      ], [3, 2, "a third"]])
      assert.deepStrictEqual(yield* rows("SELECT id, to_issue_id FROM links"), [[1, 2], [2, 3]])
      // The one follows its comment to the new number, the other one stays with the comment of its issue.
      assert.deepStrictEqual(
        yield* rows("SELECT id, external_id, issue_id, comment_id FROM import_mappings"),
        [[1, "J-1", 1, null], [2, "c0", 1, 1], [3, "c1", 2, 3]]
      )
      // Behind what a purge has reserved.
      assert.deepStrictEqual(
        yield* rows("SELECT id, uid, payload FROM events WHERE id > 2"),
        [[5, uid(203), "{\"comment_id\":3,\"source\":\"x\"}"], [6, uid(204), "{\"comment_id\":1}"]]
      )
      assert.deepStrictEqual(yield* rows("SELECT id FROM project_aliases"), [[1], [2]])
      assert.deepStrictEqual(yield* rows("SELECT id, short_id FROM purge_log"), [[1, "a107"], [2, "a108"]])
      assert.deepStrictEqual(
        yield* rows(
          "SELECT name, seq FROM sqlite_sequence WHERE name IN ('comments', 'events', 'links') ORDER BY name"
        ),
        [["comments", 3], ["events", 6], ["links", 2]]
      )
      const number = report.findings.find(({ kind, rule }) => kind === "comment" && rule === "number")
      assert.strictEqual(
        number?.line,
        "comment.id is that of another record too: it got a new one (1 repaired): line 15: 1 \"1 → 3\""
      )
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("it is the same again, and by a salvage", () =>
    Effect.gen(function*() {
      const text = line("comment", {
        id: 2,
        issue_id: 1,
        author: "eve",
        body: "a third",
        created_at: "2026-01-02T00:00:00.000Z"
      })
      const all = "SELECT * FROM comments"
      const [one, two, three] = yield* Effect.forEach([{}, {}, { salvage: true }], (options) =>
        Effect.flatMap(mended(withLines(text), options), ({ rows }) => rows(all)))
      assert.strictEqual(one?.length, 3)
      assert.deepStrictEqual([two, three], [one, one])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("an issue under the number of another one: what names its uid, and its comments by their events, go with it", () =>
    Effect.gen(function*() {
      const third = uid(108)
      const { raw, rows } = yield* mended(withLines(
        other("\"issue\",\"data\":{\"id\":1", { uid: third, short_id: "a108", title: "Of the other clone" }),
        line("comment", { id: 1, issue_id: 1, author: "eve", body: "there", created_at: "2026-01-02T00:00:00.000Z" }),
        line("issue_label", { issue_id: 1, label: "theirs", author: "eve", created_at: "2026-01-02T00:00:00.000Z" }),
        other("\"link\"", { from_issue_uid: third, type: "related" }),
        event(1, { uid: uid(203), issue_uid: third, type: "issue.commented", payload: { comment_id: 1 } }),
        event(2, { uid: uid(204), issue_uid: third, type: "issue.labeled", payload: { label: "theirs" } }),
        event(3, { uid: uid(205), type: "issue.commented", payload: { comment_id: 1 } })
      ))
      assert.deepStrictEqual(raw, [])
      assert.deepStrictEqual(yield* rows("SELECT id, uid FROM issues WHERE id IN (1, 5)"), [[1, first], [5, third]])
      assert.deepStrictEqual(yield* rows("SELECT issue_id, label FROM issue_labels"), [[1, "bug"], [5, "theirs"]])
      assert.deepStrictEqual(yield* rows("SELECT from_issue_id, to_issue_id FROM links"), [[1, 2], [2, 5]])
      assert.deepStrictEqual(yield* rows("SELECT issue_id FROM events WHERE issue_uid = '" + third + "'"), [[5], [5]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a recurrence and a project under the number of another one", () =>
    Effect.gen(function*() {
      const { raw, rows } = yield* mended(withLines(
        other("\"project\"", { uid: uid(110), name: "gamma" }),
        other("\"recurrence\"", { uid: uid(111), template_title: "Other" }),
        other("\"issue\",\"data\":{\"id\":3", { id: 7, uid: uid(112), short_id: "a112", recurrence_uid: uid(111) })
      ))
      assert.deepStrictEqual(raw, [])
      assert.deepStrictEqual(yield* rows("SELECT id, name FROM projects"), [[1, "alpha"], [2, "beta"], [3, "gamma"]])
      assert.deepStrictEqual(yield* rows("SELECT id, recurrence_id FROM issues WHERE recurrence_id NOTNULL"), [[3, 1], [
        7,
        2
      ]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("the highest number there is: the lowest that is free", () =>
    Effect.gen(function*() {
      const top = (id: string) =>
        line("comment", { id: 0, issue_id: 1, author: "eve", body: id, created_at: "2026-01-02T00:00:00.000Z" })
          .replace("\"id\":0", "\"id\":9223372036854775807")
      const { rows } = yield* mended(withLines(top("a"), top("b")))
      assert.deepStrictEqual(yield* rows("SELECT id, body FROM comments WHERE id = 3"), [[3, "b"]])
    }).pipe(Effect.provide(kit.services)))
})

describe("of two versions of an issue (found L6)", () => {
  const older = dataOf(base[8]!)
  const at = (n: number) => `2026-01-03T00:00:0${n}.000Z`
  const newer = { ...older, title: "New title", owner: "ana", priority: 2, updated_at: at(4) }

  it.scopedLive("the one that the events end in is carried, wherever it stands; the other line stays raw", () =>
    Effect.gen(function*() {
      const events = [
        event(5, { type: "issue.updated", created_at: at(1) }),
        event(6, { type: "issue.assigned", payload: { owner: "ana" }, created_at: at(2) }),
        event(7, { type: "issue.priority_set", payload: { priority: 2 }, created_at: at(4) })
      ]
      const behind = yield* mended(withLines(line("issue", newer), ...events))
      assert.deepStrictEqual(yield* behind.rows("SELECT title, owner, priority FROM issues WHERE id = 1"), [[
        "New title",
        "ana",
        2
      ]])
      assert.deepStrictEqual(behind.raw, [{
        line: 9,
        reason: "issue uid is there more than once; line 12 stays",
        raw: base[8]!
      }])
      assert.include(behind.said.join("\n"), "issue.uid is there more than once (1 dropped): line 9: 1")
      // Before it.
      const lines = withLines(...events)
      const ahead = yield* mended([...lines.slice(0, 8), line("issue", newer), ...lines.slice(8)])
      assert.deepStrictEqual(ahead.raw.map(({ line }) => line), [10])
      assert.deepStrictEqual(yield* ahead.rows("SELECT title FROM issues WHERE id = 1"), [["New title"]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("each facet is of the one that its last event ends in, whatever the clocks say", () =>
    Effect.gen(function*() {
      // One was closed at 2, the other one renamed at 3, given to ana at 4 and its text edited at 5; the clock of the first is wrong.
      const closed = { ...older, status: "closed", closed_reason: "done", closed_at: at(2), updated_at: at(9) }
      const renamed = { ...older, title: "Renamed", owner: "ana", updated_at: at(5) }
      const { raw, report, rows } = yield* mended(
        withLines(
          line("issue", renamed),
          event(5, { type: "issue.closed", payload: { reason: "done" }, created_at: at(2) }),
          event(6, { type: "issue.updated", payload: { title: "Renamed", old_title: "First" }, created_at: at(3) }),
          event(7, { type: "issue.assigned", payload: { owner: "ana" }, created_at: at(4) })
        ).map((text) => text === base[8] ? line("issue", closed) : text)
      )
      assert.deepStrictEqual(
        yield* rows("SELECT title, owner, status, closed_at, updated_at FROM issues WHERE id = 1"),
        [["Renamed", "ana", "closed", at(2), at(9)]]
      )
      assert.deepStrictEqual(raw.map(({ line }) => line), [12])
      const made = report.findings.find(({ rule }) => rule === "versions")
      assert.strictEqual(made?.rows[0]?.value, "line 9 stays with title and body of line 12, owner of line 12")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("without events the later one; labels, links and comments of both are there", () =>
    Effect.gen(function*() {
      const { raw, rows } = yield* mended(withLines(
        line("issue", newer),
        line("comment", { id: 3, issue_id: 1, author: "eve", body: "there", created_at: at(1) }),
        line("issue_label", { issue_id: 1, label: "theirs", author: "eve", created_at: at(1) })
      ))
      assert.deepStrictEqual(raw.map(({ line }) => line), [9])
      assert.deepStrictEqual(yield* rows("SELECT title FROM issues WHERE id = 1"), [["New title"]])
      assert.deepStrictEqual(yield* rows("SELECT body FROM comments WHERE issue_id = 1"), [["a comment"], ["there"]])
      assert.deepStrictEqual(yield* rows("SELECT label FROM issue_labels WHERE issue_id = 1"), [["bug"], ["theirs"]])
      const back = yield* mended(withLines(line("issue", { ...newer, updated_at: "2025-01-01T00:00:00.000Z" })))
      assert.deepStrictEqual(back.raw.map(({ line }) => line), [12])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a label that the last event took away goes, and its line stays raw", () =>
    Effect.gen(function*() {
      const { raw, rows } = yield* mended(withLines(
        line("issue", newer),
        event(5, { type: "issue.labeled", payload: { label: "bug" }, created_at: at(1) }),
        event(6, { type: "issue.unlabeled", payload: { label: "bug" }, created_at: at(2) })
      ))
      assert.deepStrictEqual(yield* rows("SELECT * FROM issue_labels"), [])
      assert.deepStrictEqual(raw.map(({ raw }) => JSON.parse(raw).kind), ["issue", "issue_label"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("under two numbers: what hangs on the one number goes to the other", () =>
    Effect.gen(function*() {
      const { raw, rows } = yield* mended(withLines(
        line("issue", { ...newer, id: 9 }),
        line("comment", { id: 3, issue_id: 9, author: "eve", body: "there", created_at: at(1) }),
        line("issue_label", { issue_id: 9, label: "bug", author: "eve", created_at: at(1) }),
        line("issue_label", { issue_id: 9, label: "theirs", author: "eve", created_at: at(1) }),
        event(5, { issue_id: 9, type: "issue.assigned", payload: { owner: "ana" }, created_at: at(1) })
      ))
      assert.deepStrictEqual(yield* rows("SELECT id, title, owner FROM issues WHERE uid = '" + first + "'"), [[
        1,
        "New title",
        "ana"
      ]])
      assert.deepStrictEqual(yield* rows("SELECT issue_id FROM comments WHERE id = 3"), [[1]])
      assert.deepStrictEqual(yield* rows("SELECT label FROM issue_labels"), [["bug"], ["theirs"]])
      assert.deepStrictEqual(yield* rows("SELECT issue_id FROM events WHERE id = 5"), [[1]])
      assert.deepStrictEqual(raw.map(({ raw }) => JSON.parse(raw).kind), ["issue", "issue_label"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("many of them, and of other kinds the later one", () =>
    Effect.gen(function*() {
      const many = Array.from({ length: 450 }, (_, i) =>
        line("issue", { ...older, title: `Version ${i}`, updated_at: new Date(1_800_000_000_000 + i).toISOString() }))
      const { raw, rows } = yield* mended(withLines(
        ...many,
        other("\"import_mapping\"", {
          id: 9,
          imported_at: "2027-01-01T00:00:00.000Z",
          source_updated_at: "2026-12-01T00:00:00.000Z"
        }),
        other("\"project\",\"data\":{\"id\":2", { metadata: { area: "y" }, revision: 3 }),
        other("\"recurrence\"", { rrule: "FREQ=DAILY", updated_at: "2027-01-01T00:00:00.000Z" })
      ))
      assert.strictEqual(raw.length, 453)
      assert.deepStrictEqual(yield* rows("SELECT title FROM issues WHERE id = 1"), [["Version 449"]])
      assert.deepStrictEqual(yield* rows("SELECT id, imported_at FROM import_mappings"), [[
        1,
        "2027-01-01T00:00:00.000Z"
      ]])
      assert.deepStrictEqual(yield* rows("SELECT metadata FROM projects WHERE id = 2"), [["{\"area\":\"y\"}"]])
      assert.deepStrictEqual(yield* rows("SELECT rrule FROM recurrences"), [["FREQ=DAILY"]])
    }).pipe(Effect.provide(kit.services)))
})
