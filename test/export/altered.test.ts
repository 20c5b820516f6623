/** `verify --against` tells what is changed of the rows of the snapshot between their load and the comparison: it reads them, not its memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { verifyAgainst } from "../../src/export/compare.ts"
import * as kit from "../snapshot/kit.ts"
import { layerAlteredRows } from "../testing/alteredDatabase.ts"

/** Bodies of two comments, each in the place of the other. */
const exchange =
  "UPDATE comments SET body = replace(replace(replace(body, 'comment 1', '*'), 'comment 2', 'comment 1'), '*', 'comment 2')" +
  " WHERE id IN (7, 8)"

type Counts = readonly [snapshot: number, database: number, different: number]

const cases: { readonly [what: string]: readonly [sql: string, counts: Counts, differences: ReadonlyArray<string>] } = {
  nothing: ["SELECT 1", [0, 0, 0], []],
  "one cell": ["UPDATE issues SET owner = 'eve' WHERE id = 21", [0, 0, 1], ["issue, 21, different, owner"]],
  "two cells of a row": [
    "UPDATE issues SET owner = 'eve', title = 'other' WHERE id = 21",
    [0, 0, 1],
    ["issue, 21, different, title, owner"]
  ],
  "the contents of two rows exchanged": [
    exchange,
    [0, 0, 2],
    ["comment, 7, different, body", "comment, 8, different, body"]
  ],
  "a row more": [
    "INSERT INTO issue_labels(issue_id, label, author, created_at) VALUES (21, 'zz', 'eve', '2026-01-01T00:00:00.000Z')",
    [1, 0, 0],
    ["issue_label, 21/zz, only in the snapshot"]
  ],
  "a row less": [
    "DELETE FROM events WHERE id = 129",
    [0, 1, 0],
    ["event, 129, only in the database"]
  ],
  "a row under another number": [
    "UPDATE events SET id = 999 WHERE id = 129",
    [1, 1, 0],
    ["event, 129, only in the database", "event, 999, only in the snapshot"]
  ],
  "the first row of a kind less, and the last one more": [
    "DELETE FROM meta WHERE key = 'created_by_version'; INSERT INTO meta VALUES ('zz', 'x')",
    [1, 1, 0],
    ["meta, created_by_version, only in the database", "meta, zz, only in the snapshot"]
  ]
}

describe("a comparison finds, of what was loaded of the snapshot,", () => {
  for (const [what, [sql, counts, differences]] of Object.entries(cases)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const database = yield* kit.copyOf("rich.db")
        const snapshot = yield* kit.exported(database)
        const report = yield* Effect.provide(
          verifyAgainst(kit.text(snapshot), database),
          Layer.provide(layerAlteredRows(sql), kit.services)
        )
        assert.strictEqual(report.equal, differences.length === 0)
        assert.deepStrictEqual([report.only_in_snapshot, report.only_in_database, report.different], counts)
        assert.deepStrictEqual(
          report.differences.map(({ fields, kind, row, what }) => [kind, row, what, ...fields].join(", ")),
          differences
        )
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("a comparison finds, of the database,", () => {
  it.scopedLive("two rows exchanged", () =>
    Effect.gen(function*() {
      const database = yield* kit.copyOf("rich.db")
      const snapshot = yield* kit.exported(database)
      yield* kit.change(database, exchange)
      const report = yield* verifyAgainst(kit.text(snapshot), database)
      assert.deepInclude(report, { equal: false, different: 2, only_in_database: 0, only_in_snapshot: 0 })
    }).pipe(Effect.provide(kit.services)))
})
