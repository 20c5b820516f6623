/** Takes back what was done to rows, in the file that is there. */
import * as Effect from "effect/Effect"
import type { Changes } from "../changes/changeset.ts"
import { Counts } from "../changes/Counts.ts"
import { inverse } from "../changes/inverse.ts"
import { unmoved } from "../changes/moved.ts"
import { Database } from "../database/Database.ts"
import type { OfRows } from "../history/Entry.ts"
import { recordingRows } from "../history/recordRows.ts"
import { version10 } from "../records/kinds.ts"
import { applied, planned, taken } from "./rowsBack.ts"
import { stepOf } from "./steps.ts"
import { type UndoOptions, UndoReport, WorkedOnSince } from "./UndoReport.ts"

const sum = (all: ReadonlyArray<Changes>): Changes => {
  const total: { [kind: string]: Counts } = {}
  for (const [kind, { changed, gone, new: fresh }] of all.flatMap((changes) => Object.entries(changes))) {
    const { changed: c, gone: g, new: f } = total[kind] ?? { changed: 0, gone: 0, new: 0 }
    total[kind] = new Counts({ changed: c + changed, gone: g + gone, new: f + fresh })
  }
  return total
}

/** Who goes back by rows, in the file that is there. */
interface InPlace {
  /** Later entries that were taken back before. */
  readonly done: ReadonlyArray<string>
  /** The entry that takes the first of these back. */
  readonly way: string | null
  readonly options: UndoOptions
  readonly real: string
}

/** Takes one entry back by its rows. A dry run, and what is refused in it, changes nothing. */
const byRows = Effect.fnUntraced(function*({ done, options, real, way }: InPlace, entry: OfRows) {
  const { by, database: name, dryRun = false, force = false } = options
  const format = version10
  const { change } = yield* Database
  const { db, ...plan } = yield* Effect.interruptible(
    planned(real, entry, real, format, force)
  )
  const { built, changes } = plan
  if (plan.refused && !dryRun) {
    return yield* new WorkedOnSince({
      path: name,
      entry: entry.id,
      built_on: built.first,
      count: built.count,
      done,
      way
    })
  }
  const isNothing = Object.keys(changes).length === 0
  const recorded = dryRun || isNothing ? undefined : yield* recordingRows(
    real,
    { what: "undo", by, undone: [entry.id] },
    (recorder) =>
      Effect.flatMap(recorder.keep(inverse(db, format)), (rows) =>
        change(real, db, (target) =>
          recorder.begin.pipe(
            Effect.zipRight(applied(target, format, entry, name, plan.lastLink)),
            Effect.flatMap((shifts) => recorder.end(target, { rows, shifts, changes }))
          )))
  ).pipe(Effect.mapError(taken(entry, name)))
  return { ...plan, entry: recorded?.entry ?? null }
}, Effect.scoped)

/**
 * Takes entries back one after the other, each in a transaction and with an entry of its own. Works while a daemon of ours serves the database, as a
 * merge does: it has the lock, which keeps the file from being replaced, and its writers wait for the transaction.
 */
export const inPlace = Effect.fnUntraced(
  function*(options: UndoOptions, real: string, undone: ReadonlyArray<OfRows>, notes: ReadonlyArray<string>) {
    const steps = yield* Effect.forEach(undone, (one) => stepOf(real, one))
    let way: string | null = null
    const done = yield* Effect.forEach(
      options.dryRun === true ? undone.slice(0, 1) : undone,
      (entry, i) =>
        Effect.suspend(() =>
          unmoved(options.database, byRows({ done: undone.slice(0, i).map(({ id }) => id), options, real, way }, entry))
        ).pipe(Effect.tap(({ entry: made }) => Effect.sync(() => way ??= made)))
    )
    const [last, first] = [done[0]!, done.at(-1)!]
    return new UndoReport({
      target: options.database,
      database: real,
      dry_run: options.dryRun === true,
      undone: steps,
      from: version10.version,
      to: version10.version,
      records: first.records,
      changes: sum(done.map(({ changes }) => changes)),
      built_on: done.flatMap(({ built }) => built.first),
      built_on_count: done.reduce((sum, { built }) => sum + built.count, 0),
      written_since: last.events > 0,
      events_since: last.events,
      only_in_present: null,
      refused: last.refused,
      backup: null,
      entry: done.find(({ entry }) => entry !== null)?.entry ?? null,
      notes: options.dryRun === true && undone.length > 1
        ? [...notes, "only the last one was looked at: the others follow from it"]
        : notes
    })
  }
)
