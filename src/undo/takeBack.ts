/**
 * Takes back what replaced a database, by what replaces databases:
 *
 *     entry ──▶ the file that was put aside ──digest, checks──▶ a copy of it ──swap──▶ the database; the present one beside it
 *
 * Nothing is touched before the last arrow. It leaves an entry itself, so an undo is taken back by another one. The file that was put aside
 * stays what it is: a later undo can go there again.
 */
import * as Effect from "effect/Effect"
import { present } from "../database/absent.ts"
import { Database } from "../database/Database.ts"
import { rollBack } from "../database/hotJournal.ts"
import * as Lock from "../database/Lock.ts"
import { stagedCopy } from "../database/stagedCopy.ts"
import { resolve } from "../files/paths.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { backupOf, type History, read } from "../history/history.ts"
import { recording, settle } from "../history/record.ts"
import { named } from "../import/asNamed.ts"
import { stopHint } from "../import/stopHint.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { phase } from "../Progress.ts"
import { compared, sameAsPutAside, writtenSince } from "./goBack.ts"
import { stepOf } from "./steps.ts"
import { CannotGoBack, NoSuchEntry, NothingToUndo, RecordedSince, type UndoOptions, UndoReport } from "./UndoReport.ts"

/** The entries that are taken back, the last one first. */
const chosen = Effect.fnUntraced(function*({ database, to }: UndoOptions, { entries, odd }: History) {
  if (entries.length === 0) return yield* new NothingToUndo({ path: database, odd })
  if (to === undefined) return entries.slice(-1)
  const wanted = to.toUpperCase()
  const found = entries.filter(({ id }) => wanted !== "" && id.startsWith(wanted))
  if (found.length !== 1) return yield* new NoSuchEntry({ path: database, entry: to, count: found.length })
  return entries.slice(entries.findIndex((entry) => entry === found[0])).toReversed()
})

/** Refuses what a restore refuses too. */
export const refuseDaemons = Effect.fnUntraced(function*(
  { database, homes }: Pick<UndoOptions, "database" | "homes">,
  real: string
) {
  const { running: daemons } = yield* running({ databasePath: real, ...homes })
  if (daemons.length === 0) return
  return yield* new DaemonRunning({ path: database, daemons, hint: yield* stopHint(database, homes) })
})

const notesOf = ({ last, odd }: History, undone: ReadonlyArray<{ readonly id: string }>, compared: boolean) => [
  ...odd.map(({ name, problem }) => `${name === "" ? "" : `${name} in the history cannot be used: `}${problem}`),
  ...(last === undefined || last === undone[0]?.id
    ? []
    : [`that is the newest entry, ${last}: what it did is not known`]),
  ...(compared ? [] : ["the two databases could not be compared, so what only the present one holds is not known"])
]

/** Everything before the rename. It can be interrupted at any time. */
const prepare = Effect.fnUntraced(function*(options: UndoOptions, real: string) {
  yield* sweepPrivate()
  yield* present(options.database)
  const dryRun = options.dryRun === true
  // Before the lock: where there is nothing to undo, nothing is left.
  yield* Effect.flatMap(read(real), (history) => chosen(options, history))
  yield* refuseDaemons(options, real)
  if (!dryRun) {
    yield* Lock.acquire(real, "undo")
    yield* (yield* Database).cleanUp(real)
    yield* settle(real)
    // Ignored: what cannot be opened is replaced all the same. What a killed transaction has changed was not recorded.
    yield* Effect.ignore(rollBack(real))
  }
  const history = yield* read(real)
  const undone = yield* chosen(options, history)
  // At least one: `chosen` fails otherwise.
  const [last, entry] = [undone[0]!, undone.at(-1)!]
  const digest = yield* sameAsPutAside(real, entry)
  // By force also when the present database cannot be read any more.
  const asked = writtenSince(real, undone)
  const written = yield* options.force === true ? Effect.orElseSucceed(asked, () => true) : asked
  const { events, from, lastEvent, only, records, to } = yield* compared(real, entry, last)
  const refused = written && options.force !== true
  if (refused && !dryRun) {
    return yield* new RecordedSince({ path: options.database, entry: entry.id, events, only_in_present: only })
  }
  const steps = yield* Effect.forEach(undone, (one) => stepOf(real, one))
  const path = backupOf(real, entry)
  if (!dryRun) yield* phase("copying the old database", { bytes: entry.back.bytes })
  const copy = dryRun ? undefined : yield* stagedCopy(path, real)
  if (copy !== undefined && copy.pages !== digest) {
    return yield* new CannotGoBack({ path, entry: entry.id, reason: "changed", detail: "it was written to meanwhile" })
  }
  return {
    copy,
    lastEvent,
    report: {
      target: options.database,
      database: real,
      dry_run: dryRun,
      undone: steps,
      from,
      to,
      records,
      written_since: written,
      events_since: events,
      only_in_present: only,
      refused,
      notes: notesOf(history, undone.slice(0, 1), only !== null)
    }
  }
})

/**
 * Puts the database back that the last entry of the history replaced, or an earlier one. What is interrupted before the rename leaves the
 * state before; from there on it is done, and says so.
 */
export const undo = Effect.fn("Undo.undo")((options: UndoOptions) =>
  Effect.gen(function*() {
    const database = yield* Database
    const real = yield* resolve(options.database)
    return yield* Effect.gen(function*() {
      const { copy, lastEvent, report } = yield* Effect.interruptible(prepare(options, real))
      const { records, undone } = report
      const draft = { what: "undo", by: options.by, undone: undone.map(({ id }) => id), records } as const
      const swapped = copy === undefined
        ? undefined
        : yield* recording(real, copy.path, { ...draft, lastEvent, pages: copy.pages }, (recorded) =>
          database.swap(copy, real, true, undefined, recorded))
      return new UndoReport({ ...report, backup: swapped?.backup ?? null, entry: swapped?.entry ?? null })
    }).pipe(Effect.mapError(named(real, options.database)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
