/**
 * A database of another version becomes one of this version, in its place; one of a newer version only on demand:
 *
 *     old database ──records──▶ stage ──judge──▶ build ──▶ proof ──swap──▶ the database; the old one beside it
 *
 * What an import does with the lines of a file is done with the rows of the old database, which are read in one transaction. Nothing is
 * touched before the last arrow; a crash leaves a staged file, which the next upgrade takes away.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { judge } from "../database/checkRules.ts"
import { Database, type View } from "../database/Database.ts"
import { rollBack } from "../database/hotJournal.ts"
import { problemsIn } from "../database/integrity.ts"
import * as Lock from "../database/Lock.ts"
import { instanceIn } from "../database/meta.ts"
import { openError } from "../database/OpenError.ts"
import { type OrphanClass, orphanClasses, orphanLines, orphans, unknownOrphans, without } from "../database/orphans.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { moveAside } from "../database/previous.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { inTemporary } from "../database/temporary.ts"
import { textBlobs } from "../database/textBlobs.ts"
import { resolve } from "../files/paths.ts"
import * as Rejected from "../files/rejected.ts"
import { privateDirectory, sweepPrivate } from "../files/staleFiles.ts"
import { lastEventIn } from "../history/events.ts"
import { isUnsettled } from "../history/history.ts"
import { recording, settle } from "../history/record.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import * as GoUpgrade from "../presence/goUpgrade.ts"
import { phase } from "../Progress.ts"
import { blocking, type Finding, lossesOf } from "../records/Finding.ts"
import { version10 } from "../records/kinds.ts"
import { convert, convertible } from "../snapshot/convert.ts"
import { LossesRefused, unaccepted, unknownLoss } from "../snapshot/losses.ts"
import { named } from "./asNamed.ts"
import { ProofFailed, proveSum } from "./proof.ts"
import { stopHint } from "./stopHint.ts"
import {
  GoUpgradeRunning,
  LossNotAccepted,
  OrphansUnknown,
  type UpgradeOptions,
  UpgradeRefused,
  UpgradeReport
} from "./UpgradeReport.ts"

export { GoUpgradeRunning, LossNotAccepted, OrphansUnknown, UpgradeRefused, UpgradeReport } from "./UpgradeReport.ts"
export type { UpgradeOptions } from "./UpgradeReport.ts"

const format = version10

/** The version of a database; fails for one that this kata neither works with nor makes one of its own. */
export const versionOf = Effect.fn("Upgrade.versionOf")(function*(path: string) {
  const { view } = yield* Database
  return yield* Effect.scoped(Effect.map(view(path, format, convertible(format)), (view) => view.format.version))
})

/** Names that stand for every orphan. */
const groups = ["all", "orphans"]

const orphanNames = ["orphans", ...orphanClasses.map(({ name }) => name)]

const isAccepted = ({ acceptLoss = [] }: UpgradeOptions, { name }: OrphanClass): boolean =>
  [...groups, name].some((word) => acceptLoss.includes(word))

/** Asks the old database what would go wrong, before anything is made of it. Gives what it is upgraded without. */
const preflight = Effect.fnUntraced(function*(options: UpgradeOptions, view: View) {
  yield* phase("checking the old database")
  const [problem, ...more] = yield* problemsIn(view.db)
  if (problem !== undefined) {
    const others = more.length === 0 ? "" : `; and ${more.length} more`
    return yield* openError(view.path, "damaged", `table ${problem.table}: ${problem.says}${others}`)
  }
  const unknown = yield* unknownOrphans(view.db, view.format)
  if (unknown.count > 0) {
    const rows = unknown.rows.map((row) => ({ ...row, rowid: String(row.rowid ?? "?") }))
    return yield* new OrphansUnknown({ path: view.path, count: unknown.count, rows })
  }
  const found = yield* orphans(view.db, view.format)
  const refused = found.filter(({ of }) => !isAccepted(options, of))
  if (refused.length > 0 && options.dryRun !== true) {
    return yield* new LossNotAccepted({
      path: view.path,
      losses: lossesOf(refused.map(({ finding }) => finding)),
      findings: refused.map(({ finding }) => finding)
    })
  }
  return { left: found, refused: refused.map(({ of }) => of.name), blobs: yield* textBlobs(view.db, view.format) }
})

/** The rows that are left out, and the cells that others lose, raw. */
const leftOut = (view: View, classes: ReadonlyArray<OrphanClass>) =>
  Stream.flatMap(Stream.fromIterable(classes), (of) =>
    Stream.flatMap(
      Stream.paginateEffect(-(2n ** 63n), (after: bigint) =>
        Effect.map(
          orphanLines(view.db, view.format, of, after),
          (found) => [found?.lines ?? [], Option.fromNullable(found?.last)] as const
        )),
      (lines) => Stream.fromIterable(lines)
    ))

/** Every row of the old database was read, or left out with a line. */
const accounted = Effect.fnUntraced(
  function*(view: View, read: ReadonlyMap<string, number>, left: ReadonlyArray<Finding>) {
    const there = yield* view.count(wholeDatabase)
    const wrong = view.format.kinds.flatMap(({ name }) => {
      const gone = left.filter(({ kind, outcome }) => kind === name && outcome === "dropped")
        .reduce((sum, { count }) => sum + count, 0)
      const [rows, were] = [there.get(name) ?? 0, read.get(name) ?? 0]
      return rows === were + gone ? [] : [`${name}: ${rows} in the old database, ${were} were read, ${gone} left out`]
    })
    if (wrong.length > 0) return yield* new ProofFailed({ file: view.path, reason: wrong.join("; ") })
    return there
  }
)

/** A sealed stage at `place` that was proven to hold what the old database holds, and what is to be said of it. */
const staged = Effect.fnUntraced(function*(options: UpgradeOptions, view: View, place: string, outer: Scope.Scope) {
  const database = yield* Database
  const { blobs, left, refused: refusedLosses } = yield* preflight(options, view)
  const stage = yield* Scope.extend(database.stage(place, format), outer)
  const converted = yield* convert(view, stage, format, without(left.map(({ of }) => of), blobs.columns))
  const { read, sum } = converted
  const missing = unaccepted(converted.findings, options.acceptLoss ?? [])
  if (missing.length > 0 && options.dryRun !== true) {
    const file = view.path
    return yield* new LossesRefused({
      file,
      version: view.format.version,
      findings: missing,
      next: "kata upgrade --from-newer --dry-run"
    })
  }
  const there = yield* accounted(view, read, left.map(({ finding }) => finding))
  yield* phase("checking")
  const judged = yield* judge(stage.db, format, wholeDatabase)
  const findings = [...converted.findings, ...judged]
  const refused = blocking(findings)
  if (refused.length > 0) return yield* new UpgradeRefused({ path: view.path, findings: refused })
  yield* stage.build
  const instance = yield* instanceIn(stage.db)
  const lastEvent = yield* lastEventIn(stage.db)
  yield* stage.seal
  const records = yield* Effect.scoped(
    Effect.flatMap(
      database.view(stage.path, format),
      (made) => proveSum(made, format, { file: view.path, read, sum }, findings)
    )
  )
  const rejected = options.dryRun === true || left.length === 0
    ? undefined
    : yield* Scope.extend(Rejected.prepare(options.database, leftOut(view, left.map(({ of }) => of))), outer)
  const pages = options.dryRun === true ? undefined : yield* pagesDigest(stage.path)
  yield* view.confirm
  return {
    stage,
    rejected,
    made: { lastEvent, pages },
    report: {
      from: view.format.version,
      to: format.version,
      read: Object.fromEntries(there),
      records: Object.fromEntries(records),
      instance_uid: instance ?? null,
      findings: [...view.findings, ...left.map(({ finding }) => finding), ...blobs.findings, ...findings],
      losses: lossesOf([...left.map(({ finding }) => finding), ...converted.findings]),
      refused_losses: [...refusedLosses, ...Object.keys(lossesOf(missing))],
      rejected_file: rejected?.name ?? null
    }
  }
})

const refuseGoUpgrade = Effect.fnUntraced(function*(asked: string, leftovers: ReadonlyArray<string>) {
  const found = yield* GoUpgrade.atWork(leftovers)
  if (Option.isSome(found)) {
    return yield* new GoUpgradeRunning({ path: asked, leftover: found.value.path, pid: found.value.pid })
  }
})

const explained = (leftovers: ReadonlyArray<string>, dryRun: boolean): ReadonlyArray<string> =>
  leftovers.length === 0 ? [] : [
    "an upgrade by Go kata was interrupted; what it left holds nothing that the old database does not, and " +
    (dryRun ? "would be moved aside" : "was moved aside, not removed")
  ]

/** Everything before the rename. It can be interrupted at any time. */
const prepare = Effect.fnUntraced(function*(options: UpgradeOptions, real: string) {
  const unknown = unknownLoss(options.acceptLoss ?? [], orphanNames)
  if (unknown !== undefined) return yield* unknown
  yield* sweepPrivate()
  const outer = yield* Effect.scope
  const dryRun = options.dryRun === true
  let from = yield* versionOf(options.database)
  const leftovers = yield* GoUpgrade.leftovers(real)
  const report = {
    target: options.database,
    database: real,
    dry_run: dryRun,
    notes: explained(leftovers, dryRun)
  }
  let nothing = from === format.version
  if (from > format.version && options.fromNewer !== true) {
    return yield* openError(
      options.database,
      "newer",
      `version ${from}, this kata works with version ${format.version}`
    )
  }
  if (!nothing || leftovers.length > 0) {
    const { running: daemons } = yield* running({ databasePath: real, ...options.homes })
    if (daemons.length > 0) {
      const hint = yield* stopHint(options.database, options.homes)
      return yield* new DaemonRunning({ path: options.database, daemons, hint })
    }
    if (!dryRun) yield* Lock.acquire(real, "upgrade")
    yield* refuseGoUpgrade(options.database, leftovers)
    // Who had the lock before may have upgraded it.
    from = yield* versionOf(options.database)
    nothing = from === format.version
  }
  if (nothing) {
    // A killed upgrade may have left its entry pending. Ignored: who has the lock, or works next, does it.
    if (!dryRun && (yield* isUnsettled(real))) {
      yield* Effect.ignore(Effect.scoped(Effect.zipRight(Lock.acquire(real, "upgrade"), settle(real))))
    }
    const none = {
      from,
      to: from,
      read: {},
      records: {},
      instance_uid: null,
      findings: [],
      losses: {},
      refused_losses: [],
      rejected_file: null
    }
    const nobody = { stage: undefined, rejected: undefined, made: { lastEvent: undefined, pages: undefined } }
    return { ...nobody, leftovers, unchanged: "", report: { ...report, ...none } }
  }
  const database = yield* Database
  const place = dryRun ? yield* privateDirectory("upgrade") : undefined
  if (!dryRun) yield* Effect.all([database.cleanUp(real), settle(real), rollBack(real)], { discard: true })
  const unchanged = yield* database.contentStamp(real)
  const made = yield* Effect.scoped(Effect.flatMap(
    database.view(real, format, convertible(format)),
    (view) => staged(options, view, place === undefined ? real : `${place}/database.db`, outer)
  )).pipe(Effect.mapError(place === undefined ? (error) => error : inTemporary(place)))
  return { ...made, leftovers, unchanged, report: { ...report, ...made.report } }
})

/**
 * Upgrades a database in its place; the old one stays beside it. One that is of this version already is left alone. What is interrupted
 * before the rename leaves the state before; from there on it is done, and says so.
 */
export const upgrade = Effect.fn("Upgrade.upgrade")((options: UpgradeOptions) =>
  Effect.gen(function*() {
    const database = yield* Database
    const real = yield* resolve(options.database)
    return yield* Effect.gen(function*() {
      const { leftovers, made, rejected, report, stage, unchanged } = yield* Effect.interruptible(
        prepare(options, real)
      )
      const draft = { what: "upgrade", by: options.by, records: report.records, ...made } as const
      const swapped = stage === undefined || options.dryRun === true ? undefined : yield* Rejected.beside(
        rejected,
        recording(real, stage.path, draft, (recorded) => database.swap(stage, real, true, unchanged, recorded))
      )
      const moved = options.dryRun === true ? [] : yield* Effect.forEach(
        leftovers,
        (from) => Effect.map(moveAside(from), (to) => ({ from, to }))
      )
      return new UpgradeReport({ ...report, backup: swapped?.backup ?? null, entry: swapped?.entry ?? null, moved })
    }).pipe(Effect.mapError(named(real, options.database)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
