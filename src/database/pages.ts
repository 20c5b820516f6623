/**
 * Rows as pages of lines. SQLite itself writes the lines of a page, 64 rows at a time, and tests what it writes: storage classes,
 * JSON, size. A page that fails the test is read again row by row, which carries what is only large and says exactly what cannot be
 * carried.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import type { Field, Value } from "../records/Field.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { write } from "../records/line.ts"
import type { Handle, Row } from "./Handle.ts"
import { RowUnreadable } from "./RowUnreadable.ts"
import { soundness } from "./rules.ts"
import { byRowid, orderOf, rowsOf, type Scope, wholeDatabase } from "./Selection.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** Some lines of one kind, each with its line end. */
export interface Page {
  readonly kind: Kind
  readonly bytes: Uint8Array
  readonly rows: number
  /** How many of the rows keep every rule that can be told from the row alone. */
  readonly sound: number
  /** The rows whose lines are longer than Go kata can read. */
  readonly long: ReadonlyArray<string>
}

export const rowsPerPage = 64
/** Rows with more text than this take the slow way, so that 64 of them do not meet in one page. */
const plainBytes = 65_536
/** Small pages are joined up to this size; what is on its way to the sink is bounded by it and by one page. */
const elementBytes = 524_288
/** What the reader of Go kata accepts, without the line end. */
export const goLineLimit = 16_777_215
/** Text of one row beyond which it is refused: the default limit of a line (D14). */
export const rowLimit = 256 * 1024 * 1024

const quote = (name: string) => `"${name}"`
const isText = (field: Field) => field.storage !== "integer"

const classes = (field: Field): string =>
  (field.storage === "integer" ? "'integer'" : field.storage === "time" ? "'text','integer','real'" : "'text'") +
  (field.presence === "always" ? "" : ",'null'")

/** RFC 8259 to its end: `json()` alone reads JSON5 and rewrites it, and both stop at a NUL. */
const isJson = (column: string) => `(json_valid(${column}) AND NOT instr(${column},char(0)))`

const plain = (kind: Kind): string =>
  [
    ...kind.fields.map((field) => `typeof(${quote(field.key)}) IN (${classes(field)})`),
    ...kind.fields.filter((field) => field.storage === "json").map((field) => isJson(quote(field.key))),
    `${
      kind.fields.filter(isText).map((field) => `ifnull(octet_length(${quote(field.key)}),0)`).join("+")
    } <= ${plainBytes}`
  ].join(" AND ")

/** A column as SQLite's JSON functions take it. */
const value: Record<Field["storage"], (column: string) => string> = {
  text: (column) => column,
  time: (column) => `CAST(${column} AS TEXT)`,
  integer: (column) => column,
  json: (column) => `json(${column})`
}

const line = (kind: Kind): string => {
  if (kind.fields.every(({ presence }) => presence !== "omitted")) {
    // One call for the whole object is cheaper than one for each member; it cannot leave a key out.
    const members = kind.fields.map(({ key, storage }) => `'${key}',${value[storage](quote(key))}`)
    return `'{"kind":"${kind.name}","data":'||json_object(${members.join(",")})||'}'||char(10)`
  }
  return `'{"kind":"${kind.name}","data":{'||` + kind.fields.map((field, i) => {
    const text = `'${i === 0 ? "" : ","}"${field.key}":'||json_quote(${value[field.storage](quote(field.key))})`
    return field.presence === "omitted" ? `iif(${quote(field.key)} IS NULL,'',${text})` : text
  }).join("||") + `||'}}'||char(10)`
}

const lines = (kind: Kind): string => `iif(${plain(kind)}, ${line(kind)}, NULL)`
const aggregate =
  "CAST(group_concat(line,'') AS BLOB) AS bytes, count(*) AS total, count(line) AS plain, sum(sound) AS sound"

/** One page of a kind in the order of the rowid, from a rowid on: its bytes, what the test says, and its last rowid. */
const keysetSql = (kind: Kind, scope: Scope, sound: string): string => {
  const rows = rowsOf(kind, scope.of(kind), `t.rowid >= ?`, `ORDER BY t.rowid LIMIT ${rowsPerPage}`)
  return `SELECT ${aggregate}, max(rowid_) AS last, NULL AS rowids FROM ` +
    `(SELECT rowid_, ${lines(kind)} AS line, ${sound} AS sound FROM ${rows})`
}

/** All pages of a kind that has an order of its own, from one sort, each with the rowids of its rows. */
const sortedSql = (kind: Kind, scope: Scope, sound: string): string => {
  const rows = rowsOf(kind, scope.of(kind), "1")
  return `SELECT CAST(group_concat(line,'' ORDER BY n) AS BLOB) AS bytes, count(*) AS total, count(line) AS plain, sum(sound) AS sound,` +
    ` NULL AS last, json_group_array(rowid_ ORDER BY n) AS rowids FROM ` +
    `(SELECT row_number() OVER (ORDER BY ${orderOf(kind, "r").replace("r.rowid", "rowid_")}) AS n, rowid_, ${
      lines(kind)
    } AS line,` +
    ` ${sound} AS sound FROM ${rows} r) GROUP BY (n - 1) / ${rowsPerPage} ORDER BY min(n)`
}

const range = "t.rowid BETWEEN ? AND ?"
const listed = "t.rowid IN (SELECT value FROM json_each(?))"

/** Rows as values, with what the test would like to know. */
const slowSql = (kind: Kind, scope: Scope, where: string): string => {
  const columns = kind.fields.map((field, i) => {
    const column = `r.${quote(field.key)}`
    const bytes = field.storage === "json"
      ? `iif(${isJson(column)}, CAST(json(${column}) AS BLOB), CAST(${column} AS BLOB))`
      : `CAST(${column} AS BLOB)`
    return `typeof(${column}) AS class${i}, ${
      isText(field) ? `${bytes} AS value${i}, octet_length(${column}) AS size${i}` : `${column} AS value${i}`
    }` +
      (field.storage === "json" ? `, ${isJson(column)} AS valid${i}` : "")
  })
  const size = kind.fields.filter(isText).map((field) => `ifnull(octet_length(r.${quote(field.key)}),0)`).join("+")
  // A row beyond the limit is named without being read: its text might not fit into memory.
  return `SELECT ${columns.join(", ")}, (${size}) AS size FROM ${
    rowsOf(kind, scope.of(kind), where, `ORDER BY ${orderOf(kind)}`)
  } r`
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const classNames: Record<string, string> = {
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
  kind.fields.forEach((field, i) => {
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
    const largest = kind.fields.map((field, i) => [field.key, Number(row[`size${i}`] ?? 0)] as const).reduce((a, b) =>
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

const exact = (value: Row[string] | undefined): Value =>
  typeof value === "bigint" && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value))
    ? Number(value)
    : typeof value === "bigint"
    ? value
    : null

/**
 * The records of some rows, by their rowids. JSON is taken as it is: what came from a file is JSON, although SQLite calls it none when
 * it is nested deeper than a thousand times. Throws `RowUnreadable`.
 */
export const recordsAt = (db: Handle, kind: Kind, rowids: ReadonlyArray<bigint>): ReadonlyArray<AnyRecord> =>
  db.prepare(slowSql(kind, wholeDatabase, listed)).all(`[${rowids.join(",")}]`).map((row) =>
    recordOf(db.path, kind, row, true)
  )

/** Escapes make a line up to six times as long as its text, and perhaps longer than any string. Throws `RowUnreadable`. */
const lineOf = (path: string, kind: Kind, record: AnyRecord): Buffer => {
  try {
    const bytes = Buffer.from(write(kind, record) + "\n")
    if (bytes.length - 1 <= rowLimit) return bytes
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
  }
  const size = (field: Field) => String(record[field.key] ?? "").length
  throw new RowUnreadable({
    path,
    table: kind.table,
    row: rowName(kind, record),
    field: kind.fields.reduce((a, b) => size(b) > size(a) ? b : a).key,
    reason: `makes a line longer than it may be (${rowLimit})`,
    damaged: false
  })
}

const slowPage = (db: Handle, kind: Kind, scope: Scope, row: Row, from: bigint, sound: number): Page => {
  const long: Array<string> = []
  const out: Array<Buffer> = []
  const rows = byRowid(kind)
    ? db.prepare(slowSql(kind, scope, range)).iterate(...scope.params, from, row["last"] ?? from)
    : db.prepare(slowSql(kind, scope, listed)).iterate(...scope.params, row["rowids"] ?? "[]")
  for (const row of rows) {
    const record = recordOf(db.path, kind, row)
    const bytes = lineOf(db.path, kind, record)
    if (bytes.length - 1 > goLineLimit) long.push(rowName(kind, record))
    out.push(bytes)
  }
  return { kind, bytes: out.length === 1 ? out[0]! : Buffer.concat(out), rows: out.length, sound, long }
}

const pageOf = (db: Handle, kind: Kind, scope: Scope, row: Row, from: bigint): Page => {
  const sound = Number(row["sound"])
  const bytes = row["bytes"]
  if (row["plain"] === row["total"] && bytes instanceof Uint8Array && isUtf8(bytes)) {
    return { kind, bytes, rows: Number(row["total"]), sound, long: [] }
  }
  return slowPage(db, kind, scope, row, from, sound)
}

interface Puller {
  /** The next page, read in a few milliseconds; undefined at the end. Throws. */
  readonly pull: () => Page | undefined
  readonly close: () => void
}

const puller = (db: Handle, kind: Kind, scope: Scope, sound: string): Puller => {
  if (byRowid(kind)) {
    let from: bigint | undefined = -(2n ** 63n)
    const sql = keysetSql(kind, scope, sound)
    const pull = () => {
      if (from === undefined) return undefined
      const row = db.prepare(sql).get(...scope.params, from)
      if (row === undefined || row["total"] === 0n) return undefined
      const page = pageOf(db, kind, scope, row, from)
      const last = row["last"]
      from = typeof last === "bigint" && last < 2n ** 63n - 1n ? last + 1n : undefined
      return page
    }
    return { pull, close: () => undefined }
  }
  // The whole sort runs at the first call. The rows are few (labels) or very few, and so is what a page of them holds.
  let rows: IterableIterator<Row> | undefined
  return {
    pull: () => {
      rows ??= db.prepare(sortedSql(kind, scope, sound)).iterate(...scope.params)
      const next = rows.next()
      return next.done === true ? undefined : pageOf(db, kind, scope, next.value, 0n)
    },
    close: () => void rows?.return?.()
  }
}

const join = (kind: Kind, pages: ReadonlyArray<Page>): Page => ({
  kind,
  bytes: pages.length === 1 ? pages[0]!.bytes : Buffer.concat(pages.map((page) => page.bytes)),
  rows: pages.reduce((sum, page) => sum + page.rows, 0),
  sound: pages.reduce((sum, page) => sum + page.sound, 0),
  long: pages.flatMap((page) => page.long)
})

/** As many pages as make up one element of the stream; empty at the end. */
const some = (
  db: Handle,
  kind: Kind,
  { pull }: Puller
): Effect.Effect<ReadonlyArray<Page>, SqliteFailure | RowUnreadable> =>
  Effect.flatten(db.attempt(`read the table ${kind.table}`, () => {
    const found: Array<Page> = []
    try {
      for (let size = 0; size < elementBytes;) {
        const page = pull()
        if (page === undefined) break
        found.push(page)
        size += page.bytes.length
      }
    } catch (cause) {
      if (cause instanceof RowUnreadable) return Effect.fail(cause)
      throw cause
    }
    return Effect.succeed(found)
  }))

/**
 * The lines of a kind, in the order of the file. Nothing is read ahead of who pulls. `judged`: the rows are known to keep their rules,
 * or nobody asks; then all of them count as sound.
 */
export const pages = (
  db: Handle,
  kind: Kind,
  scope: Scope,
  options?: { readonly judged: boolean }
): Stream.Stream<Page, SqliteFailure | RowUnreadable> =>
  Stream.unwrapScoped(Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => puller(db, kind, scope, options?.judged === true ? "1" : soundness(kind))),
      (source) => Effect.sync(source.close)
    ),
    (source) =>
      Stream.repeatEffectOption(Effect.flatMap(
        Effect.mapError(some(db, kind, source), Option.some),
        (found) => found.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(join(kind, found))
      ))
  ))
