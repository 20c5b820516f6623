/** The rules of a retention once more, as simply as they can be said and by other means: dates as text, no state, no haste. */
import type { Candidate, Policy, Span } from "../../src/backup/retention.ts"

const iso = (time: number) => new Date(time).toISOString()

/** The Monday of its week, as a date. */
const monday = (time: number): string => {
  let at = time
  while (new Date(at).getUTCDay() !== 1) at -= 86_400_000
  return iso(at).slice(0, 10)
}

const keyOf = {
  hourly: (time: number) => iso(time).slice(0, 13),
  daily: (time: number) => iso(time).slice(0, 10),
  weekly: monday,
  monthly: (time: number) => iso(time).slice(0, 7),
  yearly: (time: number) => iso(time).slice(0, 4)
}

const lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const lengthOf = (year: number, month: number) =>
  month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : lengths[month - 1]!

/** Month by month, then in days and hours. */
const edgeOf = (time: number, { days, hours, months, years }: Span): number => {
  let [year, month] = [Number(iso(time).slice(0, 4)), Number(iso(time).slice(5, 7))]
  for (let i = 0; i < years * 12 + months; i++) {
    month -= 1
    if (month === 0) [year, month] = [year - 1, 12]
  }
  const date = Math.min(Number(iso(time).slice(8, 10)), lengthOf(year, month))
  const text = `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`
  return Date.parse(`${text}${iso(time).slice(10)}`) - (days * 24 + hours) * 3_600_000
}

/** Whether `a` is older than `b`. */
const isOlder = (a: Candidate, b: Candidate): boolean =>
  a.time !== b.time ? a.time < b.time : a.position !== b.position ? a.position < b.position : a.name < b.name

/** The newest of each group of the same key. */
const newestOfEach = (sorted: ReadonlyArray<Candidate>, key: (time: number) => string) => {
  const found = new Map<string, Candidate>()
  for (const one of sorted) found.set(key(one.time), one)
  return [...found.values()]
}

const ofGroup = (all: ReadonlyArray<Candidate>, policy: Policy, now: number): ReadonlySet<Candidate> => {
  const sorted = all.filter(({ state, time }) => state === "good" && time <= now + 600_000)
    .toSorted((a, b) => isOlder(a, b) ? -1 : 1)
  const stays = new Set(all.filter((one) => !sorted.includes(one)))
  const [oldest, newest] = [sorted.at(0), sorted.at(-1)]
  if (oldest === undefined || newest === undefined) return stays
  stays.add(newest)
  for (const one of sorted.slice(-Math.min(policy.counts.last ?? 0, sorted.length))) {
    if ((policy.counts.last ?? 0) > 0) stays.add(one)
  }
  for (const period of ["hourly", "daily", "weekly", "monthly", "yearly"] as const) {
    const count = policy.counts[period] ?? 0
    const each = newestOfEach(sorted, keyOf[period]).toSorted((a, b) => isOlder(a, b) ? 1 : -1)
    for (const one of each.slice(0, count)) stays.add(one)
    if (each.length < count) stays.add(oldest)
    const span = policy.within[period]
    if (span === undefined) continue
    const edge = edgeOf(newest.time, span)
    for (const one of newestOfEach(sorted.filter(({ time }) => time > edge), keyOf[period])) stays.add(one)
    if (oldest.time > edge) stays.add(oldest)
    for (const one of sorted.filter(({ time }) => time <= edge).slice(-1)) stays.add(one)
  }
  if ((policy.counts.last ?? 0) > sorted.length) stays.add(oldest)
  if (policy.within.all !== undefined) {
    const edge = edgeOf(newest.time, policy.within.all)
    for (const one of sorted.filter(({ time }) => time > edge)) stays.add(one)
    for (const one of sorted.filter(({ time }) => time <= edge).slice(-1)) stays.add(one)
  }
  const ends = sorted.filter((one, i) => (sorted[i + 1]?.position ?? Infinity) < one.position)
  for (const end of ends) stays.add(end)
  for (const end of ends.toReversed()) {
    const later = sorted.slice(sorted.indexOf(end) + 1)
    const next = later.findIndex((one) => stays.has(one))
    if (later[next]!.position < end.position) continue
    stays.add(later.slice(0, next).findLast((one) => one.position < end.position)!)
  }
  return stays
}

/** What stays. */
export const model = (backups: ReadonlyArray<Candidate>, policy: Policy, now: number): ReadonlySet<Candidate> =>
  new Set([...new Set(backups.map(({ group }) => group))].flatMap((group) => [
    ...ofGroup(backups.filter((one) => one.group === group), policy, now)
  ]))
