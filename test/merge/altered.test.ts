/** `verify --against` tells what is changed of the rows of the snapshot between their load and the comparison: it reads them, not its memory. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type AgainstReport, verifyAgainst } from "../../src/merge/Diff.ts"
import * as kit from "../snapshot/kit.ts"
import { layerAlteredFile } from "../testing/alteredDatabase.ts"

/** Bodies of two comments, each in the place of the other. */
const exchange =
  "UPDATE comments SET body = replace(replace(replace(body, 'comment 1', '*'), 'comment 2', 'comment 1'), '*', 'comment 2')" +
  " WHERE id IN (7, 8)"

/** Of all kinds together. */
const totals = (counts: AgainstReport["counts"]): Counts => {
  const sum = (what: "new" | "gone" | "changed") => Object.values(counts).reduce((all, count) => all + count[what], 0)
  return [sum("gone"), sum("new"), sum("changed")]
}

type Counts = readonly [snapshot: number, database: number, different: number]

const cases: { readonly [what: string]: readonly [sql: string, counts: Counts, differences: ReadonlyArray<string>] } = {
  nothing: ["SELECT 1", [0, 0, 0], []],
  "one cell": ["UPDATE issues SET owner = 'eve' WHERE id = 21", [0, 0, 1], ["issue, 21, changed, owner"]],
  "two cells of a row": [
    "UPDATE issues SET owner = 'eve', title = 'other' WHERE id = 21",
    [0, 0, 1],
    ["issue, 21, changed, title, owner"]
  ],
  "the contents of two rows exchanged": [
    exchange,
    // their events tell of comments that are not there any more
    [2, 2, 2],
    [
      "comment, 7, gone",
      "comment, 7, new",
      "comment, 8, gone",
      "comment, 8, new",
      "event, 50, changed, payload",
      "event, 51, changed, payload"
    ]
  ],
  "a row more": [
    "INSERT INTO issue_labels(issue_id, label, author, created_at) VALUES (21, 'zz', 'eve', '2026-01-01T00:00:00.000Z')",
    [1, 0, 0],
    ["issue_label, 21/zz, gone"]
  ],
  "a row less": [
    "DELETE FROM events WHERE id = 129",
    [0, 1, 0],
    []
  ],
  "a row under another number": [
    "UPDATE events SET id = 999 WHERE id = 129",
    [0, 0, 0],
    []
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
          Layer.provide(layerAlteredFile((path) => kit.change(path, sql)), kit.services)
        )
        assert.strictEqual(report.equal, counts.every((n) => n === 0))
        assert.deepStrictEqual(totals(report.counts), counts)
        assert.deepStrictEqual(
          report.changes.map(({ fields, kind, row, what }) =>
            [kind, row, what, ...fields.map(({ field }) => field)].join(", ")
          ).toSorted(),
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
      assert.isFalse(report.equal)
      assert.deepStrictEqual(totals(report.counts), [2, 2, 2])
    }).pipe(Effect.provide(kit.services)))
})
