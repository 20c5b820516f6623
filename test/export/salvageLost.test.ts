/** Pages that are gone: which rows a salvage still finds, and what it says of those that it does not. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import { generate } from "../../src/testing/generate.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { linesIn } from "./salvaged.ts"

const pageSize = 4096

/** A database of 75 issues and what hangs on them, as bytes in one file. */
const source = Effect.gen(function*() {
  const path = `${yield* kit.temporary}/kata.db`
  yield* generate(path, { issues: 75, seed: 3 })
  yield* kit.change(path, "PRAGMA journal_mode = DELETE")
  return path
})

/** The pages of a table or index, from 0; `type` as dbstat says it. */
const pagesOf = (path: string, name: string, type: "leaf" | "internal") =>
  Effect.map(
    kit.query(path, `SELECT pageno FROM dbstat WHERE name = '${name}' AND pagetype = '${type}' ORDER BY pageno`),
    (rows) => rows.map(({ pageno }) => Number(pageno) - 1)
  )

/** Changes bytes of the file from outside of SQLite. */
const damage = (path: string, change: (bytes: Buffer) => void) =>
  Effect.gen(function*() {
    const bytes = Buffer.from(yield* kit.bytesOf(path))
    change(bytes)
    yield* kit.writeFile(path, bytes)
  })

const pageOf = (bytes: Buffer, page: number) => bytes.subarray(page * pageSize, (page + 1) * pageSize)
const count = (path: string, table: string) =>
  Effect.map(kit.query(path, `SELECT count(*) AS n FROM ${table}`), ([row]) => Number(row?.["n"]))

interface Left {
  readonly table: string
  readonly rowids?: readonly [number, number]
  readonly rows_at_most?: number
  readonly rowid?: number
  readonly cells?: object
}

it.scopedLive("found L1: a table of which no page can be read, nor of its indexes, is a counted range", () =>
  Effect.gen(function*() {
    const database = yield* source
    const labels = yield* count(database, "issue_labels")
    const gone = yield* Effect.forEach(
      ["issue_labels", "sqlite_autoindex_issue_labels_1", "idx_issue_labels_label"],
      (name) => pagesOf(database, name, "leaf")
    )
    assert.isAbove(labels, 50)
    yield* damage(database, (bytes) => gone.flat().forEach((page) => pageOf(bytes, page).fill(0)))
    const output = `${yield* kit.temporary}/out.jsonl`
    assert.strictEqual((yield* kit.outcomeOf(Export.toFile({ database, output }))).outcome, "damaged")
    const report = yield* Export.toFile({ database, output, salvage: true })
    assert.strictEqual(report.records["issue_label"] ?? 0, 0)
    assert.isAtLeast(report.rejected, labels)
    const lines = (yield* linesIn(report.rejected_file)).map((line): Left => JSON.parse(line))
    const range = lines.find(({ rowids, table }) => table === "issue_labels" && rowids !== undefined)
    assert.strictEqual(range?.rowids?.[0], 1)
    assert.isAtLeast(range?.rowids?.[1] ?? 0, labels)
    assert.isAtLeast(range?.rows_at_most ?? 0, labels)
  }).pipe(Effect.provide(kit.services)))

/** Salvages, and gives what came out beside what an export of the undamaged database gives. */
const salvageOf = (change: (bytes: Buffer, path: string) => Effect.Effect<void> | void) =>
  Effect.gen(function*() {
    const database = yield* source
    const before = yield* kit.exported(database, { plain: true })
    const bytes = Buffer.from(yield* kit.bytesOf(database))
    const work = change(bytes, database)
    if (work !== undefined) yield* work
    yield* kit.writeFile(database, bytes)
    const output = `${yield* kit.temporary}/out.jsonl`
    const report = yield* Export.toFile({ database, output, salvage: true, plain: true })
    const left = (yield* linesIn(report.rejected_file)).map((line): Left => JSON.parse(line))
    return { database, before, after: yield* kit.textOf(output), report, left }
  })

it.scopedLive("found L2: a root that was overwritten with one of its leaves hides no row of the others", () =>
  Effect.gen(function*() {
    const database = yield* source
    const [root] = yield* pagesOf(database, "events", "internal")
    const leaves = yield* pagesOf(database, "events", "leaf")
    const events = yield* count(database, "events")
    assert.isAbove(leaves.length, 5)
    const { after, before, report } = yield* salvageOf((bytes) => {
      pageOf(bytes, leaves[3]!).copy(pageOf(bytes, root!))
    })
    assert.strictEqual(report.records["event"], events)
    assert.strictEqual(report.rejected, 0)
    assert.strictEqual(after, before)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("found L2: a row that only indexes have is a line with what they have of it", () =>
  Effect.gen(function*() {
    const database = yield* source
    const leaves = yield* pagesOf(database, "events", "leaf")
    const [row] = yield* kit.query(database, "SELECT max(id) AS id, uid, type FROM events")
    const { left, report } = yield* salvageOf((bytes) => {
      // the last row of the table is counted no more
      const page = pageOf(bytes, leaves.at(-1)!)
      page.writeUInt16BE(page.readUInt16BE(3) - 1, 3)
    })
    assert.strictEqual(report.rejected, 1)
    assert.deepInclude(left[0]?.cells, { uid: row?.["uid"] })
    assert.deepInclude(left[0], { table: "events", rowid: Number(row?.["id"]) })
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("found L3: rows are taken from leaves that no page leads to", () =>
  Effect.gen(function*() {
    const database = yield* source
    for (const table of ["issues", "events", "comments", "issue_labels"]) {
      const roots = yield* pagesOf(database, table, "internal")
      assert.isAbove(roots.length, 0, table)
      const { after, before, report } = yield* salvageOf((bytes) => {
        for (const page of roots) pageOf(bytes, page).fill(0)
      })
      assert.strictEqual(after, before, table)
      assert.strictEqual(report.rejected, 0, table)
      assert.isTrue(report.findings.some(({ rule }) => rule === "carved"))
    }
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("found L3: rows are taken without the first page, and without a schema", () =>
  Effect.gen(function*() {
    const database = yield* source
    const first = yield* salvageOf((bytes) => void pageOf(bytes, 0).fill(0))
    assert.strictEqual(first.after, first.before)
    assert.strictEqual(first.report.rejected, 0)
    const schema = yield* pagesOf(database, "sqlite_schema", "leaf")
    assert.isAbove(schema.length, 2)
    const none = yield* salvageOf((bytes) => {
      for (const page of [0, ...schema]) pageOf(bytes, page).fill(0)
    })
    assert.strictEqual(none.after, none.before)
    // no index that is known to be one says that these were all
    assert.strictEqual(none.report.rejected, 12)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("found L2: a counter that is lost is as high as the highest id that is known, and has its line", () =>
  Effect.gen(function*() {
    const reserved = 5000
    const { after, left, report } = yield* salvageOf((bytes, path) =>
      Effect.gen(function*() {
        yield* kit.change(
          path,
          `INSERT INTO purge_log (uid, origin_instance_uid, project_id, purged_issue_id, issue_uid, project_name, issue_title, issue_author, comment_count, link_count, label_count, event_count, purge_reset_after_event_id, actor)
           VALUES ('01JAAAAAAAAAAAAAAAAAAAAAAA', (SELECT value FROM meta WHERE key = 'instance_uid'), 1, 999, '01JBBBBBBBBBBBBBBBBBBBBBBB', 'p', 't', 'a', 0, 0, 0, 0, ${reserved}, 'a');
           UPDATE sqlite_sequence SET seq = 6000 WHERE name = 'events'; UPDATE sqlite_sequence SET seq = 700 WHERE name = 'comments'`
        )
        const changed = Buffer.from(yield* kit.bytesOf(path))
        changed.copy(bytes)
        // both cells are taken off the leaf, which looks sound but for the bytes that are of nothing
        const [page = 0] = yield* pagesOf(path, "sqlite_sequence", "leaf")
        const names = yield* kit.query(path, "SELECT name FROM sqlite_sequence ORDER BY rowid")
        const leaf = pageOf(bytes, page)
        const kept = names.flatMap(({ name }, i) =>
          name === "events" || name === "comments" ? [] : [leaf.readUInt16BE(8 + 2 * i)]
        )
        kept.forEach((at, i) => leaf.writeUInt16BE(at, 8 + 2 * i))
        leaf.writeUInt16BE(kept.length, 3)
      }).pipe(Effect.provide(kit.services), Effect.scoped, Effect.orDie)
    )
    assert.strictEqual(report.rejected, 2)
    assert.deepStrictEqual(left.map(({ table }) => table), ["sqlite_sequence", "sqlite_sequence"])
    const counter = (path: string, name: string) =>
      Effect.map(kit.query(path, `SELECT seq FROM sqlite_sequence WHERE name = '${name}'`), ([row]) => row?.["seq"])
    const directory = yield* kit.temporary
    const [rescued, mended] = [`${directory}/rescued.db`, `${directory}/mended.db`]
    yield* kit.restore(kit.text(after), rescued)
    assert.strictEqual(Number(yield* counter(rescued, "events")), reserved)
    const highest = yield* kit.query(rescued, "SELECT max(id) AS id FROM comments")
    assert.strictEqual(yield* counter(rescued, "comments"), highest[0]?.["id"])
    // who knows better says so; who knows less lowers nothing
    const lines = left.map((line) => {
      const cells: { readonly name?: string } = line.cells ?? {}
      return `${JSON.stringify({ ...line, cells: { ...cells, seq: cells.name === "events" ? 6000 : 1 } })}\n`
    })
    const { joined } = yield* kit.restore(kit.text(after), mended, {
      rejected: kit.text(lines.join(""), "mended.jsonl")
    })
    assert.strictEqual(joined?.rejected, 0)
    assert.strictEqual(Number(yield* counter(mended, "events")), 6000)
    assert.strictEqual(yield* counter(mended, "comments"), highest[0]?.["id"])
    // as it is, a line says nothing that can be brought back
    const still = yield* kit.restore(kit.text(after), `${directory}/still.db`, {
      rejected: kit.text(left.map((line) => `${JSON.stringify(line)}\n`).join(""), "mended.jsonl")
    })
    assert.strictEqual(still.left_out, 2)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("rows of the schema are rows of no table, wherever their page is", () =>
  Effect.gen(function*() {
    const database = yield* source
    const schema = yield* pagesOf(database, "sqlite_schema", "leaf")
    const leaves = yield* pagesOf(database, "events", "leaf")
    assert.isAbove(schema.length, 1)
    const { after, report } = yield* salvageOf((bytes) => {
      for (const [i, page] of schema.entries()) pageOf(bytes, page).copy(pageOf(bytes, leaves[i + 1]!))
    })
    assert.notInclude(after, "CREATE ")
    assert.isAbove(report.rejected, 0)
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("what the purge log names comes back from no page", () =>
  Effect.gen(function*() {
    const database = yield* source
    const [issue] = yield* kit.query(database, "SELECT id, uid, title FROM issues ORDER BY id DESC LIMIT 1")
    const { after, left, report } = yield* salvageOf((bytes, path) =>
      Effect.gen(function*() {
        const roots = yield* pagesOf(path, "issues", "internal")
        yield* kit.change(
          path,
          `INSERT INTO purge_log (uid, origin_instance_uid, project_id, purged_issue_id, issue_uid, project_name, issue_title, issue_author, comment_count, link_count, label_count, event_count, actor)
           VALUES ('01JAAAAAAAAAAAAAAAAAAAAAAA', (SELECT value FROM meta WHERE key = 'instance_uid'), 1, ${
            issue?.["id"]
          }, '${issue?.["uid"]}', 'p', 't', 'a', 0, 0, 0, 0, 'a')`
        )
        Buffer.from(yield* kit.bytesOf(path)).copy(bytes)
        // its issue is still on its page, as after a page that was not written
        for (const page of roots) pageOf(bytes, page).fill(0)
      }).pipe(Effect.provide(kit.services), Effect.scoped, Effect.orDie)
    )
    assert.strictEqual(report.records["issue"], 74)
    assert.notInclude(
      after.split("\n").filter((line) => line.startsWith("{\"kind\":\"issue\"")).join(),
      String(issue?.["title"])
    )
    assert.notInclude(JSON.stringify(left), String(issue?.["title"]))
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("found W11: whatever is wrong in the first page, an export says damaged, and a salvage takes all", () =>
  Effect.gen(function*() {
    const damages: ReadonlyArray<readonly [what: string, damage: (page: Buffer) => void]> = [
      ["a page size", (page) => page.writeUInt16BE(8192, 16)],
      ["no page size", (page) => page.writeUInt16BE(1000, 16)],
      ["bytes that are reserved", (page) => void (page[20] = 32)],
      ["the size of the file", (page) => void (page[31] = 3)],
      ["free pages", (page) => page.writeUInt32BE(77, 36)],
      ["the format of the schema", (page) => page.writeUInt32BE(255, 44)],
      ["the encoding", (page) => page.writeUInt32BE(2, 56)],
      ["the cells of the schema", (page) => page.writeUInt16BE(900, 103)],
      ["no cell of the schema", (page) => page.writeUInt16BE(0, 103)],
      ["text", (page) => void page.write("not a database any more")],
      ["nothing", (page) => void page.fill(0)]
    ]
    for (const [what, change] of some("damages of the first page", damages)) {
      const { after, before, database, report } = yield* salvageOf((bytes) => void change(pageOf(bytes, 0)))
      assert.strictEqual(after, before, what)
      assert.strictEqual(report.rejected, 0, what)
      const { message, outcome } = yield* kit.outcomeOf(kit.exported(database))
      assert.include(["ok", "damaged", "validation"], outcome, `${what}: ${message}`)
      if (what === "the format of the schema") assert.strictEqual(outcome, "damaged")
    }
  }).pipe(Effect.provide(kit.services)))
