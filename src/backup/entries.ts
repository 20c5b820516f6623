/** The backups in a directory: which there are by their names, and whether they are what the names say. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { nameOf } from "../files/paths.ts"
import { blocking } from "../records/Finding.ts"
import { reachOf } from "../snapshot/reach.ts"
import { verify, type VerifyReport } from "../snapshot/verify.ts"
import { type BackupName, isTemporary, read as readName, tagOf } from "./names.ts"
import { lockFile, markerName, type Place } from "./place.ts"
import { isFuture } from "./retention.ts"
import { type Facts, type Known, type Remembered, stampOf } from "./state.ts"

/** A file that has the name of a backup. */
export interface Entry {
  readonly name: string
  readonly path: string
  readonly label: BackupName
  readonly bytes: number
  readonly stamp: string
  /** What is remembered of this very file. */
  readonly known: Known | undefined
}

export interface Entries {
  /** The newest first, by their names. */
  readonly managed: ReadonlyArray<Entry>
  /** How many other files there are: never counted, never removed. */
  readonly unmanaged: number
}

const newestFirst = ({ label: a, name: one }: Entry, { label: b, name: other }: Entry): number =>
  b.time - a.time || b.ordinal - a.ordinal || b.position - a.position || (one < other ? 1 : -1)

const own: ReadonlySet<string> = new Set([markerName, lockFile])

const entryOf = Effect.fnUntraced(function*(directory: string, name: string, { files }: Remembered) {
  const fs = yield* FileSystem.FileSystem
  const path = `${directory}/${name}`
  const label = readName(name)
  // A link may lead to what is not ours.
  if (label === undefined || (yield* Effect.isSuccess(fs.readLink(path)))) return undefined
  const info = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  if (info.type !== "File") return undefined
  const stamp = yield* stampOf(path)
  const known = Object.hasOwn(files, name) ? files[name] : undefined
  return {
    name,
    path,
    label,
    bytes: Number(info.size),
    stamp,
    known: known?.stamp === stamp ? known : undefined
  } satisfies Entry
})

/** What is in a directory, by names and without reading a file. */
export const list = Effect.fn("Backup.entries")(function*({ path, real }: Place, remembered: Remembered) {
  const fs = yield* FileSystem.FileSystem
  const names = yield* Effect.mapError(fs.readDirectory(real), fromPlatform("list", path))
  const managed: Array<Entry> = []
  let unmanaged = 0
  for (const name of names.filter((name) => !own.has(name) && !isTemporary(name))) {
    const found = yield* Effect.catchIf(
      Effect.asSome(entryOf(real, name, remembered)),
      // It went since the names were read.
      ({ code }) => code === "ENOENT",
      () => Effect.succeedNone
    )
    if (Option.isNone(found)) continue
    if (found.value === undefined) unmanaged += 1
    else managed.push(found.value)
  }
  return { managed: managed.toSorted(newestFirst), unmanaged } satisfies Entries
})

type Verdict = Pick<Known, "state" | "problem" | "facts">

/** Of a file that is whole. */
export const verdictOf = (facts: Facts): Verdict =>
  facts.restorable
    ? { state: "good", problem: "", facts }
    : { state: "refused", problem: "it breaks a rule: kata import takes it with --repair", facts }

const bad = (state: "damaged" | "lies", problem: string): Verdict => ({ state, problem, facts: null })

const none: VerifyReport | undefined = undefined

/** What is said of a file without its path, which stands beside it. */
const bare = (path: string, message: string) => message.replaceAll(path, nameOf(path)).replace(`${nameOf(path)}: `, "")

/**
 * Reads a file to its end: by the rules of a restore, and whether its seal holds. `wanted`: an event of which is asked whether it is in there.
 * Fails only for what has nothing to do with the file.
 */
export const readWhole = Effect.fn("Backup.readWhole")(function*(
  path: string,
  wanted?: { readonly id: number; readonly uid: string }
) {
  const damaged = ({ message }: { readonly message: string }) =>
    Effect.succeed({ verdict: bad("damaged", bare(path, message)), knows: true, report: none })
  return yield* Effect.gen(function*() {
    const report = yield* verify(path)
    if (!report.sealed || report.scope !== "database" || report.live_only) {
      const what = report.sealed ? "it is not of a whole database" : "it is not sealed"
      return { verdict: bad("lies", what), knows: true, report }
    }
    const reach = yield* reachOf(path, wanted)
    if (reach.sha256 === undefined) {
      return { verdict: bad("damaged", "it was changed while it was read"), knows: true, report }
    }
    const facts: Facts = {
      instance: reach.instance,
      position: reach.position,
      last_event: reach.lastEvent ?? null,
      sha256: reach.sha256,
      records: report.records,
      purged: reach.purged,
      restorable: blocking(report.findings).length === 0
    }
    return { verdict: verdictOf(facts), knows: reach.knows, report }
  }).pipe(
    Effect.catchTags({
      GzipDamaged: damaged,
      LineTooLong: damaged,
      NotASnapshot: damaged,
      RecordRefused: damaged,
      SnapshotDamaged: damaged,
      VersionRefused: damaged
    }),
    Effect.catchTag("FileError", (error) => error.path === path && error.code !== "ENOENT" ? damaged(error) : error)
  )
})

/** The state of a file beside what its name says. */
const asNamed = (verdict: Verdict, { position, tag }: BackupName): Verdict => {
  const { facts } = verdict
  if (facts === null) return verdict
  const wrong = [
    ...(facts.position === position ? [] : [`position ${facts.position}`]),
    ...(tagOf(facts.instance) === tag ? [] : [`instance ${facts.instance}`])
  ]
  return wrong.length === 0 ? verdict : bad("lies", `its name says otherwise: it is of ${wrong.join(", ")}`)
}

/** Reads a backup to its end, whatever is remembered of it; with what `kata verify` says of it, when it could be read. */
export const inspect = Effect.fn("Backup.inspect")(function*({ label, path, stamp }: Entry) {
  const at = DateTime.formatIso(yield* DateTime.now)
  const { report, verdict } = yield* readWhole(path)
  return { known: { stamp, read_at: at, ...asNamed(verdict, label) } satisfies Known, report }
})

/** Reads a backup to its end, whatever is remembered of it. */
export const check = (entry: Entry) => Effect.map(inspect(entry), ({ known }) => known)

const day = 24 * 60 * 60 * 1000

/** Whether it was read within the last day; a time that is to come was noted by a wrong clock. */
export const isFresh = ({ read_at: at }: Known, now: number) =>
  !isFuture(Date.parse(at), now) && now - Date.parse(at) < day

/** Those that nobody has read come first, then those that were read longest ago; of the same moment the oldest. */
export const longestUnread = (a: Entry, b: Entry): number => {
  const [one, other] = [a.known?.read_at ?? "", b.known?.read_at ?? ""]
  return one < other ? -1 : one > other ? 1 : newestFirst(b, a)
}

/** A backup that is whole, and what stands in it. */
export interface Whole {
  readonly entry: Entry
  readonly known: Known
  readonly facts: Facts
}

export interface Newest {
  readonly whole: Whole | undefined
  /** What was read to find it, by name. */
  readonly read: ReadonlyMap<string, Known>
  /** Newer ones that are no good, and why. */
  readonly bad: ReadonlyArray<{ readonly entry: Entry; readonly known: Known }>
}

/**
 * The newest of some backups that is whole, whatever a restore says of it; those that are dated in the future do not count. One that was read
 * within the last day is not read again.
 */
export const newestWhole = Effect.fn("Backup.newestWhole")(function*(entries: ReadonlyArray<Entry>) {
  const now = Number(DateTime.toEpochMillis(yield* DateTime.now))
  const read = new Map<string, Known>()
  const bad: Array<{ readonly entry: Entry; readonly known: Known }> = []
  for (const entry of entries.filter(({ label: { time } }) => !isFuture(time, now))) {
    let { known } = entry
    if (known === undefined || (known.facts !== null && !isFresh(known, now))) {
      known = yield* check(entry)
      read.set(entry.name, known)
    }
    const { facts } = known
    if (facts !== null) return { whole: { entry, known, facts }, read, bad } satisfies Newest
    bad.push({ entry, known })
  }
  return { whole: undefined, read, bad } satisfies Newest
})

/** No backup, or more than one, is called so. */
export class BackupUnknown extends Schema.TaggedError<BackupUnknown>()("BackupUnknown", {
  directory: Schema.String,
  /** Empty when any would do. */
  name: Schema.String,
  /** Some of those that it could be. */
  candidates: Schema.Array(Schema.String)
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    const { candidates, directory, name } = this
    return name === "" && candidates.length > 0
      ? `${directory} has backups of several databases: ${candidates.join(", ")}`
      : name === ""
      ? `${directory} has no backup`
      : candidates.length === 0
      ? `${directory} has no backup ${name}`
      : `${directory} has several backups ${name}: ${candidates.join(", ")}`
  }
  get hint(): string {
    return this.name === "" && this.candidates.length > 0
      ? "name the one that is meant"
      : this.name === ""
      ? "kata backup run makes one"
      : "kata backup list shows them: a name, or any part of one"
  }
}

/** The backup that a word names: its name, or any part of it that no other has. */
export const named = (place: Place, { managed }: Entries, word: string) => {
  const exact = managed.find(({ name }) => name === word)
  const found = exact === undefined ? managed.filter(({ name }) => word !== "" && name.includes(word)) : [exact]
  const [one] = found
  return one !== undefined && found.length === 1
    ? Effect.succeed(one)
    : Effect.fail(
      new BackupUnknown({
        directory: place.path,
        name: word,
        candidates: found.slice(0, 5).map(({ name }) => name)
      })
    )
}
