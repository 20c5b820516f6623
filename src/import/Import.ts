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
import * as Schema from "effect/Schema"
import { Database, type Stage } from "../database/Database.ts"
import * as Lock from "../database/Lock.ts"
import { openError } from "../database/OpenError.ts"
import { inTemporary } from "../database/temporary.ts"
import { Counts } from "../export/Export.ts"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { exists, replaceable, resolve, sameFile } from "../files/paths.ts"
import * as Rejected from "../files/rejected.ts"
import { spool } from "../files/Spool.ts"
import { privateDirectory, sweepPrivate } from "../files/staleFiles.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import { phase } from "../Progress.ts"
import { blocking, Finding } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import { ContentSum } from "../snapshot/digest.ts"
import { type Input, open, type Opened } from "../snapshot/input.ts"
import type { Transform } from "../snapshot/load.ts"
import { refusedLines } from "../snapshot/salvage.ts"
import { Scope } from "../snapshot/seal.ts"
import { examine, notesOf } from "../snapshot/verify.ts"
import { formatOf } from "../snapshot/version.ts"
import { named } from "./asNamed.ts"
import { instanceOf, renew } from "./instance.ts"
import { OnlyInOld, onlyInOld } from "./lostByReplacing.ts"
import { Proof, prove } from "./proof.ts"
import { repair } from "./repair.ts"
import { examineDamaged, Salvage, salvageOf } from "./salvage.ts"

export interface ImportOptions<E = never> {
  readonly input: Input<E>
  /** The path of the database to make. */
  readonly target: string
  /** Replace a database that is there; it stays beside the new one as a backup. */
  readonly force?: boolean
  /** Give the copy an identity of its own, when both are to be used. */
  readonly newInstance?: boolean
  /** Everything but the rename: read, load, judge, prove. */
  readonly dryRun?: boolean
  /** Mend what breaks a rule, and normalise what is odd. */
  readonly repair?: boolean
  /** Take what can be read of a damaged file and what the rules let in; the other lines go raw to a file beside the target. */
  readonly salvage?: boolean
  /** Called for every record on its way in. */
  readonly transform?: Transform
  /** What the file is a file of, and the database will be; version 10 unless said otherwise. */
  readonly format?: Format
  /** Where runtime records of daemons are looked for. */
  readonly homes: { readonly kataHome: string; readonly userHome: string }
}

export class ImportReport extends Schema.Class<ImportReport>("ImportReport")({
  input: Schema.String,
  /** The export version of the file. */
  version: Schema.Int,
  /** As it was named. */
  target: Schema.String,
  /** The file that was made: absolute, and without links. */
  database: Schema.String,
  dry_run: Schema.Boolean,
  /** Where the database went that was there; null when there was none. */
  backup: Schema.NullOr(Schema.String),
  sealed: Schema.Boolean,
  scope: Scope,
  live_only: Schema.Boolean,
  /** In the new database. */
  records: Counts,
  /** In the file; more of a kind than in the database only by what the findings say was dropped. */
  read: Counts,
  proof: Proof,
  instance_uid: Schema.NullOr(Schema.String),
  /** The database has an identity of its own: it was asked for, or an old file says none. */
  new_instance: Schema.Boolean,
  findings: Schema.Array(Finding),
  /** What only the replaced database held; null when nothing was replaced or it could not be read. */
  only_in_old: Schema.NullOr(OnlyInOld),
  /** What became of the lines of the file; null unless a salvage was asked for. */
  salvage: Schema.NullOr(Salvage),
  notes: Schema.Array(Schema.String)
}) {}

/** Rules that an error names; a report names all. */
const shown = 3

/** Records break rules of the schema, and nobody asked to mend them. */
export class ImportRefused extends Schema.TaggedError<ImportRefused>()("ImportRefused", {
  file: Schema.String,
  findings: Schema.Array(Finding)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    const count = this.findings.reduce((sum, finding) => sum + finding.count, 0)
    const more = this.findings.length > shown ? `; and ${this.findings.length - shown} more` : ""
    return `${this.file}: ${count === 1 ? "a record breaks" : `${count} records break`} the rules of the database: ` +
      this.findings.slice(0, shown).map((finding) => finding.brief).join("; ") + more
  }
  get hint() {
    return "nothing was changed; kata verify lists all of it, kata import --repair mends or leaves out each and says so"
  }
}

/** The file to read is the database to replace. */
export class InputIsTarget extends Schema.TaggedError<InputIsTarget>()("InputIsTarget", { path: Schema.String }) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `input and target are the same file: ${this.path}`
  }
  get hint() {
    return "name a snapshot as the input; nothing was changed"
  }
}

const stopHint = "stop it first, with the kata that started it: kata daemon stop"

/** Fails early for what would be refused in the end. */
const check = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, target: string) {
  const fs = yield* FileSystem.FileSystem
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
  if (daemons.length > 0) return yield* new DaemonRunning({ path: options.target, daemons, hint: stopHint })
  return there
})

/** Loads, judges, mends: afterwards the stage holds what will be restored, and no rule is broken. */
const fill = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, input: Opened, from: Format, stage: Stage) {
  const format = options.format ?? version10
  const odd = options.repair === true
  const changes = odd || options.transform !== undefined || options.newInstance === true
  const damaged = options.salvage === true
    ? yield* examineDamaged(input, from, format, stage, options.transform)
    : undefined
  const examined = damaged ?? (yield* examine(input, from, format, stage, {
    repair: odd,
    transform: options.transform,
    sum: changes ? "always" : "unsealed"
  }))
  const mend = odd || damaged !== undefined
  const mended = mend
    ? yield* repair(stage, format, examined.findings, {
      odd,
      sequences: damaged?.whole === false,
      origins: damaged?.origins
    })
    : { left: examined.findings, done: [], change: new ContentSum() }
  const refused = blocking(mended.left)
  if (refused.length > 0) return yield* new ImportRefused({ file: input.name, findings: refused })
  // An upgrade may have made a new identity just now, which rows of the stage name.
  const own = examined.upgraded !== undefined && (yield* instanceOf(stage)) === examined.upgraded.instanceUid
  const renewed = options.newInstance === true && !own ? yield* renew(stage, format) : new ContentSum()
  const told = mend
    ? [...examined.findings.filter(({ outcome }) => outcome !== "carried"), ...mended.done, ...mended.left]
    : mended.left
  return {
    examined: { ...examined, sum: examined.sum?.plus(mended.change).plus(renewed) },
    changed: changes || examined.upgraded !== undefined ||
      (damaged !== undefined && told.some(({ outcome }) => outcome !== "carried")),
    findings: told,
    damaged,
    own,
    // While the stage still knows which lines these are.
    rejected: damaged === undefined || damaged.origins.refused === 0
      ? undefined
      : yield* spool(refusedLines(input, stage.db, damaged.origins))
  }
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
    const { changed, damaged, examined, findings, own, rejected } = yield* fill(options, input, from, stage)
    const { reading } = examined
    yield* stage.build
    const instance = yield* instanceOf(stage)
    yield* stage.seal
    const { proof, records } = yield* Effect.scoped(
      Effect.flatMap(
        database.view(stage.path, format),
        (view) => prove(view, format, input, examined, changed, findings)
      )
    )
    if (there) yield* phase("comparing with the database that is replaced")
    const lost = there ? yield* compareWithOld(target, stage.path, format) : Option.none()
    const left = rejected === undefined || options.dryRun === true
      ? undefined
      : yield* Rejected.prepare(options.target, rejected.bytes)
    return {
      stage,
      rejected: left,
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
        only_in_old: Option.getOrNull(lost),
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
  return yield* staged(options, input, target, target, there)
})

/**
 * Restores a snapshot into a new database, or in the place of one that is there. What is interrupted before the rename leaves the state
 * before; from there on it is done, and says so.
 */
export const restore = Effect.fn("Import.restore")(<E = never>(options: ImportOptions<E>) =>
  Effect.gen(function*() {
    const database = yield* Database
    const target = yield* resolve(options.target)
    return yield* Effect.gen(function*() {
      const { rejected, report, stage } = yield* Effect.interruptible(prepare(options, target))
      const swapped = options.dryRun === true
        ? undefined
        : yield* Rejected.beside(rejected, database.swap(stage, target, options.force === true))
      return new ImportReport({ ...report, backup: swapped?.backup ?? null })
    }).pipe(Effect.mapError(named(target, options.target)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
