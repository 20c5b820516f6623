/** Removes the backups that no rule keeps. What stays in their place was read to its end before anything goes. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { syncDirectory } from "../files/paths.ts"
import { phase } from "../Progress.ts"
import { glance } from "../snapshot/glance.ts"
import { check, type Entries, type Entry, isFresh } from "./entries.ts"
import { BackupState } from "./list.ts"
import { isoOf, tagOf } from "./names.ts"
import { opened, type Where } from "./open.ts"
import { hold, type Place } from "./place.ts"
import { policyOf, type Words } from "./policy.ts"
import { type Candidate, decide, type Decision, type Policy } from "./retention.ts"
import { type Known, remember, stampOf } from "./state.ts"

/** There are backups, and none of them is good: what the rules would keep is not known to be of use. */
export class NoGoodBackup extends Schema.TaggedError<NoGoodBackup>()("NoGoodBackup", {
  directory: Schema.String,
  files: Schema.Int,
  problem: Schema.String
}) {
  readonly kind = "damaged" satisfies FailureKind
  override get message() {
    return `${this.directory} has no good backup (${this.files} ${
      this.files === 1 ? "file" : "files"
    }; ${this.problem})`
  }
  get hint(): string {
    return "nothing was removed. kata backup run makes one; kata backup verify --all says what is wrong with the others"
  }
}

export interface PruneOptions extends Where {
  readonly words: Words
  /** Only say what would go. */
  readonly dryRun?: boolean
  /** Also what is damaged, when a later one is good and has its events. */
  readonly damaged?: boolean
}

const Pruned = Schema.Struct({
  file: Schema.String,
  time: Schema.String,
  position: Schema.Int,
  /** The end of the uid of its instance, as its name has it. */
  instance: Schema.String,
  bytes: Schema.Int,
  state: BackupState,
  stays: Schema.Boolean,
  /** Why it stays, or why it goes though it is damaged. */
  reasons: Schema.Array(Schema.String)
})

export class PruneReport extends Schema.Class<PruneReport>("BackupPruneReport")({
  kind: Schema.Literal("backup_prune"),
  directory: Schema.String,
  dry_run: Schema.Boolean,
  /** The newest first. */
  files: Schema.Array(Pruned),
  kept: Schema.Int,
  removed: Schema.Int,
  /** What was removed, or would be. */
  bytes: Schema.Int,
  warnings: Schema.Array(Schema.String)
}) {}

/** A backup and what is known of it. `read`: it was read to its end, now or before. */
interface Weighed extends Candidate {
  readonly entry: Entry
  readonly read: boolean
}

/** Enough of a file for what it says of itself. */
const headBytes = 64 * 1024

/** What a backup is by what is known of it, or else by its beginning: then it was not read. */
const weigh = Effect.fnUntraced(function*(entry: Entry, known: Known | undefined) {
  const { label, name, path } = entry
  // Of one second the later one is the newer one, whatever they hold.
  const common = { name, entry, time: label.time + label.ordinal - 1, position: label.position }
  if (known !== undefined) {
    return { ...common, group: known.facts?.instance ?? label.tag, state: known.state, read: true } satisfies Weighed
  }
  const head = Option.getOrUndefined(yield* glance(path, headBytes))
  const says = head !== undefined && head.wholeDatabase && !head.isPart && tagOf(head.instance) === label.tag
  return {
    ...common,
    group: says ? head.instance : label.tag,
    state: says ? "good" : "lies",
    read: false
  } satisfies Weighed
})

/** What is not good says nothing that could be trusted of itself: it is of the instance whose files have that tag, when that is one. */
const grouped = (all: ReadonlyArray<Weighed>): ReadonlyArray<Weighed> => {
  const instances = Map.groupBy(
    all.filter(({ group, entry: { label } }) => group !== label.tag),
    ({ entry: { label } }) => label.tag
  )
  return all.map((one) => {
    const [first, ...others] = new Set(instances.get(one.entry.label.tag)?.map(({ group }) => group))
    return one.group === one.entry.label.tag && first !== undefined && others.length === 0
      ? { ...one, group: first }
      : one
  })
}

/**
 * What stays and what goes, when every file of a database of which one goes was read to its end, and the newest within a day. One that turns
 * out to be no good counts no more, and then others stay.
 */
const weighed = Effect.fnUntraced(function*(
  { managed }: Entries,
  policy: Policy,
  circumstances: Parameters<typeof decide>[2]
) {
  const found = new Map<string, Known>()
  const all = new Map<string, Weighed>()
  for (const entry of managed) all.set(entry.name, yield* weigh(entry, entry.known))
  while (true) {
    const decisions = decide(grouped([...all.values()]), policy, circumstances)
    const touched = new Set(decisions.filter(({ stays }) => !stays).map(({ backup: { group } }) => group))
    const isOld = ({ entry: { known, name } }: Weighed) =>
      !found.has(name) && (known === undefined || !isFresh(known, circumstances.now))
    const unread = decisions.filter(({ backup, reasons }) =>
      touched.has(backup.group) && (!backup.read || (reasons.includes("newest") && isOld(backup)))
    )
    if (unread.length === 0) return { decisions, found }
    for (const { backup: { entry } } of unread) {
      const known = yield* check(entry)
      found.set(entry.name, known)
      all.set(entry.name, yield* weigh(entry, known))
    }
  }
})

/** Removes a file that still is the one that was looked at. */
const remove = Effect.fnUntraced(function*({ path, stamp }: Entry) {
  const fs = yield* FileSystem.FileSystem
  const now = yield* stampOf(path).pipe(
    Effect.catchIf(({ code }) => code === "ENOENT", () => Effect.succeed(undefined))
  )
  if (now !== stamp) return false
  yield* Effect.mapError(fs.remove(path), fromPlatform("remove", path))
  return true
})

/** Removes files, the oldest first: who is interrupted has the newer ones. */
const removeAll = Effect.fnUntraced(function*({ real }: Place, decisions: ReadonlyArray<Decision<Weighed>>) {
  const going = decisions.filter(({ stays }) => !stays).toSorted((a, b) => a.backup.time - b.backup.time)
  const changed: Array<string> = []
  for (const { backup: { entry } } of going) {
    if (!(yield* remove(entry))) changed.push(`${entry.name} is another file now, or gone: it was left alone`)
  }
  if (going.length > 0) yield* syncDirectory(real)
  return changed
})

const rowOf = ({ backup: { entry, read, state }, reasons, stays }: Decision<Weighed>) => ({
  file: entry.name,
  time: isoOf(entry.label.time),
  position: entry.label.position,
  instance: entry.label.tag,
  bytes: entry.bytes,
  // Nothing goes for it: it was not read.
  state: read || state !== "good" ? state : "unread" as const,
  stays,
  reasons
})

/** Removes the backups that the words of a policy do not keep. The newest good one of each database stays whatever they say. */
export const prune = Effect.fn("Backup.prune")((options: PruneOptions) =>
  Effect.gen(function*() {
    const policy = yield* policyOf(options.words)
    const { damaged = false, dryRun = false, kataHome } = options
    const before = yield* opened(options)
    if (!dryRun) yield* hold(before.place.real, before.place.path)
    // What may have come while the lock was waited for is seen too.
    const { entries, place } = dryRun ? before : yield* opened(options)
    const now = Number(DateTime.toEpochMillis(yield* DateTime.now))
    yield* phase("reading what stays")
    const { decisions, found } = yield* Effect.interruptible(weighed(entries, policy, { now, damaged }))
    const [first] = decisions
    if (first !== undefined && !decisions.some(({ backup: { state } }) => state === "good")) {
      const [problem = "they are not what their names say"] = [...found.values()].map(({ problem }) => problem)
      return yield* new NoGoodBackup({ directory: options.directory, files: decisions.length, problem })
    }
    const changed = dryRun ? [] : yield* removeAll(place, decisions)
    const gone = new Set(dryRun ? [] : decisions.filter(({ stays }) => !stays).map(({ backup: { name } }) => name))
    const unnoted = found.size + gone.size === 0 ? Option.none() : yield* remember(kataHome, place, (remembered) => ({
      ...remembered,
      files: Object.fromEntries(
        [...Object.entries(remembered.files), ...found].filter(([name]) => !gone.has(name))
      )
    }))
    const going = decisions.filter(({ stays }) => !stays)
    return new PruneReport({
      kind: "backup_prune",
      directory: options.directory,
      dry_run: dryRun,
      files: decisions.map(rowOf),
      kept: decisions.length - going.length,
      removed: going.length - changed.length,
      bytes: going.reduce((sum, { backup: { entry } }) => sum + entry.bytes, 0),
      warnings: [...changed, ...Option.toArray(unnoted)]
    })
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
