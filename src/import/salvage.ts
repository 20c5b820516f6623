/** How a salvage reads: strictly, and what a strict reader refuses line by line. Nothing here is asked of an import that is none. */
import * as Channel from "effect/Channel"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { judge } from "../database/checkRules.ts"
import type { Stage } from "../database/Database.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { withoutSequence } from "../database/sequences.ts"
import { phase } from "../Progress.ts"
import type { Finding } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { SnapshotDamaged } from "../snapshot/errors.ts"
import { type Opened, records } from "../snapshot/input.ts"
import { load, type LoadOptions } from "../snapshot/load.ts"
import type { Origins } from "../snapshot/Origins.ts"
import type { Reading } from "../snapshot/Reading.ts"
import { salvaged, survey } from "../snapshot/salvage.ts"
import { versions } from "../snapshot/upgrade.ts"

/** What became of the lines of a file that was salvaged. */
export class Salvage extends Schema.Class<Salvage>("Salvage")({
  /** The file is as it was written, as far as it can tell. */
  whole: Schema.Boolean,
  /** Lines that are records of version 10, the first one not counted. */
  good: Schema.Int,
  /** Lines that are not. */
  rejected: Schema.Int,
  /** Of the good ones, those that no rule lets in. */
  dropped: Schema.Int,
  /** Changes that were made to let others in. */
  repaired: Schema.Int,
  /** Where the lines are that did not come in, raw; null when there are none, and in a dry run. */
  rejected_file: Schema.NullOr(Schema.String)
}) {
  /** Something is not in the database that was in the file when it was written, or may have been. */
  get incomplete(): boolean {
    return !this.whole || this.rejected + this.dropped > 0
  }
}

/** The counts of a report. */
export const salvageOf = (
  { reading, whole }: { readonly reading: Reading; readonly whole: boolean },
  findings: ReadonlyArray<Finding>,
  rejectedFile: string | undefined
) => {
  const count = (outcome: Finding["outcome"]) =>
    findings.reduce((sum, finding) => sum + (finding.outcome === outcome ? finding.count : 0), 0)
  return new Salvage({
    whole,
    good: [...reading.records.values()].reduce((sum, n) => sum + n, 0),
    rejected: count("rejected"),
    dropped: count("dropped"),
    repaired: count("repaired"),
    rejected_file: rejectedFile ?? null
  })
}

const empty = (file: string) =>
  new SnapshotDamaged({ file, line: 0, lastGood: 1, reason: "has no records but its first line" })

/** Loads what can be read, and says what came with it. */
export const examineDamaged = Effect.fn("Import.examineDamaged")(
  function*(
    input: Opened,
    from: Format,
    format: Format,
    stage: Stage,
    origins: Origins,
    options: Pick<LoadOptions, "joined" | "leaveOut" | "lost" | "transform">
  ) {
    yield* phase("looking for damage", { bytes: input.size })
    const strict = Channel.runDrain(records(input, { format: from, records: false }))
    const problem = Either.getLeft(yield* Effect.either(strict))
    const seen = problem._tag === "None" ? undefined : yield* survey(input, from, stage.db, origins)
    // Not one line of it is a record: it is something else, and the reader has said what.
    if (problem._tag === "Some" && seen?.good === 0) return yield* problem.value
    yield* phase("reading", { bytes: input.size })
    const upgraded = yield* versions(from, format)
    const batches = seen === undefined ? records(input, { format: from, sum: "always" }) : salvaged(input, from, seen)
    const { change, done: reading, findings } = yield* load(batches, stage, input.name, {
      ...options,
      mending: { origins, lenient: true },
      versions: upgraded
    })
    if (reading.records.size === 0) return yield* Option.getOrElse(problem, () => empty(input.name))
    const [cut] = reading.sealed ? [] : yield* withoutSequence(stage.db, format)
    yield* phase("checking")
    return {
      reading,
      sound: false,
      upgraded,
      sum: upgraded === undefined ? reading.sum?.plus(change) : change,
      findings: [...(seen?.findings ?? []), ...findings, ...(yield* judge(stage.db, format, wholeDatabase))],
      whole: seen === undefined && cut === undefined,
      notes: [
        ...(problem._tag === "Some" ? [problem.value.message] : []),
        ...(seen?.notes ?? []),
        ...(cut === undefined ? [] : [`there is no sequence of ${cut}: the end of the file is missing`])
      ]
    }
  }
)
