import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { content } from "../../src/testing/contents.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { complaints } from "./dump.ts"
import { property } from "./Property.ts"

const some = FC.tuple(
  content.filter((of) => (of["projects"] ?? []).length > 0),
  FC.array(FC.nat({ max: 3 }), { minLength: 1, maxLength: 3 }),
  FC.boolean()
)

export const subset = property(
  "content",
  "an export of some projects can always be imported, and comes back as it was",
  15,
  some,
  ([content, chosen, includeDeleted]) =>
    Effect.gen(function*() {
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
    })
)

export const live = property(
  "content",
  "an export without what was deleted can always be imported, and comes back as it was",
  15,
  content,
  (content) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      yield* build(at("a.db"), content)
      yield* toFile({ database: at("a.db"), output: at("a"), includeDeleted: false })
      yield* restore({ input: at("a"), target: at("b.db"), homes: { kataHome: directory, userHome: directory } })
      yield* toFile({ database: at("b.db"), output: at("b"), includeDeleted: false })
      assert.strictEqual(yield* fs.readFileString(at("b")), yield* fs.readFileString(at("a")))
    })
)
