/** Databases that were damaged or hold what their rules forbid: each is exported and salvaged, and what came out restored. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import type { Finding } from "../../src/records/Finding.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { salvaged } from "./salvaged.ts"

/** Where we differ from Go kata: we refuse what it writes, or take more than it. */
const why = {
  utf8: "Go kata writes U+FFFD, or bytes that are no UTF-8 (W17)",
  blob: "a blob is not text: Go kata makes it one (W17)",
  orphan: "Go kata leaves the row or the reference out without a word (W44)",
  unknown: "Go kata leaves the table out without a word",
  empty: "Go kata makes a new database of it (W5)"
} as const

/**
 * `clean`: written, nothing is odd. `odd`: written, and can be restored as it is. `blocks`: written, and restored only with a repair.
 * Else the export fails, as damaged or as refused.
 */
type Outcome = "clean" | "odd" | "blocks" | "damaged" | "validation"
type Row = readonly [
  name: string,
  outcome: Outcome,
  says?: string | ReadonlyArray<string>,
  why?: (typeof why)[keyof typeof why]
]

const rows: ReadonlyArray<Row> = [
  ["invalid-utf8-text", "damaged", "table issues, row 1: title is not UTF-8", why.utf8],
  ["invalid-utf8-json", "damaged", "table issues, row 1: metadata is not UTF-8", why.utf8],
  ["invalid-utf8-label", "damaged", "table issue_labels, row 1/?: label is not UTF-8", why.utf8],
  ["invalid-json-issue-metadata", "damaged", "table issues, row 3: metadata is not JSON"],
  ["empty-issue-metadata", "damaged", "table issues, row 3: metadata is not JSON"],
  ["array-issue-metadata", "blocks", "issue.metadata is not a JSON object"],
  ["trailing-json-issue-metadata", "damaged", "table issues, row 3: metadata is not JSON"],
  ["invalid-json-project-metadata", "damaged", "table projects, row 1: metadata is not JSON"],
  ["invalid-json-event-payload", "damaged", "table events, row 2: payload is not JSON"],
  ["invalid-json-recurrence-labels", "damaged", "table recurrences, row 2: template_labels is not JSON"],
  ["object-recurrence-labels", "blocks", "recurrence.template_labels is not a JSON array"],
  ["null-title", "validation", "table issues, row 2: title is NULL"],
  ["null-metadata", "validation", "table issues, row 2: metadata is NULL"],
  ["null-created-at", "validation", "table issues, row 2: created_at is NULL"],
  ["null-payload", "validation", "table events, row 2: payload is NULL"],
  ["null-comment-author", "validation", "table comments, row 1: author is NULL"],
  ["null-body", "validation", "table issues, row 2: body is NULL"],
  ["text-priority", "validation", "table issues, row 2: priority holds text"],
  ["real-priority", "validation", "table issues, row 2: priority holds a real number"],
  ["priority-9", "blocks", "issue.priority must be 0 to 4"],
  ["text-revision", "validation", "table issues, row 2: revision holds text"],
  ["real-revision", "validation", "table issues, row 2: revision holds a real number"],
  ["big-revision", "clean"],
  ["blob-body", "validation", "table issues, row 2: body holds a blob", why.blob],
  ["blob-title-invalid", "validation", "table issues, row 2: title holds a blob", why.blob],
  ["integer-body", "clean"],
  ["time-integer", "odd", "issue.created_at is not a time"],
  ["time-real", "odd", "issue.created_at is not a time"],
  ["time-empty", "odd", "issue.created_at is not a time"],
  ["time-words", "odd", ["issue.created_at is not a time", "issue.updated_at is not a time"]],
  ["time-odd-forms", "odd", ["issue.created_at is not a time", "issue.updated_at is not a time"]],
  ["orphan-comment", "blocks", "comment.issue_id points at no row of issues", why.orphan],
  ["orphan-label", "blocks", "issue_label.issue_id points at no row of issues", why.orphan],
  ["orphan-link", "blocks", "link.to_issue_id points at no row of issues", why.orphan],
  ["orphan-event-issue", "blocks", "event.issue_id points at no row of issues", why.orphan],
  ["orphan-event-related", "blocks", "event.related_issue_id points at no row of issues", why.orphan],
  ["orphan-event-project", "blocks", "event.project_id points at no row of projects"],
  ["orphan-alias", "blocks", "project_alias.project_id points at no row of projects"],
  ["orphan-issue-project", "blocks", "issue.project_id points at no row of projects"],
  ["orphan-issue-recurrence", "blocks", "issue.recurrence_id points at no row of recurrences"],
  ["orphan-recurrence-project", "blocks", "recurrence.project_id points at no row of projects"],
  ["orphan-mapping", "blocks", "import_mapping.issue_id points at no row of issues"],
  ["orphan-mapping-link", "blocks", [
    "import_mapping.external_id is not made of the ids of what it maps",
    "import_mapping.link_id points at no row of links"
  ]],
  ["orphan-purge-project", "clean"],
  ["link-uid-mismatch", "blocks", "link.from_issue_uid is not the uid of the linked issue"],
  ["link-cross-project", "blocks", [
    "link.from_issue_id is an issue of another project",
    "link.to_issue_id is an issue of another project"
  ]],
  ["link-self", "blocks", "link.to_issue_id is the issue itself"],
  ["two-parents", "blocks", [
    "schema lacks what version 10 has",
    "link.from_issue_id is there more than once where type = 'parent'"
  ]],
  ["event-uid-differs", "odd", "event.issue_uid is not the uid of the event's issue"],
  ["event-uid-null", "odd", "event.issue_uid is not the uid of the event's issue"],
  ["short-id-wrong", "blocks", "issue.short_id is not the end of the uid"],
  ["uid-lowercase", "odd", "event.uid is not a ULID in its canonical form"],
  ["uid-not-ulid", "odd", "event.uid is not a ULID in its canonical form"],
  ["label-uppercase", "blocks", "issue_label.label must be of a-z"],
  ["status-unknown", "blocks", "issue.status must be open or closed"],
  ["open-with-closed-at", "blocks", "issue.status is not closed"],
  ["project-name-hash", "blocks", "project.name must not contain #"],
  ["project-name-blank", "odd", "project.name has characters that are not printable"],
  ["meta-no-instance-uid", "odd", "meta.value is missing"],
  ["meta-instance-uid-short", "odd", "meta.value does not have 26 characters"],
  [
    "meta-no-schema-version",
    "validation",
    "has a schema version that kata does not know (meta.schema_version is missing)"
  ],
  [
    "meta-schema-version-9",
    "validation",
    "holds data that kata of this version does not know (table projects, column metadata, row 1)"
  ],
  // version 11 has the same records
  ["meta-schema-version-11", "odd", "meta.value says the version of the database"],
  [
    "meta-schema-version-text",
    "validation",
    "has a schema version that kata does not know (meta.schema_version is \"ten\")"
  ],
  ["seq-missing", "odd", "sqlite_sequence.seq is missing for a table"],
  ["seq-low", "odd", "sqlite_sequence.seq is below the highest id of its table"],
  ["seq-null", "validation", "table sqlite_sequence, row events: seq is NULL"],
  ["seq-text", "validation", "table sqlite_sequence, row events: seq holds text"],
  ["seq-duplicate", "odd", "sqlite_sequence.seq is there more than once"],
  ["seq-foreign-name", "odd", "sqlite_sequence.seq is of a table that does not count"],
  ["fts-empty", "odd", "schema has a search index that is out of date"],
  ["extra-table", "validation", "holds data that kata of this version does not know (table notes)", why.unknown],
  ["file-zero-bytes", "damaged", "is empty (0 bytes)", why.empty],
  ["file-text", "damaged", "is no SQLite database"],
  ["file-truncated-half", "damaged", "is damaged (database disk image is malformed)"],
  ["file-truncated-last-page", "damaged", "is damaged (database disk image is malformed)"],
  ["file-truncated-odd", "damaged", "is damaged (database disk image is malformed)"],
  ["page-zeroed-comments", "damaged", "cannot read the table"],
  ["page-zeroed-events", "damaged", "cannot read the table"],
  ["page-zeroed-unused-index", "odd", "index cannot be read"],
  ["page-garbage-meta", "damaged", "is damaged (database disk image is malformed)"],
  ["index-misses-a-row", "odd", "index has 8 entries for 9 rows"],
  ["header-damaged", "damaged", "is no SQLite database"]
]

interface Expected {
  readonly name: string
  readonly base: "small" | "rich"
  readonly file?: string
  readonly export: { readonly exit: number }
  readonly import_of_that_export?: { readonly exit: number }
}

const expected = kit.fixtureJson("badrows/expected.json") as ReadonlyArray<Expected>

const made: { readonly [name: string]: () => Uint8Array } = {
  "file-zero-bytes": () => Buffer.alloc(0),
  "file-text": () => Buffer.from("this is no database\n".repeat(300)),
  "header-damaged": () => Buffer.from(kit.fixtureBytes("small.db")).fill(0x5a, 0, 100)
}

/** What the undamaged database has too. */
const known = ({ base }: Expected) => ({ rule }: Finding) => base === "rich" && rule === "time"

it("the table has every database that Go kata was given", () => {
  assert.deepStrictEqual(rows.map(([name]) => name), expected.map(({ name }) => name))
})

describe("an export of", () => {
  const kindOf = ([, outcome, , because]: Row) => `${outcome}: ${because}`
  for (const [name, outcome, says = [], because] of some("databases", rows, kindOf)) {
    it.scopedLive(`${name}: ${outcome}${because === undefined ? "" : `; ${because}`}`, () =>
      Effect.gen(function*() {
        const go = expected.find((one) => one.name === name)!
        const directory = yield* kit.temporary
        const [database, output] = [`${directory}/kata.db`, `${directory}/out.jsonl`]
        const bytes = made[name]?.() ?? kit.fixtureBytes(`badrows/${go.file}`)
        yield* kit.writeFile(database, bytes)
        yield* kit.writeFile(output, "what was there before")
        const found = yield* kit.outcomeOf(Export.toFile({ database, output }))
        assert.isTrue(Buffer.from(bytes).equals(yield* kit.bytesOf(database)), "the database was changed")
        assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db", "out.jsonl"])
        if (found.value === undefined) {
          assert.strictEqual(found.outcome, outcome, found.message)
          assert.include(found.message, `${database}`)
          assert.include(found.message, String(says))
          assert.strictEqual(yield* kit.textOf(output), "what was there before")
          assert.isTrue(go.export.exit !== 0 || because !== undefined)
          return yield* salvaged(name, database, { output, report: undefined })
        }
        const findings = found.value.findings.filter((finding) => !known(go)(finding))
        const parts = [says].flat()
        assert.strictEqual(findings.length, parts.length, findings.map(({ line }) => line).join("\n"))
        parts.forEach((part, i) => assert.include(findings[i]!.title, part))
        assert.strictEqual(
          findings.length === 0 ? "clean" : findings.some(({ blocking }) => blocking) ? "blocks" : "odd",
          outcome
        )
        assert.isTrue((outcome === "blocks") === (go.import_of_that_export?.exit === 1) || because !== undefined)
        yield* salvaged(name, database, { output, report: found.value })
        yield* restored(directory, output, found.value)
      }).pipe(Effect.provide(kit.services)))
  }
})

const restored = (directory: string, output: string, { restorable }: Export.ExportReport) =>
  Effect.gen(function*() {
    const target = `${directory}/restored.db`
    const asItIs = yield* kit.outcomeOf(kit.restore(output, target))
    assert.strictEqual(asItIs.outcome, restorable ? "ok" : "validation", asItIs.message)
    if (restorable) {
      assert.strictEqual(asItIs.value?.proof, "seal")
      assert.strictEqual(yield* kit.exported(target), yield* kit.textOf(output))
    } else {
      assert.match(asItIs.message, /: line \d+: /)
      assert.notInclude(yield* kit.listing(directory), "restored.db")
      const report = yield* kit.restore(output, target, { repair: true })
      assert.deepStrictEqual(report.findings.filter(({ blocking }) => blocking), [])
      assert.isTrue(report.findings.some(({ outcome }) => outcome !== "carried"))
      // What a repair has mended stays so.
      const again = yield* kit.exported(target)
      const twice = yield* kit.restore(kit.text(again), `${directory}/none.db`, { dryRun: true, repair: true })
      assert.deepStrictEqual(twice.findings.filter(({ outcome }) => outcome !== "carried"), [])
    }
    assert.deepStrictEqual(yield* kit.complaints(target), [])
  })
