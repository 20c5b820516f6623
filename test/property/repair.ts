import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import assert from "node:assert/strict"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { kinds } from "../../src/records/kinds.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { broken } from "./broken.ts"
import { complaints } from "./dump.ts"
import { property } from "./Property.ts"

/** How often each line is there. */
const counted = (file: string) => {
  const counts = new Map<string, number>()
  for (const line of file.split("\n").slice(1, -1)) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

const kindOf = (line: string) => /^\{"kind":"(\w+)"/.exec(line)?.[1]

export const repaired = property(
  "lines",
  "a database whose rules are broken is exported whole; --repair ends in a sound one, and accounts for every record",
  15,
  broken,
  (content) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      const homes = { kataHome: directory, userHome: directory }
      yield* build(at("a.db"), content, { rules: "lawless" })
      const exported = yield* toFile({ database: at("a.db"), output: at("a"), plain: true })
      for (const { name, table } of kinds) {
        assert.strictEqual(
          exported.records[name] ?? 0,
          content[table]?.length ?? 0,
          `${name}: every row is exported`
        )
      }
      yield* toFile({ database: at("a.db"), output: at("sealed") })

      const plainly = yield* Effect.either(restore({ input: at("sealed"), target: at("plain.db"), homes }))
      assert.strictEqual(plainly._tag === "Right", exported.restorable, "the export foresees the import")

      const report = yield* restore({ input: at("sealed"), target: at("b.db"), homes, repair: true })
      assert.deepStrictEqual(yield* complaints(at("b.db")), [])
      const again = yield* toFile({ database: at("b.db"), output: at("b"), plain: true })
      assert.ok(again.restorable)

      const before = counted(yield* fs.readFileString(at("a")))
      const after = counted(yield* fs.readFileString(at("b")))
      for (const { name } of kinds) {
        const told = (outcome: string) =>
          report.findings.filter((finding) => finding.kind === name && finding.outcome === outcome)
            .reduce((sum, finding) => sum + finding.count, 0)
        // A mended table meta or sqlite_sequence may have a row that it did not have.
        const made = report.findings.filter(({ kind, outcome, rule }) =>
          kind === name && rule === "repair" && outcome === "repaired"
        ).flatMap(({ rows }) =>
          rows
        ).filter(({ value }) => value?.startsWith("none →") === true).length
        const [here, there] = [exported.records[name] ?? 0, again.records[name] ?? 0]
        assert.strictEqual(there, here - told("dropped") + made, `${name}: ${JSON.stringify(report.findings)}`)
        let gone = 0
        for (const [line, count] of before) {
          if (kindOf(line) === name) gone += Math.max(0, count - (after.get(line) ?? 0))
        }
        assert.ok(gone <= told("dropped") + told("repaired"), `${name}: changed without a line`)
      }
    })
)
