/** How a record is bound to the INSERT of its kind. */
import * as Option from "effect/Option"
import type { Param } from "../database/Session.ts"
import type { Value } from "../records/Field.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"

/** Rows of one INSERT: beyond eight, nothing is gained. */
export const rowsPerInsert = 8

const madeOf = (kind: Kind) => {
  const columns = kind.columns.map(({ key }) => `"${key}"`).join(",")
  const row = `(${kind.columns.map(() => "?").join(",")})`
  const sql = (rows: number) =>
    `INSERT INTO ${kind.table} (${columns}) VALUES ${Array.from({ length: rows }, () => row).join(",")}`
  return {
    one: sql(1),
    many: sql(rowsPerInsert),
    /** The fields that an INSERT alone could get wrong. */
    special: kind.fields.filter((field) => Option.isSome(field.derived) || field.storage === "time")
  }
}

const made = new WeakMap<Kind, ReturnType<typeof madeOf>>()

/** The INSERT of a kind for one row and for many; statements are found by their text, which is made once. */
export const insertOf = (kind: Kind) => {
  const found = made.get(kind) ?? madeOf(kind)
  made.set(kind, found)
  return found
}

/** A number is bound as a REAL. Columns declared INTEGER make an integer of it; those of sqlite_sequence would keep it. */
export const exactParam = (value: Value): Param => typeof value === "number" ? BigInt(value) : value ?? null

export const bind = (kind: Kind, record: AnyRecord, into: Array<Param>): void => {
  const exact = kind.table === "sqlite_sequence"
  for (const field of kind.columns) {
    const value = record[field.key]
    into.push(exact ? exactParam(value) : value ?? null)
  }
}

/** A text that SQLite would keep as a number, because the column is declared DATETIME: its white space, and what it reads up to a NUL. */
const numeric = /^[\t-\r ]*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[\t-\r ]*(?:\0|$)/

export const isNumeric = (text: string) => !/^\d{4}-/.test(text) && numeric.test(text)
