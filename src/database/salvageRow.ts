/** What of a row a salvage reads, whether a snapshot can carry it, and where it goes when it can. */
import { isUtf8 } from "node:buffer"
import type { Field } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { type Found, quote } from "./damagedTableScan.ts"
import type { Handle } from "./Handle.ts"
import { classes, classNames, rowLimit } from "./rowByRow.ts"
import { byRowid } from "./Selection.ts"
import type { Cell, Param, Row } from "./Session.ts"

const declared: Record<Field["storage"], string> = { text: "TEXT", json: "TEXT", integer: "INTEGER", time: "DATETIME" }

/** The tables of the schema with their affinities and without a single rule: what breaks one is carried all the same. */
export const ruleless = ({ kinds }: Format): ReadonlyArray<string> => [
  // SQLite makes its counter for the first table that counts, and keeps it.
  "CREATE TABLE counting (id INTEGER PRIMARY KEY AUTOINCREMENT)",
  "DROP TABLE counting",
  ...kinds.filter(({ table }) => table !== "sqlite_sequence").map((kind) =>
    `CREATE TABLE ${kind.table} (${
      kind.columns.map(({ key, storage }) =>
        `${quote(key)} ${byRowid(kind) && key === "id" ? "INTEGER PRIMARY KEY" : declared[storage]}`
      ).join(", ")
    })`
  )
]

/** Each column as its class, its size and its value, text as bytes; without the value where that is too large. */
export const cellsSql = (columns: ReadonlyArray<string>): string =>
  columns.flatMap((column) => {
    const cell = `t.${quote(column)}`
    const value = `iif(typeof(${cell})='text', CAST(${cell} AS BLOB), ${cell})`
    return [
      `typeof(${cell}) AS ${quote(`class ${column}`)}`,
      `octet_length(${cell}) AS ${quote(`size ${column}`)}`,
      `iif(octet_length(${cell}) > ${rowLimit}, NULL, ${value}) AS ${quote(`value ${column}`)}`
    ]
  }).join(", ")

export interface Problem {
  readonly field: string | undefined
  readonly says: string
}

/** Why a row is none that a snapshot can carry; in the words of an export that refuses it. */
export const problemOf = (kind: Kind, row: Row): Problem | undefined => {
  let size = 0
  for (const field of kind.columns) {
    const held = String(row[`class ${field.key}`])
    const value = row[`value ${field.key}`]
    size += Number(row[`size ${field.key}`] ?? 0)
    if (!classes(field).includes(`'${held}'`)) {
      return { field: field.key, says: `${classNames[held]}, which a snapshot cannot say there` }
    }
    if (field.storage === "json" && held === "text" && row[`json ${field.key}`] !== 1n) {
      return { field: field.key, says: "is not JSON" }
    }
    if (value instanceof Uint8Array && !isUtf8(value)) return { field: field.key, says: "is not UTF-8" }
  }
  return size > rowLimit ? { field: undefined, says: `has more bytes than a line may have (${rowLimit})` } : undefined
}

/** A value as it is bound: text as a string. */
export const param = (cell: Cell | undefined): Param =>
  cell instanceof Uint8Array
    ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString("utf8")
    : cell ?? null

/** Puts a row where no rule applies but that a rowid is there once; `numbered`: with its rowid before its columns. */
export const store = (
  insert: ReturnType<Handle["prepare"]>,
  kind: Kind,
  { row, rowid }: Found,
  numbered: boolean
): Problem | undefined => {
  const values = kind.columns.map(({ key }) => param(row[`value ${key}`]))
  try {
    insert.run(...(numbered ? [rowid, ...values] : values))
    return undefined
  } catch (cause) {
    if (!(cause instanceof Error) || !cause.message.startsWith("UNIQUE constraint failed")) throw cause
    return { field: "id", says: "is the id of another row too" }
  }
}

export const nameOf = (kind: Kind, { row, rowid }: Found): string =>
  byRowid(kind) ? String(rowid) : kind.key.map((column) => String(param(row[`value ${column}`]) ?? "NULL")).join("/")
