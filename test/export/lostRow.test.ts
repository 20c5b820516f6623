import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { open } from "../../src/database/Handle.ts"
import { toFile } from "../../src/export/Export.ts"
import { kinds } from "../../src/records/kinds.ts"
import { generate } from "../../src/testing/generate.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "../testing/services.ts"

const pageSize = 4096
/** A leaf of a table, whose header counts its cells. */
const leaf = 0x0d

layer(services, { excludeTestServices: true })("a row that its page does not count any more", (it) => {
  for (const kind of kinds.filter(({ autoincrement, table }) => autoincrement && table !== "projects")) {
    it.scoped(`of ${kind.table} is not left out in silence`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporaryDirectory
        const path = `${directory}/a.db`
        yield* generate(path, { issues: 30, seed: 2 })
        const { rows, root } = yield* Effect.scoped(Effect.gen(function*() {
          const db = yield* open(path, "read")
          const found = yield* db.get("find", "SELECT rootpage AS page FROM sqlite_schema WHERE name = ?", kind.table)
          const count = yield* db.get("count", `SELECT count(*) AS n FROM ${kind.table}`)
          return { rows: Number(count?.["n"]), root: Number(found?.["page"]) }
        }))
        const bytes = Buffer.from(yield* fs.readFile(path))
        // From the root down the way to the last rows.
        let page = root
        while (bytes[(page - 1) * pageSize] !== leaf) page = bytes.readUInt32BE((page - 1) * pageSize + 8)
        const cells = (page - 1) * pageSize + 3
        bytes.writeUInt16BE(bytes.readUInt16BE(cells) - 1, cells)
        yield* fs.writeFile(path, bytes)
        const result = yield* Effect.either(toFile({ database: path, output: `${directory}/a.jsonl` }))
        const indexed = kind.unique.length > 0 || kind.table === "comments"
        if (rows === 0) return
        assert.isTrue(indexed)
        assert.strictEqual(result._tag, "Left")
        if (result._tag === "Left") {
          assert.strictEqual(result.left.kind, "damaged")
        }
      }))
  }
})
