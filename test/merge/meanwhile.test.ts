/** What others write to the target while a merge is planned: it is kept, and where the plan was made from it, the plan is made anew. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database } from "../../src/database/Database.ts"
import { merge } from "../../src/merge/Merge.ts"
import { execute } from "../server/sql.ts"
import * as kit from "../snapshot/kit.ts"
import { did, issue, owned, three, titled } from "./files.ts"

/** `app#f66y`, of which the source has nothing new. */
const other = "01M82VM9FZR5YA88C87HNTF66Y"

const prioritised = (priority: number, of: string) =>
  did("issue.priority_set", { priority }, `priority = ${priority}`, of)

/** Merges theirs into ours, to which `written` happens before each of the first so many transactions; how often it was planned. */
const merged = (written: () => string, times = 1) =>
  Effect.gen(function*() {
    // ours has worked on both issues, theirs on one of them
    const ours = titled("ours", "was") + prioritised(3, other)
    const { directory, theirs } = yield* three(ours, owned("theirs"))
    const target = `${directory}/ours.db`
    let planned = 0
    const busy = Layer.effect(
      Database,
      Effect.map(Database, (real) =>
        Database.of({
          ...real,
          change: (path, plan, work) =>
            Effect.suspend(() => {
              planned++
              if (planned <= times) execute(path, written())
              return real.change(path, plan, work)
            })
        }))
    )
    const homes = { kataHome: directory, userHome: directory }
    const outcome = yield* Effect.either(
      Effect.provide(merge({ target, sources: [{ snapshot: theirs }], homes }), busy)
    )
    const rows = yield* kit.query(
      target,
      `SELECT title, owner, priority FROM issues WHERE uid IN ('${issue}', '${other}') ORDER BY uid`
    )
    return { outcome, planned, rows }
  }).pipe(Effect.provide(kit.services))

const cases = {
  "on an issue that is not touched is no reason to plan anew": [() => prioritised(4, other), 1, "ours", null, 4],
  "on another part of an issue that is": [() => prioritised(4, issue), 2, "ours", 4, 3],
  "a move, wherever": [
    () => did("issue.moved", {}, "title = title", other),
    2,
    "ours",
    null,
    3
  ]
} as const

describe("what is written while a merge is planned", () => {
  for (const [what, [written, plans, title, priority, others]] of Object.entries(cases)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const { outcome, planned, rows } = yield* merged(written)
        assert.strictEqual(outcome._tag, "Right")
        assert.strictEqual(planned, plans)
        assert.deepInclude(rows[0], { title, owner: "theirs", priority: priority === null ? null : BigInt(priority) })
        assert.deepInclude(rows[1], { priority: BigInt(others) })
      }))
  }

  it.scopedLive("may make a conflict of what was none", () =>
    Effect.gen(function*() {
      const { outcome, planned } = yield* merged(() => owned("meanwhile"))
      assert.strictEqual(planned, 1)
      assert.strictEqual(outcome._tag === "Left" && outcome.left._tag, "MergeConflicts")
    }))

  it.scopedLive("again and again on what is merged ends it, and nothing was merged", () =>
    Effect.gen(function*() {
      const { outcome, planned, rows } = yield* merged(() => prioritised(4, issue), 100)
      assert.strictEqual(outcome._tag === "Left" && outcome.left._tag, "TargetBusy")
      assert.strictEqual(planned, 5)
      assert.deepInclude(rows[0], { title: "ours", owner: null })
    }))
})
