/** Whether the newest backup would give back what the database holds, and since when it would not. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { FreeSpace } from "../files/freeSpace.ts"
import { version10 } from "../records/kinds.ts"
import { stateOf } from "../snapshot/backupReport.ts"
import { anyVersion, identityOf } from "../snapshot/convert.ts"
import { check, type Entry } from "./entries.ts"
import { BackupState } from "./list.ts"
import { isoOf, tagOf } from "./names.ts"
import { opened, type Where } from "./open.ts"
import { isFuture } from "./retention.ts"
import { type Known, remember } from "./state.ts"

export interface StatusOptions extends Where {
  /** The path of the database. */
  readonly database: string
  /** How long an event may be in no backup, in milliseconds. */
  readonly maxAge: number
  /** Read the newest to its end. */
  readonly full?: boolean
}

export class StatusReport extends Schema.Class<StatusReport>("BackupStatusReport")({
  kind: Schema.Literal("backup_status"),
  /** `unknown`: there is a backup, and the database cannot be asked what it holds beside it. */
  outcome: Schema.Literal("ok", "stale", "none", "damaged", "unknown"),
  database: Schema.String,
  directory: Schema.String,
  /** Why the database cannot be asked; null when it can. */
  problem: Schema.NullOr(Schema.String),
  /** Of this database; where that does not say which it is, of any. */
  newest: Schema.NullOr(Schema.Struct({
    file: Schema.String,
    time: Schema.String,
    position: Schema.Int,
    bytes: Schema.Int,
    state: BackupState,
    problem: Schema.String,
    read_at: Schema.NullOr(Schema.String)
  })),
  /** Events that are in no backup, and when the oldest of them was; null when that cannot be asked. */
  behind: Schema.NullOr(Schema.Struct({ events: Schema.Int, since: Schema.NullOr(Schema.String) })),
  /** Events that the newest backup has and the database does not, at least. */
  ahead: Schema.Int,
  /** Newer than that one, and no good. */
  bad: Schema.Array(Schema.Struct({ file: Schema.String, problem: Schema.String })),
  /** Dated in the future. */
  future: Schema.Array(Schema.String),
  files: Schema.Int,
  unmanaged: Schema.Int,
  bytes: Schema.Int,
  /** What the disk of the directory has left, in bytes; null when it does not say. */
  free: Schema.NullOr(Schema.Int)
}) {
  /** The answer, in one line. */
  get words(): string {
    const { behind, directory, newest, outcome, problem } = this
    const events = behind?.events ?? 0
    const counted = `${events} ${events === 1 ? "event" : "events"}`
    switch (outcome) {
      case "none":
        return `no backup of this database in ${directory}`
      case "damaged":
        return newest === null ? "no backup of this database is whole" : "the newest backup is damaged"
      case "unknown":
        return `the database cannot be asked: ${problem}`
      case "stale":
        return `${counted} in no backup, the oldest of ${behind?.since ?? "?"}`
      case "ok":
        return events === 0 ? "no event is newer than the newest backup" : `${counted} since the newest backup`
    }
  }
}

/** Who the database is, or why that cannot be asked. */
const asked = (database: string) =>
  Effect.scoped(Effect.flatMap(anyVersion(database, version10), (view) => identityOf(view, version10))).pipe(
    Effect.match({
      onFailure: (error) => ({ instance: undefined, problem: error.message }),
      onSuccess: (instance) => ({ instance: instance ?? "", problem: null })
    })
  )

/** The newest that is not known to be no good, and those before it that are. */
const newestOf = Effect.fnUntraced(function*(ours: ReadonlyArray<Entry>, full: boolean) {
  const bad: Array<{ readonly file: string; readonly problem: string }> = []
  const read = new Map<string, Known>()
  for (const entry of ours) {
    const known = full ? yield* check(entry) : entry.known
    if (full && known !== undefined) read.set(entry.name, known)
    if (known === undefined || known.facts !== null) return { entry, known, bad, read }
    bad.push({ file: entry.name, problem: known.problem })
  }
  return { entry: undefined, known: undefined, bad, read }
})

/** Reads names, what is remembered, and of the database what came since; with `full` also the newest backup. */
export const status = Effect.fn("Backup.status")(function*(options: StatusOptions) {
  const { entries: { managed, unmanaged }, place } = yield* opened(options)
  const now = Number(DateTime.toEpochMillis(yield* DateTime.now))
  const { instance, problem } = yield* asked(options.database)
  const ours = managed.filter(({ label: { tag } }) => instance === undefined || tag === tagOf(instance))
  const [future, dated] = [
    ours.filter(({ label: { time } }) => isFuture(time, now)),
    ours.filter(({ label: { time } }) => !isFuture(time, now))
  ]
  const { bad, entry, known, read } = yield* newestOf(dated, options.full === true)
  if (read.size > 0) {
    // Ignored: what was found out stands in the report.
    yield* remember(options.kataHome, place, (remembered) => ({
      ...remembered,
      files: { ...remembered.files, ...Object.fromEntries(read) }
    }))
  }
  const position = entry?.label.position ?? 0
  const state = instance === undefined ? undefined : yield* stateOf(options.database, position)
  const oldest = state === undefined || state.behind === 0 ? undefined : Date.parse(state.oldest)
  // A time that says nothing is taken for an old one.
  const isStale = oldest !== undefined && !(now - oldest <= options.maxAge)
  const free = yield* Effect.option(Effect.flatMap(FreeSpace, (free) => free(place.real)))
  return new StatusReport({
    kind: "backup_status",
    outcome: bad.length > 0
      ? "damaged"
      : entry === undefined
      ? "none"
      : state === undefined
      ? "unknown"
      : isStale
      ? "stale"
      : "ok",
    database: options.database,
    directory: options.directory,
    problem,
    newest: entry === undefined ? null : {
      file: entry.name,
      time: isoOf(entry.label.time),
      position,
      bytes: entry.bytes,
      state: known?.state ?? "unread",
      problem: known?.problem ?? "",
      read_at: known?.read_at ?? null
    },
    behind: state === undefined ? null : { events: state.behind, since: state.behind === 0 ? null : state.oldest },
    ahead: state === undefined ? 0 : Math.max(0, position - state.last),
    bad,
    future: future.map(({ name }) => name),
    files: managed.length,
    unmanaged,
    bytes: managed.reduce((sum, { bytes }) => sum + bytes, 0),
    free: Option.getOrNull(free)
  })
})
