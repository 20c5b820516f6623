/**
 * The days of a rule, counted from 1970-01-01, up to the end of the year 9999. The calendar repeats after 400 years, so that a search that
 * found nothing in so many periods never will: what never comes true is known after 146,097 days at most.
 */
import type { RRule } from "../../records/rrule.ts"

/** A day of the Gregorian calendar, also of times before it was one. */
export const dayOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const [yearOfEra, ofYear] = [y - era * 400, Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1]
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + ofYear - 719_468
}

interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

export const civilOf = (n: number): Civil => {
  const z = n + 719_468
  const era = Math.floor(z / 146_097)
  const ofEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * ofYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * shifted + 2) / 5) + 1
  }
}

const end = dayOf(9999, 12, 31)

/** 0 for Monday. */
const weekdayOf = (n: number) => (((n + 3) % 7) + 7) % 7

const weekBegin = (n: number, weekStart: number) => n - (weekdayOf(n) - weekStart + 7) % 7

/** Easter Sunday of the western churches. */
const easterOf = (year: number): number => {
  const [a, b, c] = [year % 19, Math.floor(year / 100), year % 100]
  const h = (19 * a + b - Math.floor(b / 4) - Math.floor((b - Math.floor((b + 8) / 25) + 1) / 3) + 15) % 30
  const l = (32 + 2 * (b % 4) + 2 * Math.floor(c / 4) - h - c % 4) % 7
  const m = Math.floor((a + 11 * h + 22 * l) / 451)
  const month = Math.floor((h + l - 7 * m + 114) / 31)
  return dayOf(year, month, (h + l - 7 * m + 114) % 31 + 1)
}

/** The first day of the first week of a year, which has four days in it at least. */
const firstWeek = (year: number, weekStart: number) => weekBegin(dayOf(year, 1, 4), weekStart)

/** The rule with what it leaves to its first day. */
const completed = (rule: RRule, { day, month, weekday }: Civil & { readonly weekday: number }): RRule => {
  const { easter, frequency, monthDays, months, weekDays, weeks, yearDays } = rule
  if ([easter, monthDays, weekDays, weeks, yearDays].some((list) => list.length > 0)) return rule
  if (frequency === "YEARLY") return { ...rule, months: months.length > 0 ? months : [month], monthDays: [day] }
  if (frequency === "MONTHLY") return { ...rule, monthDays: [day] }
  return frequency === "WEEKLY" ? { ...rule, weekDays: [{ weekday, nth: 0 }] } : rule
}

/** Whether a day is one of those that the rule names. */
const filterOf = ({ easter, frequency, monthDays, months, weekDays, weeks, weekStart, yearDays }: RRule) => {
  const counted = frequency === "YEARLY" || frequency === "MONTHLY"
  const plain = weekDays.filter(({ nth }) => nth === 0 || !counted).map(({ weekday }) => weekday)
  const nth = counted ? weekDays.filter((one) => one.nth !== 0) : []
  const ofMonth = frequency === "MONTHLY" || months.length > 0
  return (n: number): boolean => {
    const { day, month, year } = civilOf(n)
    if (months.length > 0 && !months.includes(month)) return false
    if (monthDays.length > 0) {
      const left = dayOf(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - n
      if (!monthDays.includes(day) && !monthDays.includes(-left)) return false
    }
    const weekday = weekdayOf(n)
    if (plain.length > 0 && !plain.includes(weekday)) return false
    const [begin, next] = [dayOf(year, 1, 1), dayOf(year + 1, 1, 1)]
    if (yearDays.length > 0 && !yearDays.includes(n - begin + 1) && !yearDays.includes(n - next)) return false
    if (easter.length > 0 && !easter.includes(n - easterOf(year))) return false
    if (nth.length > 0) {
      const [first, last] = ofMonth
        ? [dayOf(year, month, 1), dayOf(month === 12 ? year + 1 : year, month === 12 ? 1 : month + 1, 1) - 1]
        : [begin, next - 1]
      const [there, back] = [Math.floor((n - first) / 7) + 1, -Math.floor((last - n) / 7) - 1]
      if (!nth.some((one) => one.weekday === weekday && (one.nth === there || one.nth === back))) return false
    }
    if (weeks.length === 0) return true
    const own = [year + 1, year, year - 1].find((one) => firstWeek(one, weekStart) <= n) ?? year
    const first = firstWeek(own, weekStart)
    const week = Math.floor((n - first) / 7) + 1
    return weeks.includes(week) || weeks.includes(week - (firstWeek(own + 1, weekStart) - first) / 7 - 1)
  }
}

const secondsOf = { HOURLY: 3600, MINUTELY: 60, SECONDLY: 1 }
const secondsOfDay = 86_400

interface Periods {
  /** The days of a period, the last one excluded. */
  readonly range: (period: number) => readonly [from: number, to: number]
  /** A period that holds the day or comes before it. */
  readonly at: (day: number) => number
  /** So many of them are as good as all. */
  readonly cycle: number
  readonly count: number
}

/** What a rule repeats. A rule that repeats within a day gives that day. */
const periodsOf = ({ count, frequency, interval, weekStart }: RRule, start: number): Periods => {
  const { month, year } = civilOf(start)
  const index = year * 12 + month - 1
  const monthBegin = (i: number) => dayOf(Math.floor(i / 12), i % 12 + 1, 1)
  switch (frequency) {
    case "YEARLY":
      return {
        range: (p) => [dayOf(year + p * interval, 1, 1), dayOf(year + p * interval + 1, 1, 1)],
        at: (day) => Math.floor((civilOf(day).year - year) / interval),
        cycle: 400,
        count
      }
    case "MONTHLY":
      return {
        range: (p) => [monthBegin(index + p * interval), monthBegin(index + p * interval + 1)],
        at: (day) => {
          const civil = civilOf(day)
          return Math.floor((civil.year * 12 + civil.month - 1 - index) / interval)
        },
        cycle: 4800,
        count
      }
    case "WEEKLY": {
      const begin = weekBegin(start, weekStart)
      return {
        range: (p) => [begin + 7 * interval * p, begin + 7 * interval * p + 7],
        at: (day) => Math.floor((day - begin) / (7 * interval)),
        cycle: 20_871,
        count
      }
    }
    default: {
      const seconds = frequency === "DAILY" ? interval * secondsOfDay : interval * secondsOf[frequency]
      const step = Math.max(seconds, secondsOfDay)
      const dayAt = (p: number) => start + Math.floor(p * step / secondsOfDay)
      return {
        range: (p) => [dayAt(p), dayAt(p) + 1],
        at: (day) => Math.floor((day - start) * secondsOfDay / step),
        cycle: step % secondsOfDay === 0 ? 146_097 : budget,
        count: count === 0 || seconds >= secondsOfDay ? count : Math.floor((count - 1) * seconds / secondsOfDay) + 1
      }
    }
  }
}

/** Periods that a search goes through before it gives up: where it has to count, it begins with the first. */
const budget = 1_000_000

/** The search gave up; no such rule is of any use. */
export const tooFar = Symbol("tooFar")

/** The first day of a rule that is not before `from`; undefined if there is none. `start` is its first day of all, `until` its last. */
export const next = (
  rule: RRule,
  start: number,
  until: number,
  from: number
): number | undefined | typeof tooFar => {
  const whole = completed(rule, { ...civilOf(start), weekday: weekdayOf(start) })
  const isOne = filterOf(whole)
  const { at, count, cycle, range } = periodsOf(whole, start)
  const first = count > 0 ? 0 : Math.max(0, at(Math.max(from, start)))
  const last = Math.min(until, end)
  let [left, empty] = [count, 0]
  for (let period = first; period - first <= budget; period++) {
    const [begin, after] = range(period)
    if (begin > last) return undefined
    const days: Array<number> = []
    // the days before the first of all count in a year or month, and not in its week, as in other libraries
    const counted = whole.frequency === "WEEKLY" ? Math.max(begin, start) : begin
    for (let day = counted; day < after; day++) if (isOne(day)) days.push(day)
    const chosen = rule.positions.length === 0
      ? days
      : days.filter((_, i) => rule.positions.includes(i + 1) || rule.positions.includes(i - days.length))
    for (const day of chosen.filter((one) => one >= start)) {
      if (day > last) return undefined
      if (day >= from) return day
      if (count > 0 && --left === 0) return undefined
    }
    // before `from` there may be days, but no new ones after a whole cycle without one
    empty = chosen.length === 0 ? empty + 1 : 0
    if (empty > cycle) return undefined
  }
  return tooFar
}
