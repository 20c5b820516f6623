/** The rules of a retention as people write them: `--keep-daily 7`, `--keep-within 1y2m3w4d5h`. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { type Counted, counted, type Period, periods, type Policy, type Span } from "./retention.ts"

/** What a directory that is written to every hour keeps with these: at most 71 files, over ten years. */
export const usual = "--keep-last 3 --keep-hourly 24 --keep-daily 14 --keep-weekly 8 --keep-monthly 12 --keep-yearly 10"

/** A rule says nothing, or all of them would keep nothing. */
export class RetentionRefused extends Schema.TaggedError<RetentionRefused>()("RetentionRefused", {
  /** The flag; empty when it is about all of them. */
  rule: Schema.String,
  problem: Schema.String
}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    return this.rule === "" ? this.problem : `${this.rule}: ${this.problem}`
  }
  get hint(): string {
    return `nothing was removed. Usual: kata backup prune ${usual}`
  }
}

/** The words by rule; undefined for a rule that is not asked for. */
export interface Words {
  readonly counts: Readonly<Partial<Record<Counted, string | undefined>>>
  readonly within: Readonly<Partial<Record<"all" | Period, string | undefined>>>
}

const countOf = (word: string): number | undefined =>
  word === "unlimited" ? Infinity : /^\d{1,9}$/.test(word) ? Number(word) : undefined

const units = { y: "years", m: "months", w: "weeks", d: "days", h: "hours" } as const
const isUnit = (unit: string | undefined): unit is keyof typeof units => unit !== undefined && unit in units

/** Numbers of at most five digits: no date is so far away that it could not be said. */
const spanOf = (word: string): Span | undefined => {
  if (!/^(?:\d{1,5}[ymwdh]){1,5}$/.test(word)) return undefined
  const found = { years: 0, months: 0, weeks: 0, days: 0, hours: 0 }
  const seen = new Set<string>()
  for (const [, number, unit] of word.matchAll(/(\d+)([ymwdh])/g)) {
    if (!isUnit(unit) || seen.has(unit)) return undefined
    seen.add(unit)
    found[units[unit]] = Number(number)
  }
  const { days, hours, months, weeks, years } = found
  return { years, months, days: days + 7 * weeks, hours }
}

const isNothing = ({ days, hours, months, years }: Span) => years + months + days + hours === 0

/** The policy that the words say. Fails when one says nothing, and when all of them together would keep nothing. */
export const policyOf = Effect.fn("Backup.policyOf")(function*(words: Words) {
  const counts: Partial<Record<Counted, number>> = {}
  const within: Partial<Record<"all" | Period, Span>> = {}
  for (const rule of counted) {
    const word = words.counts[rule]
    if (word === undefined) continue
    const count = countOf(word)
    if (count === undefined) {
      const problem = `a number or unlimited, got ${JSON.stringify(word)}`
      return yield* new RetentionRefused({ rule: `--keep-${rule}`, problem })
    }
    if (count > 0) counts[rule] = count
  }
  for (const rule of ["all", ...periods] as const) {
    const word = words.within[rule]
    if (word === undefined) continue
    const span = spanOf(word)
    if (span === undefined) {
      const problem = `a length of time such as 7d or 1y2m3w4d5h, got ${JSON.stringify(word)}`
      return yield* new RetentionRefused({ rule: `--keep-within${rule === "all" ? "" : `-${rule}`}`, problem })
    }
    if (!isNothing(span)) within[rule] = span
  }
  if (Object.keys(counts).length + Object.keys(within).length === 0) {
    return yield* new RetentionRefused({ rule: "", problem: "no rule says what stays" })
  }
  return { counts, within } satisfies Policy
})
