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
    const [first, second, mood, note] = left
    assert.strictEqual(left.length, 4)
    assert.deepInclude(first, { table: "issues", rowid: 1, why: "title is not UTF-8" })
    assert.deepInclude(first.cells, {
      title: { type: "text", hex: "61ff62" },
      body: "\0",
      owner: "é\"",
      priority: { type: "integer", value: "9007199254740993" }
    })
    assert.deepInclude(second.cells, {
      metadata: { type: "blob", hex: "00ff" },
      priority: { type: "real", value: "0.1" }
    })
    assert.deepInclude(mood, { table: "comments", rowid: 1, cells: { mood: "fine" } })
    assert.deepInclude(note, { table: "notes", cells: { a: "x", b: { type: "real", value: "Infinity" } } })
    assert.strictEqual(report.rejected, 4)
    // The row of the comment was carried without what nobody knows.
    assert.strictEqual(report.records["comment"], 1)
    // What was rejected before is never written over.
    const again = yield* Export.toFile({ database, output, salvage: true })
    assert.strictEqual(again.rejected_file, `${output}.rejected-2.jsonl`)
    assert.strictEqual(yield* kit.textOf(again.rejected_file!), yield* kit.textOf(report.rejected_file!))
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
