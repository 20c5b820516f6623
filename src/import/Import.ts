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
import { DaemonRunning, running } from "../database/daemons.ts"
import { Database, type Stage } from "../database/Database.ts"
import * as Lock from "../database/Lock.ts"
import { OpenError, openError } from "../database/OpenError.ts"
import { SqliteFailure } from "../database/SqliteFailure.ts"
import { stagePrefix } from "../database/stage.ts"
import { Counts } from "../export/Export.ts"
import type { FailureKind } from "../Failure.ts"
import { FileError, fromPlatform } from "../files/FileError.ts"
import { privateDirectory, sweepPrivate } from "../files/leftovers.ts"
import { exists, nameOf, resolve, sameFile } from "../files/paths.ts"
import { phase } from "../Progress.ts"
import { blocking, Finding } from "../records/Finding.ts"
import { Meta } from "../records/kinds.ts"
import { write } from "../records/line.ts"
import { type Input, open, type Opened } from "../snapshot/input.ts"
import type { Transform } from "../snapshot/load.ts"
import type { Reading } from "../snapshot/read.ts"
import { Scope } from "../snapshot/seal.ts"
import { examine, notesOf } from "../snapshot/verify.ts"
import { Proof, prove } from "./proof.ts"
import { repair } from "./repair.ts"
import { OnlyInOld, onlyInOld } from "./replaced.ts"
import { newUlid } from "./ulid.ts"

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
  /** Called for every record on its way in. */
  readonly transform?: Transform
  /** Where runtime records of daemons are looked for. */
  readonly homes: { readonly kataHome: string; readonly userHome: string }
}

export class ImportReport extends Schema.Class<ImportReport>("ImportReport")({
  input: Schema.String,
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
  new_instance: Schema.Boolean,
  findings: Schema.Array(Finding),
  /** What only the replaced database held; null when nothing was replaced or it could not be read. */
  only_in_old: Schema.NullOr(OnlyInOld),
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
  } else if (options.force !== true && ((yield* exists(`${target}-wal`)) || (yield* exists(`${target}-journal`)))) {
    return yield* openError(options.target, "orphan")
  }
  const { running: daemons } = yield* running({ databasePath: target, ...options.homes })
  if (daemons.length > 0) return yield* new DaemonRunning({ path: options.target, daemons, hint: stopHint })
  return there
})

/** Where a dry run builds: nowhere near the target. */
const temporary = Effect.map(privateDirectory("import"), (directory) => `${directory}/database.db`)

const instanceOf = (stage: Stage) =>
  Effect.map(
    stage.db.get("read the instance", "SELECT value FROM meta WHERE key = 'instance_uid'"),
    (row) => row === undefined ? undefined : String(row["value"])
  )

/** Another identity. The events keep theirs: they did happen where they happened. */
const renew = Effect.fnUntraced(function*(stage: Stage, reading: Reading) {
  const before = yield* instanceOf(stage)
  const uid = yield* newUlid
  yield* stage.db.attempt(
    "give the copy an identity",
    () => stage.db.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES ('instance_uid', ?)").run(uid)
  )
  if (before !== undefined) reading.sum?.remove(write(Meta, { key: "instance_uid", value: before }))
  reading.sum?.add(write(Meta, { key: "instance_uid", value: uid }))
})

/** Loads, judges, mends: afterwards the stage holds what will be restored, and no rule is broken. */
const fill = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, input: Opened, stage: Stage) {
  const mend = options.repair === true
  const changes = mend || options.transform !== undefined || options.newInstance === true
  const { findings, reading } = yield* examine(input, stage, {
    repair: mend,
    transform: options.transform,
    sum: changes ? "always" : "unsealed"
  })
  const mended = mend ? yield* repair(stage, reading.sum, findings) : { left: findings, done: [] }
  const refused = blocking(mended.left)
  if (refused.length > 0) return yield* new ImportRefused({ file: input.name, findings: refused })
  if (options.newInstance === true) yield* renew(stage, reading)
  return {
    reading,
    changed: changes,
    findings: mend
      ? [...findings.filter(({ outcome }) => outcome !== "carried"), ...mended.done, ...mended.left]
      : mended.left
  }
})

/** What the old database would lose; none when it cannot be read as one of this version. */
const compareWithOld = (target: string, stagedPath: string) =>
  Effect.scoped(Effect.gen(function*() {
    const database = yield* Database
    return yield* onlyInOld(yield* database.view(target), yield* database.view(stagedPath))
  })).pipe(Effect.option)

const healAfter = Effect.fnUntraced(function*(target: string) {
  if (!(yield* exists(Lock.pathOf(target)))) return
  yield* Effect.scoped(
    Effect.flatMap(Lock.acquire(target, "restore"), () => Effect.flatMap(Database, (database) => database.heal(target)))
  )
})

/** Everything before the rename: a sealed stage that was proven. It can be interrupted at any time. */
const prepare = Effect.fnUntraced(function*<E>(options: ImportOptions<E>, target: string) {
  const database = yield* Database
  yield* sweepPrivate()
  // Also a restore that is refused takes away what a killed one left; where there was none, it leaves not even a lock file.
  const there = yield* Effect.tapError(
    check(options, target),
    () => options.dryRun === true ? Effect.void : Effect.ignore(healAfter(target))
  )
  // Before the lock: what is piped in may take its time, and an input that is not there leaves not even a lock file.
  const input = yield* open(options.input)
  if (options.dryRun !== true) {
    yield* Lock.acquire(target, "restore")
    yield* database.heal(target)
  }
  const stage = yield* database.stage(options.dryRun === true ? yield* temporary : target)
  const { changed, findings, reading } = yield* fill(options, input, stage)
  yield* stage.build
  const instance = yield* instanceOf(stage)
  yield* stage.seal
  const { proof, records } = yield* Effect.scoped(
    Effect.flatMap(database.view(stage.path), (view) => prove(view, input, reading, changed, findings))
  )
  if (there) yield* phase("comparing with the database that is replaced")
  const lost = there ? yield* compareWithOld(target, stage.path) : Option.none()
  return {
    stage,
    report: {
      input: input.name,
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
      new_instance: options.newInstance === true,
      findings,
      only_in_old: Option.getOrNull(lost),
      notes: [
        ...notesOf(reading),
        ...(there && Option.isNone(lost)
          ? ["the database that was there could not be read, so what only it held is not known"]
          : [])
      ]
    }
  }
})

/** An error about the target, or about what is staged beside it, speaks of the target as it was named. */
const named = (target: string, asked: string) => {
  const nameFor = (path: string) =>
    path.startsWith(target)
      ? asked + path.slice(target.length)
      : nameOf(path).startsWith(stagePrefix(target))
      ? asked
      : path
  return <E>(error: E) =>
    error instanceof OpenError ?
      new OpenError({ ...error, path: nameFor(error.path) })
      : error instanceof SqliteFailure ?
      new SqliteFailure({ ...error, path: nameFor(error.path) })
      : error instanceof FileError ?
      new FileError({ ...error, path: nameFor(error.path) })
      : error instanceof Lock.DatabaseLocked ?
      new Lock.DatabaseLocked({ ...error, path: nameFor(error.path) })
      : error
}

/**
 * Restores a snapshot into a new database, or in the place of one that is there. What is interrupted before the rename leaves the state
 * before; from there on it is done, and says so.
 */
export const restore = Effect.fn("Import.restore")(<E = never>(options: ImportOptions<E>) =>
  Effect.gen(function*() {
    const database = yield* Database
    const target = yield* resolve(options.target)
    return yield* Effect.gen(function*() {
      const { report, stage } = yield* Effect.interruptible(prepare(options, target))
      const swapped = options.dryRun === true ? undefined : yield* database.swap(stage, target, options.force === true)
      return new ImportReport({ ...report, backup: swapped?.backup ?? null })
    }).pipe(Effect.mapError(named(target, options.target)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
