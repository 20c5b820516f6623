/**
 * The fixtures of newer versions are what they are said to be: whole databases, exports of the same rows, and what version 10 holds of them.
 * Those that a script makes are made again here, and are the same.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gunzipSync } from "node:zlib"
import { version10 } from "../../src/records/kinds.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { countsOf, expectedOf, exportOf, makeDatabase, versions as made } from "../fixtures/go-newer/make.ts"
import * as kit from "../snapshot/kit.ts"

const folder = fileURLToPath(new URL("../fixtures/go-newer", import.meta.url))
const versions = readdirSync(folder).flatMap((name) =>
  /^v\d+$/.test(name) && existsSync(join(folder, name, "kata.db.gz")) ? [Number(name.slice(1))] : []
)
const file = (version: number, name: string) => join(folder, `v${version}`, name)
const linesOf = (version: number, name: string) => kit.lines(readFileSync(file(version, name), "utf8"))
const jsonOf = (version: number) => JSON.parse(readFileSync(file(version, "expected.json"), "utf8"))

let place = ""
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "kata-test-"))
  return () => rmSync(place, { recursive: true })
})
const copied = (version: number) => {
  const path = join(place, `v${version}.db`)
  writeFileSync(path, gunzipSync(readFileSync(file(version, "kata.db.gz"))))
  return path
}
const asked = <A>(path: string, ask: (db: Sqlite.Database) => A): A => {
  const db = new Sqlite(path)
  try {
    return ask(db)
  } finally {
    db.close()
  }
}

interface Line {
  readonly kind: string
  readonly data: { readonly [key: string]: unknown }
}
const records = (lines: ReadonlyArray<string>) => lines.map((line): Line => JSON.parse(line))

/** The schema and every row, whatever the file looks like; of the search index, that it is there. */
const content = (path: string) =>
  asked(path, (db) => {
    const schema = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").all()
    const tables = db.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'issues_fts%' ORDER BY name"
    ).pluck().all().map(String)
    return { schema, rows: tables.map((table) => [table, db.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all()]) }
  })

it("those of 16 to 19, 21 and 22 are there", () => assert.includeMembers(versions, [16, 17, 18, 19, 20, 21, 22, 23]))

describe.each(made.map((version) => [version] as const))("version %i is what the script makes", (version) => {
  it("its database", () => {
    const again = join(place, `again-${version}.db`)
    makeDatabase(version, again)
    assert.deepStrictEqual(content(copied(version)), content(again))
  })
  it("its export, and what is expected of it", () => {
    assert.deepStrictEqual(linesOf(version, "export.jsonl"), exportOf(version))
    assert.deepStrictEqual(jsonOf(version), expectedOf(version, copied(version)))
  })
})

describe.each(versions.map((version) => [version] as const))("version %i", (version) => {
  it("is a whole database, whose search index finds", () => {
    asked(copied(version), (db) => {
      assert.strictEqual(db.pragma("integrity_check", { simple: true }), "ok")
      assert.deepStrictEqual(db.pragma("foreign_key_check"), [])
      assert.strictEqual(
        db.prepare("SELECT value FROM meta WHERE key = 'schema_version'").pluck().get(),
        String(version)
      )
      assert.isNotEmpty(db.prepare("SELECT rowid FROM issues_fts WHERE issues_fts MATCH 'tower'").all())
      assert.strictEqual(db.pragma("journal_mode", { simple: true }), "wal")
    })
  })

  it("has the counts that expected.json says", () => {
    const expected = jsonOf(version)
    const counts = countsOf(copied(version), linesOf(version, "export.jsonl"))
    assert.strictEqual(expected.schema_version, version)
    assert.deepStrictEqual(counts.rows, expected.rows_in_database)
    assert.deepStrictEqual(counts.records, expected.records_in_export)
  })

  it("has an export of the rows of its database", () => {
    const all = records(linesOf(version, "export.jsonl"))
    const of = (kind: string) => all.filter((record) => record.kind === kind).map(({ data }) => data)
    asked(copied(version), (db) => {
      for (const kind of version10.kinds.filter(({ fields, name }) => name !== "meta" && fields[0]?.key === "id")) {
        const rows = db.prepare(`SELECT * FROM ${kind.table} ORDER BY id`).all() as ReadonlyArray<Line["data"]>
        assert.deepStrictEqual(of(kind.name).map(({ id }) => id), rows.map(({ id }) => id), kind.name)
        for (const [i, data] of of(kind.name).entries()) {
          for (const field of ["uid", "body", "title", "created_at", "external_id", "label"]) {
            if (data[field] !== undefined) assert.strictEqual(rows[i]?.[field], data[field], `${kind.name} ${field}`)
          }
        }
      }
      // Of an event whose other issue never came the writer clears the uid, and makes its hash anew.
      const hash = db.prepare("SELECT content_hash FROM events WHERE id = ?").pluck()
      const cleared = of("event").filter(({ content_hash, id }) => hash.get(id) !== content_hash)
      const counted = jsonOf(version).not_held_by_version_10
      assert.lengthOf(cleared, counted["event.related_issue_uid cleared by the writer (export only)"] ?? 0)
      assert.deepStrictEqual(
        of("sqlite_sequence").map(({ name, seq }) => [name, seq]),
        db.prepare("SELECT name, seq FROM sqlite_sequence ORDER BY name").raw().all()
      )
      for (const { dims, embedded_content_revision, issue_uid, vector_b64 } of of("issue_embedding")) {
        const row = db.prepare(
          "SELECT e.* FROM issue_embeddings e JOIN issues i ON i.id = e.issue_id WHERE i.uid = ?"
        ).get(issue_uid) as { dims: number; embedded_content_revision: number; vector_bytes: Buffer }
        assert.deepStrictEqual([row.dims, row.embedded_content_revision], [dims, embedded_content_revision])
        assert.strictEqual(row.vector_bytes.toString("base64"), vector_b64)
      }
      for (const data of of("github_sync_status")) {
        const row = db.prepare("SELECT * FROM github_sync_status").get() as Line["data"]
        for (const [key, value] of Object.entries(data)) assert.strictEqual(row[key], value, key)
      }
    })
  })

  it.scopedLive("leaves a version-10 snapshot that verifies, restores and is exported to the same bytes", () =>
    Effect.gen(function*() {
      const expected = file(version, "expected-v10.jsonl")
      const report = yield* verify(expected)
      assert.isTrue(report.restorable)
      assert.deepStrictEqual(report.findings.filter(({ blocking, outcome }) => blocking || outcome !== "carried"), [])
      const target = `${yield* kit.temporary}/restored.db`
      yield* kit.restore(expected, target)
      assert.strictEqual(yield* kit.exportedAsGo(target, { plain: true }), readFileSync(expected, "utf8"))
    }).pipe(Effect.provide(kit.services)))
})
