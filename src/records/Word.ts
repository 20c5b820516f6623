/**
 * A word of the vocabulary that rules are written in (vocabulary.ts): one thing that a value can be, in every form in which kata asks for
 * it. SQL is the truth. The other forms exist because they are faster, and a property test holds them to it.
 */
import type * as Option from "effect/Option"

/** A value of a field: text and JSON are strings, an integer is a bigint only where a number would not be exact. */
export type Value = string | number | bigint | null | undefined

/** A record as a value. Keys are those of the fields of its kind. */
export type AnyRecord = { readonly [key: string]: Value }

/**
 * A regular expression over the raw value in a line, of a string what stands between its quotes. It matches only what keeps the rule; what
 * it does not match may keep it too. `form`: as it is; else a run of the ASCII characters `of`, without escapes.
 */
export interface Pattern {
  readonly form?: string
  readonly of?: string
  /** How many characters whatever matches has. */
  readonly min: number
  readonly max: number
}

export interface Word {
  /** What a report says of a value that is something else. */
  readonly says: string
  /** True of a value that is it; `x` is the SQL of the value. Of NULL it is true or NULL, or else the rule is not asked of NULL. */
  readonly sql: (x: string) => string
  /** The same of a value that is there; of a `narrow` word true only where SQL says so. */
  readonly is: (value: string | number | bigint) => boolean
  readonly narrow?: boolean
  readonly pattern?: Pattern
  /** The value as kata would have written it, when that can be known from the value alone. */
  readonly mend?: (value: string) => Option.Option<string>
}

const ascii = "^\"\\\\\\x00-\\x1f\\x7f-\\xff"

/** The pattern as the source of a regular expression. */
export const sourceOf = ({ form, max, min, of }: Pattern): string =>
  form ?? `[${of ?? ascii}]{${min},${max === Infinity ? "" : max}}`

/** What both match, in a value that ends before `end`. */
export const both = (a: Pattern, b: Pattern, end: string): Pattern => {
  const [min, max] = [Math.max(a.min, b.min), Math.min(a.max, b.max)]
  const inside = (one: Pattern, other: Pattern) =>
    one.form === other.form && one.of === other.of
      ? one.min === min && one.max === max
      : one.form !== undefined && other.form === undefined && other.of === undefined && one.min === min &&
        one.max === max
  if (inside(a, b)) return a
  if (inside(b, a)) return b
  const runs = a.form === undefined && b.form === undefined
  if (runs && (a.of === undefined || b.of === undefined || a.of === b.of)) {
    const of = a.of ?? b.of
    return of === undefined ? { min, max } : { of, min, max }
  }
  return { form: `(?=(?:${sourceOf(b)})${end})(?:${sourceOf(a)})`, min, max }
}
