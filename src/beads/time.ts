/** Times of Beads: any offset, up to nine digits, and two that stand for none. */
import * as Option from "effect/Option"
import { canonicalTime } from "../records/time.ts"

const form = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)?$/
const day = /^\d{4}-\d\d-\d\d$/

export interface Time {
  /** As kata writes it. */
  readonly at: string
  /** It was not said where; it is taken for UTC, never for local time. */
  readonly isBare: boolean
}

/** Year 1 and the beginning of 1970 are what programs write for a time that they do not have. */
const isNone = (at: string) => at.startsWith("0001-01-01") || at === "1970-01-01T00:00:00.000Z"

/** The time that a text says: `none` for one that stands for no time, `odd` for what is no time. */
export const timeIn = (text: string | undefined): Time | "none" | "odd" => {
  if (text === undefined || text.trim() === "") return "none"
  const said = text.trim()
  const found = form.exec(said)
  if (found === null && !day.test(said)) return "odd"
  const zone = found?.[1]
  const spelled = said.replace("t", "T").replace(/z$/, "Z").replace(/([+-]\d\d)(\d\d)$/, "$1:$2")
  // offsets are read behind seconds only
  const whole = spelled.replace(/^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d)(?=Z|[+-]|$)/, "$1:00")
  const at = Option.getOrUndefined(canonicalTime(whole))
  return at === undefined ? "odd" : isNone(at) ? "none" : { at, isBare: zone === undefined }
}

/** The later of two, as kata writes them. */
export const later = (a: string, b: string): string => a > b ? a : b
