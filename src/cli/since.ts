/** Times of the past as people write them; without an offset they are those of this machine. */
import * as Option from "effect/Option"
import { dateTime } from "../ledger/dateTime.ts"

const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const days = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

/** What may be written, for messages. */
export const sinceForms = "90m, 24h, 7d, 2w, today, yesterday, monday, 2026-11-20 or a time as RFC 3339 has it"

/** The beginning of a day, so many days before today. */
const midnight = (now: Date, before: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() - before)

const dateOf = (word: string) => {
  const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(word) ?? []
  if (year === undefined) return undefined
  const date = new Date(Number(year), Number(month) - 1, Number(day))
  // February 30 would be in March
  return date.getMonth() === Number(month) - 1 ? date : undefined
}

/** RFC 3339 in UTC; nothing for what is no time. A day of the week is the last one of that name; today counts. */
export const sinceOf = (text: string, now: Date): Option.Option<string> => {
  const word = text.trim().toLowerCase()
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(word) ?? []
  const weekday = days.indexOf(word)
  const date = count !== undefined && unit !== undefined
    ? new Date(now.getTime() - Number(count) * units[unit]!)
    : word === "today"
    ? midnight(now, 0)
    : word === "yesterday"
    ? midnight(now, 1)
    : weekday >= 0
    ? midnight(now, (now.getDay() - weekday + 7) % 7)
    : dateOf(word)
  return date === undefined ? dateTime(text.trim()) : Option.some(date.toISOString())
}
