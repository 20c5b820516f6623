/**
 * Rules of the records of a kind. A rule is said once, in its kind: what SQL asks, what shows on a line that it is kept, what a report
 * says and how it is mended all come from there. Most are a word (vocabulary.ts) about a field; what is about several fields at once is
 * a pair of SQL and JavaScript.
 */
import * as Option from "effect/Option"
import { drop, ofValue, type Repair } from "./repairs.ts"
import type { Pattern, Word } from "./Word.ts"

/**
 * What shows of a line, without SQL, that the rule is kept: a pattern of the value of its field; a value that is the word; or a function of
 * the raw values of some fields (UTF-8 read as Latin-1, strings without their quotes), which is true only where the rule is kept. When
 * nothing shows it, SQL is asked.
 */
export type Evidence =
  | { readonly by: "pattern"; readonly pattern: Pattern; readonly is: Word["is"] }
  | { readonly by: "value"; readonly is: Word["is"] }
  | { readonly by: "row"; readonly reads: ReadonlyArray<string>; readonly keeps: Keeps }

export type Keeps = (...raw: ReadonlyArray<string | undefined>) => boolean

/** What every rule says of itself. */
export interface Described {
  /** How a report calls it; a CHECK by its SQL. */
  readonly rule: string
  readonly field: string
  readonly says: string
  /** A restore refuses a row that breaks it, unless it is asked to repair. */
  readonly blocking: boolean
  /** What a repair does with a record that breaks it; none: the record stays as it is. */
  readonly repair: Option.Option<Repair>
}

/** What can be decided from the row alone. */
export interface Rule extends Described {
  /** SQL over the columns of the row: true, or NULL, for a row that keeps the rule. */
  readonly holds: string
  readonly evidence: Evidence
}

const evidenceOf = ({ is, pattern }: Word): Evidence =>
  pattern === undefined ? { by: "value", is } : { by: "pattern", pattern, is }

/** A CHECK of the table. Its SQL is what SQLite puts into its message and what Go kata looks for there: never reword it. */
export const check = (
  field: string,
  word: Word,
  options: {
    readonly says?: string
    /** The SQL says itself that there need be no value. */
    readonly orNull?: boolean
    /** Without one the row is left out. */
    readonly repair?: Repair
  } = {}
): Rule => {
  const holds = `${options.orNull === true ? `${field} IS NULL OR ` : ""}${word.sql(field)}`
  return {
    rule: holds,
    field,
    says: options.says ?? word.says,
    blocking: true,
    holds,
    evidence: evidenceOf(word),
    repair: Option.some(options.repair ?? drop)
  }
}

/** A word that kata keeps to when it writes a field. Without a repair, and when the word knows none, the value stays. */
export const soft = (field: string, rule: string, word: Word, repair?: Repair): Rule => ({
  rule,
  field,
  says: word.says,
  blocking: false,
  holds: `${field} IS NULL OR ${word.sql(field)}`,
  evidence: evidenceOf(word),
  repair: Option.orElse(
    Option.fromNullable(repair),
    () => Option.map(Option.fromNullable(word.mend), (mend) => ofValue(field, mend))
  )
})

interface Pair {
  readonly rule: string
  readonly field: string
  readonly says: string
  readonly holds: string
  /** The fields whose raw values `keeps` takes, in this order. */
  readonly reads: ReadonlyArray<string>
  readonly keeps: Keeps
  readonly repair?: Repair
}

/** What no word says: SQL, and by hand what surely implies it. */
export const pair = ({ field, holds, keeps, reads, repair, rule, says }: Pair): Rule => ({
  rule,
  field,
  says,
  blocking: false,
  holds,
  evidence: { by: "row", reads, keeps },
  repair: Option.fromNullable(repair)
})

/** The same as a CHECK of the table. */
export const checkPair = (of: Omit<Pair, "rule">): Rule => ({
  ...pair({ ...of, rule: of.holds }),
  blocking: true,
  repair: Option.some(of.repair ?? drop)
})

/** A UNIQUE constraint or index. */
export interface Unique {
  readonly columns: ReadonlyArray<string>
  /** Of a partial index: the rows that it covers. */
  readonly where?: string
  /** The same, of a column that must have a value; that columns are not NULL goes without saying. */
  readonly only?: { readonly column: string; readonly is: string }
  /** The name of the index that holds it, where it is no constraint of the table. */
  readonly index?: string
  /** Without one, the second row is left out. */
  readonly repair?: Repair
}

/** The rule of a UNIQUE constraint. */
export const uniqueRule = ({ columns, repair, where }: Unique): Described => ({
  rule: "unique",
  field: columns.join(", "),
  says: `is there more than once${where === undefined ? "" : ` where ${where}`}`,
  blocking: true,
  repair: Option.some(repair ?? drop)
})
