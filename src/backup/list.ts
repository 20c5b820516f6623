/** What a directory of backups holds, what is in one of them, and whether they are whole. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { phase } from "../Progress.ts"
import { Finding } from "../records/Finding.ts"
import { ProjectCounts } from "../snapshot/projectCounts.ts"
import { LastEvent } from "../snapshot/reach.ts"
import { BackupUnknown, check, type Entries, type Entry, inspect, longestUnread, named } from "./entries.ts"
import { isoOf } from "./names.ts"
import { opened, type Where } from "./open.ts"
import { isFuture } from "./retention.ts"
import { type Known, remember } from "./state.ts"

/** `unread`: nobody has read it to its end since it is this file. */
export const BackupState = Schema.Literal("good", "refused", "damaged", "lies", "unread")

export const Listed = Schema.Struct({
  file: Schema.String,
  /** ISO 8601, UTC, as its name has it. */
  time: Schema.String,
  /** It is dated in the future, and counts for nothing. */
  future: Schema.Boolean,
  position: Schema.Int,
  /** More events than the one before it of the same database; null for the first. */
  new_events: Schema.NullOr(Schema.Int),
  /** The end of the uid of its instance, as its name has it. */
  instance: Schema.String,
  bytes: Schema.Int,
  state: BackupState,
  /** Why it is not good; empty when it is, or was not read. */
  problem: Schema.String,
  /** When it was last read to its end. */
  read_at: Schema.NullOr(Schema.String)
})
export type Listed = typeof Listed.Type

export class ListReport extends Schema.Class<ListReport>("BackupListReport")({
  kind: Schema.Literal("backup_list"),
  directory: Schema.String,
  /** The newest first. */
  backups: Schema.Array(Listed),
  /** Other files: they are never counted and never removed. */
  unmanaged: Schema.Int,
  bytes: Schema.Int
}) {}

const rowOf = (entry: Entry, known: Known | undefined, before: Entry | undefined, now: number): Listed => ({
  file: entry.name,
  time: isoOf(entry.label.time),
  future: isFuture(entry.label.time, now),
  position: entry.label.position,
  new_events: before === undefined ? null : entry.label.position - before.label.position,
  instance: entry.label.tag,
  bytes: entry.bytes,
  state: known?.state ?? "unread",
  problem: known?.problem ?? "",
  read_at: known?.read_at ?? null
})

const rowsOf = (all: ReadonlyArray<Entry>, now: number): ReadonlyArray<Listed> =>
  all.map((entry, i) =>
    rowOf(entry, entry.known, all.slice(i + 1).find(({ label: { tag } }) => tag === entry.label.tag), now)
  )

const nowMillis = Effect.map(DateTime.now, (now) => Number(DateTime.toEpochMillis(now)))

/** The backups by their names, with what is remembered of each. None is read. */
export const listBackups = Effect.fn("Backup.list")(function*(where: Where) {
  const { entries: { managed, unmanaged } } = yield* opened(where)
  return new ListReport({
    kind: "backup_list",
    directory: where.directory,
    backups: rowsOf(managed, yield* nowMillis),
    unmanaged,
    bytes: managed.reduce((sum, { bytes }) => sum + bytes, 0)
  })
})

export interface VerifyOptions extends Where {
  /** A name, or a part of one; the newest unless given. */
  readonly name?: string | undefined
  readonly all?: boolean
  /** So many of those that were read longest ago. */
  readonly sample?: number | undefined
}

export class VerifiedReport extends Schema.Class<VerifiedReport>("BackupVerifyReport")({
  kind: Schema.Literal("backup_verify"),
  directory: Schema.String,
  files: Schema.Array(Listed),
  whole: Schema.Int,
  /** Whole, and a restore would refuse them. */
  refused: Schema.Int,
  /** Damaged, or not what their names say. */
  damaged: Schema.Int,
  warnings: Schema.Array(Schema.String)
}) {}

const newest = ({ managed }: Entries, directory: string, now: number) => {
  const found = managed.find(({ label: { time } }) => !isFuture(time, now)) ?? managed[0]
  return found === undefined
    ? Effect.fail(new BackupUnknown({ directory, name: "", candidates: [] }))
    : Effect.succeed(found)
}

const wanted = Effect.fnUntraced(
  function*(options: VerifyOptions, found: Effect.Effect.Success<ReturnType<typeof opened>>) {
    const { entries, place } = found
    if (options.name !== undefined) return [yield* named(place, entries, options.name)]
    const first = yield* newest(entries, options.directory, yield* nowMillis)
    if (options.all === true) return entries.managed
    if (options.sample === undefined) return [first]
    return entries.managed
      .toSorted(longestUnread)
      .slice(0, options.sample)
  }
)

/** Reads backups to their ends, and remembers what came of it. */
export const verifyBackups = Effect.fn("Backup.verify")(function*(options: VerifyOptions) {
  const found = yield* opened(options)
  const now = yield* nowMillis
  const files: Array<Listed> = []
  const read = new Map<string, Known>()
  for (const entry of yield* wanted(options, found)) {
    yield* phase(`reading ${entry.name}`)
    const known = yield* check(entry)
    read.set(entry.name, known)
    files.push(rowOf(entry, known, undefined, now))
  }
  const unnoted = yield* remember(options.kataHome, found.place, (remembered) => ({
    ...remembered,
    files: { ...remembered.files, ...Object.fromEntries(read) }
  }))
  const count = (...states: ReadonlyArray<Listed["state"]>) =>
    files.filter(({ state }) => states.includes(state)).length
  return new VerifiedReport({
    kind: "backup_verify",
    directory: options.directory,
    files,
    whole: count("good", "refused"),
    refused: count("refused"),
    damaged: count("damaged", "lies"),
    warnings: Option.toArray(unnoted)
  })
})

export class ShowReport extends Schema.Class<ShowReport>("BackupShowReport")({
  kind: Schema.Literal("backup_show"),
  directory: Schema.String,
  backup: Listed,
  /** The uid of its instance, as the file has it; null when it could not be read. */
  instance: Schema.NullOr(Schema.String),
  last_event: Schema.NullOr(LastEvent),
  records: Schema.Record({ key: Schema.String, value: Schema.Int }),
  projects: Schema.Array(ProjectCounts),
  findings: Schema.Array(Finding)
}) {}

/** Reads one backup to its end and says what is in it. */
export const showBackup = Effect.fn("Backup.show")(function*(options: Where & { readonly name: string }) {
  const { entries, place } = yield* opened(options)
  const entry = yield* named(place, entries, options.name)
  yield* phase(`reading ${entry.name}`)
  const { known, report } = yield* inspect(entry)
  yield* remember(options.kataHome, place, (remembered) => ({
    ...remembered,
    files: { ...remembered.files, [entry.name]: known }
  }))
  return new ShowReport({
    kind: "backup_show",
    directory: options.directory,
    backup: rowOf(entry, known, undefined, yield* nowMillis),
    instance: known.facts?.instance ?? null,
    last_event: known.facts?.last_event ?? null,
    records: report?.records ?? {},
    projects: report?.projects ?? [],
    findings: report?.findings ?? []
  })
})
