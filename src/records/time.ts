/** The notations of time that real databases hold (spec of schema 10, section 6), and the one that kata writes. */
import * as Option from "effect/Option"

/** `2006-01-02 15:04:05.999999999 +0200 CEST m=+0.1`: how Go prints a time. The zone must be a name. */
const goForm =
  /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,9})? ([+-])(\d\d)(\d\d) [A-Z][A-Za-z]*(?: m=[+-]\d+(?:\.\d+)?)?$/
/** ISO forms after one trailing `Z` is taken off: with an offset, without (UTC), to the minute, a date. */
const isoForm = /^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d)(?:(:\d\d)(\.\d{1,9})?(?:([+-])(\d\d):(\d\d))?)?)?$/

/** Digits behind a second, to one of the counts: filled up with zeros, cut where there are more than the highest. */
const fraction = (digits: string, counts: ReadonlyArray<number>): string => {
  const count = counts.find((count) => digits.length <= count) ?? counts.at(-1)!
  return digits.slice(0, count).padEnd(count, "0")
}

const instant = (
  counts: ReadonlyArray<number>,
  date: string,
  clock: string,
  digits: string,
  sign: string,
  hours: string,
  minutes: string
): Option.Option<string> => {
  const text = `${date}T${clock}.000Z`
  const at = new Date(text)
  // Date rolls the 30th of February over into March: what does not come back as it went in is no date.
  if (Number.isNaN(at.getTime()) || at.toISOString() !== text || Number(hours) > 23 || Number(minutes) > 59) {
    return Option.none()
  }
  const offset = (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
  const utc = new Date(at.getTime() - offset).toISOString()
  return /^\d{4}-/.test(utc) ? Option.some(`${utc.slice(0, 20)}${fraction(digits, counts)}Z`) : Option.none()
}

const canonical = (counts: ReadonlyArray<number>) => (text: string): Option.Option<string> => {
  const go = goForm.exec(text)
  if (go !== null) return instant(counts, go[1]!, go[2]!, (go[3] ?? "").slice(1), go[4]!, go[5]!, go[6]!)
  const iso = isoForm.exec(text.replace(/Z$/, ""))
  if (iso === null) return Option.none()
  const clock = (iso[2] ?? "00:00") + (iso[3] ?? ":00")
  return instant(counts, iso[1]!, clock, (iso[4] ?? "").slice(1), iso[5] ?? "+", iso[6] ?? "00", iso[7] ?? "00")
}

/** A time in any notation that Go kata can read, as `YYYY-MM-DDTHH:MM:SS.mmmZ`; digits beyond the millisecond are cut. */
export const canonicalTime = canonical([3])

/** The same with 3, 6 or 9 digits behind the second, as many as it takes: none is cut. */
export const canonicalFineTime = canonical([3, 6, 9])

/** The date that a text begins with, where what follows is a time, or nothing separates its digits: `YYYY-MM-DD`. */
export const canonicalDay = (text: string): Option.Option<string> => {
  const digits = /^(\d{4})-?(\d\d)-?(\d\d)(?:[T ]|$)/.exec(text)
  if (digits === null) return Option.none()
  const day = digits.slice(1).join("-")
  return Option.as(Option.all([canonicalTime(day), canonicalTime(text.replace(/^\d{4}-?\d\d-?\d\d/, day))]), day)
}
