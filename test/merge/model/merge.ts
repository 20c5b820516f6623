/**
 * The merge of two model databases by their histories, which is the oracle of the real one:
 *
 *     the source's projects follow ─▶ purges, if asked ─▶ who touched which facet ─▶ each facet by its side, or a
 *     conflict ─▶ rules that only the merge breaks ─▶ rows and events come in ─▶ decisions become events
 */
import * as Arrive from "./arrive.ts"
import { settle } from "./clashes.ts"
import type { Db } from "./database.ts"
import { decide } from "./decide.ts"
import { goneIn, sidesOf } from "./extra.ts"
import { values } from "./facets.ts"
import { follow } from "./follow.ts"
import { marks, record } from "./record.ts"
import { type MergeOptions, Report } from "./report.ts"
import * as Ride from "./ride.ts"
import { mentions, purge } from "./rows.ts"
import { none } from "./switches.ts"
import type { Work } from "./work.ts"

const applyPurges = (r: Db, s: Db, gone: ReadonlySet<string>): void => {
  for (const [uid, { issue }] of s.purges) {
    if (!gone.has(issue) || r.purges.has(uid)) continue
    if (r.issues.has(issue)) {
      purge(r, issue, uid)
      continue
    }
    // a history without its issue goes too
    for (const event of r.events.values()) {
      if (!mentions(event, issue)) continue
      r.events.delete(event.uid)
      r.attached.delete(event.uid)
    }
  }
}

export interface Merged {
  /** Nothing when there are conflicts that nobody decided. */
  readonly result: Db | undefined
  readonly report: Report
}

/** Merges the source into the target, both of which stay as they are. */
export const merge = (into: Db, from: Db, options: MergeOptions): Merged => {
  const { k, now, only, prefer, switches = none } = options
  const report = new Report()
  const result = into.copy()
  const s = follow(result, from, prefer, report, switches)
  if (report.conflicts.length > 0 && prefer === undefined) return { result: undefined, report }
  if (options.applyPurges === true) applyPurges(result, s, goneIn(s, switches))
  const t = result.copy()
  const { source, target } = sidesOf(s, t, switches, only)
  const issues = [...s.issues.keys()]
  const both = new Set(issues.filter((x) => t.issues.has(x)))
  const work: Work = {
    source,
    target,
    result,
    both,
    fresh: new Set(
      issues.filter((x) => !both.has(x) && !target.gone.has(x) && (only === undefined || only.has(x)))
    ),
    only,
    values: { source: values(s), target: values(t) },
    take: new Map(),
    decisions: [],
    hollows: new Set(),
    report,
    prefer,
    k,
    now,
    switches
  }
  report.contested = [...source.touched].filter((of) => target.touched.has(of)).length
  Object.assign(report, { news: source.extra, source: s, target: t, hollows: work.hollows })
  decide(work)
  Arrive.projects(work)
  Arrive.issues(work)
  settle(work)
  if (report.conflicts.length > 0 && prefer === undefined) return { result: undefined, report }
  const numbers = Arrive.comments(work)
  Arrive.mappings(work, numbers)
  Arrive.events(work, numbers)
  Ride.times(work)
  Ride.recurrences(work)
  Ride.shortIds(work)
  Ride.purges(work)
  Ride.aliases(work)
  record(work)
  marks(work)
  return { result, report }
}
