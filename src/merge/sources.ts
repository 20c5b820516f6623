/** Several sources of a merge as one. */
import * as Effect from "effect/Effect"
import { Database } from "../database/Database.ts"
import type { Row } from "../database/Session.ts"
import { inTemporary } from "../database/temporary.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import type { Format } from "../records/Format.ts"
import { Side } from "./Side.ts"

/** A private database without records, with the `meta` of another: several sources are merged into it first. */
export const empty = Effect.fn("Merge.empty")(function*(meta: ReadonlyArray<Row>, format: Format) {
  const directory = yield* privateDirectory("compare")
  return yield* Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(`${directory}/stitched.db`, format)
    yield* stage.db.attempt("prepare the merge", ({ prepare }) => {
      for (const { key, value } of meta) prepare("INSERT INTO meta(key, value) VALUES (?, ?)").run(key!, value!)
    })
    yield* stage.seal
    return stage
  }).pipe(Effect.mapError(inTemporary(directory)))
})

/** What several sources are together. */
export const together = (sides: ReadonlyArray<Side>): Side =>
  new Side({
    ...sides[0]!,
    name: sides.map(({ name }) => name).join(", "),
    projects: sides.some(({ projects }) => projects === null)
      ? null
      : [...new Set(sides.flatMap(({ projects }) => projects ?? []))],
    live_only: sides.some(({ live_only }) => live_only)
  })
