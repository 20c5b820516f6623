import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { toFile } from "../../src/export/Export.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { generate } from "../../src/testing/generate.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "./services.ts"

/** Of the snapshot of 400 issues, seed 7: whoever measures, wherever, measures the same bytes. */
const known = "0035e5709efe98d88a61b5a9f2522e09351c181ad3525fdfee682746144ab7bf"

const snapshot = (directory: string, issues: number, seed: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const [database, output] = [`${directory}/${issues}-${seed}.db`, `${directory}/${issues}-${seed}.jsonl`]
    yield* generate(database, { issues, seed })
    const report = yield* toFile({ database, output })
    const text = yield* fs.readFileString(output)
    return { output, report, text, digest: createHash("sha256").update(text).digest("hex") }
  })

layer(services, { excludeTestServices: true })("generate", (it) => {
  it.scoped(
    "the same seed gives the same snapshot on every machine, another one another",
    () =>
      Effect.gen(function*() {
        const directory = yield* temporaryDirectory
        assert.strictEqual((yield* snapshot(directory, 400, 7)).digest, known)
        assert.notStrictEqual((yield* snapshot(directory, 400, 8)).digest, known)
      }),
    30_000
  )

  it.scoped(
    "it is what years of work leave: every kind, twelve rows an issue, 480 bytes a row, nothing odd",
    () =>
      Effect.gen(function*() {
        const { output, report, text } = yield* snapshot(yield* temporaryDirectory, 2000, 1)
        const verified = yield* verify(output)
        assert.deepStrictEqual([report.findings, verified.findings, verified.restorable], [[], [], true])
        assert.strictEqual(Object.keys(report.records).length, 12)
        const rows = report.lines / 2000
        assert.isTrue(rows > 11.5 && rows < 13, `${rows} rows an issue`)
        const bytes = report.bytes / report.lines
        assert.isTrue(bytes > 450 && bytes < 520, `${bytes} bytes a row`)
        for (
          const part of ["日本語", "🙂", "<b>", "\\\"quoted\\\"", "C:\\\\temp", "\\n", "\\u003cb\\u003e", "deadline_on"]
        ) {
          assert.include(text, part)
        }
        const types = new Set(text.match(/(?<="type":")(?:issue|project|recurrence)\.\w+(?=")/g))
        assert.isAbove(types.size, 15)
      }),
    30_000
  )
})
