/** A snapshot held against a database: what is equal, and what is named when something is not. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type AgainstReport, verifyAgainst } from "../../src/merge/Diff.ts"
import * as kit from "../snapshot/kit.ts"

/** For each kind a row and a column of it that is changed. */
const touched: ReadonlyArray<
  readonly [kind: string, table: string, where: string, row: string, change: string, field: string]
> = [
  ["project", "projects", "id = 5", "5", "metadata = '{\"a\": 1}'", "metadata"],
  ["project_alias", "project_aliases", "id = 6", "6", "root_path = '/elsewhere'", "root_path"],
  ["recurrence", "recurrences", "id = 6", "6", "timezone = 'Mars/Olympus'", "timezone"],
  ["issue", "issues", "id = 21", "21", "owner = ''", "owner"],
  ["issue_label", "issue_labels", "label = 'old-name'", "21/old-name", "author = 'eve'", "author"],
  ["link", "links", "id = (SELECT max(id) FROM links)", "29", "created_at = '2020-01-01'", "created_at"],
  ["import_mapping", "import_mappings", "id = 7", "7", "label = 'other'", "label"],
  ["event", "events", "id = 129", "129", "payload = '{\"a\":1}'", "payload"],
  ["purge_log", "purge_log", "id = 2", "2", "event_count = event_count + 1", "event_count"]
]

const both = Effect.gen(function*() {
  const directory = yield* kit.temporary
  const original = yield* kit.copyTo(`${directory}/original.db`, "rich.db")
  return { directory, original, other: yield* kit.copyTo(`${directory}/other.db`, "rich.db") }
})

/** Of all kinds together. */
const totals = (counts: AgainstReport["counts"]) => {
  const sum = (what: "new" | "gone" | "changed") => Object.values(counts).reduce((all, count) => all + count[what], 0)
  return { only_in_snapshot: sum("gone"), only_in_database: sum("new"), different: sum("changed") }
}

const compare = (snapshot: string, database: string) =>
  Effect.map(verifyAgainst(kit.text(snapshot), database), (report) => ({
    ...report,
    differences: report.changes.map(({ fields, kind, row, what }) =>
      [kind, row, what, ...fields.map(({ field }) => field)].join(", ")
    ).toSorted(),
    ...totals(report.counts)
  }))

describe("a snapshot and a database", () => {
  for (const name of ["empty.db", "rich.db", "text.db", "rawjson.db", "merged-recurrence.db"]) {
    it.scopedLive(`are equal: ${name} and what was exported of it`, () =>
      Effect.gen(function*() {
        const database = yield* kit.copyOf(name)
        for (const snapshot of [yield* kit.exported(database), yield* kit.exportedAsGo(database)]) {
          const report = yield* compare(snapshot, database)
          assert.deepInclude(report, { equal: true, database, only_in_snapshot: 0, only_in_database: 0, different: 0 })
          assert.deepStrictEqual(report.differences, [])
        }
        assert.isTrue(kit.fixtureBytes(name).equals(yield* kit.bytesOf(database)))
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("differ in one row of each kind", () =>
    Effect.gen(function*() {
      const { original, other } = yield* both
      yield* kit.change(
        other,
        touched.map(([, table, where, , to]) => `UPDATE ${table} SET ${to} WHERE ${where}`).join(";")
      )
      const report = yield* compare(yield* kit.exported(original), other)
      assert.deepInclude(report, { equal: false, only_in_snapshot: 0, only_in_database: 0, different: touched.length })
      assert.deepStrictEqual(
        report.differences,
        touched.map(([kind, , , row, , field]) => `${kind}, ${row}, changed, ${field}`).toSorted()
      )
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("lack one row of each kind", () =>
    Effect.gen(function*() {
      const { original, other } = yield* both
      yield* kit.change(other, touched.map(([, table, where]) => `DELETE FROM ${table} WHERE ${where}`).join(";"))
      // an event, and what comes or goes with its issue, is counted and not named
      const missing = (what: string) =>
        touched.filter(([kind]) => kind !== "event" && kind !== "issue_label").map(([kind, , , row]) =>
          `${kind}, ${row}, ${what}`
        ).toSorted()
      const there = yield* compare(yield* kit.exported(original), other)
      // what pointed at one of these points at nothing now
      const alone = ({ differences }: { readonly differences: ReadonlyArray<string> }) =>
        differences.filter((line) => !line.includes(", changed, "))
      assert.deepStrictEqual(alone(there), missing("gone"))
      assert.deepInclude(there, { equal: false, only_in_snapshot: touched.length, only_in_database: 0 })
      const here = yield* compare(yield* kit.exported(other), original)
      assert.deepStrictEqual(alone(here), missing("new"))
      assert.deepInclude(here, { equal: false, only_in_snapshot: 0, only_in_database: touched.length })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("are equal when the rows have other numbers, and not when a comment is said to be another one", () =>
    Effect.gen(function*() {
      const { original, other } = yield* both
      const renumbered = "PRAGMA foreign_keys = OFF; UPDATE comments SET id = id + 1000;" +
        " UPDATE import_mappings SET comment_id = comment_id + 1000;" +
        " UPDATE events SET id = id + 5000, payload = json_set(payload, '$.comment_id', json_extract(payload, '$.comment_id') + 1000)" +
        " WHERE json_extract(payload, '$.comment_id') IS NOT NULL"
      yield* kit.change(other, renumbered)
      const snapshot = yield* kit.exported(original)
      assert.deepStrictEqual((yield* compare(snapshot, other)).differences, [])
      yield* kit.change(
        other,
        "UPDATE events SET payload = json_set(payload, '$.comment_id', 1007) WHERE json_extract(payload, '$.comment_id') = 1008"
      )
      const report = yield* compare(snapshot, other)
      assert.deepStrictEqual(report.differences.map((line) => line.replace(/\d+/, "N")), ["event, N, changed, payload"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("with many differences: all are counted, the first are named", () =>
    Effect.gen(function*() {
      const database = yield* kit.copyOf("empty.db")
      const snapshot = kit.fixtureText("rich.export.jsonl")
      const report = yield* compare(snapshot, database)
      const local = /^\{"kind":"(?:meta|sqlite_sequence)"/
      assert.deepInclude(report, {
        different: 0,
        only_in_database: 0,
        only_in_snapshot: kit.lines(snapshot).filter((line) => !local.test(line)).length
      })
      assert.strictEqual(report.changes.length, 20)
      assert.isAbove(report.more, 0)
    }).pipe(Effect.provide(kit.services)))
})

describe("a snapshot of a project is held against that project", () => {
  const cases: ReadonlyArray<readonly [what: string, sql: string, equal: boolean]> = [
    [
      "when another one changes",
      "UPDATE issues SET title = 'x' WHERE project_id = 6; DELETE FROM events WHERE project_id = 1",
      true
    ],
    [
      "when it changes",
      "UPDATE issues SET title = 'x' WHERE id = (SELECT min(id) FROM issues WHERE project_id = 4)",
      false
    ],
    [
      "when one of its issues is deleted",
      "UPDATE issues SET deleted_at = '2026-01-01T00:00:00.000Z' WHERE project_id = 4",
      false
    ]
  ]
  for (const [what, sql, equal] of cases) {
    it.scopedLive(`${what}: ${equal ? "equal" : "not equal"}`, () =>
      Effect.gen(function*() {
        const { original, other } = yield* both
        yield* kit.change(other, sql)
        const report = yield* compare(yield* kit.exported(original, { projects: [{ name: "docs" }] }), other)
        assert.strictEqual(report.equal, equal)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("also when it was renamed, and not without what was deleted", () =>
    Effect.gen(function*() {
      const { original, other } = yield* both
      const live = yield* kit.exported(original, { projects: [{ name: "app" }], includeDeleted: false })
      assert.isTrue((yield* compare(live, original)).equal)
      yield* kit.change(
        other,
        "DELETE FROM comments WHERE issue_id IN (SELECT id FROM issues WHERE deleted_at IS NOT NULL)"
      )
      assert.isTrue((yield* compare(live, other)).equal)
      yield* kit.change(other, "UPDATE projects SET name = 'renamed' WHERE id = 1")
      assert.deepStrictEqual((yield* compare(live, other)).differences, ["project, 1, changed, name"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that is not there", () =>
    Effect.gen(function*() {
      const { original } = yield* both
      const snapshot = yield* kit.exported(original, { projects: [{ name: "docs" }] })
      const found = yield* kit.outcomeOf(compare(snapshot, yield* kit.copyOf("small.db")))
      assert.strictEqual(found.outcome, "not_found")
    }).pipe(Effect.provide(kit.services)))
})
