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

/** Each column as its value, text as bytes; nothing where that is too large. */
export const valuesSql = (columns: ReadonlyArray<string>): string =>
  columns.map((column) => {
    const cell = `t.${quote(column)}`
    const value = `iif(typeof(${cell})='text', CAST(${cell} AS BLOB), ${cell})`
    return `iif(octet_length(${cell}) > ${rowLimit}, NULL, ${value}) AS ${quote(`value ${column}`)}`
  }).join(", ")

/** Each column as its class, its size and its value. */
export const cellsSql = (columns: ReadonlyArray<string>): string =>
  columns.flatMap((column) => {
    const cell = `t.${quote(column)}`
    return [
      `typeof(${cell}) AS ${quote(`class ${column}`)}`,
      `octet_length(${cell}) AS ${quote(`size ${column}`)}`,
      valuesSql([column])
    ]
  }).join(", ")

export interface Problem {
  readonly field: string | undefined
  readonly says: string
}

/** What a row that a salvage reads calls the parts of a column, and the classes that a snapshot can say there. Made once: there are many rows. */
export interface Names {
  readonly field: Field
  readonly class: string
  readonly size: string
  readonly value: string
  readonly json: string
  readonly classes: ReadonlySet<string>
}

const names = new WeakMap<Kind, ReadonlyArray<Names>>()

export const namesIn = (kind: Kind): ReadonlyArray<Names> => {
  const known = names.get(kind)
  if (known !== undefined) return known
  const made = kind.columns.map((field): Names => ({
    field,
    class: `class ${field.key}`,
    size: `size ${field.key}`,
    value: `value ${field.key}`,
    json: `json ${field.key}`,
    classes: new Set(classes(field).split(",").map((quoted) => quoted.slice(1, -1)))
  }))
  names.set(kind, made)
  return made
}

const isBytes = (cell: Cell | undefined): cell is Uint8Array => cell instanceof Uint8Array

/** A value as it is bound: text as a string. */
export const param = (cell: Cell | undefined): Cell =>
  isBytes(cell) ? Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength).toString("utf8") : cell ?? null

/** Why a snapshot cannot carry a cell, in the words of an export that refuses it; nothing for one that it can. */
const problemIn = (of: Names, row: Row): string | undefined => {
  const held = String(row[of.class])
  const value = row[of.value]
  if (!of.classes.has(held)) return `${classNames[held]}, which a snapshot cannot say there`
  if (of.field.storage === "json" && held === "text" && row[of.json] !== 1n) return "is not JSON"
  if (isBytes(value) && !isUtf8(value)) return "is not UTF-8"
  return undefined
}

/** The cells of a row that a snapshot cannot carry: also the largest ones, until a line can take the rest. */
export const badCells = (kind: Kind, row: Row): ReadonlyArray<BadCell> => {
  const all = namesIn(kind)
  const sizeOf = ({ size }: Names) => Number(row[size] ?? 0)
  const found: Array<BadCell> = []
  const rest: Array<Names> = []
  let size = 0
  for (const of of all) {
    const says = problemIn(of, row)
    if (says === undefined) {
      size += sizeOf(of)
      rest.push(of)
    } else found.push({ field: of.field, says, value: row[of.value] ?? null })
  }
  if (size <= rowLimit) return found
  const largest = rest.toSorted((a, b) => sizeOf(b) - sizeOf(a))
  for (let i = 0; size > rowLimit; i++) {
    size -= sizeOf(largest[i]!)
    found.push({ field: largest[i]!.field, says: `has more bytes than a line may have (${rowLimit})`, value: null })
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
  const values = new Map<string, Param>(namesIn(kind).map(({ field, value }) => [field.key, param(row[value])]))
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
