import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { toFile } from "../../src/export/Export.ts"
import { generate } from "../../src/testing/generate.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "./services.ts"

layer(services, { excludeTestServices: true })("generate", (it) => {
  it.scoped(
    "the same seed gives the same snapshot, another one another; every table has rows, and none is odd",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporaryDirectory
        const snapshot = (name: string, seed: number) =>
          Effect.gen(function*() {
            yield* generate(`${directory}/${name}.db`, { issues: 400, seed })
            const report = yield* toFile({ database: `${directory}/${name}.db`, output: `${directory}/${name}` })
            const digest = createHash("sha256").update(yield* fs.readFile(`${directory}/${name}`)).digest("hex")
            return { report, digest }
          })
        const [one, two, three] = yield* Effect.all([snapshot("a", 7), snapshot("b", 7), snapshot("c", 8)])
        assert.strictEqual(one.digest, two.digest)
        assert.notStrictEqual(one.digest, three.digest)
        assert.strictEqual(Object.keys(one.report.records).length, 12)
        assert.deepStrictEqual(one.report.findings, [])
        assert.isTrue(one.report.restorable)
        const rows = Object.values(one.report.records).reduce((sum, n) => sum + n, 0)
        assert.isAbove(rows, 400 * 10)
      }),
    30_000
  )
})
