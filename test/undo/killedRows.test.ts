/** What a kill leaves of a change of rows just before its commit, and what others have written when somebody looks. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { diff } from "../../src/merge/Diff.ts"
import { merge } from "../../src/merge/Merge.ts"
import type { Store } from "../../src/store/Store.ts"
import { born, gone, work } from "../merge/recorded.ts"
import * as kit from "../snapshot/kit.ts"
import { historyOf, list, undo } from "./kit.ts"

const equal = (snapshot: string, database: string) =>
  Effect.map(diff({ a: { snapshot }, b: { database } }), (report) => report.equal)

/** The rows and the pending entry are on disk, and the database is the one before. */
const killed = (path: string, before: Uint8Array, entry: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.rename(`${historyOf(path)}/${entry}.json`, `${historyOf(path)}/${entry}.pending`)
    yield* kit.writeFile(path, before)
  })

/** A database, and a snapshot of a copy in which two issues were made. */
const two = Effect.gen(function*() {
  const directory = yield* kit.temporary
  const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
  const other = yield* kit.copyTo(`${directory}/other.db`, "rich.db")
  const refs = yield* work(other, Effect.all([born("one of there"), born("two of there")]))
  const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
  const bring = merge({ target: here, sources: [{ snapshot }], homes: kit.homes, actor: "ann" })
  return { bring, directory, here, refs }
})

const written: ReadonlyArray<readonly [what: string, by: Effect.Effect<unknown, unknown, Store>]> = [
  ["nothing", Effect.void],
  ["an issue that got its numbers", born("of here")],
  ["issues of which one was purged", Effect.all([Effect.flatMap(born("a"), gone), born("b"), born("c")])],
  ["more issues than it", Effect.all(["a", "b", "c", "d", "e"].map((title) => born(title)))]
]

describe("a merge that was killed just before its commit", () => {
  for (const [what, by] of written) {
    it.scopedLive(`counts as nothing where ${what} was written since`, () =>
      Effect.gen(function*() {
        const { bring, here } = yield* two
        const before = yield* kit.bytesOf(here)
        yield* killed(here, before, (yield* bring).entry!)
        yield* work(here, by)
        const held = yield* kit.writeFile(`${here}.jsonl`, yield* kit.exported(here))
        assert.deepStrictEqual((yield* list(here)).entries, [])
        assert.strictEqual((yield* Effect.flip(undo(here, { force: true })))._tag, "NothingToUndo")
        const { entry } = yield* bring
        assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [entry])
        yield* undo(here)
        assert.isTrue(yield* equal(held, here))
      }).pipe(Effect.provide(kit.services)))
  }
})

describe("an undo that was killed just before its commit", () => {
  it.scopedLive("counts as nothing where something of what it would have taken was purged since", () =>
    Effect.gen(function*() {
      const { bring, here, refs: [one = ""] } = yield* two
      const { entry: merged } = yield* bring
      const before = yield* kit.bytesOf(here)
      yield* killed(here, before, (yield* undo(here)).entry!)
      yield* work(here, gone(one))
      assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [merged])
      yield* undo(here, { force: true })
      assert.deepStrictEqual(yield* kit.query(here, "SELECT uid FROM issues WHERE title LIKE '% of there'"), [])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("and was to bring something in again counts as nothing, whatever was written since", () =>
    Effect.gen(function*() {
      const { bring, here } = yield* two
      const { entry: merged } = yield* bring
      const { entry: taken } = yield* undo(here)
      const before = yield* kit.bytesOf(here)
      yield* killed(here, before, (yield* undo(here)).entry!)
      yield* work(here, Effect.all([born("a"), Effect.flatMap(born("b"), gone)]))
      assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [taken, merged])
      yield* undo(here)
      assert.include(yield* kit.exported(here), "two of there")
    }).pipe(Effect.provide(kit.services)))
})

describe("a change that was killed just after its commit", () => {
  it.scopedLive("counts, whatever was written since", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { bring, here, refs: [one = ""] } = yield* two
      const rename = (entry: string) =>
        fs.rename(`${historyOf(here)}/${entry}.json`, `${historyOf(here)}/${entry}.pending`)
      const { entry: merged } = yield* bring
      yield* rename(merged!)
      yield* work(here, Effect.all([gone(one), born("a")]))
      assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [merged])
      const { entry: taken } = yield* undo(here, { force: true })
      yield* rename(taken!)
      yield* work(here, born("b"))
      assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [taken, merged])
      const { entry: again } = yield* undo(here)
      yield* rename(again!)
      yield* work(here, born("c"))
      assert.deepStrictEqual((yield* list(here)).entries.map(({ id }) => id), [again, taken, merged])
    }).pipe(Effect.provide(kit.services)))
})
