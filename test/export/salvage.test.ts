/** `--salvage` of an export beyond the databases that Go kata was given; those are in `badRows.test.ts`. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"
import { linesIn } from "./salvaged.ts"

it.scopedLive("what is left out keeps every byte", () =>
  Effect.gen(function*() {
    const database = yield* kit.copyOf("small.db")
    yield* kit.change(
      database,
      "UPDATE issues SET title = CAST(x'61ff62' AS TEXT), body = CAST(x'00' AS TEXT), owner = 'é\"', priority = 9007199254740993, revision = 2.0 WHERE id = 1;" +
        "UPDATE issues SET metadata = x'00ff', priority = 0.1 WHERE id = 2;" +
        "ALTER TABLE comments ADD COLUMN mood; UPDATE comments SET mood = 'fine'; CREATE TABLE notes (a, b) WITHOUT ROWID"
          .replace("(a, b) WITHOUT ROWID", "(a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO notes VALUES ('x', 1e400)")
    )
    const output = `${yield* kit.temporary}/out.jsonl`
    const report = yield* Export.toFile({ database, output, salvage: true })
    const left = (yield* linesIn(report.rejected_file)).map((line) => JSON.parse(line))
    const [first, second, third, mood, note] = left
    assert.strictEqual(left.length, 5)
    assert.deepInclude(first, {
      table: "issues",
      rowid: 1,
      why: "title is not UTF-8; the rest of the row was carried, with \"a\ufffdb\" there",
      cells: { title: { type: "text", hex: "61ff62" } }
    })
    assert.deepInclude(second, { rowid: 2, cells: { priority: { type: "real", value: "0.1" } } })
    assert.deepInclude(third, { rowid: 2, cells: { metadata: { type: "blob", hex: "00ff" } } })
    assert.match(third.why, /^metadata holds a blob.*; the rest of the row was carried, with "\{\}" there$/)
    const [one, two] = kit.lines(yield* kit.textOf(output)).filter((line) => line.startsWith("{\"kind\":\"issue\""))
      .map((line) => JSON.parse(line).data)
    assert.deepInclude(one, { title: "a\ufffdb", body: "\0", owner: "é\"", revision: 2 })
    assert.notProperty(two, "priority")
    assert.deepStrictEqual(two.metadata, {})
    assert.deepInclude(mood, { table: "comments", rowid: 1, cells: { mood: "fine" } })
    assert.deepInclude(note, { table: "notes", cells: { a: "x", b: { type: "real", value: "Infinity" } } })
    assert.strictEqual(report.rejected, 5)
    // The row of the comment was carried without what nobody knows.
    assert.strictEqual(report.records["comment"], 1)
    // What was rejected before is never written over.
    const again = yield* Export.toFile({ database, output, salvage: true, force: true })
    assert.strictEqual(again.rejected_file, `${output}.rejected-2.jsonl`)
    assert.strictEqual(yield* kit.textOf(again.rejected_file!), yield* kit.textOf(report.rejected_file!))
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a bad cell costs a cell: the issue, its comments and its events are all carried (found L4)", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const [database, output] = [`${directory}/kata.db`, `${directory}/out.jsonl`]
    yield* kit.copyTo(database, "rich.db")
    const before = kit.lines(yield* kit.exported(database, { plain: true }))
    yield* kit.change(
      database,
      // An index of what is in the payload would not take it.
      "DROP INDEX idx_events_idempotency; UPDATE issues SET metadata = '{\"a\":', status = x'01ff' WHERE id = (SELECT min(id) FROM issues);" +
        "UPDATE events SET payload = 'x' WHERE id = (SELECT min(id) FROM events);" +
        "UPDATE comments SET body = CAST(x'6cff' AS TEXT) WHERE id = (SELECT min(id) FROM comments); UPDATE projects SET metadata = '' WHERE id = 1"
    )
    const report = yield* Export.toFile({ database, output, plain: true, salvage: true })
    const left = (yield* linesIn(report.rejected_file)).map((line) => JSON.parse(line))
    assert.deepStrictEqual(
      left.map(({ cells, rowid, table }) => [table, rowid, Object.entries(cells)[0]]),
      [
        ["projects", 1, ["metadata", ""]],
        ["issues", 2, ["status", { type: "blob", hex: "01ff" }]],
        ["issues", 2, ["metadata", "{\"a\":"]],
        ["comments", 4, ["body", { type: "text", hex: "6cff" }]],
        ["events", 5, ["payload", "x"]]
      ]
    )
    const after = kit.lines(yield* kit.textOf(output))
    assert.strictEqual(after.length, before.length)
    assert.deepInclude(JSON.parse(after.find((line) => line.startsWith("{\"kind\":\"issue\""))!).data, {
      status: "open",
      metadata: {}
    })
    // The other cells were as empty before.
    const changed = after.filter((line, i) => line !== before[i]).map((line) => JSON.parse(line))
    assert.deepStrictEqual(changed.map(({ data, kind }) => [kind, data.id]), [
      ["project", 1],
      ["comment", 4]
    ])
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("projects of a damaged database, and without what is deleted", () =>
  Effect.gen(function*() {
    const database = yield* kit.copyOf("rich.db")
    const options = { database, projects: [{ name: "app" }], includeDeleted: false }
    const whole = yield* kit.exported(database, options)
    const [before] = yield* kit.query(database, "SELECT count(*) AS n FROM issues WHERE project_id = 1")
    assert.isAbove(Number(before?.["n"]), 3)
    yield* kit.change(database, "UPDATE projects SET metadata = 'no' WHERE name = 'docs'")
    assert.strictEqual((yield* kit.outcomeOf(kit.exported(database))).outcome, "damaged")
    assert.strictEqual(yield* kit.exported(database, { ...options, salvage: true }), whole)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("a failure leaves neither the snapshot nor what was left out", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const database = `${directory}/kata.db`
    yield* kit.copyTo(database, "badrows/null-title.db.gz")
    const missing = yield* kit.outcomeOf(
      Export.toFile({ database, output: `${directory}/no/out.jsonl`, salvage: true })
    )
    assert.strictEqual(missing.outcome, "not_found")
    const project = yield* kit.outcomeOf(
      Export.toFile({ database, output: `${directory}/out.jsonl`, salvage: true, projects: [{ name: "none" }] })
    )
    assert.strictEqual(project.outcome, "not_found")
    assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
  }).pipe(Effect.provide(kit.services)))
