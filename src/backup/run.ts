/**
 * A database becomes a backup in a directory:
 *
 *     newest backup ──read──▶ database ──export──▶ temporary file ──read back──▶ compare ──▶ name
 *
 * Content that the newest backup has makes no new file. Nothing is ever replaced, and nothing has the name of a backup that was not read back.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { openError } from "../database/OpenError.ts"
import { throughSink } from "../export/Export.ts"
import * as Atomic from "../files/Atomic.ts"
import { fromPlatform } from "../files/FileError.ts"
import { gzip } from "../files/gzip.ts"
import { exists, syncDirectory } from "../files/paths.ts"
import { phase } from "../Progress.ts"
import {
  type Entries,
  type Entry,
  list,
  type Newest,
  newestWhole,
  readWhole,
  verdictOf,
  type Whole
} from "./entries.ts"
import { judge, type Judged } from "./guards.ts"
import { identify, type Identity } from "./identify.ts"
import * as Names from "./names.ts"
import { open, openOrMake } from "./open.ts"
import { hold, type Place } from "./place.ts"
import { isFuture } from "./retention.ts"
import { roll, type Rolled } from "./rolling.ts"
import { AnotherDatabase, type Found, NotReadBack, reportOf, type RunOptions } from "./RunReport.ts"
import { type Facts, type Known, remember, type Remembered, type Seen, stampOf } from "./state.ts"
import { look, untouched } from "./untouched.ts"

/** Fails where there are backups of others alone. */
const refuseAnother = Effect.fnUntraced(function*(
  { anotherDatabase, database, directory }: RunOptions,
  { managed }: Entries,
  ours: ReadonlyArray<Entry>,
  { instance, issues }: Identity
) {
  const [newest] = managed
  if (newest === undefined || ours.length > 0 || anotherDatabase === true) return
  const { position, tag } = newest.label
  const files = managed.filter(({ label }) => label.tag === tag).length
  return yield* new AnotherDatabase({
    directory,
    database,
    instance,
    issues,
    held: { files, tag, position, newest: newest.name }
  })
})

/** A complete file without a name, and what was read of it. */
interface Draft {
  readonly file: Atomic.Nameless
  readonly facts: Facts
  readonly judged: Judged
}

/** Writes the database to a file without a name and reads that back; nothing when it has the content of the previous backup. */
const draft = Effect.fnUntraced(function*(
  options: RunOptions,
  place: Place,
  previous: Whole | undefined,
  instance: string
) {
  const scope = yield* Effect.scope
  const { report, result: file } = yield* throughSink(
    { database: options.database },
    place.path,
    (bytes) => Scope.extend(Atomic.prepareNew(place.real, Names.stem, gzip(bytes)), scope)
  )
  if (report.sha256 === previous?.facts.sha256 && options.always !== true) return undefined
  yield* phase("reading back")
  const last = previous?.facts.last_event ?? undefined
  const { knows, verdict: { facts, problem } } = yield* readWhole(file.staged, last)
  if (facts === null || facts.sha256 !== report.sha256) {
    return yield* new NotReadBack({
      directory: place.path,
      reason: facts === null ? problem : "its content is not what was written"
    })
  }
  // Another file has taken its place meanwhile: what was asked about the one before does not hold for it.
  if (facts.instance !== instance) return yield* openError(options.database, "changed")
  return { file, facts, judged: judge(previous?.facts, facts, knows, previous?.entry.name ?? "") } satisfies Draft
})

/** The previous backup is the last one of work that the database does not have any more, and no name shows that: it is nobody's to remove. */
const setAside = Effect.fnUntraced(function*({ real }: Place, { name, path }: Entry) {
  const fs = yield* FileSystem.FileSystem
  const aside = `${real}/${Names.left(name)}`
  if (yield* exists(aside)) return
  yield* Effect.mapError(fs.rename(path, aside), fromPlatform("rename", path))
  yield* syncDirectory(real)
})

/** Not before the newest one, which a clock that was set back would make of it. */
const timeFor = (now: number, ours: ReadonlyArray<Entry>) => {
  const second = Math.floor(now / 1000) * 1000
  const times = ours.map(({ label: { time } }) => time).filter((time) => !isFuture(time, now))
  const time = Math.max(second, ...times)
  const same = ours.filter(({ label }) => label.time === time).map(({ label: { ordinal } }) => ordinal)
  return { time, ordinal: Math.max(0, ...same) + 1 }
}

/** Gives the file the first name that nothing has. */
const nameIt = Effect.fnUntraced(function*(file: Atomic.Nameless, first: Names.BackupName) {
  let label = first
  while (true) {
    const name = Names.write(label)
    const taken = yield* file.name(name).pipe(
      Effect.as(false),
      Effect.catchIf(
        (error) => error._tag === "FileError" && error.code === "EEXIST" && label.ordinal < 9999,
        () => Effect.succeed(true)
      )
    )
    if (!taken) return { name, label }
    label = { ...label, ordinal: label.ordinal + 1 }
  }
})

/** What is remembered after a run; of files that are gone nothing. */
const noted = (
  { managed }: Entries,
  found: ReadonlyMap<string, Known>,
  seen: { readonly database: string; readonly of: Seen },
  rolledAt: string | undefined
) =>
(remembered: Remembered): Remembered => {
  const names = new Set([...managed.map(({ name }) => name), ...found.keys()])
  const files = Object.entries(remembered.files).filter(([name]) => names.has(name))
  return {
    ...remembered,
    files: { ...Object.fromEntries(files), ...Object.fromEntries(found) },
    seen: { ...remembered.seen, [seen.database]: seen.of },
    ...rolledAt === undefined ? {} : { rolled_at: rolledAt }
  }
}

/** What is known of a run before it may change anything. */
interface Prepared {
  readonly ours: ReadonlyArray<Entry>
  readonly newest: Newest
  /** An old backup that was read again. */
  readonly rolled: Option.Option<Rolled>
  /** Nothing when the newest backup holds the database as it is. */
  readonly drafted: Draft | undefined
}

/** Reads the newest backup of this database, and writes a new one that has no name yet. Can be interrupted. */
const prepare = Effect.fnUntraced(function*(
  options: RunOptions,
  place: Place,
  entries: Entries,
  remembered: Remembered,
  now: number
) {
  const identity = yield* identify(options.database)
  const { instance } = identity
  const ours = entries.managed.filter(({ label: { tag } }) => tag === Names.tagOf(instance))
  yield* refuseAnother(options, entries, ours, identity)
  yield* phase("reading the newest backup")
  const newest = yield* newestWhole(ours)
  const others = ours.filter(({ name }) => name !== newest.whole?.entry.name && !newest.read.has(name))
  const rolled = yield* roll(others, remembered, now)
  return { ours, newest, rolled, drafted: yield* draft(options, place, newest.whole, instance) } satisfies Prepared
})

/** Gives a draft its name; what is now the newest backup. */
const put = Effect.fnUntraced(function*(
  place: Place,
  { facts, file, judged }: Draft,
  { newest: { whole: previous }, ours }: Prepared,
  now: number
) {
  if (judged.branch === "uid" && previous !== undefined) yield* setAside(place, previous.entry)
  const first = { ...timeFor(now, ours), position: facts.position, tag: Names.tagOf(facts.instance) }
  const { label, name } = yield* nameIt(file, first)
  const path = `${place.real}/${name}`
  // It is saved: what cannot be noted of it now is found out by the next run.
  const stamp = yield* Effect.orElseSucceed(stampOf(path), () => "")
  const known: Known = { stamp, read_at: new Date(now).toISOString(), ...verdictOf(facts) }
  return { entry: { name, path, label, bytes: file.bytes, stamp, known }, known, facts } satisfies Whole
})

/** Saves the database, when it is not what the newest backup holds. What is interrupted before the file has its name leaves all as it was. */
export const run = Effect.fn("Backup.run")((options: RunOptions) =>
  Effect.gen(function*() {
    const began = Number(DateTime.toEpochMillis(yield* DateTime.now))
    const done = (found: Found) =>
      Effect.map(DateTime.now, (now) =>
        reportOf(options, found, Math.round((Number(DateTime.toEpochMillis(now)) - began) / 100) / 10))
    const { place, remembered } = yield* options.usual === true ? openOrMake(options) : open(options)
    yield* hold(place.real, place.path)
    const entries = yield* list(place, remembered)
    const looked = yield* look(options.database, began)
    const seen = Object.hasOwn(remembered.seen, looked.real) ? remembered.seen[looked.real] : undefined
    const same = options.always === true ? undefined : untouched(seen, began, looked.stamps, entries)
    if (same !== undefined) {
      return yield* done({ outcome: "unchanged", whole: same, previous: same, warnings: [], objects: false })
    }
    const prepared = yield* Effect.interruptible(prepare(options, place, entries, remembered, began))
    const { drafted, newest: { bad, read, whole: previous } } = prepared
    const rolled = Option.getOrUndefined(prepared.rolled)
    const whole = drafted === undefined ? previous : yield* put(place, drafted, prepared, began)
    // A defect: without a previous backup there is nothing that could be the same.
    if (whole === undefined) {
      return yield* Effect.dieMessage("neither a new backup nor a previous one")
    }
    const file = whole.entry.name
    // Without stamps it is only known where it was saved, and not that nothing was written since.
    const seenNow: Seen = { stamps: looked.stamps ?? "", at: new Date(began).toISOString(), file }
    const unnoted = yield* remember(
      options.kataHome,
      place,
      noted(
        entries,
        new Map([
          ...read,
          ...rolled === undefined ? [] : [[rolled.entry.name, rolled.known] as const],
          ...drafted === undefined ? [] : [[file, whole.known] as const]
        ]),
        { database: looked.real, of: seenNow },
        rolled === undefined ? undefined : seenNow.at
      )
    )
    return yield* done({
      outcome: drafted === undefined ? "unchanged" : "saved",
      whole,
      previous,
      warnings: [
        ...[...bad, ...rolled === undefined || rolled.known.facts !== null ? [] : [rolled]]
          .map(({ entry, known }) =>
            `${entry.name} is no good: ${known.problem}`
          ),
        ...drafted?.judged.warnings ?? [],
        ...Option.toArray(unnoted)
      ],
      objects: drafted?.judged.objects ?? false
    })
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
