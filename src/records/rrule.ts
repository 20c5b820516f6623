/**
 * Rules of recurrences as Go kata's library reads them (teambition/rrule-go 1.8): what it takes, is a rule, also where RFC 5545 knows better.
 * One judgement, for who works with a rule and for who only looks whether it is one.
 */
import * as Either from "effect/Either"

export const frequencies = ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"] as const
export type Frequency = typeof frequencies[number]

/** A day of the week, 0 for Monday; `nth` of its month or year, from the end if it is negative, 0 for each. */
export interface WeekDay {
  readonly weekday: number
  readonly nth: number
}

export interface Until {
  /** As in `2026-01-31`. */
  readonly day: string
  /** As in `23:59:59`, where it is an instant in UTC. */
  readonly utc: string | undefined
}

export interface RRule {
  readonly frequency: Frequency
  readonly interval: number
  /** 0 for no limit. */
  readonly count: number
  readonly until: Until | undefined
  readonly weekStart: number
  readonly positions: ReadonlyArray<number>
  readonly months: ReadonlyArray<number>
  readonly monthDays: ReadonlyArray<number>
  readonly yearDays: ReadonlyArray<number>
  readonly weeks: ReadonlyArray<number>
  readonly weekDays: ReadonlyArray<WeekDay>
  /** Days after Easter Sunday. */
  readonly easter: ReadonlyArray<number>
}

const weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

const integer = (text: string) => /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined

/** Numbers from `least` to `most`, and, if `signed`, as far below zero. */
const integers = (text: string, least: number, most: number, signed = false): ReadonlyArray<number> | undefined => {
  const all = text.split(",").map(integer)
  return all.every((one) =>
      one !== undefined && (signed ? Math.abs(one) : one) >= least && (signed ? Math.abs(one) : one) <= most
    )
    ? all.filter((one) => one !== undefined)
    : undefined
}

const weekDay = (text: string): WeekDay | undefined => {
  const weekday = weekdays.indexOf(text.slice(-2))
  const nth = text.length === 2 ? 0 : integer(text.slice(0, -2))
  return weekday < 0 || nth === undefined || Math.abs(nth) > 53 ? undefined : { weekday, nth }
}

const moment = (text: string): Until | undefined => {
  const [, year, month, day, hour, minute, second, utc] =
    /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$/.exec(text) ?? []
  if (year === undefined || month === undefined || day === undefined) return undefined
  const date = `${year}-${month}-${day}`
  const clock = `${hour ?? "00"}:${minute ?? "00"}:${second ?? "00"}`
  const time = new Date(`${date}T${clock}Z`)
  // a day or an hour that there is not
  if (Number.isNaN(time.getTime()) || time.toISOString().slice(0, 19) !== `${date}T${clock}`) return undefined
  return { day: date, utc: utc === "Z" ? clock : undefined }
}

type Draft = { -readonly [Key in keyof RRule]?: RRule[Key] }

/** What a property says, by its name; undefined for a value that it cannot have. `DTSTART` is the schedule's own. */
const properties: Readonly<Record<string, (value: string) => Draft | undefined>> = {
  DTSTART: (value) => moment(value) && {},
  INTERVAL: (value) => {
    const interval = integer(value)
    return interval === undefined || interval < 0 ? undefined : { interval: Math.max(1, interval) }
  },
  COUNT: (value) => {
    const count = integer(value)
    // a count below zero never comes to its end
    return count === undefined ? undefined : { count: Math.max(0, count) }
  },
  UNTIL: (value) => {
    const until = moment(value)
    return until && { until }
  },
  WKST: (value) => {
    const day = weekDay(value)
    return day && { weekStart: day.weekday }
  },
  BYDAY: (value) => {
    const days = value.split(",").map(weekDay)
    return days.every((day) => day !== undefined) ? { weekDays: days } : undefined
  },
  BYSETPOS: (value) => {
    const positions = integers(value, 1, 366, true)
    return positions && { positions }
  },
  BYMONTH: (value) => {
    const months = integers(value, 1, 12)
    return months && { months }
  },
  BYMONTHDAY: (value) => {
    const monthDays = integers(value, 1, 31, true)
    return monthDays && { monthDays }
  },
  BYYEARDAY: (value) => {
    const yearDays = integers(value, 1, 366, true)
    return yearDays && { yearDays }
  },
  BYWEEKNO: (value) => {
    const weeks = integers(value, 1, 53, true)
    return weeks && { weeks }
  },
  BYEASTER: (value) => {
    const easter = integers(value, 0, 366, true)
    return easter && { easter }
  },
  // an occurrence is a day
  BYHOUR: (value) => integers(value, 0, 23) && {},
  BYMINUTE: (value) => integers(value, 0, 59) && {},
  BYSECOND: (value) => integers(value, 0, 59) && {}
}

const nothing: RRule = {
  frequency: "YEARLY",
  interval: 1,
  count: 0,
  until: undefined,
  weekStart: 0,
  positions: [],
  months: [],
  monthDays: [],
  yearDays: [],
  weeks: [],
  weekDays: [],
  easter: []
}

/** The line of the rule; before it may stand one of its beginning, which is the schedule's own. */
const ruleLine = (text: string): string | undefined => {
  const [first = "", second, third] = text.trim().split("\n")
  if (second === undefined) return first
  const [, at] = /^DTSTART(?:;[A-Z]+=[^:;]+)*:(.+)$/.exec(first) ?? []
  return third !== undefined || at === undefined || moment(at) === undefined ? undefined : second
}

/** The rule, or what is wrong with it. Of a property that stands twice, the last one counts. */
export const readRule = (text: string): Either.Either<RRule, string> => {
  const line = ruleLine(text)
  if (line === undefined) return Either.left("wrong format")
  const draft: Draft = {}
  for (const part of line.replace(/^RRULE:/, "").split(";")) {
    const [name = "", value, more] = part.split("=")
    if (value === undefined || more !== undefined) return Either.left("wrong format")
    if (value === "") return Either.left(`${name} option has no value`)
    if (name === "FREQ") {
      const frequency = frequencies.find((one) => one === value)
      if (frequency === undefined) return Either.left(`undefined frequency: ${value}`)
      draft.frequency = frequency
      continue
    }
    const read = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (read === undefined) return Either.left(`unknown RRULE property: ${name}`)
    const said = read(value)
    if (said === undefined) return Either.left(`invalid value of ${name}: ${value}`)
    Object.assign(draft, said)
  }
  return draft.frequency === undefined
    ? Either.left("RRULE property FREQ is required")
    : Either.right({ ...nothing, ...draft })
}
