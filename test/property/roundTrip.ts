import * as FileSystem from "@effect/platform/FileSystem"
import Sqlite from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { content } from "../../src/testing/contents.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { complaints, dump } from "./dump.ts"
import { property } from "./Property.ts"

const journal = FC.constantFrom("wal" as const, "delete" as const)

export const roundTrip = property(
  "content",
  "import(export(db)) = db, by tables and by bytes; an export changes nothing",
  24,
  FC.tuple(content, FC.boolean(), journal),
  ([content, plain, journal]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      const homes = { kataHome: directory, userHome: directory }
      yield* build(at("a.db"), content, { journal })
      const before = yield* fs.readFile(at("a.db"))
      const report = yield* toFile({ database: at("a.db"), output: at("a"), plain })
      assert.ok(report.restorable)
      yield* toFile({ database: at("a.db"), output: at("again"), plain })
      assert.ok(Buffer.from(yield* fs.readFile(at("a.db"))).equals(before), "the exported database changed")
      assert.ok(Buffer.from(yield* fs.readFile(at("again"))).equals(yield* fs.readFile(at("a"))), "same bytes")
      assert.ok((yield* verify(at("a"))).restorable)
      const { proof } = yield* restore({ input: at("a"), target: at("b.db"), homes })
      assert.strictEqual(proof, plain ? "sum" : "seal")
      yield* toFile({ database: at("b.db"), output: at("b"), plain })
      assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
      assert.deepStrictEqual(yield* dump(at("b.db")), yield* dump(at("a.db")))
      assert.deepStrictEqual(yield* complaints(at("b.db")), [])
    })
)

/** The same rows, put into each table in another order; ids keep them apart. Meta and sequences have rows without one. */
const reversed = (content: Content): Content =>
  Object.fromEntries(
    Object.entries(content).map(([table, rows]) => [table, table === "sqlite_sequence" ? rows : rows.toReversed()])
  )

export const order = property(
  "bytes",
  "the order in which rows came, the journal mode and a VACUUM make no difference to the file",
  10,
  FC.tuple(content, journal),
  ([content, journal]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      yield* build(at("a.db"), content, { journal: "delete" })
      yield* build(at("b.db"), reversed(content), { journal })
      yield* Effect.sync(() => {
        const db = new Sqlite(at("b.db"))
        db.exec("VACUUM")
        db.close()
      })
      for (const name of ["a", "b"]) yield* toFile({ database: at(`${name}.db`), output: at(name) })
      assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
    })
)
