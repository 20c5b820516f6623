import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { content } from "../../src/testing/contents.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "../testing/services.ts"
import { complaints, dump } from "./dump.ts"
import { forAll, propertyTimeout } from "./forAll.ts"

layer(services, { excludeTestServices: true })("round trip", (it) => {
  it.scoped(
    "import(export(db)) = db, by tables and by bytes; an export changes nothing",
    () =>
      forAll(
        FC.tuple(content, FC.boolean(), FC.constantFrom("wal" as const, "delete" as const)),
        40,
        ([content, plain, journal]) =>
          Effect.scoped(Effect.gen(function*() {
            const fs = yield* FileSystem.FileSystem
            const directory = yield* temporaryDirectory
            const at = (name: string) => `${directory}/${name}`
            const homes = { kataHome: directory, userHome: directory }
            yield* build(at("a.db"), content, { journal })
            const before = yield* fs.readFile(at("a.db"))
            const report = yield* toFile({ database: at("a.db"), output: at("a"), plain })
            assert.isTrue(report.restorable)
            yield* toFile({ database: at("a.db"), output: at("again"), plain })
            assert.isTrue(Buffer.from(yield* fs.readFile(at("a.db"))).equals(before), "the exported database changed")
            assert.isTrue(
              Buffer.from(yield* fs.readFile(at("again"))).equals(yield* fs.readFile(at("a"))),
              "same bytes"
            )
            assert.isTrue((yield* verify(at("a"))).restorable)
            const { proof } = yield* restore({ input: at("a"), target: at("b.db"), homes })
            assert.strictEqual(proof, plain ? "sum" : "seal")
            yield* toFile({ database: at("b.db"), output: at("b"), plain })
            assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
            assert.deepStrictEqual(yield* dump(at("b.db")), yield* dump(at("a.db")))
            assert.deepStrictEqual(yield* complaints(at("b.db")), [])
          }))
      ),
    propertyTimeout
  )
})
