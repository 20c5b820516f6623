import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Param } from "../../src/database/Session.ts"
import { toFile } from "../../src/export/Export.ts"
import { build } from "../../src/testing/database.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { services } from "../testing/services.ts"

const project = {
  id: 1n,
  uid: "01HZNQ7VFPK1XGD8R5MABC0001",
  name: "one",
  created_at: "2026-05-04T00:21:07.000Z",
  metadata: "{}"
}
const event = {
  id: 7n,
  uid: "01HZNQ7VFPK1XGD8R5MABC0002",
  origin_instance_uid: "01HZNQ7VFPK1XGD8R5MABC0003",
  project_id: 1n,
  project_name: "one",
  type: "issue.created",
  actor: "ana",
  created_at: "2026-05-04T00:21:07.000Z"
}

/** What SQLite holds and no JSON can say: each is refused by name, and nothing is written. */
const cases: ReadonlyArray<readonly [what: string, payload: Param, kind: string]> = [
  ["JSON with more after a NUL, which SQLite calls valid", "{}\0lost", "damaged"],
  ["JSON with a NUL at its end", "[1]\0", "damaged"],
  ["JSON5", "{a:1}", "damaged"],
  ["an empty text", "", "damaged"],
  ["a blob", new Uint8Array([0x7b, 0x7d]), "validation"],
  ["invalid UTF-8 in a string", Buffer.from([0x22, 0xff, 0x22]).toString("latin1"), "damaged"]
]

layer(services, { excludeTestServices: true })("what cannot be carried", (it) => {
  for (const [what, payload, kind] of cases) {
    it.scoped(`${what} is refused with its place`, () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporaryDirectory
        const content = {
          meta: [{ key: "schema_version", value: "10" }],
          projects: [project],
          events: [{ ...event, payload: "{}" }]
        }
        yield* build(`${directory}/a.db`, content, { rules: "lawless" })
        yield* Effect.promise(async () => {
          const { default: Sqlite } = await import("better-sqlite3")
          const db = new Sqlite(`${directory}/a.db`)
          db.pragma("ignore_check_constraints = 1")
          const cast = what.startsWith("invalid") ? "CAST(x'22ff22' AS TEXT)" : "?"
          db.prepare(`UPDATE events SET payload = ${cast}`).run(...(cast === "?" ? [payload] : []))
          db.close()
        })
        const error = yield* Effect.flip(toFile({ database: `${directory}/a.db`, output: `${directory}/a` }))
        assert.strictEqual(error._tag, "RowUnreadable", error.message)
        assert.strictEqual(error.kind, kind)
        assert.include(error.message, "table events, row 7: payload")
        assert.isFalse(yield* fs.exists(`${directory}/a`))
      }))
  }
})
