/** What goes along with the facets: times, revisions, how far a recurrence is, short ids, purges, aliases. */
import { type Db, type Event, issueOf, need, type Recurrence } from "./database.ts"
import { facet } from "./facets.ts"
import { Broken } from "./report.ts"
import { mentions } from "./rows.ts"
import { shared, type Work } from "./work.ts"

/** `onlyT`, `onlyS`: how many events that raise it only the target, only the source has. */
const revision = (t: number, s: number, onlyT: number, onlyS: number): number =>
  onlyT > 0 && onlyS === 0 ? t : Math.max(t + onlyS, s + onlyT)

const count = (events: ReadonlyArray<Event>, is: (event: Event) => boolean) => events.filter(is).length

const bumps = new Set(["metadata_updated", "moved"])

export const times = (work: Work): void => {
  const { only, result, source: { db: s, extra: xs }, switches, target: { db: t, extra: xt } } = work
  for (const x of shared(work)) {
    const [from, to, row] = [issueOf(s, x), issueOf(t, x), issueOf(result, x)]
    const [here, there] = [xt, xs].map((events) => events.some(({ issue }) => issue === x))
    const one = switches.has("updated") || here === there ? undefined : there === true ? from : to
    row.updated = one?.updated ?? Math.max(from.updated, to.updated)
    const raises = ({ issue, type }: Event) => issue === x && bumps.has(type)
    row.revision = switches.has("rev")
      ? Math.max(from.revision, to.revision)
      : revision(to.revision, from.revision, count(xt, raises), count(xs, raises))
  }
  if (only !== undefined) return
  for (const [uid, from] of s.projects) {
    const [to, row] = [t.projects.get(uid), result.projects.get(uid)]
    if (to === undefined || row === undefined) continue
    const raises = ({ project, type }: Event) => project === uid && type === "project.metadata_updated"
    row.revision = revision(to.revision, from.revision, count(xt, raises), count(xs, raises))
  }
}

/** Whether `a` is further than `b`; of two that are as far, the one whose last issue is older. */
const isFurther = (a: Recurrence, b: Recurrence): boolean => {
  const [x, y] = [a.next ?? 99, b.next ?? 99]
  return x === y ? a.last !== null && (b.last === null || a.last < b.last) : x > y
}

/** Events of recurrences that need not raise the revision. */
const steady = new Set(["recurrence.created", "recurrence.materialization_skipped"])

export const recurrences = (work: Work): void => {
  const { only, result, source, switches, target } = work
  // an occurrence whose recurrence does not come along is none here
  if (only !== undefined) {
    for (const row of result.issues.values()) {
      if (row.recurrence === null || result.recurrences.has(row.recurrence)) continue
      Object.assign(row, { recurrence: null, occurrence: null })
    }
  }
  for (const [uid, from] of only === undefined ? source.db.recurrences : []) {
    const [to, row] = [target.db.recurrences.get(uid), result.recurrences.get(uid)]
    if (row === undefined) {
      result.recurrences.set(uid, { ...from })
      continue
    }
    if (to === undefined) continue
    // one that was skipped raises it now and then; and a purge may have taken events that raised it
    const raises = ({ payload, type }: Event) => payload.recurrence === uid && !steady.has(type)
    row.revision = Math.max(to.revision + count(source.extra, raises), from.revision + count(target.extra, raises))
    const [s, t] = [source, target].map(({ touched }) => touched.has(facet("progress", uid)))
    const best = s === t ? (isFurther(from, to) ? from : to) : s === true ? from : to
    Object.assign(row, { next: best.next, last: best.last })
  }
  const seen = new Set<string>()
  // one issue an occurrence: the older uid keeps it
  for (const x of [...result.issues.keys()].toSorted()) {
    const row = issueOf(result, x)
    if (row.recurrence === null) continue
    const day = `${row.recurrence} ${row.occurrence}`
    if (seen.has(day)) {
      if (switches.has("occurrence")) throw new Broken("UNIQUE issues(recurrence_id, occurrence_key)")
      Object.assign(row, { recurrence: null, occurrence: null })
      work.report.notes.push("occurrence")
    } else seen.add(day)
  }
}

const isPurged = (db: Db, x: string, project: string, short: string): boolean =>
  [...db.purges.values()].some((row) => row.project === project && row.short === short && row.issue !== x)

/** Issues that come, or come into another project, get a longer short id where theirs is taken. */
export const shortIds = ({ result: r, target: { db: t } }: Work): void => {
  const isChanged = (x: string) => {
    const [before, now] = [t.issues.get(x), issueOf(r, x)]
    return before === undefined || before.project !== now.project || before.short !== now.short
  }
  const changed = [...r.issues.keys()].filter(isChanged).toSorted()
  const taken = new Set(
    [...r.issues].filter(([x]) => !changed.includes(x)).map(([, { project, short }]) => `${project} ${short}`)
  )
  for (const x of changed) {
    const row = issueOf(r, x)
    const isTaken = (short: string) => taken.has(`${row.project} ${short}`)
    if (isTaken(row.short) || isPurged(r, x, row.project, row.short)) {
      let n = row.short.length + 1
      while (isTaken(x.slice(-n)) || (isPurged(r, x, row.project, x.slice(-n)) && n < x.length)) n++
      row.short = x.slice(-n)
    }
    taken.add(`${row.project} ${row.short}`)
  }
}

export const purges = ({ only, result: r, source, switches }: Work): void => {
  for (const [uid, row] of only === undefined ? source.db.purges : []) {
    const { issue } = row
    // the row says what was done to the issue: it does not come where that is not so
    const isAlive = source.gone.has(issue) &&
      (r.issues.has(issue) || [...r.events.values()].some((event) => mentions(event, issue)))
    if (r.purges.has(uid) || (isAlive && !switches.has("purgerow"))) continue
    r.purges.set(uid, { ...row, reset: switches.has("reset") ? row.reset : null })
  }
}

/** Attaching writes no event; taking away does, by itself or with its project, and no archived project has any. */
export const aliases = ({ only, result: r, source, switches, target }: Work): void => {
  const isCut = (events: ReadonlyArray<Event>, alias: string, of: string) =>
    r.projects.get(of)?.archived === true ||
    events.some(({ payload, project, type }) =>
      type === "project.alias_removed"
        ? payload.alias === alias
        : type === "project.removed" && project === of && payload.aliases?.includes(alias) === true
    )
  const all = new Set([...source.db.aliases.keys(), ...target.db.aliases.keys()])
  for (const alias of only === undefined ? [...all].toSorted() : []) {
    const [from, to] = [source.db.aliases.get(alias), target.db.aliases.get(alias)]
    if (to === undefined && from !== undefined) {
      const isBack = r.projects.has(from) && (switches.has("alias") || !isCut(target.extra, alias, from))
      if (isBack) r.aliases.set(alias, from)
    } else if (from === undefined && to !== undefined) {
      const { scope } = source.db
      if ((scope === undefined || scope.has(to)) && isCut(source.extra, alias, to)) r.aliases.delete(alias)
    }
  }
}

export const recurrenceOf = (db: Db, uid: string): Recurrence => need(db.recurrences.get(uid), `recurrence ${uid}`)
