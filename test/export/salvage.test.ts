/** `--salvage` of an export: what an export refuses comes out as far as it can, and what it takes comes out the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"

interface Case {
  readonly name: string
  readonly file?: string
}

const all = kit.fixtureJson("badrows/expected.json") as ReadonlyArray<Case>

/** What an export refuses: how many rows a salvage leaves out, whether the rest can be restored as it is, and the first of its reasons. */
const rows: { readonly [name: string]: readonly [rejected: number, restorable: boolean, says: string] } = {
  "invalid-utf8-text": [2, false, "issue.title is not UTF-8"],
  "invalid-utf8-json": [1, false, "issue.metadata is not UTF-8"],
  "invalid-utf8-label": [1, true, "issue_label.label is not UTF-8"],
  "invalid-json-issue-metadata": [1, false, "issue.metadata is not JSON"],
  "empty-issue-metadata": [1, false, "issue.metadata is not JSON"],
  "trailing-json-issue-metadata": [1, false, "issue.metadata is not JSON"],
  "invalid-json-project-metadata": [1, false, "project.metadata is not JSON"],
  "invalid-json-event-payload": [1, true, "event.payload is not JSON"],
  "invalid-json-recurrence-labels": [1, false, "recurrence.template_labels is not JSON"],
  "null-title": [1, false, "issue.title is NULL, which a snapshot cannot say there"],
  "null-metadata": [1, false, "issue.metadata is NULL"],
  "null-created-at": [1, false, "issue.created_at is NULL"],
  "null-payload": [1, true, "event.payload is NULL"],
  "null-comment-author": [1, true, "comment.author is NULL"],
  "null-body": [1, false, "issue.body is NULL"],
  "text-priority": [1, false, "issue.priority holds text"],
  "real-priority": [1, false, "issue.priority holds a real number"],
  "text-revision": [1, false, "issue.revision holds text"],
  "real-revision": [1, false, "issue.revision holds a real number"],
  "blob-body": [1, false, "issue.body holds a blob"],
  "blob-title-invalid": [1, false, "issue.title holds a blob"],
  "meta-no-schema-version": [0, false, ""],
  "meta-schema-version-9": [0, false, ""],
  "meta-schema-version-11": [0, false, ""],
  "meta-schema-version-text": [0, false, ""],
  "seq-null": [1, true, "sqlite_sequence.seq is NULL"],
  "seq-text": [1, true, "sqlite_sequence.seq holds text"],
  "extra-table": [1, true, "notes is in a table that kata does not know"],
  "file-truncated-half": [11, false, "meta table meta is not in what is left of the file's schema"],
  "file-truncated-last-page": [0, true, ""],
  "file-truncated-odd": [6, false, "meta table meta is not in what is left of the file's schema"],
  "page-zeroed-comments": [1, true, "comment rowid 1 could not be read, its page is damaged"],
  "page-zeroed-events": [8, true, "event rowids 1 to 8 could not be read, their pages are damaged"],
  "page-garbage-meta": [3, false, "meta rowids 1 to 3 could not be read, their pages are damaged"]
}

/** These are no databases any more. */
const gone: { readonly [name: string]: readonly [bytes: () => Uint8Array, says: string] } = {
  "file-zero-bytes": [() => Buffer.alloc(0), "is empty (0 bytes)"],
  "file-text": [() => Buffer.from("this is no database\n".repeat(300)), "is no SQLite database"],
  "header-damaged": [() => Buffer.from(kit.fixtureBytes("small.db")).fill(0x5a, 0, 100), "is no SQLite database"]
}

const linesIn = (path: string | null) => path === null ? Effect.succeed([]) : Effect.map(kit.textOf(path), kit.lines)

describe.concurrent("a salvage of", () => {
  for (const { file, name } of all) {
    it.scopedLive(name, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const [database, output] = [`${directory}/kata.db`, `${directory}/out.jsonl`]
        const bytes = gone[name]?.[0]() ?? kit.fixtureBytes(`badrows/${file}`)
        yield* kit.writeFile(database, bytes)
        const found = yield* kit.outcomeOf(Export.toFile({ database, output, salvage: true }))
        assert.isTrue(Buffer.from(bytes).equals(yield* kit.bytesOf(database)), "the database was changed")
        if (gone[name] !== undefined) {
          assert.strictEqual(found.outcome, "damaged")
          assert.include(found.message, gone[name][1])
          return assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
        }
        const report = found.value!
        assert.strictEqual(found.outcome, "ok", found.message)
        const ordinary = yield* kit.outcomeOf(Export.toFile({ database, output: `${directory}/ordinary.jsonl` }))
        const expected = rows[name]
        assert.strictEqual(ordinary.value === undefined, expected !== undefined)
        if (expected === undefined) {
          // Nothing is lost by asking for it.
          assert.strictEqual(yield* kit.textOf(output), yield* kit.textOf(`${directory}/ordinary.jsonl`))
          const { findings, ...rest } = ordinary.value!
          // The copy that is exported has none of the indexes that are damaged.
          const expected = { ...rest, findings: findings.filter(({ rule }) => rule !== "index"), output: "" }
          assert.deepStrictEqual({ ...report, output: "" }, expected)
        } else {
          const [rejected, restorable, says] = expected
          assert.deepStrictEqual([report.rejected, report.restorable], [rejected, restorable])
          assert.include(report.findings.find(({ outcome }) => outcome === "rejected")?.title ?? "", says)
          assert.strictEqual(report.rejected_file, rejected === 0 ? null : `${output}.rejected.jsonl`)
          for (const line of yield* linesIn(report.rejected_file)) assert.property(JSON.parse(line), "why")
        }
        const target = `${directory}/restored.db`
        assert.strictEqual(
          (yield* kit.outcomeOf(kit.restore(output, target))).outcome,
          report.restorable ? "ok" : "validation"
        )
        if (!report.restorable) yield* kit.restore(output, target, { repair: true })
        assert.deepStrictEqual(yield* kit.complaints(target), [])
      }).pipe(Effect.provide(kit.services)))
  }
})

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
