/** Which side decides about each facet: the one whose events alone have touched it; both, or none that differ, is for the user. */
import { type Db, type Event, type Facet, issueOf, need, type Written } from "./database.ts"
import { isIncomplete, ownEvents } from "./extra.ts"
import { kindOf, named, partsOf, put, says, touches, type Value } from "./facets.ts"
import type { Work } from "./work.ts"

/** Of issues of which a side lacks events. */
interface Doubt {
  /** It shows nothing new: what differs is listed, nothing is taken. */
  readonly mute: ReadonlySet<string>
  /** Its unseen events may have touched anything, on these sides. */
  readonly murky: ReadonlyMap<string, readonly [source: boolean, target: boolean]>
}

const doubts = (work: Work): Doubt => {
  const { both, report, source, switches, target } = work
  const [mute, murky] = [new Set<string>(), new Map<string, readonly [boolean, boolean]>()]
  for (const x of switches.has("history") ? [] : both) {
    const [here, there] = [ownEvents(source, x), ownEvents(target, x)]
    const hasNews = here.some(({ uid }) => !target.has.has(uid))
    const knowsMore = there.some(({ uid }) => !source.has.has(uid))
    const [s, t] = [isIncomplete(source.db, here), isIncomplete(target.db, there)]
    if (s && !hasNews) mute.add(x)
    if (hasNews && (s || t)) {
      murky.set(x, [s, t && knowsMore])
      report.murky.add(x)
    }
  }
  return { mute, murky }
}

export const later = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? a ?? b : Math.max(a, b)

const laterRow = <A extends Written>(a: A, b: A): A => a.at > b.at || (a.at === b.at && a.by > b.by) ? a : b

/** Both sides say the same; when, and by whom, may differ. */
const alike = (work: Work, of: Facet, value: Value, s: boolean, t: boolean, isLost: boolean): void => {
  const { report, result, source: { db: from }, switches, target: { db: to } } = work
  const [kind, x = ""] = partsOf(of)
  if (
    switches.has("closedat") && kind === "status" && s && t && issueOf(from, x).closedAt !== issueOf(to, x).closedAt
  ) {
    report.conflicts.push({ is: "facet", facet: of, source: value, target: value })
    report.needless = true
  }
  if (kind === "project") {
    const [a, b] = [issueOf(from, x).short, issueOf(to, x).short]
    const isOurs = (t && !s) || switches.has("short")
    issueOf(result, x).short = s && !t ? a : isOurs || a.length < b.length ? b : a
    return
  }
  if (switches.has("ride") || value === null || value === false || value === 0 || isLost) return
  if (s && !t) return put(result, of, value, from)
  if (t && !s) return
  const both = <A extends Written>(rows: (db: Db) => Map<string, A>, key: string) =>
    void rows(result).set(key, laterRow(need(rows(from).get(key), key), need(rows(to).get(key), key)))
  if (kind === "label") both((db) => db.labels, of.slice("label ".length))
  if (kind === "link") both((db) => db.links, of)
  if (kind === "parent") both((db) => db.parents, x)
  if (kind === "status") issueOf(result, x).closedAt = later(issueOf(from, x).closedAt, issueOf(to, x).closedAt)
  if (kind === "deleted") issueOf(result, x).deletedAt = later(issueOf(from, x).deletedAt, issueOf(to, x).deletedAt)
}

/** The last event of the source that tells of each facet of links. */
const tellers = (work: Work): ReadonlyMap<Facet, Event> =>
  new Map(
    work.source.extra.flatMap((event) =>
      touches(event, work.switches).filter((of) => kindOf(of) === "link" || kindOf(of) === "parent").map((of) =>
        [of, event] as const
      )
    )
  )

/** Whether a facet is decided at all: the source has what it belongs to, and so has or gets the result. */
const isOpen = (work: Work, of: Facet): boolean => {
  const { fresh, only, result, source: { db: s }, target: { db: t } } = work
  const issues = named(of)
  const [kind, x = ""] = partsOf(of)
  if (issues.some((one) => !result.issues.has(one) && !fresh.has(one))) return false
  if (issues.length > 0 && !issues.some((one) => s.issues.has(one))) return false
  if (only !== undefined && !issues.some((one) => only.has(one))) return false
  if (kind === "archived" || kind === "area") {
    return s.projects.has(x) && t.projects.has(x) && (s.scope === undefined || s.scope.has(x))
  }
  return kind !== "recurrence" || (s.recurrences.has(x) && t.recurrences.has(x))
}

/** Nobody has touched it, and it differs: a row that only one side has is kept, all else stays. */
const unexplained = (work: Work, of: Facet, a: Value, b: Value): void => {
  const { report, source: { db: s }, switches, take, values } = work
  const kind = kindOf(of)
  const isGone = (b !== null && !s.issues.has(String(b))) || (a === null && (values.source.get(of) ?? null) !== null)
  if (kind === "parent" && isGone) return
  report.unexplained.push({ facet: of, source: a, target: b })
  const isRow = kind === "label" || kind === "link" || kind === "parent"
  if (switches.has("unexplained") || (b === null && a !== null && isRow)) take.set(of, a)
}

/** Fills `take`, `decisions` and `hollows` of the work, and the conflicts of its report. */
export const decide = (work: Work): void => {
  const { both, fresh, hollows, prefer, report, result, source, switches, take, target, values } = work
  const { murky, mute } = doubts(work)
  const told = tellers(work)
  const decisions: Array<Work["decisions"][number]> = []
  const all = new Set([...values.source.keys(), ...values.target.keys(), ...told.keys()])
  for (const of of [...all].toSorted()) {
    if (!isOpen(work, of)) continue
    const issues = named(of)
    const kind = kindOf(of)
    const teller = told.get(of)
    const word = teller === undefined ? null : says(teller, of)
    // the source has purged an end: its events still tell
    const isHollow = teller !== undefined && !switches.has("hollow") && (values.source.get(of) ?? null) === null &&
      [...issues, ...typeof word === "string" ? [word] : []].some((x) => source.gone.has(x))
    if (issues.some((x) => !source.db.issues.has(x) && source.gone.has(x)) && !isHollow) continue
    // the other end of the link is not in this file: there is none there
    const isOut = issues.some((x) => !source.db.issues.has(x))
    if (isOut && !source.touched.has(of)) continue
    let a = values.source.get(of) ?? null
    const b = values.target.get(of) ?? null
    if (isHollow) {
      hollows.add(of)
      a = kind === "parent" && !result.issues.has(String(word)) ? null : word
    } else if (kind === "parent" && a !== null && !both.has(String(a)) && !fresh.has(String(a))) a = null
    if (issues.some((x) => fresh.has(x))) {
      take.set(of, a)
      continue
    }
    const s = source.touched.has(of) || issues.some((x) => murky.get(x)?.[0] === true)
    const t = target.touched.has(of) || issues.some((x) => murky.get(x)?.[1] === true)
    const decision = (value: Value) => decisions.push({ facet: of, value, other: value === a ? b : a })
    const isMurky = issues.some((x) => murky.has(x))
    if (a === b) alike(work, of, a, s, t, isHollow || isOut)
    else if (issues.some((x) => mute.has(x))) report.unexplained.push({ facet: of, source: a, target: b })
    else if (s && !t) {
      take.set(of, a)
      if (isMurky) decision(a)
    } else if (t && !s) {
      if (isMurky) decision(b)
    } else if (s && t) {
      report.conflicts.push({ is: "facet", facet: of, source: a, target: b })
      report.decided.add(of)
      if (prefer !== undefined) {
        take.set(of, prefer === "source" ? a : b)
        decision(prefer === "source" ? a : b)
      }
    } else unexplained(work, of, a, b)
  }
  work.decisions = decisions
}
