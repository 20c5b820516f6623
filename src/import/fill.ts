/** The part of an import between the file and the proof. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Stage } from "../database/Database.ts"
import { instanceIn } from "../database/meta.ts"
import { spool } from "../files/Spool.ts"
import { blocking, lossesOf } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { ContentSum } from "../snapshot/digest.ts"
import { open, type Opened } from "../snapshot/input.ts"
import { joined, stillRejected } from "../snapshot/Joined.ts"
import { LossesRefused, unaccepted } from "../snapshot/losses.ts"
import { Origins } from "../snapshot/Origins.ts"
import type { Reading } from "../snapshot/Reading.ts"
import { refusedLines } from "../snapshot/salvage.ts"
import { examine } from "../snapshot/verify.ts"
import { type ImportOptions, ImportRefused } from "./ImportReport.ts"
import { renew } from "./instance.ts"
import { repair } from "./repair.ts"
import { examineDamaged } from "./salvage.ts"
import { ofTokens } from "./tokens.ts"

/** The reading of a file with which records from elsewhere were joined. */
const withRecords = (reading: Reading, more: Reading["records"]): Reading => ({
  ...reading,
  records: new Map(
    [...new Set([...reading.records.keys(), ...more.keys()])].map((
      kind
    ) => [kind, (reading.records.get(kind) ?? 0) + (more.get(kind) ?? 0)])
  )
})

/** Version 10 has no such field: what was found of it is not found again in the database. */
const hashOfEvent = "content_hash"

/** Loads, judges, mends: afterwards the stage holds what will be restored, and no rule is broken. */
export const fill = Effect.fnUntraced(
  function*<E>(options: ImportOptions<E>, input: Opened, from: Format, stage: Stage, format: Format) {
    const odd = options.repair === true
    const mending = odd || options.salvage === true
    const changes = odd || options.transform !== undefined || options.newInstance === true ||
      options.rejected !== undefined || options.withoutTokens === true
    const isNewer = from.version > format.version
    const origins = mending || options.rejected !== undefined || isNewer
      ? yield* stage.db.attempt("prepare the new database", (db) => new Origins(db))
      : undefined
    const more = origins === undefined || options.rejected === undefined
      ? undefined
      : yield* Effect.flatMap(open(options.rejected), (input) => joined(stage.db, { from, to: format }, origins, input))
    const load = {
      transform: options.transform,
      leaveOut: options.withoutTokens === true ? ofTokens() : undefined,
      lost: isNewer ? origins : undefined,
      joined: more
    }
    const damaged = origins !== undefined && options.salvage === true
      ? yield* examineDamaged(input, from, format, stage, origins, load)
      : undefined
    const examined = damaged ?? (yield* examine(input, from, format, stage, {
      ...load,
      mending: mending && origins !== undefined ? { origins, lenient: false } : undefined,
      sum: changes ? "always" : "unsealed"
    }))
    const mended = origins === undefined || !mending
      ? { left: examined.findings, done: [], change: new ContentSum() }
      : yield* repair(stage, format, examined.findings, { odd, sequences: damaged?.whole === false, origins })
    const refused = blocking(mended.left)
    if (refused.length > 0) return yield* new ImportRefused({ file: input.name, findings: refused })
    // A salvage takes what can be carried, and its rejected file has the lines of the rest.
    const missing = unaccepted(examined.findings, options.salvage === true ? ["all"] : options.acceptLoss ?? [])
    if (missing.length > 0 && options.dryRun !== true) {
      return yield* new LossesRefused({ file: input.name, version: from.version, findings: missing })
    }
    // An upgrade may have made a new identity just now, which rows of the stage name.
    const own = examined.upgraded !== undefined && (yield* instanceIn(stage.db)) === examined.upgraded.instanceUid
    const renewed = options.newInstance === true && !own
      ? yield* renew(stage, format)
      : { change: new ContentSum(), findings: [] }
    const told = !mending
      ? mended.left
      : [
        ...examined.findings.filter(({ field, outcome }) => outcome !== "carried" || field === hashOfEvent),
        ...mended.done,
        ...mended.left
      ]
    return {
      examined: {
        ...examined,
        reading: more === undefined ? examined.reading : withRecords(examined.reading, more.records),
        sum: examined.sum?.plus(mended.change).plus(renewed.change)
      },
      joined: more?.report ?? null,
      changed: changes || examined.upgraded !== undefined ||
        (damaged !== undefined && told.some(({ outcome }) => outcome !== "carried")),
      findings: [...told, ...renewed.findings],
      missing: Object.keys(lossesOf(missing)),
      damaged,
      own,
      // While the stage still knows which lines these are.
      rejected: origins === undefined || origins.refused === 0
        ? undefined
        : {
          lines: origins.refused,
          file: yield* spool(Stream.concat(
            refusedLines(input, from, stage.db, origins),
            more === undefined ? Stream.empty : stillRejected(stage.db, origins, more.input)
          ))
        }
    }
  }
)
