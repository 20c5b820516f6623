/** What of a row a salvage reads, whether a snapshot can carry it, and where it goes when it can. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isUtf8 } from "node:buffer"
import type { Field } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import type { Around } from "../records/repairs.ts"
import { toParam } from "./around.ts"
import { type BadCell, instead } from "./badCell.ts"
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

const isBytes = (cell: Cell | undefined): cell is Uint8Array => cell instanceof Uint8Array

/** A value as it is bound: text as a string. */
export const param = (cell: Cell | undefined): Cell =>
  isBytes(cell) ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString("utf8") : cell ?? null

/** Why a snapshot cannot carry a cell, in the words of an export that refuses it; nothing for one that it can. */
const problemIn = ({ key, ...field }: Field, row: Row): string | undefined => {
  const held = String(row[`class ${key}`])
  const value = row[`value ${key}`]
  if (!classes({ key, ...field }).includes(`'${held}'`)) return `${classNames[held]}, which a snapshot cannot say there`
  if (field.storage === "json" && held === "text" && row[`json ${key}`] !== 1n) return "is not JSON"
  if (isBytes(value) && !isUtf8(value)) return "is not UTF-8"
  return undefined
}

/** The cells of a row that a snapshot cannot carry: also the largest ones, until a line can take the rest. */
export const badCells = (kind: Kind, row: Row): ReadonlyArray<BadCell> => {
  const sizeOf = ({ key }: Field) => Number(row[`size ${key}`] ?? 0)
  const found = kind.columns.flatMap((field): ReadonlyArray<BadCell> => {
    const says = problemIn(field, row)
    return says === undefined ? [] : [{ field, says, value: row[`value ${field.key}`] ?? null }]
  })
  const rest = kind.columns.filter((field) => found.every((bad) => bad.field !== field))
    .toSorted((a, b) => sizeOf(b) - sizeOf(a))
  let size = rest.reduce((sum, field) => sum + sizeOf(field), 0)
  for (let i = 0; size > rowLimit; i++) {
    size -= sizeOf(rest[i]!)
    found.push({ field: rest[i]!, says: `has more bytes than a line may have (${rowLimit})`, value: null })
  }
  return found
}

/** Why a row has to be left out, in the words of an export that refuses it; nothing when it can be carried, but for cells. */
export const problemOf = (kind: Kind, row: Row, others: Around): Problem | undefined =>
  Either.match(carriedWithout(kind, row, badCells(kind, row), others), {
    onLeft: ({ field, says }) => ({ field: field.key, says }),
    onRight: () => undefined
  })

/** A row as it can be carried: what stands in each of its columns. */
export type Carried = ReadonlyMap<string, Param>

/** The row with something else in its bad cells; without it, the cell for which it has to be left out. */
export const carriedWithout = (
  kind: Kind,
  row: Row,
  bad: ReadonlyArray<BadCell>,
  others: Around
): Either.Either<Carried, BadCell> => {
  const values = new Map<string, Param>(kind.columns.map(({ key }) => [key, param(row[`value ${key}`])]))
  for (const { field } of bad) values.delete(field.key)
  for (const cell of bad) {
    const value = instead(kind, cell, Object.fromEntries(values) as AnyRecord, others)
    if (Option.isNone(value)) return Either.left(cell)
    values.set(cell.field.key, toParam(value.value))
  }
  return Either.right(values)
}

/** Puts a row where no rule applies but that a rowid is there once; `numbered`: with its rowid before its columns. */
export const store = (
  insert: ReturnType<Handle["prepare"]>,
  kind: Kind,
  rowid: bigint,
  carried: Carried,
  numbered: boolean
): Problem | undefined => {
  const values = kind.columns.map(({ key }) => carried.get(key) ?? null)
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
