import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { content } from "../../src/testing/contents.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "../testing/services.ts"
import { complaints } from "./dump.ts"
import { forAll, propertyTimeout } from "./forAll.ts"

const some = FC.tuple(
  content.filter((of) => (of["projects"] ?? []).length > 0),
  FC.array(FC.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
  FC.boolean()
)

layer(services, { excludeTestServices: true })("some projects", (it) => {
  it.scoped(
    "an export of some projects can always be imported, and comes back as it was",
    () =>
      forAll(some, 25, ([content, chosen, includeDeleted]) =>
        Effect.scoped(Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const directory = yield* temporaryDirectory
          const at = (name: string) => `${directory}/${name}`
          const all = content["projects"] ?? []
          const projects = chosen.map((n) => ({ id: BigInt(String(all[n % all.length]?.["id"])) }))
          yield* build(at("a.db"), content)
          const report = yield* toFile({ database: at("a.db"), output: at("a"), projects, includeDeleted })
          assert.deepStrictEqual(report.findings.filter(({ blocking }) => blocking), [])
          assert.strictEqual(report.records["project"], new Set(projects.map(({ id }) => id)).size)
          yield* restore({ input: at("a"), target: at("b.db"), homes: { kataHome: directory, userHome: directory } })
          assert.deepStrictEqual(yield* complaints(at("b.db")), [])
          yield* toFile({ database: at("b.db"), output: at("b"), projects, includeDeleted })
          assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
        }))),
    propertyTimeout
  )
})
