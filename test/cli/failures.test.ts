/** What a program is told of a failure beside its message. */
import { assert, describe, it } from "@effect/vitest"
import { renderFailure } from "../../src/cli/Output.ts"
import { FileConflicts } from "../../src/merge/FileConflicts.ts"
import { MergeConflicts } from "../../src/merge/MergeReport.ts"
import { MergeConflict } from "../../src/merge/plan/outcomes.ts"

const conflicts = Array.from({ length: 25 }, (_, n) =>
  new MergeConflict({
    facet: "title",
    of: `uid ${n}`,
    name: `app#${n}`,
    key: null,
    target: "here\u202e",
    source: "there",
    target_by: "ann",
    target_at: null,
    source_by: null,
    source_at: null,
    why: null
  }))

describe("conflicts as JSON", () => {
  for (
    const failure of [
      new MergeConflicts({ target: "kata.db", conflicts, count: 3000 }),
      new FileConflicts({ file: "snapshot.jsonl", conflicts, count: 3000 })
    ]
  ) {
    it(`of ${failure._tag} are all there that are known, where the message has only the first`, () => {
      const text = renderFailure({ mode: "json" }, "import", failure)
      const { error } = JSON.parse(text)
      assert.deepStrictEqual(error.data, { conflicts: conflicts.map((one) => ({ ...one })), count: 3000 })
      assert.include(error.message, "and 2980 more")
      assert.notInclude(error.message, "app#20")
      assert.notInclude(text, "\u202e")
      assert.strictEqual(error.exit_code, 5)
    })
  }
})
