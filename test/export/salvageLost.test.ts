/** Pages that are gone: which rows a salvage still finds, and what it says of those that it does not. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import { generate } from "../../src/testing/generate.ts"
import * as kit from "../snapshot/kit.ts"
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
