/** How the rules of the record kinds are asked as SQL over a row `r` of the fields of its kind: by exports, restores and repairs alike. */
import type { Kind } from "../records/Kind.ts"
import type { Described } from "../records/Rule.ts"

export interface Rule extends Described {
  /** True, or NULL, for a row that keeps the rule. */
  readonly holds: string
}

/** What can be decided from the row alone: the CHECKs of the table, the soft rules of the fields and of the row. */
export const rowRules = (kind: Kind): ReadonlyArray<Rule> => kind.rules

/** What takes a look at other tables. */
export const crossRules = (kind: Kind): ReadonlyArray<Rule> => kind.between

/**
 * 1 for a row that breaks a rule, else 0. Only where SQL branches does SQLite stop at the first part of an `AND` that is false: the
 * second one may fail for what the first one has refused, as `json_type` does for what is no JSON.
 */
export const breaks = (holds: string): string => `(CASE WHEN NOT (${holds}) THEN 1 ELSE 0 END)`
