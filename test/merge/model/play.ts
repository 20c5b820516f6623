/**
 * Plays a history on model databases, and checks every merge. It gives each act before the next one, so that somebody else can do the same to
 * real databases.
 */
import { Random } from "../../../src/testing/random.ts"
import { checkMerge, must } from "./checks.ts"
import { contentOf, difference, doubtful, halfGone, type Leaving, plain } from "./content.ts"
import { Db, isSame, pick } from "./database.ts"
import type { Deed, Step } from "./deeds.ts"
import type { History } from "./generator.ts"
import { merge, type Merged } from "./merge.ts"
import { operate } from "./operations.ts"
import type { MergeOptions, Side } from "./report.ts"
import { projectFile } from "./rows.ts"
import { none, type Switches } from "./switches.ts"

/** Where a merge reads from. */
export type From =
  | { readonly replica: number }
  | { readonly snapshot: number }
  | { readonly replica: number; readonly project: string }

export type Act =
  /** `events` that it wrote, in their order; `db` is what it is now. */
  | {
    readonly act: "deed"
    readonly on: number
    readonly deed: Deed
    readonly step: Step
    readonly now: number
    readonly events: ReadonlyArray<string>
    readonly db: Db
  }
  | { readonly act: "snapshot"; readonly of: number; readonly number: number }
  /** The copies of the database from now on. */
  | { readonly act: "copy"; readonly replicas: number }
  | {
    readonly act: "merge"
    readonly into: number
    readonly from: From
    readonly options: MergeOptions
    readonly merged: Merged
    readonly db: Db
  }
  /** All replicas are kept as they are, and become that again. */
  | { readonly act: "keep"; readonly replicas: ReadonlyArray<Db> }
  | { readonly act: "return" }
  | { readonly act: "end"; readonly leaving: Leaving; readonly replicas: ReadonlyArray<Db> }

/** What was met, by name. */
export type Tally = Map<string, number>
export const count = (tally: Tally, name: string, n = 1): void => void tally.set(name, (tally.get(name) ?? 0) + n)

/** `checked`: unless it is false, each merge is checked by what must be true of all. */
export interface PlayOptions {
  readonly tally?: Tally | undefined
  readonly switches?: Switches | undefined
  readonly checked?: boolean | undefined
}

interface Game {
  readonly history: History
  readonly checked: boolean
  readonly tally: Tally
  readonly switches: Switches
  readonly replicas: Array<Db>
  readonly snapshots: Array<{ readonly of: number; readonly db: Db }>
}

type Acts = Generator<Act, void, void>

const at = (replicas: ReadonlyArray<Db>, i: number): Db => {
  const db = replicas[i]
  if (db === undefined) throw new Error(`no replica ${i}`)
  return db
}

/** One merge, checked; run again it must write nothing. */
const merged = (game: Game, target: Db, source: Db, options: MergeOptions, when = ""): Merged => {
  const { history: { config }, switches, tally } = game
  const all = { ...options, switches }
  const done = merge(target, source, all)
  const { report, result } = done
  count(tally, `merges${when}`)
  must(!game.checked || !report.needless || options.prefer !== undefined, "conflict although both did the same")
  if (report.conflicts.length > 0) count(tally, `conflicts${when}`)
  if (report.contested > 0) count(tally, "contested")
  if (result === undefined || !game.checked) return done
  checkMerge(result, report, config, all)
  if (options.applyPurges !== true) {
    const again = merge(result, source, { ...all, prefer: undefined })
    // projects that were merged crosswise: each side has to be told
    const isTold = again.report.conflicts.every(({ is }) => is === "projects")
    must(isTold, "conflict when run again", again.report.conflicts)
    if (again.report.conflicts.length === 0) {
      must(
        again.result !== undefined && isSame(again.result, result),
        "second run writes",
        again.result === undefined ? "" : difference(contentOf(result), contentOf(again.result))
      )
    }
  }
  return done
}

/** One merge done the other way round gives the same; so do three, in any grouping. */
const laws = (game: Game, i: number, j: number, k: number): void => {
  const { history: { config, steps }, replicas, switches, tally } = game
  const areClocksSet = config.skew.every((skew) => skew === 0) && steps.every(({ name }) => name !== "clock")
  const one = (a: Db, b: Db) => merge(a, b, { k, now: 1, switches }).result
  const equal = (a: Db | undefined, b: Db | undefined, what: string, all: ReadonlyArray<Db>, times: boolean) => {
    if (a === undefined || b === undefined) return
    count(tally, what)
    const leaving = { issues: new Set(all.flatMap((db) => [...db.gone()])), aliases: doubtful([...all, a, b]) }
    const found = difference(plain(contentOf(a, leaving), times), plain(contentOf(b, leaving), times))
    must(found === undefined, what, found)
  }
  const [t, s] = [at(replicas, i), at(replicas, j)]
  const [a, other] = [one(t, s), one(s, t)]
  equal(a, other, "commutes", [t, s], true)
  if (replicas.length < 3) return
  const u = at(replicas, 3 - i - j)
  const b = one(s, u)
  if (a !== undefined && b !== undefined) equal(one(a, u), one(t, b), "groups", [t, s, u], areClocksSet)
}

/** A snapshot of its own past writes nothing. */
const past = (game: Game, i: number, number: number, options: MergeOptions): Merged | undefined => {
  const { history: { steps }, replicas, snapshots, switches, tally } = game
  const [mine, old] = [at(replicas, i), at(snapshots.map(({ db }) => db), number)]
  const done = merge(mine, old, { ...options, switches })
  count(tally, "own past")
  // lost by a merge of projects of an older kata: it comes back
  if ([...old.recurrences.keys()].some((uid) => !mine.recurrences.has(uid))) return undefined
  // projects were merged, and nothing has happened since: that cannot be told
  if (done.report.conflicts[0]?.is === "projects") return undefined
  const result = done.result?.copy()
  must(result !== undefined, "its own past is a conflict", done.report.conflicts)
  const isExact = isSame(result, mine)
  for (const project of result.projects.keys()) {
    const hasEvents = [...old.events.values()].some((event) => event.project === project)
    if (!mine.projects.has(project) && !hasEvents) result.projects.delete(project)
  }
  // a purge took the event, a clock went back
  for (const [x, row] of result.issues) {
    if (steps.some(({ name }) => name === "purge")) row.updated = mine.issues.get(x)?.updated ?? row.updated
  }
  must(isSame(result, mine), "its own past writes", difference(contentOf(mine), contentOf(result)))
  return isExact ? done : undefined
}

const prefers: ReadonlyArray<Side | undefined> = [undefined, undefined, "target", "source"]

function* mergeStep(game: Game, step: Step, i: number, now: number): Acts {
  const { history: { config }, replicas, snapshots } = game
  const { a, b, c, k, name } = step
  const j = (i + 1 + a % (config.replicas - 1)) % config.replicas
  const old = snapshots.length === 0 ? 0 : c % snapshots.length
  if (name === "old merge" && snapshots.length === 0) return
  if (name === "old merge" && snapshots[old]?.of === i) {
    const options = { k, now }
    const found = past(game, i, old, options)
    if (found !== undefined) {
      yield { act: "merge", into: i, from: { snapshot: old }, options, merged: found, db: at(replicas, i) }
    }
    return
  }
  let [source, from]: [Db, From] = [at(replicas, j), { replica: j }]
  if (name === "old merge") [source, from] = [at(snapshots.map(({ db }) => db), old), { snapshot: old }]
  const project = name === "file" ? pick(source.projects.keys(), b) : undefined
  if (name === "file" && project === undefined) return
  if (project !== undefined) [source, from] = [projectFile(source, project, false), { replica: j, project }]
  snapshots.push({ of: i, db: at(replicas, i).copy() })
  yield { act: "snapshot", of: i, number: snapshots.length - 1 }
  if (game.checked && name === "merge" && a % 5 === 0 && !config.projectMerges && !config.files) laws(game, i, j, k)
  const only = name === "issue" ? pick(source.issues.keys(), b) : undefined
  const options: MergeOptions = {
    k,
    now,
    prefer: prefers[b % 4],
    applyPurges: config.apply && c % 2 === 1 && only === undefined,
    only: only === undefined ? undefined : new Set([only])
  }
  const done = merged(game, at(replicas, i), source, options)
  if (done.result !== undefined) replicas[i] = done.result
  yield { act: "merge", into: i, from, options, merged: done, db: at(replicas, i) }
}

const leavingOf = ({ replicas }: Game, gone: ReadonlySet<string>, apply: boolean): Leaving => ({
  issues: apply ? new Set<string>() : halfGone(replicas, gone),
  aliases: doubtful(replicas)
})

/** All are equal, and a refresh writes nothing. */
const checkEnd = (game: Game, gone: ReadonlySet<string>, apply: boolean, k: number): void => {
  const { replicas, switches } = game
  const leaving = leavingOf(game, gone, apply)
  const mine = contentOf(at(replicas, 0), leaving)
  for (const db of replicas) {
    const found = difference(mine, contentOf(db, leaving))
    must(found === undefined, "not equal at the end", found)
    must(!apply || ![...gone].some((x) => db.issues.has(x)), "purged and still there")
    for (const other of replicas) {
      const { report, result } = merge(db, other, { k, now: 9999, applyPurges: apply, switches })
      // who hears of two projects with one alias, and when, is by chance
      if (leaving.aliases.size > 0 && result !== undefined) result.aliases = db.aliases
      must(result !== undefined && isSame(result, db), "refresh writes", report.conflicts)
      must(report.news.length === 0, "not 'nothing to do'", report.news)
    }
  }
}

/** Everybody merges everybody: equal, without any decision if there is no conflict, else after one who decides. */
function* settle(game: Game, first: number): Acts {
  const { history: { config }, replicas } = game
  const random = new Random(config.seed)
  const shuffled = (all: ReadonlyArray<number>) => {
    const rest = [...all]
    return all.map(() => rest.splice(random.below(rest.length), 1)[0] ?? 0)
  }
  const everyone = replicas.map((_, i) => i)
  const others = (i: number) => shuffled(everyone.filter((j) => j !== i))
  let apply = !config.calm && random.below(2) === 0
  let k = first
  function* one(i: number, j: number, prefer?: Side): Generator<Act, Merged, void> {
    k++
    const options: MergeOptions = { k, now: 5000 + k * 10, prefer, applyPurges: apply }
    const done = merged(game, at(replicas, i), at(replicas, j), options, " at the end")
    if (done.result !== undefined) replicas[i] = done.result
    yield { act: "merge", into: i, from: { replica: j }, options, merged: done, db: at(replicas, i) }
    return done
  }
  const gone = new Set(replicas.flatMap((db) => [...db.gone()]))
  const kept = replicas.map((db) => db.copy())
  yield { act: "keep", replicas }
  let isCalm = true
  for (let round = 0; round < 9 && isCalm; round++) {
    const before = replicas.map((db) => db.copy())
    for (const i of shuffled(everyone)) {
      for (const j of others(i)) {
        const { report } = yield* one(i, j)
        isCalm &&= report.conflicts.length === 0
      }
      if (!isCalm) break
    }
    if (replicas.every((db, i) => isSame(db, at(before, i)))) break
  }
  count(game.tally, "histories")
  if (isCalm) count(game.tally, "histories without conflict at the end")
  else {
    apply = true // a hub that purged an issue cannot decide about it
    for (const [i, db] of kept.entries()) replicas[i] = db
    yield { act: "return" }
    const hub = random.below(replicas.length)
    for (let round = 0; round < 5; round++) {
      for (const j of others(hub)) yield* one(hub, j, random.pick(["target", "source"]))
      for (const j of others(hub)) {
        const { report: { conflicts } } = yield* one(j, hub)
        const isOpen = conflicts.some(({ is }) => is !== "projects")
        must(!game.checked || !isOpen, "conflict although the hub decided", conflicts)
        if (conflicts.length > 0) yield* one(j, hub, "source")
      }
    }
  }
  if (game.checked) checkEnd(game, gone, apply, k)
  const leaving = leavingOf(game, gone, apply)
  yield { act: "end", leaving, replicas }
}

/** Fails with `Wrong` or `Broken`. */
export function* play(history: History, options: PlayOptions = {}): Acts {
  const { config, steps } = history
  const { checked = true, switches = none, tally = new Map() } = options
  const game: Game = { history, checked, tally, switches, replicas: [new Db()], snapshots: [] }
  const { replicas, snapshots } = game
  const skew = [...config.skew]
  for (const step of steps) {
    const { by, c, k, name } = step
    if (by >= 0 && replicas.length === 1) {
      while (replicas.length < config.replicas) replicas.push(at(replicas, 0).copy())
      yield { act: "copy", replicas: config.replicas }
    }
    const i = Math.max(by, 0)
    const now = 1000 + k * 10 + (by < 0 ? 0 : skew[i] ?? 0)
    if (name === "clock") skew[i] = (skew[i] ?? 0) - 10 * (c % 20)
    else if (name === "snapshot") {
      snapshots.push({ of: i, db: at(replicas, i).copy() })
      yield { act: "snapshot", of: i, number: snapshots.length - 1 }
    } else if (name.endsWith("merge") || name === "file" || name === "issue") yield* mergeStep(game, step, i, now)
    else {
      const db = at(replicas, i)
      const known = new Set(db.events.keys())
      const deed = operate(db, step, now, config)
      const events = [...db.events.keys()].filter((uid) => !known.has(uid))
      if (deed !== undefined) count(tally, deed.do)
      if (deed !== undefined) yield { act: "deed", on: i, deed, step, now, events, db }
    }
  }
  if (replicas.length > 1) yield* settle(game, Math.max(...steps.map(({ k }) => k)))
}
