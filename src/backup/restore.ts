/** A backup becomes the database again: the newest one that is whole, one by its name, or the last one before a time. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { openError } from "../database/OpenError.ts"
import { exists, resolve } from "../files/paths.ts"
import { ImportReport, restore } from "../import/Import.ts"
import type { Homes } from "../import/stopHint.ts"
import { phase } from "../Progress.ts"
import { BackupUnknown, type Entries, type Entry, named, newestWhole } from "./entries.ts"
import { identify, type Identity } from "./identify.ts"
import { isoOf, tagOf } from "./names.ts"
import { opened, type Where } from "./open.ts"
import type { Place } from "./place.ts"
import { isFuture } from "./retention.ts"
import { run } from "./run.ts"
import type { Remembered } from "./state.ts"

export interface RestoreOptions extends Where {
  /** The path of the database whose backups are meant, and that is restored unless a target is named. */
  readonly database: string
  /** The database to make; that one unless given. */
  readonly target?: string | undefined
  /** A name, or a part of one. */
  readonly name?: string | undefined
  /** The last backup of this instant or before, milliseconds since 1970. */
  readonly at?: number | undefined
  /** Also in the place of a database in which there is something: it is saved first, and stays as `.bak`. */
  readonly force?: boolean
  /** Everything but the last step. */
  readonly dryRun?: boolean
  /** Who asks, for the history of the database that is replaced. */
  readonly by?: string
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

const Chosen = Schema.Struct({ file: Schema.String, time: Schema.String, position: Schema.Int })

export class RestoreReport extends Schema.Class<RestoreReport>("BackupRestoreReport")({
  kind: Schema.Literal("backup_restore"),
  directory: Schema.String,
  dry_run: Schema.Boolean,
  backup: Chosen,
  /** Newer ones that would have been taken, and are no good. */
  skipped: Schema.Array(Schema.Struct({ file: Schema.String, problem: Schema.String })),
  /** The next backup after it of the same database; null when it is the newest. */
  next: Schema.NullOr(Chosen),
  /** The backup that holds what was replaced; null when nothing was, or it could not be saved. */
  saved: Schema.NullOr(Schema.String),
  warnings: Schema.Array(Schema.String),
  restored: ImportReport
}) {}

/** What is at the target: nothing, a database in which nothing has happened yet, or something that nobody wants to lose. */
const thereOf = Effect.fnUntraced(function*(target: string) {
  const real = yield* Effect.orElseSucceed(resolve(target), () => target)
  if (!(yield* exists(real))) return { is: "nothing" as const, identity: undefined }
  const identity = Option.getOrUndefined(yield* Effect.option(identify(target)))
  const isEmpty = identity !== undefined && identity.issues + identity.events === 0
  return { is: isEmpty ? "empty" as const : "filled" as const, identity }
})

/** Whose backups are meant: of the database that is there, else of the one that was saved from that path, else the only ones that there are. */
const whose = Effect.fnUntraced(function*(
  { database, directory }: RestoreOptions,
  { managed }: Entries,
  { seen }: Remembered,
  identity: Identity | undefined
) {
  const tags = new Set(managed.map(({ label: { tag } }) => tag))
  const own = identity === undefined ? undefined : tagOf(identity.instance)
  if (own !== undefined && tags.has(own)) return own
  const real = yield* Effect.orElseSucceed(resolve(database), () => database)
  const file = Object.hasOwn(seen, real) ? seen[real]?.file : undefined
  const saved = managed.find(({ name }) => name === file)?.label.tag
  if (saved !== undefined) return saved
  const [only, ...others] = tags
  if (only !== undefined && others.length === 0) return only
  const candidates = [...tags].flatMap((tag) => managed.find(({ label }) => label.tag === tag)?.name ?? [])
  return yield* new BackupUnknown({ directory, name: "", candidates })
})

interface Choice {
  readonly entry: Entry
  readonly skipped: RestoreReport["skipped"]
}

const choose = Effect.fnUntraced(function*(
  options: RestoreOptions,
  place: Place,
  entries: Entries,
  remembered: Remembered,
  identity: Identity | undefined
) {
  if (options.name !== undefined) {
    return { entry: yield* named(place, entries, options.name), skipped: [] } satisfies Choice
  }
  const tag = yield* whose(options, entries, remembered, identity)
  const { at } = options
  const before = entries.managed.filter(({ label }) => label.tag === tag && (at === undefined || label.time <= at))
  const { bad, whole } = yield* newestWhole(before)
  if (whole === undefined) {
    return yield* new BackupUnknown({
      directory: options.directory,
      name: at === undefined ? "that is whole" : `that is whole of ${isoOf(at)} or before`,
      candidates: []
    })
  }
  const skipped = bad.map(({ entry: { name }, known: { problem } }) => ({ file: name, problem }))
  return { entry: whole.entry, skipped } satisfies Choice
})

const chosenOf = ({ label: { position, time }, name }: Entry) => ({ file: name, time: isoOf(time), position })

/** Saves what is about to be replaced. When that cannot be done it is said: the old file stays beside the new one in any case. */
const saveFirst = (options: RestoreOptions, target: string) =>
  Effect.match(
    run({ directory: options.directory, kataHome: options.kataHome, database: target, anotherDatabase: true }),
    {
      onFailure: ({ message }) => ({
        saved: null,
        warnings: [`what was there could not be saved as a backup (${message}): it is in the .bak alone`]
      }),
      onSuccess: ({ file, warnings }) => ({ saved: file, warnings })
    }
  )

/** Makes the database again, by the swap of an import. Until that nothing is changed, but that what is there is saved. */
export const restoreBackup = Effect.fn("Backup.restore")((options: RestoreOptions) =>
  Effect.gen(function*() {
    const target = options.target ?? options.database
    const now = Number(DateTime.toEpochMillis(yield* DateTime.now))
    const prepared = Effect.gen(function*() {
      const { entries, place, remembered } = yield* opened(options)
      const there = yield* thereOf(target)
      const configured = options.target === undefined ? there : yield* thereOf(options.database)
      if (there.is === "filled" && options.force !== true) return yield* openError(target, "exists")
      yield* phase("choosing the backup")
      const choice = yield* choose(options, place, entries, remembered, configured.identity)
      return { entries, there, ...choice }
    })
    const { entries, entry, skipped, there } = yield* Effect.interruptible(prepared)
    const next = entries.managed.findLast(({ label: { tag, time } }) =>
      tag === entry.label.tag && time > entry.label.time && !isFuture(time, now)
    )
    const isReplaced = there.is === "filled" && options.dryRun !== true
    const { saved, warnings } = isReplaced ? yield* saveFirst(options, target) : { saved: null, warnings: [] }
    const restored = yield* restore({
      input: { name: entry.name, path: entry.path },
      target,
      force: there.is !== "nothing",
      dryRun: options.dryRun === true,
      homes: options.homes,
      ...options.by === undefined ? {} : { by: options.by }
    })
    return new RestoreReport({
      kind: "backup_restore",
      directory: options.directory,
      dry_run: options.dryRun === true,
      backup: chosenOf(entry),
      skipped,
      next: next === undefined ? null : chosenOf(next),
      saved,
      warnings,
      restored
    })
  }).pipe(Effect.uninterruptible)
)
