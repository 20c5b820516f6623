/**
 * A snapshot becomes a database:
 *
 *     file ──lines──▶ records ──▶ stage ──judge──▶ (repair) ──build──▶ proof ──swap──▶ target
 *
 * Nothing is touched before the last arrow, and that is one rename. A failure before it leaves the target as it was and nothing
 * beside it; a crash leaves a staged file, which the next restore of the same target takes away.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Database } from "../database/Database.ts"
import * as Lock from "../database/Lock.ts"
import { instanceIn } from "../database/meta.ts"
import { openError } from "../database/OpenError.ts"
import { pagesDigest } from "../database/pagesDigest.ts"
import { inTemporary } from "../database/temporary.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, replaceable, resolve, sameFile } from "../files/paths.ts"
import * as Rejected from "../files/rejected.ts"
import { privateDirectory, sweepPrivate } from "../files/staleFiles.ts"
import { lastEventIn } from "../history/events.ts"
import { recording, settle } from "../history/record.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { refuseProtected } from "../presence/protectedFiles.ts"
import { phase } from "../Progress.ts"
import { lossesOf } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import { open, type Opened } from "../snapshot/input.ts"
import { unknownLoss } from "../snapshot/losses.ts"
import { notesOf } from "../snapshot/verify.ts"
import { formatOf } from "../snapshot/version.ts"
import { named } from "./asNamed.ts"
import { fill } from "./fill.ts"
import { type ImportOptions, ImportReport, InputIsTarget } from "./ImportReport.ts"
import { onlyInOld } from "./lostByReplacing.ts"
import { prove } from "./proof.ts"
import { salvageOf } from "./salvage.ts"
import { stopHint } from "./stopHint.ts"

export { LossesRefused, LossUnknown } from "../snapshot/losses.ts"
export { type ImportOptions, ImportRefused, ImportReport, InputIsTarget } from "./ImportReport.ts"

/** Fails early for what would be refused in the end. */
const check = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, target: string) {
  const fs = yield* FileSystem.FileSystem
  yield* refuseProtected(options.target, "database")
  const there = yield* exists(target)
  if (there) {
    const { type } = yield* Effect.mapError(fs.stat(target), fromPlatform("stat", target))
    if (type === "Directory") return yield* openError(options.target, "directory")
    if (type !== "File") return yield* openError(options.target, "special")
    if (typeof options.input === "string" && (yield* sameFile(options.input, target))) {
      return yield* new InputIsTarget({ path: options.target })
    }
    if (options.force !== true) return yield* openError(options.target, "exists")
    // SQLite would open it for reading, and leave beside somebody else's database files that its owner cannot open.
    yield* replaceable(target)
  } else if (options.force !== true && ((yield* exists(`${target}-wal`)) || (yield* exists(`${target}-journal`)))) {
    return yield* openError(options.target, "orphan")
  }
  const { running: daemons } = yield* running({ databasePath: target, ...options.homes })
  if (daemons.length > 0) {
    const hint = yield* stopHint(options.target, options.homes)
    return yield* new DaemonRunning({ path: options.target, daemons, hint })
  }
  return there
})

/** What the old database would lose; none when it cannot be read as one of this version. */
const compareWithOld = (target: string, stagedPath: string, format: Format) =>
  Effect.scoped(Effect.gen(function*() {
    const database = yield* Database
    return yield* onlyInOld(yield* database.view(target, format), yield* database.view(stagedPath, format))
  })).pipe(Effect.option)

/** A sealed stage at `place`, which was proven, and what is to be said of it. */
const staged = Effect.fnUntraced(
  function*<E>(options: ImportOptions<E>, input: Opened, target: string, place: string, there: boolean) {
    const database = yield* Database
    const format = options.format ?? version10
    const from = yield* formatOf(input, format)
    const stage = yield* database.stage(place, format)
    const { changed, damaged, examined, findings, joined, missing, own, rejected } = yield* fill(
      options,
      input,
      from,
      stage,
      format
    )
    const { reading } = examined
    yield* stage.build
    const instance = yield* instanceIn(stage.db)
    const lastEvent = yield* lastEventIn(stage.db)
    yield* stage.seal
    const { proof, records } = yield* Effect.scoped(
      Effect.flatMap(
        database.view(stage.path, format),
        (view) => prove(view, format, input, examined, changed, findings)
      )
    )
    if (there) yield* phase("comparing with the database that is replaced")
    const pages = there && options.dryRun !== true ? yield* pagesDigest(stage.path) : undefined
    const lost = there ? yield* compareWithOld(target, stage.path, format) : Option.none()
    const left = rejected === undefined || options.dryRun === true
      ? undefined
      : yield* Rejected.prepare(options.target, rejected.file.bytes)
    return {
      stage,
      rejected: left,
      made: { lastEvent, pages },
      report: {
        input: input.name,
        version: from.version,
        target: options.target,
        database: target,
        dry_run: options.dryRun === true,
        sealed: reading.sealed,
        scope: reading.header?.scope ?? "database" as const,
        live_only: reading.header?.live_only ?? false,
        records: Object.fromEntries(records),
        read: Object.fromEntries(reading.records),
        proof,
        instance_uid: instance ?? null,
        new_instance: options.newInstance === true || own,
        findings,
        losses: lossesOf(findings),
        refused_losses: missing,
        only_in_old: Option.getOrNull(lost),
        joined,
        left_out: rejected?.lines ?? 0,
        rejected_file: left?.name ?? null,
        salvage: damaged === undefined ? null : salvageOf(damaged, findings, left?.name),
        notes: [
          ...notesOf(reading, from, format),
          ...(damaged?.notes ?? []),
          ...(there && Option.isNone(lost)
            ? ["the database that was there could not be read, so what only it held is not known"]
            : [])
        ]
      }
    }
  }
)

const cleanUpAfter = Effect.fnUntraced(function*(target: string) {
  if (!(yield* exists(Lock.pathOf(target)))) return
  const { cleanUp } = yield* Database
  yield* Effect.scoped(Effect.zipRight(Lock.acquire(target, "restore"), cleanUp(target)))
})

/** Everything before the rename. It can be interrupted at any time. */
const prepare = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, target: string) {
  yield* sweepPrivate()
  // Also a restore that is refused takes away what a killed one left; where there was none, it leaves not even a lock file.
  const there = yield* Effect.tapError(
    check(options, target),
    () => options.dryRun === true ? Effect.void : Effect.ignore(cleanUpAfter(target))
  )
  // Before the lock: what is piped in may take its time, and an input that is not there leaves not even a lock file.
  const input = yield* open(options.input)
  if (options.dryRun === true) {
    // Nowhere near the target.
    const directory = yield* privateDirectory("import")
    return yield* staged(options, input, target, `${directory}/database.db`, there).pipe(
      Effect.mapError(inTemporary(directory))
    )
  }
  yield* Lock.acquire(target, "restore")
  yield* (yield* Database).cleanUp(target)
  if (there) yield* settle(target)
  return yield* staged(options, input, target, target, there)
})

/**
 * Restores a snapshot into a new database, or in the place of one that is there. What is interrupted before the rename leaves the state
 * before; from there on it is done, and says so.
 */
export const restore = Effect.fn("Import.restore")(<E = never>(options: ImportOptions<E>) =>
  Effect.gen(function*() {
    const database = yield* Database
    const unknown = unknownLoss(options.acceptLoss ?? [])
    if (unknown !== undefined) return yield* unknown
    const target = yield* resolve(options.target)
    return yield* Effect.gen(function*() {
      const { made, rejected, report, stage } = yield* Effect.interruptible(prepare(options, target))
      const { input, records } = report
      const swap = recording(
        target,
        stage.path,
        { what: "restore", by: options.by, input, records, ...made },
        (recorded) => database.swap(stage, target, options.force === true, undefined, recorded)
      )
      const swapped = options.dryRun === true ? undefined : yield* Rejected.beside(rejected, swap)
      return new ImportReport({ ...report, backup: swapped?.backup ?? null, entry: swapped?.entry ?? null })
    }).pipe(Effect.mapError(named(target, options.target)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
