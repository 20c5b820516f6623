/**
 * Takes back what replaced a database, by what replaces databases:
 *
 *     entry ──▶ the file that was put aside ──digest, checks──▶ a copy of it ──swap──▶ the database; the present one beside it
 *
 * Nothing is touched before the last arrow. It leaves an entry itself, so an undo is taken back by another one. The file that was put aside
 * stays what it is: a later undo can go there again. What was done to rows is taken back where they are (`inPlace`).
 */
import * as Effect from "effect/Effect"
import { TargetBusy } from "../changes/moved.ts"
import { present } from "../database/absent.ts"
import { Database } from "../database/Database.ts"
import { rollBack } from "../database/hotJournal.ts"
import * as Lock from "../database/Lock.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { stagedCopy } from "../database/stagedCopy.ts"
import { resolve } from "../files/paths.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { type Entry, isOfFile, isOfRows, type OfFile, type OfRows } from "../history/Entry.ts"
import { backupOf, type History, read } from "../history/history.ts"
import { recording, settle } from "../history/record.ts"
import { named } from "../import/asNamed.ts"
import { isServed } from "../import/beside.ts"
import { stopHint } from "../import/stopHint.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { phase } from "../Progress.ts"
import { version10 } from "../records/kinds.ts"
import { compared, sameAsPutAside, writtenSince } from "./goBack.ts"
import { inPlace } from "./inPlace.ts"
import { applied, planned, taken } from "./rowsBack.ts"
import { stepOf } from "./steps.ts"
import {
  CannotGoBack,
  NoSuchEntry,
  NothingToUndo,
  RecordedSince,
  type UndoOptions,
  UndoReport,
  WorkedOnSince
} from "./UndoReport.ts"

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

/**
 * What is to be put in place: a copy of the file that the last of the entries of files put aside, in which the older ones, of rows, are taken
 * back. Of a dry run without those it is the file itself.
 */
const staged = Effect.fnUntraced(
  function*(
    options: UndoOptions,
    real: string,
    entry: OfFile,
    older: ReadonlyArray<OfRows>,
    digest: string | undefined
  ) {
    const path = backupOf(real, entry)
    if (options.dryRun === true && older.length === 0) return { path, pages: digest, built: [], read: path }
    yield* phase("copying the old database", { bytes: entry.back.bytes })
    const copy = yield* stagedCopy(path, real)
    if (copy.pages !== digest) {
      return yield* new CannotGoBack({
        path,
        entry: entry.id,
        reason: "changed",
        detail: "it was written to meanwhile"
      })
    }
    if (older.length === 0) return { ...copy, built: [], read: path }
    const { change } = yield* Database
    const built = yield* Effect.forEach(older, (one) =>
      Effect.gen(function*() {
        const { built, db, lastLink } = yield* planned(real, one, copy.path, version10, true)
        if (built.count > 0 && options.force !== true && options.dryRun !== true) {
          return yield* new WorkedOnSince({
            path: options.database,
            entry: one.id,
            built_on: built.first,
            count: built.count,
            done: [],
            way: null
          })
        }
        yield* change(copy.path, db, (target) => applied(target, version10, one, options.database, lastLink)).pipe(
          Effect.mapError(taken(one, options.database)),
          // nobody else has the copy
          Effect.catchTag("Moved", Effect.die)
        )
        return built
      }).pipe(Effect.scoped))
    return { path: copy.path, pages: yield* pagesDigest(copy.path), built, read: copy.path }
  }
)

/** Everything before the rename. It can be interrupted at any time. */
const prepare = Effect.fnUntraced(
  function*(options: UndoOptions, real: string, history: History, undone: ReadonlyArray<Entry>, entry: OfFile) {
    const dryRun = options.dryRun === true
    const at = undone.indexOf(entry)
    const older = undone.slice(at + 1).filter(isOfRows)
    const digest = yield* sameAsPutAside(real, entry)
    // By force also when the present database cannot be read any more.
    const asked = writtenSince(real, undone.slice(0, at + 1))
    const written = yield* options.force === true ? Effect.orElseSucceed(asked, () => true) : asked
    const { built, pages, path, read: look } = yield* staged(options, real, entry, older, digest)
    const { events, from, lastEvent, only, records, to } = yield* compared(real, look, entry, undone[0]!)
    const builtCount = built.reduce((sum, { count }) => sum + count, 0)
    const refused = (written || builtCount > 0) && options.force !== true
    if (refused && !dryRun) {
      return yield* new RecordedSince({ path: options.database, entry: entry.id, events, only_in_present: only })
    }
    const steps = yield* Effect.forEach(undone, (one) => stepOf(real, one))
    return {
      copy: dryRun ? undefined : { path, pages },
      lastEvent,
      report: {
        target: options.database,
        database: real,
        dry_run: dryRun,
        undone: steps,
        from,
        to,
        records,
        changes: null,
        built_on: built.flatMap(({ first }) => first),
        built_on_count: builtCount,
        written_since: written,
        events_since: events,
        only_in_present: only,
        refused,
        notes: notesOf(history, undone.slice(0, 1), only !== null)
      }
    }
  }
)

/** What of the history is taken back. Leaves the history in order, and the lock taken where the file is to be replaced. */
const begun = Effect.fnUntraced(function*(options: UndoOptions, real: string) {
  yield* sweepPrivate()
  yield* present(options.database)
  const dryRun = options.dryRun === true
  // Before the lock: where there is nothing to undo, nothing is left.
  const asked = yield* Effect.flatMap(read(real), (history) => chosen(options, history))
  const served = yield* asked.every(isOfRows)
    ? isServed(options.database, real, options.homes)
    : Effect.as(refuseDaemons(options, real), false)
  if (!dryRun && !served) {
    yield* Lock.acquire(real, "undo")
    yield* (yield* Database).cleanUp(real)
    yield* settle(real)
    // Ignored: what cannot be opened is replaced all the same. What a killed transaction has changed was not recorded.
    yield* Effect.ignore(rollBack(real))
  }
  const history = yield* read(real)
  const undone = yield* chosen(options, history)
  // while it waited for the lock another undo was done, which nobody asked to take back
  if (undone[0]?.id !== asked[0]?.id) return yield* new TargetBusy({ target: options.database, what: "another undo" })
  return { history, undone }
})

/**
 * Puts the database back that the last entry of the history replaced, or the rows that it changed, or goes back to before an earlier one. What is
 * interrupted before the rename or the commit leaves the state before; from there on it is done, and says so.
 */
export const undo = Effect.fn("Undo.undo")((options: UndoOptions) =>
  Effect.gen(function*() {
    const database = yield* Database
    const real = yield* resolve(options.database)
    return yield* Effect.gen(function*() {
      const { history, undone } = yield* Effect.interruptible(begun(options, real))
      const entry = undone.findLast(isOfFile)
      if (entry === undefined) {
        return yield* inPlace(options, real, undone.filter(isOfRows), notesOf(history, undone.slice(0, 1), true))
      }
      const { copy, lastEvent, report } = yield* Effect.interruptible(prepare(options, real, history, undone, entry))
      const { records } = report
      const draft = { what: "undo", by: options.by, undone: undone.map(({ id }) => id), records } as const
      const swapped = copy === undefined
        ? undefined
        : yield* recording(real, copy.path, { ...draft, lastEvent, pages: copy.pages }, (recorded) =>
          database.swap(copy, real, true, undefined, recorded))
      return new UndoReport({ ...report, backup: swapped?.backup ?? null, entry: swapped?.entry ?? null })
    }).pipe(Effect.mapError(named(real, options.database)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
