/** Rows as values, with what a page would like to know of them: the slow way, which says exactly what cannot be carried. */
import type { Field, Value } from "../records/Field.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { write } from "../records/line.ts"
import { RowUnreadable } from "./RowUnreadable.ts"
import { orderOf, rowsOf, type Scope, wholeDatabase } from "./Selection.ts"
import type { Cell, Row, Statements } from "./Session.ts"

/** Text of one row beyond which it is refused: the default limit of a line (D14). */
export const rowLimit = 256 * 1024 * 1024

export const quote = (name: string) => `"${name}"`
const isText = (field: Field) => field.storage !== "integer"

/** The storage classes of a field, quoted, as `IN` takes them. */
export const classes = (field: Field): string =>
  (field.storage === "integer" ? "'integer'" : field.storage === "time" ? "'text','integer','real'" : "'text'") +
  (field.presence === "always" ? "" : ",'null'")

/** RFC 8259 to its end: `json()` alone reads JSON5 and rewrites it, and both stop at a NUL. */
export const isJson = (column: string) => `(json_valid(${column}) AND NOT instr(${column},char(0)))`

const range = "t.rowid BETWEEN ? AND ?"
/** Of the rows in a JSON array of rowids. */
export const listed = "t.rowid IN (SELECT value FROM json_each(?))"

/** Rows as values, with what the test would like to know. */
const slowSql = (kind: Kind, scope: Scope, where: string): string => {
  const columns = kind.given.map((field, i) => {
    const column = `r.${quote(field.key)}`
    const bytes = field.storage === "json"
      ? `iif(${isJson(column)}, CAST(json(${column}) AS BLOB), CAST(${column} AS BLOB))`
      : `CAST(${column} AS BLOB)`
    return `typeof(${column}) AS class${i}, ${
      isText(field) ? `${bytes} AS value${i}, octet_length(${column}) AS size${i}` : `${column} AS value${i}`
    }` +
      (field.storage === "json" ? `, ${isJson(column)} AS valid${i}` : "")
  })
  const size = kind.given.filter(isText).map((field) => `ifnull(octet_length(r.${quote(field.key)}),0)`).join("+")
  // A row beyond the limit is named without being read: its text might not fit into memory.
  return `SELECT ${columns.join(", ")}, (${size}) AS size FROM ${
    rowsOf(kind, scope.of(kind), where, `ORDER BY ${orderOf(kind)}`)
  } r`
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** What a column holds that holds the wrong thing. */
export const classNames: Record<string, string> = {
  null: "is NULL",
  text: "holds text",
  integer: "holds an integer",
  real: "holds a real number",
  blob: "holds a blob"
}

/** A row as a record, or why it cannot be one. */
const recordOf = (path: string, kind: Kind, row: Row, anyJson = false): AnyRecord => {
  const record: { [key: string]: Value } = {}
  let problem: { readonly field: string; readonly reason: string; readonly damaged: boolean } | undefined
  kind.given.forEach((field, i) => {
    const held = String(row[`class${i}`])
    const value = row[`value${i}`]
    const fits = classes(field).includes(`'${held}'`)
    if (!fits) {
      problem ??= { field: field.key, reason: `${classNames[held]}, which a snapshot cannot say there`, damaged: false }
      return
    }
    if (held === "null") record[field.key] = field.presence === "omitted" ? undefined : null
    else if (field.storage === "integer") record[field.key] = exact(value)
    else {
      if (field.storage === "json" && !anyJson && row[`valid${i}`] !== 1n) {
        problem ??= { field: field.key, reason: "is not JSON", damaged: true }
      }
      try {
        record[field.key] = utf8.decode(value instanceof Uint8Array ? value : new Uint8Array())
      } catch {
        problem ??= { field: field.key, reason: "is not UTF-8", damaged: true }
      }
    }
  })
  if (Number(row["size"]) > rowLimit) {
    const largest = kind.given.map((field, i) => [field.key, Number(row[`size${i}`] ?? 0)] as const).reduce((a, b) =>
      b[1] > a[1] ? b : a
    )
    problem = {
      field: largest[0],
      reason: `has ${largest[1]} bytes, more than a line may have (${rowLimit})`,
      damaged: false
    }
  }
  if (problem !== undefined) {
    throw new RowUnreadable({ path, table: kind.table, row: rowName(kind, record), ...problem })
  }
  return record
}

/** A record as the bytes of its line; escapes make it up to six times as long as its text. Throws `RowUnreadable`. */
export const lineOf = (path: string, kind: Kind, record: AnyRecord): Buffer => {
  try {
    const bytes = Buffer.from(write(kind, record) + "\n")
    if (bytes.length - 1 <= rowLimit) return bytes
  } catch (cause) {
    // Longer than any string.
    if (!(cause instanceof RangeError)) throw cause
  }
  const size = (field: Field) => String(record[field.key] ?? "").length
  throw new RowUnreadable({
    path,
    table: kind.table,
    row: rowName(kind, record),
    field: kind.given.reduce((a, b) => size(b) > size(a) ? b : a).key,
    reason: `makes a line longer than it may be (${rowLimit})`,
    damaged: false
  })
}

const exact = (value: Row[string] | undefined): Value =>
  typeof value === "bigint" && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))
    ? Number(value)
    : typeof value === "bigint"
    ? value
    : null

/** Some rows: from one rowid to another, or a JSON array of rowids. */
export type Extent = { readonly from: bigint; readonly to: Cell } | { readonly rowids: Cell }

/** The selected records in an extent, in the order of the file. Throws `RowUnreadable` at the first that is none. */
export function* recordsIn(db: Statements, kind: Kind, scope: Scope, extent: Extent): Generator<AnyRecord> {
  const rows = "from" in extent
    ? db.prepare(slowSql(kind, scope, range)).iterate(...scope.params, extent.from, extent.to)
    : db.prepare(slowSql(kind, scope, listed)).iterate(...scope.params, extent.rowids)
  for (const row of rows) yield recordOf(db.path, kind, row)
}

/**
 * The records of some rows, by their rowids. JSON is taken as it is: what came from a file is JSON, although SQLite calls it none when
 * it is nested deeper than a thousand times. Throws `RowUnreadable`.
 */
export const recordsAt = (db: Statements, kind: Kind, rowids: ReadonlyArray<bigint>): ReadonlyArray<AnyRecord> =>
  db.prepare(slowSql(kind, wholeDatabase, listed)).all(`[${rowids.join(",")}]`).map((row) =>
    recordOf(db.path, kind, row, true)
  )
