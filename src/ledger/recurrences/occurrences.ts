/**
 * The days of a recurrence. An occurrence is a day: what a rule says about hours and smaller is not looked at, and a rule that repeats within
 * a day gives that day.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { readRule, type Until } from "../../records/rrule.ts"
import { canonicalDay } from "../../records/time.ts"
import { isTimeZone } from "../metadata/timeZone.ts"
import { civilOf, dayOf, next, tooFar } from "./days.ts"

/** What decides on which days issues are made. */
export interface Schedule {
  readonly rrule: string
  readonly dtstart: string
  readonly timezone: string
}

const numberOf = (day: string): number => {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number)
  return dayOf(year, month, date)
}

const textOf = (n: number): string => {
  const { day, month, year } = civilOf(n)
  return [String(year).padStart(4, "0"), String(month).padStart(2, "0"), String(day).padStart(2, "0")].join("-")
}

/**
 * The last day that UNTIL allows, where the recurrence is at home. A day begins at its midnight there: it is allowed if that is not after the
 * instant, which is to say if it is not after the day that the instant has there.
 */
const lastDay = ({ day, utc }: Until, timezone: string): number => {
  if (utc === undefined) return numberOf(day)
  const parts = new Intl.DateTimeFormat("en", {
    timeZone: isTimeZone(timezone) ? timezone : "UTC",
    calendar: "gregory",
    era: "short",
    year: "numeric",
    month: "numeric",
    day: "numeric"
  }).formatToParts(new Date(`${day}T${utc}Z`))
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ""
  // Before the year 1 the years count down.
  const year = part("era").startsWith("B") ? 1 - Number(part("year")) : Number(part("year"))
  return dayOf(year, Number(part("month")), Number(part("day")))
}

type Search = (from: number) => Either.Either<string | undefined, string>

const search = (schedule: Schedule): Either.Either<Search, string> => {
  const rule = readRule(schedule.rrule)
  if (Either.isLeft(rule)) return Either.left(`parse rrule ${JSON.stringify(schedule.rrule)}: ${rule.left}`)
  return Option.match(canonicalDay(schedule.dtstart), {
    onNone: () => Either.left(`dtstart must be a date YYYY-MM-DD, got ${JSON.stringify(schedule.dtstart)}`),
    onSome: (start) =>
      Either.right((from) => {
        const { until } = rule.right
        const found = next(
          rule.right,
          numberOf(start),
          until === undefined ? Infinity : lastDay(until, schedule.timezone),
          from
        )
        if (found === tooFar) return Either.left("rrule counts too many days")
        return Either.right(found === undefined ? undefined : textOf(found))
      })
  })
}

/** The first day of a schedule that a user gives, or what is wrong with it. */
export const firstDay = (schedule: Schedule): Either.Either<string, string> => {
  if (!isTimeZone(schedule.timezone)) return Either.left(`unknown time zone ${schedule.timezone}`)
  return Either.flatMap(search(schedule), (search) => {
    if (!/^\d{4}-\d\d-\d\d$/.test(schedule.dtstart)) {
      return Either.left(`dtstart must be a date YYYY-MM-DD, got ${JSON.stringify(schedule.dtstart)}`)
    }
    return Either.flatMap(
      search(numberOf(schedule.dtstart)),
      (day) => Either.fromNullable(day, () => "rrule gives no day from dtstart on")
    )
  })
}

/** The first day after the one of `key`; none where the schedule ends. Schedules that are stored may be odd. */
export const dayAfter = (schedule: Schedule, key: string): Either.Either<string | undefined, string> =>
  Either.flatMap(search(schedule), (search) =>
    Option.match(canonicalDay(key), {
      onNone: () => Either.left(`occurrence key ${JSON.stringify(key)} is no date`),
      onSome: (day) => search(numberOf(day) + 1)
    }))
