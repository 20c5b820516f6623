/** A target whose counters are at the highest number: nothing can come in, and it is said why and what helps. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { merge } from "../../src/merge/Merge.ts"
import * as kit from "../snapshot/kit.ts"

/** An empty database with a counter at its end, and a snapshot of one that has everything. */
const spent = (table: string) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const here = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
    yield* kit.change(
      here,
      `DELETE FROM sqlite_sequence WHERE name = '${table}'; INSERT INTO sqlite_sequence(name, seq) VALUES ('${table}', 9223372036854775807)`
    )
    const other = yield* kit.copyTo(`${directory}/other.db`, "rich.db")
    const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
    return { here, mergeInto: (target: string) => merge({ target, sources: [{ snapshot }], homes: kit.homes }) }
  })

describe("a merge into a database that has given the highest number", () => {
  for (const table of ["projects", "recurrences", "issues", "comments", "links", "import_mappings", "events"]) {
    it.scopedLive(`of ${table} is refused, and works after a repair`, () =>
      Effect.gen(function*() {
        const { here, mergeInto } = yield* spent(table)
        const before = yield* kit.exported(here)
        const error = yield* Effect.flip(mergeInto(here))
        assert.deepStrictEqual([error._tag, error.kind], ["SqliteFailure", "io"])
        assert.include(error.message, `${table} has no numbers left for new rows`)
        assert.include(error.hint, "kata import --repair")
        assert.strictEqual(yield* kit.exported(here), before)
        yield* kit.restore(kit.text(before), here, { force: true, repair: true })
        assert.isFalse((yield* mergeInto(here)).unchanged)
      }).pipe(Effect.provide(kit.services)))
  }
})
