/** Which rows of a database a reader wants, as SQL over the table `t`. The scope of an export becomes one selection for each kind. */
import type { Field } from "../records/Field.ts"
import type { Kind } from "../records/Kind.ts"
import type { NamedParams } from "./Session.ts"

export interface Selection {
  /** A condition on `t`; what it binds by name is in the `params` of its scope. */
  readonly where: string
  /** Columns that are read otherwise than they stand, by name, as SQL over `t`. */
  readonly columns: { readonly [column: string]: string }
}

export const everything: Selection = { where: "1", columns: {} }

/** The selections of a reader and what all of them bind. */
export interface Scope {
  readonly of: (kind: Kind) => Selection
  readonly params: ReadonlyArray<NamedParams>
}

export const wholeDatabase: Scope = { of: () => everything, params: [] }

const quote = (name: string) => `"${name}"`

/** The SQL of a field over `t`, which every derived field finds its own parent row for. */
const columnOf = (selection: Selection, field: Field): string =>
  field.derived._tag === "None"
    ? selection.columns[field.key] ?? `t.${quote(field.key)}`
    : `(SELECT p.${quote(field.derived.value.column)} FROM ${field.derived.value.table} p NOT INDEXED WHERE p.id = ${
      selection.columns[field.derived.value.via] ?? `t.${quote(field.derived.value.via)}`
    })`

/**
 * The selected rows as a table of the fields, with `rowid_`. `NOT INDEXED`: a damaged index must not hide rows. The rows are made
 * one by one below it, so that an expression of a selection is evaluated once.
 */
export const rowsOf = (kind: Kind, selection: Selection, where: string, tail = ""): string =>
  `(SELECT t.rowid AS rowid_, ${
    kind.given.map((field) => `${columnOf(selection, field)} AS ${quote(field.key)}`).join(", ")
  }` +
  ` FROM ${kind.table} t NOT INDEXED WHERE (${selection.where}) AND (${where}) ${tail})`

/** Kinds whose lines are in the order of the rowid are read in keyset pages; the others, sorted once. */
export const byRowid = (kind: Kind): boolean => kind.key.length === 1 && kind.key[0] === "id"

export const orderOf = (kind: Kind, alias = "t"): string =>
  byRowid(kind)
    ? `${alias}.rowid`
    : [...kind.key.map((column) => `${alias}.${quote(column)}`), `${alias}.rowid`].join(", ")

/** The same, of the rows that `rowsOf` gives. */
export const orderIn = (kind: Kind, alias: string): string =>
  [...byRowid(kind) ? [] : kind.key.map((column) => `${alias}.${quote(column)}`), `${alias}.rowid_`].join(", ")
