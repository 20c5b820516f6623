/**
 * Mends what breaks a rule in a loaded stage, one line in the report for each rule. A record that is left out can leave others without
 * their parent, so it goes on until nothing blocks any more. Every change is made to the content sum too, from the records themselves:
 * the proof still compares what should be there with what is.
 */
import * as Effect from "effect/Effect"
import { judge } from "../database/checkRules.ts"
import type { Stage } from "../database/Database.ts"
import { parentCycle } from "../database/links.ts"
import { crossRules, rowRules } from "../database/rules.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { type Finding, Findings } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { ContentSum } from "../snapshot/digest.ts"
import type { Origins } from "../snapshot/Origins.ts"
import { settle } from "./collisions.ts"
import { Mender } from "./Mender.ts"
import { repairSequences } from "./repairSequences.ts"

/** A row that is dropped can take others with it, whose children come next: project, issue, comment, mapping. */
const rounds = 8

export interface RepairOptions {
  /** Odd values too, and sequences, and not only what blocks. */
  readonly odd: boolean
  /** Sequences are raised to what was given: for a file that is not whole. */
  readonly sequences: boolean
  /** What is known of the lines; those of rows that go are refused. */
  readonly origins: Origins
}

/**
 * Mends everything that can be mended; gives what is left, for the caller to refuse if it blocks, what was done, and what of that is to be
 * added to the content sum.
 */
export const repair = Effect.fn("Import.repair")(
  function*(stage: Stage, format: Format, judged: ReadonlyArray<Finding>, options: RepairOptions) {
    const done = new Findings()
    const sum = new ContentSum()
    const mender = new Mender(stage.db, format, sum, done, options.origins)
    const crowded = options.origins.hasAside()
    const numbered = yield* settle(stage, format, options.origins, sum, done, mender)
    yield* repairSequences.meta(stage.db, format, sum, done, options.odd)
    let open = crowded ? yield* judge(stage.db, format, wholeDatabase) : judged
    for (let round = 0; round < rounds; round++) {
      const before = mender.changes
      for (const kind of format.kinds) {
        const broken = new Set(
          open.filter((finding) => finding.kind === kind.name && (options.odd || finding.blocking))
            .map((finding) => `${finding.field} ${finding.rule}`)
        )
        const rules = [...rowRules(kind), ...crossRules(kind)].filter(({ field, rule }) =>
          broken.has(`${field} ${rule}`)
        )
        for (const rule of rules) yield* mender.rule(kind, rule)
        const cycle = kind.tree && parentCycle(kind.tree)
        if (kind.tree !== undefined && broken.has(`${cycle?.field} ${cycle?.rule}`)) {
          yield* mender.circles(kind, kind.tree)
        }
        for (const unique of kind.unique) {
          if (broken.has(`${unique.columns.join(", ")} unique`)) yield* mender.unique(kind, unique)
        }
      }
      open = yield* judge(stage.db, format, wholeDatabase)
      // A repair may leave something odd, an occurrence without its recurrence: that is for the next round.
      if (mender.changes === before) break
    }
    if (options.odd || options.sequences || numbered) {
      yield* repairSequences.all(stage.db, format, sum, done, options.origins, options.odd)
    }
    return { left: yield* judge(stage.db, format, wholeDatabase), done: done.list, change: sum }
  }
)
