/** What a salvage makes of databases that were damaged, beside what an export makes of them. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"

/** What an export refuses: how many rows and cells a salvage leaves out, whether the rest can be restored as it is, and why. */
const rows: { readonly [name: string]: readonly [rejected: number, restorable: boolean, says: string] } = {
  "invalid-utf8-text": [4, true, "issue.title is not UTF-8"],
  "invalid-utf8-json": [1, true, "issue.metadata is not UTF-8"],
  "invalid-utf8-label": [1, true, "issue_label.label is not UTF-8"],
  "invalid-json-issue-metadata": [1, true, "issue.metadata is not JSON"],
  "empty-issue-metadata": [1, true, "issue.metadata is not JSON"],
  "trailing-json-issue-metadata": [1, true, "issue.metadata is not JSON"],
  "invalid-json-project-metadata": [1, true, "project.metadata is not JSON"],
  "invalid-json-event-payload": [1, true, "event.payload is not JSON"],
  "invalid-json-recurrence-labels": [1, true, "recurrence.template_labels is not JSON"],
  "null-title": [1, true, "issue.title is NULL, which a snapshot cannot say there"],
  "null-metadata": [1, true, "issue.metadata is NULL"],
  "null-created-at": [1, true, "issue.created_at is NULL"],
  "null-payload": [1, true, "event.payload is NULL"],
  "null-comment-author": [1, true, "comment.author is NULL"],
  "null-body": [1, true, "issue.body is NULL"],
  "text-priority": [1, true, "issue.priority holds text"],
  "real-priority": [1, true, "issue.priority holds a real number"],
  "text-revision": [1, true, "issue.revision holds text"],
  "real-revision": [1, true, "issue.revision holds a real number"],
  "blob-body": [1, true, "issue.body holds a blob"],
  "blob-title-invalid": [1, true, "issue.title holds a blob"],
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
  "page-zeroed-comments": [1, true, "comment is in an index and not in the table"],
  "page-zeroed-events": [8, true, "event is in an index and not in the table"],
  "page-garbage-meta": [3, false, "meta is in an index and not in the table"],
  "header-damaged": [0, true, ""]
}

/** These are no databases any more. */
const gone: { readonly [name: string]: string } = {
  "file-zero-bytes": "is empty (0 bytes)",
  "file-text": "is no SQLite database"
}

/** The lines of what was left out. */
export const linesIn = (path: string | null) =>
  path === null ? Effect.succeed([]) : Effect.map(kit.textOf(path), kit.lines)

/** What an ordinary export has made of it. */
interface Ordinary {
  readonly output: string
  readonly report: Export.ExportReport | undefined
}

/** What an export refuses comes out as far as it can, and what it takes comes out the same. */
export const salvaged = (name: string, database: string, ordinary: Ordinary) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const output = `${directory}/out.jsonl`
    const bytes = yield* kit.bytesOf(database)
    const beside = yield* kit.listing(database.slice(0, database.lastIndexOf("/")))
    const found = yield* kit.outcomeOf(Export.toFile({ database, output, salvage: true }))
    assert.isTrue(Buffer.from(bytes).equals(yield* kit.bytesOf(database)), "the database was changed")
    assert.deepStrictEqual(yield* kit.listing(database.slice(0, database.lastIndexOf("/"))), beside)
    if (gone[name] !== undefined) {
      assert.strictEqual(found.outcome, "damaged")
      assert.include(found.message, gone[name])
      return assert.deepStrictEqual(yield* kit.listing(directory), [])
    }
    const report = found.value!
    assert.strictEqual(found.outcome, "ok", found.message)
    const expected = rows[name]
    // A salvage takes tables of version 10 for that, whatever the version says; an export knows version 11.
    const isRead = expected === undefined || name === "meta-schema-version-11"
    assert.strictEqual(ordinary.report !== undefined, isRead)
    if (expected === undefined) {
      // Nothing is lost by asking for it, and the same bytes are restored in the same way.
      assert.strictEqual(yield* kit.textOf(output), yield* kit.textOf(ordinary.output))
      const { findings, ...rest } = ordinary.report!
      // The copy that is exported has none of the indexes that are damaged.
      const same = { ...rest, findings: findings.filter(({ rule }) => rule !== "index"), output: "" }
      return assert.deepStrictEqual({ ...report, output: "" }, same)
    }
    const [rejected, restorable, says] = expected
    assert.deepStrictEqual([report.rejected, report.restorable], [rejected, restorable])
    assert.include(report.findings.find(({ outcome }) => outcome === "rejected")?.title ?? "", says)
    assert.strictEqual(report.rejected_file, rejected === 0 ? null : `${output}.rejected.jsonl`)
    for (const line of yield* linesIn(report.rejected_file)) assert.property(JSON.parse(line), "why")
    const target = `${directory}/restored.db`
    assert.strictEqual(
      (yield* kit.outcomeOf(kit.restore(output, target))).outcome,
      restorable ? "ok" : "validation"
    )
    if (!restorable) yield* kit.restore(output, target, { repair: true })
    assert.deepStrictEqual(yield* kit.complaints(target), [])
  })
