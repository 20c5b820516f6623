/**
 * Databases of Go kata's older versions are exported without an upgrade: as version 10, which is what Go kata's upgrade made of them, and as
 * they are stored, which is what the old kata itself exported. Where the two differ, it is said here and in docs/format.md.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import { exportedAsGo } from "../snapshot/kit.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "./kit.ts"

/** Every byte of a directory, before and after. */
const untouched = <A, E, R>(path: string, use: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* old.filesOf(dirname(path))
    const result = yield* use
    assert.deepStrictEqual(yield* old.filesOf(dirname(path)), before)
    return result
  })

/** A blob where a time should be is refused, as in version 10. */
const withoutBlob = "UPDATE issues SET created_at = CAST(created_at AS TEXT) WHERE typeof(created_at) = 'blob'"

describe("a database", () => {
  for (const [name, names] of some("databases", old.databases, ([name]) => name.split("/")[1])) {
    it.scopedLive(`${name} is exported as what Go kata's upgrade makes of it`, () =>
      Effect.gen(function*() {
        const n = Number(name[1])
        const path = yield* old.copyOf(name)
        if (name === "v8/bad-time") yield* old.edited(path, withoutBlob)
        const own = yield* old.opened(path, (db) => old.exportOf(db, n))
        const go = kit.lines(old.fixture(`${name}.upgraded.jsonl`))
        const expected = n < 7 ? go : old.withNamesOf(own, go)
        assert.strictEqual(expected.filter((line, i) => line !== go[i]).length, names)
        const lines = kit.lines(yield* untouched(path, exportedAsGo(path)))
        assert.deepStrictEqual(old.sameInstance(lines, expected).map(old.withoutUnknown), expected)
        const more = lines.flatMap((line) =>
          (line.match(old.mixed) ?? []).filter((part) => old.withoutUnknown(part) !== part)
        )
        assert.deepStrictEqual(more, name === "v7/numbers" ? old.kept : [])
      }).pipe(Effect.provide(kit.services)))

    it.scopedLive(`${name} is exported as it is stored as its own kata does`, () =>
      Effect.gen(function*() {
        const n = Number(name[1])
        const path = yield* old.copyOf(name)
        if (name === "v8/bad-time") yield* old.edited(path, withoutBlob)
        const own = yield* old.opened(path, (db) => old.exportOf(db, n))
        // the writer of the test leaves white space and escapes of JSON as they are
        assert.strictEqual(
          yield* untouched(path, exportedAsGo(path, { asStored: true })),
          kit.goEscapes(own.replace(/("(?:[^"\\]|\\.)*")| /g, "$1"))
        )
        if (name.endsWith("/rich")) assert.strictEqual(own, old.fixture(`v${n}/rich.own-export.jsonl`))
      }).pipe(Effect.provide(kit.services)))
  }
})

/** What Go kata's upgrade refuses, or makes with rows left out. */
describe("a database that Go kata does not upgrade as it is", () => {
  /** Rows whose parent is missing are carried, and told; Go kata leaves them out, or stops. */
  const orphans: ReadonlyArray<readonly [name: string, blocking: ReadonlyArray<string>]> = [
    ["v1/orphans-known", [
      "comment.issue_id 1",
      "issue_label.issue_id 1",
      "link.from_issue_uid 2",
      "link.from_issue_id 2",
      "event.issue_id 5"
    ]],
    ["v6/orphans-event-project", [
      "comment.issue_id 1",
      "issue_label.issue_id 1",
      "link.from_issue_id 2",
      "event.project_id 1",
      "event.issue_id 5"
    ]],
    ["v9/orphans-known", [
      "comment.issue_id 1",
      "issue_label.issue_id 1",
      "link.from_issue_id 2",
      "link.to_issue_id 1",
      "event.issue_id 6",
      "event.related_issue_id 3"
    ]],
    ["v9/orphans-unknown", [
      "project_alias.project_id 25",
      "issue.project_id 1",
      "link.to_issue_id 1",
      "import_mapping.issue_id 1",
      "event.issue_id 1",
      "event.related_issue_id 1"
    ]],
    ["v9/orphans-unknown-mapping", ["import_mapping.issue_id 1"]]
  ]
  for (const [name, blocking] of orphans) {
    it.scopedLive(`${name} is carried whole`, () =>
      Effect.gen(function*() {
        const path = yield* old.copyOf(name)
        const { report } = yield* untouched(path, old.exportOfDatabase(path))
        assert.isFalse(report.restorable)
        assert.deepStrictEqual(
          report.findings.filter((finding) => finding.blocking)
            .map(({ count, field, kind }) => `${kind}.${field} ${count}`),
          blocking
        )
        const rows = yield* old.opened(path, (db) =>
          Object.fromEntries(
            [["meta", "meta"] as const, ...old.kindsOf(Number(name[1]))].flatMap(([kind, table]) => {
              const n = db.prepare<[], { n: bigint }>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0n
              return n === 0n ? [] : [[kind, Number(n)]]
            })
          ))
        // versions 1 and 2 do not say who the database is
        assert.deepStrictEqual(report.records, name.startsWith("v1/") ? { ...rows, meta: rows["meta"]! + 1 } : rows)
      }).pipe(Effect.provide(kit.services)))
  }

  /** How many events Go kata drops; ours keeps them, without the number of the issue that is missing. */
  for (const [name, events] of [["v1/orphans-known", 5], ["v9/orphans-known", 6]] as const) {
    it.scopedLive(`${name}, mended on its way in, is what Go kata's upgrade makes of it, and has the events`, () =>
      Effect.gen(function*() {
        const path = yield* old.copyOf(name)
        const { text } = yield* old.exportOfDatabase(path)
        const target = `${yield* kit.temporary}/new.db`
        yield* kit.restore(kit.text(text, "old.jsonl"), target, { repair: true })
        const go = kit.lines(old.fixture(`${name}.upgraded.jsonl`))
        const lines = old.sameInstance(kit.lines(yield* exportedAsGo(target)), go)
        const isKept = (line: string) => /"issue_id":null,.*"type":"issue\./.test(line)
        assert.strictEqual(lines.filter(isKept).length, events)
        const withoutPeer = /("related_issue_id":null,"related_issue_uid":)"[^"]*"/
        assert.deepStrictEqual(
          lines.filter((line) => !isKept(line)).map((line) => line.replace(withoutPeer, "$1null")),
          go
        )
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("the name of a project with a # is carried, and told", () =>
    Effect.gen(function*() {
      for (const name of ["v6/hash-name", "v7/hash-name-archived"]) {
        const path = yield* old.copyOf(name)
        const { report, text } = yield* untouched(path, old.exportOfDatabase(path))
        assert.isFalse(report.restorable)
        assert.include(text, "\"name\":\"C# tools\"")
        assert.deepStrictEqual(
          report.findings.filter(({ blocking }) => blocking).map(({ brief }) => brief),
          ["project 2: name must not contain #: \"C# tools\""]
        )
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a time that no uid can be made of is refused with its row; as it is stored it is carried", () =>
    Effect.gen(function*() {
      const rows = [["v1/go-time-issue", "issue 1"], ["v2/go-time-event", "event 2"]] as const
      for (const [name, row] of rows) {
        const path = yield* old.copyOf(name)
        const { message, outcome } = yield* untouched(path, kit.outcomeOf(old.exportOfDatabase(path)))
        assert.strictEqual(outcome, "validation")
        assert.include(message, `old.db: ${row}: created_at is no time that a uid can be made of: "2026-`)
        const own = yield* old.opened(path, (db) => old.exportOf(db, Number(name[1])))
        const stored = yield* old.exportOfDatabase(path, { asStored: true, plain: true })
        assert.strictEqual(kit.goEscapes(stored.text), own)
        assert.isFalse(stored.report.restorable)
        const [stops] = stored.report.findings.filter(({ blocking }) => blocking)
        assert.include(stops?.brief, `${row}: created_at is no time`)
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a blob where a time should be is refused with its row, as in version 10", () =>
    Effect.gen(function*() {
      const path = yield* old.copyOf("v8/bad-time")
      for (const asStored of [true, false]) {
        const { message, outcome } = yield* untouched(path, kit.outcomeOf(old.exportOfDatabase(path, { asStored })))
        assert.strictEqual(outcome, "validation")
        assert.include(message, "table issues, row 8: created_at holds a blob, which a snapshot cannot say there")
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("rows that are there twice are damage, and none is left out unseen", () =>
    Effect.gen(function*() {
      const path = yield* old.copyOf("v7/minimal")
      // as a damaged index lets it happen
      yield* old.edited(
        path,
        "PRAGMA foreign_keys = OFF; CREATE TABLE twin AS SELECT * FROM projects; DROP TABLE projects;" +
          "ALTER TABLE twin RENAME TO projects; UPDATE projects SET uid = (SELECT min(uid) FROM projects)"
      )
      const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase(path))
      assert.strictEqual(outcome, "damaged", message)
      assert.include(message, "table projects, row 2: uid is there more than once")
    }).pipe(Effect.provide(kit.services)))
})

describe("an old database is read like one of today's", () => {
  /** With everything of the hot WAL; 8 issues are in the main file, 20 in both together. */
  const hotWal = Effect.gen(function*() {
    const directory = yield* kit.temporary
    for (const name of ["kata.db", "kata.db-wal", "kata.db-shm"]) {
      yield* kit.writeFile(`${directory}/${name}`, old.unpacked(`v9/hot-wal/${name}.gz`))
    }
    return `${directory}/kata.db`
  })

  it.scopedLive("what is only in its write-ahead log is exported, and the log stays", () =>
    Effect.gen(function*() {
      const path = yield* hotWal
      const before = (yield* old.filesOf(dirname(path))).filter((name) => !name.startsWith("kata.db-shm"))
      const expected = kit.lines(old.fixture("v9/hot-wal/expected-when-checkpointed.jsonl"))
      assert.deepStrictEqual(kit.lines(yield* exportedAsGo(path)), expected)
      const after = (yield* old.filesOf(dirname(path))).filter((name) => !name.startsWith("kata.db-shm"))
      assert.deepStrictEqual(after, before)
      assert.strictEqual(after.length, 2)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("two snapshots of it are equal, also when it does not say who it is", () =>
    Effect.gen(function*() {
      for (const n of [1, 2]) {
        const [one, other] = [yield* old.copyOf(`v${n}/rich`), yield* old.copyOf(`v${n}/rich`)]
        assert.strictEqual(yield* kit.exported(one), yield* kit.exported(other))
        const [minimal] = [yield* old.copyOf(`v${n}/minimal`)]
        const uid = (text: string) => /"instance_uid","value":"([0-9A-Z]{26})"/.exec(text)?.[1]
        assert.isDefined(uid(yield* kit.exported(one)))
        assert.notStrictEqual(uid(yield* kit.exported(minimal)), uid(yield* kit.exported(one)))
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive(
    "its snapshots are sealed, and restored: as version 10, and as it is stored",
    () =>
      Effect.gen(function*() {
        for (const n of old.versions) {
          const path = yield* old.copyOf(`v${n}/rich`)
          const directory = yield* kit.temporary
          const restored = yield* Effect.forEach([false, true], (asStored) =>
            Effect.gen(function*() {
              const { report, text } = yield* old.exportOfDatabase(path, { asStored })
              assert.isTrue(report.sealed && report.restorable)
              assert.deepStrictEqual([report.schema_version, report.version], [n, asStored ? n : 10])
              const target = `${directory}/${asStored}.db`
              const imported = yield* kit.restore(kit.text(text, "snapshot.jsonl"), target)
              assert.isTrue(imported.sealed)
              assert.strictEqual(imported.proof, asStored ? "sum" : "seal")
              return kit.lines(yield* kit.exported(target, { plain: true }))
            }))
          const [converted = [], stored = []] = restored
          assert.deepStrictEqual(old.sameInstance(stored, converted), converted)
        }
      }).pipe(Effect.provide(kit.services)),
    60_000
  )

  it.scopedLive("one project of it is exported, or what was not deleted", () =>
    Effect.gen(function*() {
      for (const n of [4, 9]) {
        const path = yield* old.copyOf(`v${n}/rich`)
        const own = old.fixture(`v${n}/rich.own-export.jsonl`)
        const go = old.withNamesOf(own, kit.lines(old.fixture(`v${n}/rich.imported.project-2.jsonl`)))
        const { report } = yield* old.exportOfDatabase(path, { projects: [{ id: 2n }] })
        assert.notStrictEqual(report.scope, "database")
        const lines = kit.lines(yield* exportedAsGo(path, { projects: [{ id: 2n }] }))
        assert.deepStrictEqual(lines, go)
        const live = yield* old.exportOfDatabase(path, { includeDeleted: false })
        assert.isTrue(live.report.live_only)
        assert.isBelow(
          live.report.records["issue"] ?? 0,
          kit.lines(own).filter((line) => line.startsWith("{\"kind\":\"issue\"")).length
        )
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("as it is stored, only whole", () =>
    Effect.gen(function*() {
      const path = yield* old.copyOf("v9/minimal")
      for (const part of [{ projects: [{ id: 1n }] }, { includeDeleted: false }]) {
        const { message, outcome } = yield* kit.outcomeOf(old.exportOfDatabase(path, { asStored: true, ...part }))
        assert.strictEqual(outcome, "validation")
        assert.include(message, "cannot be exported as it is stored: that is only done with all that is in it")
      }
    }).pipe(Effect.provide(kit.services)))
})

describe("what a database says of its version", () => {
  /** On the tables of version 9: `meta.schema_version`, and what is said of it; nothing: it is exported. */
  const values: ReadonlyArray<readonly [value: string, says: string]> = [
    ["9", ""],
    ["09", ""],
    ["+9", ""],
    [" 9 ", "schema version that kata does not know"],
    ["9.0", "schema version that kata does not know"],
    ["", "schema version that kata does not know"],
    ["0", "schema version that kata does not know"],
    ["-1", "schema version that kata does not know"],
    ["010", "schema version that kata does not know"],
    ["99999999999999999999", "schema version that kata does not know"],
    ["8", ""],
    ["7", "its table projects has no column next_issue_number"],
    ["5", "its table projects has no column identity, next_issue_number"],
    ["10", "its table projects has no column metadata, revision"],
    ["99", "was written by a newer kata (version 99"]
  ]
  for (const [value, says] of values) {
    it.scopedLive(`${JSON.stringify(value)}: ${says === "" ? "is read" : says}`, () =>
      Effect.gen(function*() {
        const path = yield* old.copyOf("v9/minimal")
        yield* old.edited(path, `UPDATE meta SET value = '${value}' WHERE key = 'schema_version'`)
        const { message, outcome } = yield* untouched(path, kit.outcomeOf(old.exportOfDatabase(path)))
        assert.strictEqual(outcome, says === "" ? "ok" : "validation", message)
        assert.include(message, says)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("data that its version does not have is refused with its name", () =>
    Effect.gen(function*() {
      const changes = [
        ["CREATE TABLE later (id INTEGER); INSERT INTO later VALUES (1)", "table later"],
        [
          "ALTER TABLE issues ADD COLUMN metadata TEXT; UPDATE issues SET metadata = '{}'",
          "table issues, column metadata"
        ]
      ] as const
      for (const [sql, says] of changes) {
        const path = yield* old.copyOf("v9/minimal")
        yield* old.edited(path, sql)
        const { message, outcome } = yield* untouched(path, kit.outcomeOf(old.exportOfDatabase(path)))
        assert.strictEqual(outcome, "validation")
        assert.include(message, `holds data that kata of this version does not know (${says}`)
      }
    }).pipe(Effect.provide(kit.services)))
})

describe("what can be read of a damaged one", () => {
  /** The page of the comments is lost, and a title is no UTF-8. */
  const damaged = (name: string) =>
    Effect.gen(function*() {
      const path = yield* old.copyOf(name)
      const [page, size] = yield* old.opened(path, (db) => {
        db.exec("UPDATE issues SET title = CAST(x'ff' AS TEXT) WHERE id = 1")
        db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
        const root = db.prepare<[], { rootpage: bigint }>("SELECT rootpage FROM sqlite_schema WHERE name = 'comments'")
          .get()
        return [Number(root?.rootpage), Number(db.pragma("page_size", { simple: true }))] as const
      })
      const bytes = Buffer.from(yield* kit.bytesOf(path))
      bytes.fill(0, (page - 1) * size, page * size)
      yield* kit.writeFile(path, bytes)
      return path
    })

  for (const n of old.versions) {
    it.scopedLive(`version ${n}: everything else is in the snapshot, of version 10 or of its own`, () =>
      Effect.gen(function*() {
        const name = `v${n}/minimal`
        const whole = (yield* old.exportOfDatabase(yield* old.copyOf(name))).report.records
        const path = yield* damaged(name)
        assert.strictEqual((yield* kit.outcomeOf(old.exportOfDatabase(path))).outcome, "damaged")
        const { report, text } = yield* old.exportOfDatabase(path, { salvage: true })
        const { comment: _, ...rest } = whole
        assert.deepStrictEqual(report.records, rest)
        assert.isAbove(report.rejected, 1)
        assert.include(text, "\"title\":\"\ufffd\"")
        const stored = yield* old.exportOfDatabase(path, { salvage: true, asStored: true })
        assert.deepInclude(stored.report, { schema_version: n, version: n })
        // versions 1 and 2 do not say who the database is
        assert.deepStrictEqual(stored.report.records, n < 3 ? { ...rest, meta: rest["meta"]! - 1 } : rest)
      }).pipe(Effect.provide(kit.services)))
  }
})
