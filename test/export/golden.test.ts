/** What Go kata writes of a database, kata writes too, byte for byte; and what kata restores, Go kata would have. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Row } from "../../src/database/Session.ts"
import type { ProjectRef } from "../../src/export/scope.ts"
import * as kit from "../snapshot/kit.ts"

const databases = ["empty", "small", "rich", "merged-recurrence", "import-times", "text", "rawjson"]

/** A database, as Go kata left it, and its text by Go kata. */
const pairs: ReadonlyArray<readonly [database: string, text: string]> = [
  ...databases.map((name) => [`${name}.db`, `${name}.export.jsonl`] as const),
  ["text-1mib.db.gz", "text-1mib.export.jsonl.gz"]
]

describe("an export equals Go kata's", () => {
  for (const [database, text] of pairs) {
    it.scopedLive(`of ${database}, whose bytes stay as they are`, () =>
      Effect.gen(function*() {
        const path = yield* kit.copyOf(database)
        assert.strictEqual(yield* kit.exportedAsGo(path), kit.fixtureText(text))
        assert.isTrue(kit.fixtureBytes(database).equals(yield* kit.bytesOf(path)))
        assert.deepStrictEqual(yield* kit.listing(path.replace(/\/[^/]*$/, "")), [path.replace(/^.*\//, "")])
      }).pipe(Effect.provide(kit.services)))
  }

  const scopes: ReadonlyArray<readonly [text: string, project: ProjectRef]> = [
    ["rich.project-docs.jsonl", { name: "docs" }],
    ["rich.project-ops.jsonl", { name: "ops" }],
    ["rich.project-old.jsonl", { id: 5n }],
    ["rich.project-old.jsonl", { name: "old" }]
  ]
  for (const [text, project] of scopes) {
    it.scopedLive(`of rich.db, only ${JSON.stringify(project, (_, x) => typeof x === "bigint" ? Number(x) : x)}`, () =>
      Effect.gen(function*() {
        const path = yield* kit.copyOf("rich.db")
        assert.strictEqual(yield* kit.exportedAsGo(path, { projects: [project] }), kit.fixtureText(text))
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("of rich.db, without what was deleted", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("rich.db")
      const live = yield* kit.exportedAsGo(path, { includeDeleted: false })
      assert.strictEqual(live, kit.fixtureText("rich.live-only.jsonl"))
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of a project with moved issues, but for the references that would dangle (W15)", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("rich.db")
      const ours = kit.lines(yield* kit.exportedAsGo(path, { projects: [{ name: "app" }] }))
      const theirs = kit.lines(kit.fixtureText("rich.project-app.jsonl"))
      const gone = { 129: 54, 130: 54, 131: 54, 132: 54, 133: 54, 138: 55 }
      const differ = theirs.filter((line, i) => line !== ours[i])
      assert.deepStrictEqual(differ.map((line) => Number(/"id":(\d+)/.exec(line)?.[1])), Object.keys(gone).map(Number))
      assert.deepStrictEqual(
        ours,
        theirs.map((line) => {
          const id = /^\{"kind":"event","data":\{"id":(\d+),/.exec(line)?.[1]
          const issue = Object.entries(gone).find(([event]) => event === id)?.[1]
          return issue === undefined
            ? line
            : line.replace(`"issue_id":${issue},"issue_uid":"`, "\"issue_id\":null,\"issue_uid\":\"")
        })
      )
    }).pipe(Effect.provide(kit.services)))
})

describe("an export of a database with a WAL that was never folded in", () => {
  for (const folder of ["hot-wal", "hot-wal-fresh"]) {
    it.scopedLive(`${folder}: everything is in it, and the files stay as they are`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        for (const side of ["", "-wal", "-shm"]) {
          yield* kit.copyTo(`${directory}/kata.db${side}`, `${folder}/kata.db${side}`)
        }
        const text = yield* kit.exportedAsGo(`${directory}/kata.db`)
        assert.strictEqual(text, kit.fixtureText(`${folder}/expected.export.jsonl`))
        for (const side of ["", "-wal"]) {
          const after = yield* kit.bytesOf(`${directory}/kata.db${side}`)
          assert.isTrue(kit.fixtureBytes(`${folder}/kata.db${side}`).equals(after), side)
        }
      }).pipe(Effect.provide(kit.services)))

    it.scopedLive(`${folder}: also without the -shm`, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        for (const side of ["", "-wal"]) yield* kit.copyTo(`${directory}/kata.db${side}`, `${folder}/kata.db${side}`)
        const text = yield* kit.exportedAsGo(`${directory}/kata.db`)
        assert.strictEqual(text, kit.fixtureText(`${folder}/expected.export.jsonl`))
        for (const side of ["", "-wal"]) {
          const after = yield* kit.bytesOf(`${directory}/kata.db${side}`)
          assert.isTrue(kit.fixtureBytes(`${folder}/kata.db${side}`).equals(after), side)
        }
      }).pipe(Effect.provide(kit.services)))
  }
})

// ---- and back ---------------------------------------------------------------------------------------------------------

const texts = [
  ...pairs.map(([, text]) => text),
  "rich.live-only.jsonl",
  "rich.reexport.jsonl",
  "rich.sealed-d2.jsonl",
  ...["docs", "ops", "old"].map((project) => `rich.project-${project}.jsonl`),
  "hot-wal/expected.export.jsonl",
  "imports/base.jsonl"
]

describe("a restore of Go kata's text", () => {
  for (const name of texts) {
    it.scopedLive(`${name}: exported again, it is the same, and SQLite finds nothing wrong`, () =>
      Effect.gen(function*() {
        const target = `${yield* kit.temporary}/restored.db`
        const report = yield* kit.restore(yield* kit.copyOf(name), target)
        const text = kit.fixtureText(name)
        // Go kata's escapes are not ours: the bytes cannot come back, the records must.
        assert.deepInclude(report, { backup: null, proof: "sum", sealed: name.includes("sealed") })
        assert.strictEqual(yield* kit.exportedAsGo(target), text.replace(/,"(?:snapshot|seal)":\{.*\}\}\n/g, "}\n"))
        assert.deepStrictEqual(yield* kit.complaints(target), [])
      }).pipe(Effect.provide(kit.services)))
  }

  for (const [database] of pairs) {
    it.scopedLive(`${database}: what kata itself wrote comes back as the same bytes, proven by the seal`, () =>
      Effect.gen(function*() {
        const target = `${yield* kit.temporary}/restored.db`
        const sealed = yield* kit.exported(yield* kit.copyOf(database))
        const report = yield* kit.restore(kit.text(sealed), target)
        assert.deepInclude(report, { proof: "seal", sealed: true, notes: [] })
        assert.strictEqual(yield* kit.exported(target), sealed)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("rich.project-app.jsonl is refused, with lines and rows", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/restored.db`
      const input = yield* kit.copyOf("rich.project-app.jsonl")
      const error = yield* Effect.flip(kit.restore(input, target))
      assert.strictEqual(error._tag, "ImportRefused")
      if (error._tag !== "ImportRefused") return
      assert.deepStrictEqual(
        error.findings.map(({ count, field, kind, rows }) => ({
          count,
          field,
          kind,
          rows: rows.map(({ line, row }) => `${line}: ${row}`)
        })),
        [{
          count: 6,
          field: "issue_id",
          kind: "event",
          rows: ["164: 129", "165: 130", "166: 131", "167: 132", "168: 133", "169: 138"]
        }]
      )
    }).pipe(Effect.provide(kit.services)))
})

describe("a restored database", () => {
  const words = ["the", "issue", "a*", "restored OR moved", "import*"]
  for (const name of ["rich", "text", "small"]) {
    it.scopedLive(`${name}: has the schema of Go kata, and its search finds the same`, () =>
      Effect.gen(function*() {
        const [fresh, original] = [yield* kit.copyOf("empty.db"), yield* kit.copyOf(`${name}.db`)]
        const target = `${yield* kit.temporary}/restored.db`
        yield* kit.restore(yield* kit.copyOf(`${name}.export.jsonl`), target)

        const objects = "SELECT type, name, tbl_name, sql IS NULL AS automatic FROM sqlite_schema ORDER BY type, name"
        assert.deepStrictEqual(yield* kit.query(target, objects), yield* kit.query(fresh, objects))
        const columns =
          "SELECT m.name AS tbl, x.* FROM sqlite_schema m, pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid"
        const plain = (rows: ReadonlyArray<Row>) =>
          rows.map((row) => JSON.stringify(row, (_, x) => typeof x === "bigint" ? Number(x) : x).replace(/\s+/g, ""))
        assert.deepStrictEqual(plain(yield* kit.query(target, columns)), plain(yield* kit.query(fresh, columns)))

        const found = (path: string) =>
          Effect.forEach(words, (word) =>
            kit.query(path, `SELECT rowid FROM issues_fts WHERE issues_fts MATCH '${word}' ORDER BY rowid`))
        const before = yield* found(original)
        assert.isTrue(before.some((rows) =>
          rows.length > 0
        ))
        assert.deepStrictEqual(yield* found(target), before)
      }).pipe(Effect.provide(kit.services)))
  }
})
