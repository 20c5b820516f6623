/** Rules that take a look at other rows: SQL for the database, and what follows the lines of a file asks of those that have passed. */
import * as Option from "effect/Option"
import type { Field, Reference } from "./Field.ts"
import { drop, put, type Repair } from "./repairs.ts"
import type { Described } from "./Rule.ts"

/**
 * How a rule is followed while lines pass (Soundness.ts). `via` is a field of the kind that refers to a row.
 *
 * - `there`: the row of `via` has passed.
 * - `uid`: `field` says the uid of that row. `derived`: without a row there is none.
 * - `same row`: its `column` refers to the row that `field` refers to.
 * - `without`: its `column` has no value.
 * - `not among`: no row of `table` has in these unique columns what this one has in its fields.
 */
export type Follow =
  | { readonly is: "there"; readonly via: string }
  | { readonly is: "uid"; readonly via: string; readonly field: string; readonly derived: boolean }
  | { readonly is: "same row"; readonly via: string; readonly column: string; readonly field: string }
  | { readonly is: "without"; readonly via: string; readonly column: string }
  | {
    readonly is: "not among"
    readonly table: string
    readonly columns: ReadonlyArray<string>
    readonly fields: ReadonlyArray<string>
  }

export interface BetweenRows extends Described {
  /** SQL over a row `r` of the fields of the kind: true, or NULL, for a row that keeps the rule. */
  readonly holds: string
  readonly follow: Follow
}

interface Words {
  readonly rule: string
  readonly says: string
  readonly blocking: boolean
  /** Without one a blocking rule drops the row, another leaves it. */
  readonly repair?: Repair
}

const described = ({ blocking, repair, rule, says }: Words, field: string): Described => ({
  rule,
  field,
  says,
  blocking,
  repair: blocking ? Option.some(repair ?? drop) : Option.fromNullable(repair)
})

const parent = (table: string, column: string, id: string) =>
  `(SELECT p.${column} FROM ${table} p NOT INDEXED WHERE p.id = r.${id})`

/** A foreign key. What leads nowhere goes where the row can be without it, else the row goes. */
export const refersTo = ({ key, presence }: Field, { detach, table }: Reference): BetweenRows => ({
  ...described(
    {
      rule: "foreign key",
      says: `points at no row of ${table}`,
      blocking: true,
      ...(detach ? { repair: put({ [key]: presence === "nullable" ? null : undefined }) } : {})
    },
    key
  ),
  holds: `r.${key} IS NULL OR EXISTS (SELECT 1 FROM ${table} p NOT INDEXED WHERE p.id = r.${key})`,
  follow: { is: "there", via: key }
})

/** `field` is the uid of the row that `via` points at, where it points at one. `orNull`: `via` may be NULL, but not `field` beside a row. */
export const uidOf = (via: string, table: string, field: string, words: Words, orNull = false): BetweenRows => ({
  ...described(words, field),
  holds: orNull
    ? `r.${via} IS NULL OR ifnull(r.${field},'') = ${parent(table, "uid", via)}`
    : `${parent(table, "uid", via)} = r.${field}`,
  follow: { is: "uid", via, field, derived: false }
})

/** The row that `via` points at refers in `column` to the same row as `field`. */
export const sameRow = (via: string, table: string, column: string, field: string, words: Words): BetweenRows => ({
  ...described(words, via),
  holds: `${parent(table, column, via)} = r.${field}`,
  follow: { is: "same row", via, column, field }
})

/** The row that `via` points at has no value in `column`. */
export const parentWithout = (via: string, table: string, column: string, words: Words): BetweenRows => ({
  ...described(words, via),
  holds: `${parent(table, column, via)} IS NULL`,
  follow: { is: "without", via, column }
})

/** No row of `table` has in `columns`, which are unique there, what this row has in them. SQLite makes a set of all, once. */
export const notAmong = (table: string, columns: ReadonlyArray<string>, field: string, words: Words): BetweenRows => ({
  ...described(words, field),
  holds: `r.${field} IS NULL OR (${columns.map((column) => `r.${column}`).join(", ")}) NOT IN ` +
    `(SELECT ${columns.join(", ")} FROM ${table} NOT INDEXED)`,
  follow: { is: "not among", table, columns, fields: columns }
})
