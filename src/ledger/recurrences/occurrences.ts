/**
 * The days of a recurrence. An occurrence is a day: what a rule says about hours and smaller is not looked at, and a rule that repeats within
 * a day gives that day.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
// oxlint-disable-next-line import/default -- a CommonJS module: what it exports is the default
import rrule from "rrule"
import { canonicalDay } from "../../records/time.ts"
import { isTimeZone } from "../metadata/timeZone.ts"

// oxlint-disable-next-line import/no-named-as-default-member -- it has no named exports at run time
const { RRule } = rrule

/** What decides on which days issues are made. */
export interface Schedule {
  readonly rrule: string
  readonly dtstart: string
  readonly timezone: string
}

const day = "(?:MO|TU|WE|TH|FR|SA|SU)"
const list = (one: string) => new RegExp(`^${one}(?:,${one})*$`)
const until = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/

/** Properties of a rule; what is none of these, and what has another form, Go kata does not read either. */
const properties = new Map([
  ["FREQ", /^[A-Z]+$/],
  ["INTERVAL", /^[1-9]\d{0,5}$/],
  ["COUNT", /^[1-9]\d{0,8}$/],
  ["UNTIL", until],
  ["WKST", new RegExp(`^${day}$`)],
  ["BYDAY", list(`(?:[+-]?(?:[1-9]|[1-4]\\d|5[0-3]))?${day}`)],
  ["BYMONTH", list("(?:[1-9]|1[0-2])")],
  ["BYMONTHDAY", list("[+-]?(?:[1-9]|[12]\\d|3[01])")],
  ["BYYEARDAY", list("[+-]?(?:[1-9]\\d?|[12]\\d\\d|3[0-5]\\d|36[0-6])")],
  ["BYWEEKNO", list("[+-]?(?:[1-9]|[1-4]\\d|5[0-3])")],
  ["BYSETPOS", list("[+-]?(?:[1-9]\\d?|[12]\\d\\d|3[0-5]\\d|36[0-6])")],
  ["BYHOUR", list("(?:\\d|1\\d|2[0-3])")],
  ["BYMINUTE", list("[1-5]?\\d")],
  ["BYSECOND", list("[1-5]?\\d")]
])

/** Frequencies, and how long one step of those within a day is, in days. */
const frequencies = new Map([
  ["YEARLY", undefined],
  ["MONTHLY", undefined],
  ["WEEKLY", undefined],
  ["DAILY", undefined],
  ["HOURLY", 1 / 24],
  ["MINUTELY", 1 / 1440],
  ["SECONDLY", 1 / 86_400]
])

/** What is wrong with a rule, if anything. */
const problem = (text: string): string | undefined => {
  if (!/^[A-Z]+=[^;=]+(?:;[A-Z]+=[^;=]+)*$/.test(text)) return "wrong format"
  const found = new Map(text.split(";").map((part) => part.split("=") as [string, string]))
  for (const [name, value] of found) {
    const form = properties.get(name)
    if (form === undefined) return `unknown property: ${name}`
    if (!form.test(value)) return `invalid value of ${name}: ${value}`
  }
  const frequency = found.get("FREQ")
  if (frequency === undefined) return "property FREQ is required"
  return frequencies.has(frequency) ? undefined : `undefined frequency: ${frequency}`
}

/** The last day that UNTIL allows, where the recurrence is at home. */
const lastDay = (value: string, timezone: string): string => {
  const [, year, month, date, hour, minute, second, utc] = until.exec(value) ?? []
  if (utc !== "Z") return `${year}-${month}-${date}`
  return new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short" })
    .format(new Date(`${year}-${month}-${date}T${hour}:${minute}:${second}Z`))
}

/**
 * The calendar repeats after 400 years. A search for the next day ends in the year 9999, which takes seconds for a rule that never comes
 * true; moved to the end of that time it still sees a hundred years.
 */
const cycles = (year: number) => 400 * Math.floor((9899 - year) / 400)

const years = (day: string, by: number) => `${String(Number(day.slice(0, 4)) + by).padStart(4, "0")}${day.slice(4)}`

const at = (day: string, clock: string) => new Date(`${day}T${clock}Z`)

type Search = (from: string, inclusive: boolean) => string | undefined

/** A rule that repeats within a day: on each day that it touches. `step` is in days. */
const inDays = (step: number, interval: number, count: number | null) => {
  const days = Math.max(1, Math.floor(interval * step))
  return {
    freq: RRule.DAILY,
    interval: days,
    count: count === null ? null : Math.floor((count - 1) * interval * step / days) + 1
  }
}

const searchOf = (schedule: Schedule, start: string): Search => {
  const shift = cycles(Number(start.slice(0, 4)))
  const zone = isTimeZone(schedule.timezone) ? schedule.timezone : "UTC"
  const within = frequencies.get(/FREQ=([A-Z]+)/.exec(schedule.rrule)?.[1] ?? "")
  const end = /UNTIL=([^;]+)/.exec(schedule.rrule)?.[1]
  const options = RRule.parseString(schedule.rrule)
  const rule = new RRule(
    {
      ...options,
      ...(within === undefined ? {} : inDays(within, options.interval ?? 1, options.count ?? null)),
      byhour: null,
      byminute: null,
      bysecond: null,
      dtstart: at(years(start, shift), "00:00:00"),
      until: end === undefined ? null : at(years(lastDay(end, zone), shift), "23:59:59")
    },
    true
  )
  return (from, inclusive) => {
    const found = rule.after(at(years(from, shift), inclusive ? "00:00:00" : "23:59:59"), inclusive)
    return found === null ? undefined : years(found.toISOString().slice(0, 10), -shift)
  }
}

const search = (schedule: Schedule): Either.Either<Search, string> => {
  const wrong = problem(schedule.rrule)
  if (wrong !== undefined) return Either.left(`parse rrule ${JSON.stringify(schedule.rrule)}: ${wrong}`)
  return Option.match(canonicalDay(schedule.dtstart), {
    onNone: () => Either.left(`dtstart must be a date YYYY-MM-DD, got ${JSON.stringify(schedule.dtstart)}`),
    onSome: (start) => Either.right(searchOf(schedule, start))
  })
}

/** The first day of a schedule that a user gives, or what is wrong with it. */
export const firstDay = (schedule: Schedule): Either.Either<string, string> => {
  if (!isTimeZone(schedule.timezone)) return Either.left(`unknown time zone ${schedule.timezone}`)
  return Either.flatMap(search(schedule), (next) => {
    if (!/^\d{4}-\d\d-\d\d$/.test(schedule.dtstart)) {
      return Either.left(`dtstart must be a date YYYY-MM-DD, got ${JSON.stringify(schedule.dtstart)}`)
    }
    return Either.fromNullable(next(schedule.dtstart, true), () => "rrule gives no day from dtstart on")
  })
}

/** The first day after the one of `key`; none where the schedule ends. Schedules that are stored may be odd. */
export const dayAfter = (schedule: Schedule, key: string): Either.Either<string | undefined, string> =>
  Either.flatMap(search(schedule), (next) =>
    Option.match(canonicalDay(key), {
      onNone: () => Either.left(`occurrence key ${JSON.stringify(key)} is no date`),
      onSome: (day) => Either.right(next(day, false))
    }))
