/** A snapshot that somebody has edited, with rows that the database does not take. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type BreaksRules, merge, type MergeOptions } from "../../src/merge/Merge.ts"
import * as kit from "../snapshot/kit.ts"

const edits: ReadonlyArray<readonly [what: string, edit: (text: string) => string, says: string]> = [
  [
    "a status",
    (text) => text.replaceAll("\"status\":\"open\"", "\"status\":\"weird\""),
    "issue.status must be open or closed: 'weird' (and "
  ],
  [
    "the name of a project",
    (text) => text.replace("\"name\":\"app\"", "\"name\":\"a#p\""),
    "project.name must not contain #: 'a#p'"
  ],
  [
    "an empty author",
    (text) => text.replaceAll(/"author":"[^"]*","body"/g, "\"author\":\" \",\"body\""),
    "comment.author "
  ]
]

/** An almost empty database, and a snapshot of one that has everything, edited. */
const edited = (edit: (text: string) => string) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const here = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
    const other = yield* kit.copyTo(`${directory}/other.db`, "rich.db")
    const text = yield* kit.exportedAsGo(other)
    const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, edit(text))
    const bring = (options: Partial<MergeOptions> = {}) =>
      merge({ target: here, sources: [{ snapshot }], homes: kit.homes, ...options })
    return { bring, directory, here, snapshot }
  })

describe("a merge of a snapshot with", () => {
  for (const [what, edit, says] of edits) {
    it.scopedLive(`${what} that breaks a rule is refused, and so is its dry run`, () =>
      Effect.gen(function*() {
        const { bring, directory, here, snapshot } = yield* edited(edit)
        const before = yield* kit.exported(here)
        for (const dryRun of [true, false]) {
          const error = (yield* Effect.flip(bring({ dryRun }))) as BreaksRules
          assert.deepStrictEqual([error._tag, error.kind], ["BreaksRules", "validation"])
          assert.include(error.message, says)
          assert.include(error.hint, "kata import --repair")
        }
        assert.strictEqual(yield* kit.exported(here), before)
        assert.deepStrictEqual((yield* kit.listing(directory)).filter((name) => name.includes("history")), [])

        const mended = `${directory}/mended.db`
        yield* kit.restore(kit.text(yield* kit.textOf(snapshot)), mended, { repair: true })
        assert.isFalse((yield* bring({ sources: [{ database: mended }] })).unchanged)
      }).pipe(Effect.provide(kit.services)))
  }
})
