import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import assert from "node:assert/strict"
import { toFile } from "../../src/export/Export.ts"
import { restore } from "../../src/import/Import.ts"
import { content } from "../../src/testing/contents.ts"
import { build, type Content } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { complaints } from "./dump.ts"
import { property } from "./Property.ts"

const string = String.raw`"(?:[^"\\]|\\[^])*"`

/** What a newer kata would have written in the place of each line of version 10; `from`: since which version. */
const changes: ReadonlyArray<readonly [kind: string, from: number, change: RegExp, to: (version: number) => string]> = [
  ["meta", 11, /("key":"(?:export|schema)_version","value":)"10"/, (version) => `$1"${version}"`],
  ["project_alias", 16, new RegExp(`,"root_path":${string}|,"last_seen_at":${string}`, "g"), () => ""],
  [
    "issue",
    21,
    new RegExp(
      String
        .raw`("revision":-?\d+)((?:,"recurrence_id":-?\d+)?(?:,"recurrence_uid":${string})?(?:,"occurrence_key":${string})?\}\})$`
    ),
    () => `$1,"content_revision":7$2`
  ],
  ["comment", 12, /("id":-?\d+)/, () => `$1,"uid":"01KT14VNT0HPR09C1HG5053NVC"`],
  ["link", 16, /,"project_id":-?\d+/, () => ""],
  [
    "event",
    12,
    new RegExp(String.raw`(,"created_at":${string}\}\})$`),
    () => `,"hlc_physical_ms":1780301400000,"hlc_counter":0,"content_hash":"${"0".repeat(64)}"$1`
  ]
]

const asNewer = (line: string, version: number): string => {
  const of = /^\{"kind":"(\w+)"/.exec(line)?.[1]
  const rules = changes.filter(([kind, from]) => kind === of && version >= from)
  return rules.reduce((line, [, , change, to]) => line.replace(change, to(version)), line)
}

/** Tables that count, of which a sequence is held. */
const counting = /^(projects|project_aliases|issues|comments|links|import_mappings|events|purge_log)$/

/** Aliases that say what is filled in for them, and sequences of tables that there are. */
const filled = (content: Content): Content => ({
  ...content,
  sqlite_sequence: (content["sqlite_sequence"] ?? []).filter(({ name }) => counting.test(String(name))),
  project_aliases: (content["project_aliases"] ?? []).map((row) => {
    const identity = String(row["alias_identity"])
    const path = row["alias_kind"] === "local" && identity.startsWith("local://") ? identity.slice(8) : ""
    return { ...row, root_path: path.trim() === "" ? "(unknown)" : path, last_seen_at: row["created_at"]! }
  })
})

export const newerVersions = property(
  "content",
  "what version 10 holds, written as a file of a newer version, comes back equal",
  12,
  FC.tuple(content, FC.integer({ min: 11, max: 32 })),
  ([content, version]) =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const at = (name: string) => `${directory}/${name}`
      yield* build(at("a.db"), filled(content))
      yield* toFile({ database: at("a.db"), output: at("a"), plain: true })
      const text = yield* fs.readFileString(at("a"))
      yield* fs.writeFileString(at("newer"), text.split("\n").map((line) => asNewer(line, version)).join("\n"))
      const homes = { kataHome: directory, userHome: directory }
      const report = yield* restore({
        input: at("newer"),
        target: at("b.db"),
        homes,
        acceptLoss: ["derived", "issue.content_revision"]
      })
      assert.strictEqual(report.version, version)
      assert.deepStrictEqual(yield* complaints(at("b.db")), [])
      yield* toFile({ database: at("b.db"), output: at("b"), plain: true })
      assert.deepStrictEqual((yield* fs.readFileString(at("b"))).split("\n"), text.split("\n"))
    })
)
