/**
 * Pages of a database are zeroed or overwritten, one at a time, and what a salvage takes out is held against what SQLite itself still
 * gives for each rowid: one page of each type of each table, or with KATA_PAGES=all every page of the database. KATA_SEED draws others.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Handle from "../../src/database/Handle.ts"
import * as Export from "../../src/export/Export.ts"
import type { Kind } from "../../src/records/Kind.ts"
import { Issue, kinds, Project } from "../../src/records/kinds.ts"
import { Random } from "../../src/testing/random.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"

const random = new Random(Number(process.env["KATA_SEED"] ?? 7))
const pageSize = 512
const all = process.env["KATA_PAGES"] === "all"

/** The pages of all tables are of one kind, by their types. */
const kindOf = ([use]: readonly [use: string, pages: ReadonlyArray<number>]) => use.replace(/^\w+ (?=\w+$)/, "")

/** Small pages, so that tables are trees of three levels. */
const source = Effect.gen(function*() {
  const path = yield* kit.copyOf("rich.db")
  yield* kit.change(path, `PRAGMA journal_mode = DELETE; PRAGMA page_size = ${pageSize}; VACUUM`)
  const lines = kit.lines(yield* kit.exported(path, { plain: true }))
  const pages = yield* kit.query(path, "SELECT pageno, name, pagetype FROM dbstat ORDER BY pageno")
  const uses = new Map<string, Array<number>>()
  const tables = new Set(kinds.map(({ table }) => table))
  for (const { name, pageno, pagetype } of pages) {
    const of = String(name)
    const what = tables.has(of) || of === "sqlite_schema" ? of : /_fts/.test(of) ? "the search index" : "an index"
    const use = `${what} ${pagetype}`
    uses.set(use, [...uses.get(use) ?? [], Number(pageno) - 1])
  }
  return { bytes: Buffer.from(yield* kit.bytesOf(path)), lines, uses }
})

const damages: { readonly [name: string]: (page: Buffer) => void } = {
  zeroed: (page) => void page.fill(0),
  "overwritten as a whole": (page) => page.forEach((_, i) => (page[i] = random.below(256))),
  "overwritten in part": (page) => {
    const from = random.below(page.length - 24)
    for (let i = from; i < from + 24; i++) page[i] = random.below(256)
  }
}

/** Rows as SQLite gives them for a rowid, whatever is wrong elsewhere, each as text; and the rowids of the undamaged database. */
const rowsOf = (path: string, kind: Kind, rowids: ReadonlyArray<bigint>) =>
  Effect.scoped(Effect.map(Handle.open(path, "read", { damaged: true }), (db) => {
    db.execute("PRAGMA writable_schema = 1; PRAGMA cell_size_check = 0")
    const found = new Map<bigint, string>()
    const columns = kind.columns.map(({ key }) => `quote("${key}")`).join("||','||")
    const prepare = () => db.prepare(`SELECT ${columns} AS text FROM ${kind.table} NOT INDEXED WHERE rowid = ?`)
    // The first statement of all fails where the schema is damaged.
    const select = Option.orElse(Option.liftThrowable(prepare)(), Option.liftThrowable(prepare))
    if (Option.isNone(select)) return found
    for (const rowid of rowids) {
      try {
        const row = select.value.get(rowid)
        if (row !== undefined) found.set(rowid, String(row["text"]))
      } catch {
        // Its page is damaged.
      }
    }
    return found
  }))

const rowids = (path: string, kind: Kind) =>
  Effect.map(
    kit.query(path, `SELECT rowid AS id FROM ${kind.table} NOT INDEXED ORDER BY rowid`),
    (rows) => rows.map(({ id }) => BigInt(String(id)))
  )

interface Left {
  readonly table: string
  readonly rowid?: number
  readonly rowids?: readonly [number, number]
}

it.scopedLive("no row is lost that its rowid still leads to, and none without a line", () =>
  Effect.gen(function*() {
    const { bytes, lines, uses } = yield* source
    const whole = yield* kit.writeFile(`${yield* kit.temporary}/whole.db`, bytes)
    const before = new Map<Kind, ReadonlyMap<bigint, string>>()
    for (const kind of kinds) before.set(kind, yield* rowsOf(whole, kind, yield* rowids(whole, kind)))
    const chosen = all
      ? Array.from({ length: bytes.length / pageSize }, (_, i) => i)
      : some("pages", [...uses], kindOf).map(([, of]) => random.pick(of))
    let [salvaged, refused, incomplete] = [0, 0, 0]
    for (const [i, page] of chosen.entries()) {
      for (const [n, [what, damage]] of Object.entries(damages).entries()) {
        // zeroed each of them, and overwritten in one of the two ways
        if (!all && n > 0 && n % 2 === i % 2) continue
        const context = `page ${page} ${what}`
        const directory = yield* kit.temporary
        const [database, output] = [`${directory}/kata.db`, `${directory}/out.jsonl`]
        const broken = Buffer.from(bytes)
        damage(broken.subarray(page * pageSize, (page + 1) * pageSize))
        yield* kit.writeFile(database, broken)
        const { message, outcome, value } = yield* kit.outcomeOf(Export.toFile({ database, output, salvage: true }))
        assert.isTrue(broken.equals(yield* kit.bytesOf(database)), `${context}: the database was changed`)
        if (value === undefined) {
          assert.strictEqual(outcome, "damaged", `${context}: ${message}`)
          assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
          // The page was part of the schema: SQLite itself does not know where the tables are.
          for (const kind of [Issue, Project]) {
            assert.strictEqual((yield* rowsOf(database, kind, [...before.get(kind)!.keys()])).size, 0, context)
          }
          refused++
          continue
        }
        salvaged++
        if (value.rejected > 0) incomplete++
        const rescued = new Set(kit.lines(yield* kit.textOf(output)).map(withoutParent))
        const left = value.rejected_file === null
          ? []
          : kit.lines(yield* kit.textOf(value.rejected_file)).map((line) => JSON.parse(line) as Left)
        for (const kind of kinds) {
          const original = before.get(kind)!
          const still = yield* rowsOf(database, kind, [...original.keys()])
          const own = lines.filter((line) => line.startsWith(`{"kind":"${kind.name}"`)).map(withoutParent)
          // The order of the rows is that of the lines in every kind but labels, which nobody has out of order here.
          for (const [i, [rowid, text]] of [...original].entries()) {
            const line = ordered(kind) ? own[i + (kind.name === "meta" ? 1 : 0)] : undefined
            if (still.get(rowid) === text && line !== undefined) {
              assert.isTrue(rescued.has(line), `${context}: ${kind.table} ${rowid} can be read and was not: ${line}`)
            } else if (what === "zeroed") {
              const told = left.some((one) =>
                one.table === kind.table &&
                (one.rowid === Number(rowid) || (one.rowid === undefined && one.rowids === undefined) ||
                  (one.rowids !== undefined && one.rowids[0] <= rowid && rowid <= one.rowids[1]))
              )
              assert.isTrue(
                told || line === undefined || rescued.has(line),
                `${context}: ${kind.table} ${rowid} has no line`
              )
            }
          }
        }
      }
    }
    console.log(`${salvaged} salvaged, ${incomplete} of them not whole; ${refused} refused`)
    // of the pages of indexes nothing is lost
    assert.isAbove(incomplete, all ? 100 : chosen.length / 2)
  }).pipe(Effect.provide(kit.services)), 600_000)

const ordered = (kind: Kind) => kind.key.length === 1 && kind.key[0] === "id"

/** The uid of its recurrence stands in the line of an issue and in another table. */
const withoutParent = (line: string) => line.replace(/,"recurrence_uid":"[^"]*"/, "").replace(/,"seal":.*$/, "}")
