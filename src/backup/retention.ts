/**
 * Which backups of a directory stay. The words are restic's and so are their meanings, but for what keeps more (docs/backups.md). Pure: it
 * is told what there is and what time it is. All times are milliseconds since 1970, and days, weeks and months are those of UTC.
 */

export const periods = ["hourly", "daily", "weekly", "monthly", "yearly"] as const
export type Period = typeof periods[number]
export const counted = ["last", ...periods] as const
export type Counted = typeof counted[number]

/** A length of time by the calendar: a month before 31 March is 28 February. */
export interface Span {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
}

/** What stays stays by any of the rules. A rule that is not named keeps nothing. */
export interface Policy {
  /** So many, the newest of each hour, day, week, month or year; Infinity for all of them. */
  readonly counts: Readonly<Partial<Record<Counted, number>>>
  /** Those of so long before the newest: all of them, or the newest of each hour, day, week, month or year. */
  readonly within: Readonly<Partial<Record<"all" | Period, Span>>>
}

/** What has to be known of a backup. */
export interface Candidate {
  readonly name: string
  readonly time: number
  /** The highest number that an event had had. */
  readonly position: number
  /** Whose it is: backups of another instance or kind are never weighed against it. */
  readonly group: string
  /** `refused`: whole, and a restore would refuse it. `lies`: its name says other things than its content. */
  readonly state: "good" | "refused" | "damaged" | "lies"
}

export interface Decision<A extends Candidate> {
  readonly backup: A
  readonly stays: boolean
  /** Why it stays, or why it goes though it is damaged. */
  readonly reasons: ReadonlyArray<string>
}

export interface Circumstances {
  readonly now: number
  /** Also what is damaged goes, when a later one is good and has at least its events. */
  readonly damaged?: boolean
}

const hour = 3_600_000
const day = 24 * hour

/** Clocks differ by so much; what is dated later than that was dated by a wrong one. */
export const tolerance = 10 * 60_000

export const isFuture = (time: number, now: number): boolean => time > now + tolerance

/** The number of the hour, day, week, month or year. */
const bucketOf: Readonly<Record<Period, (time: number) => number>> = {
  hourly: (time) => Math.floor(time / hour),
  daily: (time) => Math.floor(time / day),
  // Weeks begin on Monday, and 1 January 1970 was a Thursday.
  weekly: (time) => Math.floor((Math.floor(time / day) + 3) / 7),
  monthly: (time) => new Date(time).getUTCFullYear() * 12 + new Date(time).getUTCMonth(),
  yearly: (time) => new Date(time).getUTCFullYear()
}

/** The instant that is so long before another one. */
export const before = (time: number, { days, hours, months, years }: Span): number => {
  const from = new Date(time)
  const month = from.getUTCMonth() - 12 * years - months
  const last = new Date(time)
  last.setUTCFullYear(from.getUTCFullYear(), month + 1, 0)
  const to = new Date(time)
  to.setUTCFullYear(from.getUTCFullYear(), month, Math.min(from.getUTCDate(), last.getUTCDate()))
  return to.getTime() - days * day - hours * hour
}

/** Of two of the same time the one with more events is the newer one, then the one whose name is later. */
export const newestFirst = (a: Candidate, b: Candidate): number =>
  b.time - a.time || b.position - a.position || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0)

type Keep<A> = (backup: A, why: string) => void

const byCounts = <A extends Candidate>(good: ReadonlyArray<A>, { counts }: Policy, keep: Keep<A>) => {
  for (const rule of counted) {
    let left = counts[rule] ?? 0
    let bucket: number | undefined
    for (const [i, backup] of good.entries()) {
      if (left === 0) break
      const found = rule === "last" ? i : bucketOf[rule](backup.time)
      // While counts are left the oldest stays too: the history is as long as it can be.
      const isOldest = i === good.length - 1
      if (found === bucket && !isOldest) continue
      keep(backup, found === bucket ? `oldest ${rule}` : rule)
      bucket = found
      left -= 1
    }
  }
}

const withinSpans = <A extends Candidate>(good: ReadonlyArray<A>, { within }: Policy, keep: Keep<A>) => {
  const [newest] = good
  if (newest === undefined) return
  for (const rule of ["all", ...periods] as const) {
    const span = within[rule]
    if (span === undefined) continue
    const name = rule === "all" ? "within" : `within-${rule}`
    const edge = before(newest.time, span)
    let bucket: number | undefined
    for (const [i, backup] of good.entries()) {
      if (backup.time <= edge) {
        // So every moment of the window has a backup that is older than it.
        keep(backup, `edge of ${name}`)
        break
      }
      const found = rule === "all" ? i : bucketOf[rule](backup.time)
      if (found !== bucket || i === good.length - 1) keep(backup, name)
      bucket = found
    }
  }
}

/**
 * Where positions fall the database was put back to an older state: the last backup before holds what no later one does. What shows that
 * they fell stays with it, or the next one would take it for one that others have passed.
 */
const ofBranches = <A extends Candidate>(good: ReadonlyArray<A>, stays: (backup: A) => boolean, keep: Keep<A>) => {
  const ends = good.flatMap((backup, i) => {
    const after = good[i - 1]
    return after !== undefined && after.position < backup.position ? [i] : []
  })
  for (const i of ends) keep(good[i]!, "ahead")
  for (const i of ends) {
    const { position } = good[i]!
    const after = good.slice(0, i)
    const next = after.findLastIndex(stays)
    if (next >= 0 && after[next]!.position < position) continue
    const witness = after.slice(next + 1).find((backup) => backup.position < position)
    if (witness !== undefined) keep(witness, "after one that is ahead")
  }
}

const others: Readonly<Record<Exclude<Candidate["state"], "good">, string>> = {
  refused: "a restore would refuse it",
  damaged: "damaged",
  lies: "not what its name says"
}

/** Of backups of one group. */
const decideGroup = <A extends Candidate>(
  backups: ReadonlyArray<A>,
  policy: Policy,
  { damaged, now }: Circumstances
): ReadonlyArray<Decision<A>> => {
  const reasons = new Map<A, Array<string>>()
  const keep: Keep<A> = (backup, why) => {
    const known = reasons.get(backup)
    if (known === undefined) reasons.set(backup, [why])
    else if (!known.includes(why)) known.push(why)
  }
  const sorted = backups.toSorted(newestFirst)
  const good = sorted.filter(({ state, time }) => state === "good" && !isFuture(time, now))
  if (good[0] !== undefined) keep(good[0], "newest")
  byCounts(good, policy, keep)
  withinSpans(good, policy, keep)
  ofBranches(good, (backup) => reasons.has(backup), keep)
  return sorted.map((backup, i): Decision<A> => {
    const { position, state, time } = backup
    if (isFuture(time, now)) return { backup, stays: true, reasons: ["dated in the future"] }
    if (state === "good") return { backup, stays: reasons.has(backup), reasons: reasons.get(backup) ?? [] }
    const after = sorted.slice(0, i).findLast((other) => good.includes(other))
    return state === "damaged" && damaged === true && after !== undefined && after.position >= position
      ? { backup, stays: false, reasons: [`damaged, and ${after.name} has its events`] }
      : { backup, stays: true, reasons: [others[state]] }
  })
}

/** What stays and what goes, the newest of each group first; groups in the order in which they come. */
export const decide = <A extends Candidate>(
  backups: ReadonlyArray<A>,
  policy: Policy,
  circumstances: Circumstances
): ReadonlyArray<Decision<A>> =>
  [...Map.groupBy(backups, ({ group }) => group).values()].flatMap((group) => decideGroup(group, policy, circumstances))
