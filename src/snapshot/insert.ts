/** How a record is bound to the INSERT of its kind. */
import * as Option from "effect/Option"
import type { Param } from "../database/Session.ts"
import type { Value } from "../records/Field.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { kinds, Sequence } from "../records/kinds.ts"

/** Rows of one INSERT: beyond eight, nothing is gained. */
export const rowsPerInsert = 8

/** An INSERT of each kind for one row and for many; statements are found by their text, which is made once. */
const inserts = new Map(kinds.map((kind) => {
  const columns = kind.columns.map(({ key }) => `"${key}"`).join(",")
  const row = `(${kind.columns.map(() => "?").join(",")})`
  const sql = (rows: number) =>
    `INSERT INTO ${kind.table} (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(",")}`
  return [kind.name, { one: sql(1), many: sql(rowsPerInsert) }] as const
}))
export const insertOf = (kind: Kind) => inserts.get(kind.name)!

/** The fields that an INSERT alone could get wrong. */
export const special = new Map(
  kinds.map((kind) =>
    [kind.name, kind.fields.filter((field) => Option.isSome(field.derived) || field.storage === "time")] as const
  )
)

/** A number is bound as a REAL. Columns declared INTEGER make an integer of it; those of sqlite_sequence would keep it. */
export const exactParam = (value: Value): Param => typeof value === "number" ? BigInt(value) : value ?? null

export const bind = (kind: Kind, record: AnyRecord, into: Array<Param>): void => {
  const exact = kind.name === Sequence.name
  for (const field of kind.columns) {
    const value = record[field.key]
    into.push(exact ? exactParam(value) : value ?? null)
  }
}

/** A text that SQLite would keep as a number, because the column is declared DATETIME: its white space, and what it reads up to a NUL. */
const numeric = /^[\t-\r ]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\t-\r ]*(?:\0|$)/

export const isNumeric = (text: string) => !/^\d{4}-/.test(text) && numeric.test(text)
