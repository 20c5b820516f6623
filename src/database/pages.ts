/**
 * Rows as pages of lines. SQLite itself writes the lines of a page, many rows at a time; then the lines are held against the pattern of
 * their kind. A page with a line that is no record, or a large one, is read again row by row, which carries what is only large and says
 * exactly what cannot be carried.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import { codeOf } from "../files/FileError.ts"
import type { Field } from "../records/Field.ts"
import type { Format } from "../records/Format.ts"
import { type AnyRecord, type Kind, rowName } from "../records/Kind.ts"
import { read } from "../records/line.ts"
import { decoded, match } from "../records/linePatterns.ts"
import type { Watch } from "../records/Soundness.ts"
import { type Extent, isJson, lineOf, listed, quote, recordsIn } from "./rowByRow.ts"
import { RowUnreadable } from "./RowUnreadable.ts"
import { byRowid, orderIn, rowsOf, type Scope } from "./Selection.ts"
import type { Cell, Param, Row, Session, Statements } from "./Session.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** Some lines of one kind, each with its line end. */
export interface Page {
  readonly kind: Kind
  readonly bytes: Uint8Array
  readonly rows: number
  /** The rows whose lines are longer than Go kata can read. */
  readonly long: ReadonlyArray<string>
}

/** Rows that one statement reads: more of them gain nothing, and all of their lines are in memory. */
const rowsPerPage = 128
/** Rows with longer lines take the slow way, so that many of them do not meet in one page. */
const plainBytes = 131_072
/** Pages come together up to this size: what is on its way to the sink is bounded by it and by one page. */
const chunkBytes = 524_288
/** What the reader of Go kata accepts, without the line end. */
export const goLineLimit = 16_777_215

/** A column as SQLite's JSON functions take it. What is no text where text must be makes a line that is no record, or none. */
const valueOf = ({ key, storage }: Field): string => storage === "json" ? `json(${quote(key)})` : quote(key)

/**
 * The data of a line. One call for the whole object is much cheaper than one for each member, but it cannot leave a key out: so there is
 * a call for each set of keys, chosen by what is NULL.
 */
const object = (fields: ReadonlyArray<Field>, decided = 0): string => {
  const next = fields.findIndex(({ presence }, i) => i >= decided && presence === "omitted")
  if (next < 0) {
    return `json_object(${fields.map((field) => `'${field.key}',${valueOf(field)}`).join(",")})`
  }
  const column = quote(fields[next]!.key)
  return `iif(${column} IS NULL,${object(fields.toSpliced(next, 1), next)},${object(fields, next + 1)})`
}

/** NULL where a column that should hold JSON holds JSON5, a number or a blob: what `json` makes of them would look well. */
const line = (kind: Kind): string => {
  const text = `'{"kind":"${kind.name}","data":'||${object(kind.given)}||'}'||char(10)`
  const json = kind.given.filter(({ storage }) => storage === "json").map(({ key }) => quote(key))
  const tests = json.map((column) => `typeof(${column}) = 'text' AND ${isJson(column)}`)
  return tests.length === 0 ? text : `iif(${tests.join(" AND ")},${text},NULL)`
}

const plain = `iif(octet_length(line) <= ${plainBytes}, line, NULL)`

/**
 * A page of a kind: the lines that are not long, how many there are of how many rows, and its last rowid. The limit stands outside of
 * the lines: SQLite would otherwise make each of them once for every use.
 */
const pageSql = (kind: Kind, scope: Scope, line: string, where: string): string =>
  `SELECT CAST(group_concat(${plain},'') AS BLOB) AS bytes, count(*) AS total, count(${plain}) AS plain, max(rowid_) AS last` +
  ` FROM (SELECT rowid_, ${line} AS line FROM ${rowsOf(kind, scope.of(kind), where)} r` +
  ` ORDER BY ${orderIn(kind, "r")} LIMIT ${rowsPerPage})`

/** The rowids of a kind that has an order of its own: they alone are sorted, which fits into memory for longer than the lines do. */
const sortSql = (kind: Kind, scope: Scope): string =>
  `SELECT rowid_ FROM ${rowsOf(kind, scope.of(kind), "1")} r ORDER BY ${orderIn(kind, "r")}`

/** Shows the lines of a page to who watches. False when one of them is no record. */
const show = (watch: Watch, format: Format, kind: Kind, lines: string): boolean => {
  for (let from = 0; from < lines.length;) {
    const to = lines.indexOf("\n", from)
    const groups = match(kind.patterns.glance, lines, from, to)
    if (groups !== undefined && kind.vouch(groups)) watch.sound(kind, groups)
    else watch.other(kind)
    if (groups === undefined && Either.isLeft(read(format, decoded(lines.slice(from, to))))) return false
    from = to + 1
  }
  return true
}

/** What SQLite answers when it cannot make a line: of a blob, or because it would be too long. */
const unsayable = new Set(["SQLITE_ERROR", "SQLITE_TOOBIG"])

interface Puller {
  /** The next page, read in a few milliseconds; undefined at the end. Throws. */
  readonly pull: () => Page | undefined
  readonly close: () => void
}

/** What a statement gave, and which rows those are. */
interface Answer {
  readonly row: Row
  readonly extent: Extent
}

/**
 * Reads the page of the rows for which `where` holds, which binds one value: with the lines, or without them when there is one that
 * cannot be made. The page is read slowly then, which says why.
 */
const reader = (db: Statements, kind: Kind, scope: Scope, where: string) => {
  const [sql, without] = [line(kind), "NULL"].map((line) => pageSql(kind, scope, line, where)) as [string, string]
  return (param: Param): Row | undefined => {
    try {
      return db.prepare(sql).get(...scope.params, param)
    } catch (cause) {
      if (!unsayable.has(codeOf(cause))) throw cause
      return db.prepare(without).get(...scope.params, param)
    }
  }
}

/** A page begins where the last one ended. */
const byKeyset = (db: Statements, kind: Kind, scope: Scope) => {
  const read = reader(db, kind, scope, "t.rowid >= ?")
  let from: bigint | undefined = -(2n ** 63n)
  return (): Answer | undefined => {
    if (from === undefined) return undefined
    const first = from
    const row = read(first)
    const last = row?.["last"]
    if (row === undefined || typeof last !== "bigint") return undefined
    from = last < 2n ** 63n - 1n ? last + 1n : undefined
    return { row, extent: { from: first, to: last } }
  }
}

/** A page is the next rows of a sort, which runs at the first call. */
const bySort = (db: Statements, kind: Kind, scope: Scope) => {
  const read = reader(db, kind, scope, listed)
  let sorted: IterableIterator<Row> | undefined
  return {
    answer: (): Answer | undefined => {
      sorted ??= db.prepare(sortSql(kind, scope)).iterate(...scope.params)
      const rowids: Array<Cell | undefined> = []
      while (rowids.length < rowsPerPage) {
        const next = sorted.next()
        if (next.done === true) break
        rowids.push(next.value["rowid_"])
      }
      if (rowids.length === 0) return undefined
      const list = `[${rowids.join(",")}]`
      const row = read(list)
      return row && { row, extent: { rowids: list } }
    },
    close: () => void sorted?.return?.()
  }
}

const puller = (db: Statements, format: Format, kind: Kind, scope: Scope, watch: Watch | undefined): Puller => {
  /** Rows that are read one by one before the next statement. */
  let slow: { readonly records: Generator<AnyRecord>; readonly watch: Watch | undefined } | undefined
  const sorted = byRowid(kind) ? undefined : bySort(db, kind, scope)
  const answer = sorted?.answer ?? byKeyset(db, kind, scope)

  const slowPage = (): Page | undefined => {
    const long: Array<string> = []
    const out: Array<Buffer> = []
    for (let size = 0; slow !== undefined && size < chunkBytes;) {
      const next = slow.records.next()
      if (next.done === true) {
        slow = undefined
        break
      }
      const bytes = lineOf(db.path, kind, next.value)
      if (bytes.length - 1 > goLineLimit) long.push(rowName(kind, next.value))
      if (slow.watch !== undefined) show(slow.watch, format, kind, bytes.toString("latin1"))
      out.push(bytes)
      size += bytes.length
    }
    if (out.length === 0) return undefined
    return { kind, bytes: out.length === 1 ? out[0]! : Buffer.concat(out), rows: out.length, long }
  }

  const pull = (): Page | undefined => {
    const page = slowPage()
    if (page !== undefined) return page
    const found = answer()
    if (found === undefined) return undefined
    const { bytes, plain, total } = found.row
    if (plain === total && bytes instanceof Buffer && isUtf8(bytes)) {
      if (watch === undefined || show(watch, format, kind, bytes.toString("latin1"))) {
        return { kind, bytes, rows: Number(total), long: [] }
      }
      slow = { records: recordsIn(db, kind, scope, found.extent), watch: undefined }
    } else slow = { records: recordsIn(db, kind, scope, found.extent), watch }
    return pull()
  }

  const close = () => {
    slow?.records.return(undefined)
    sorted?.close()
  }
  return { pull, close }
}

/** As many pages as come together; none at the end. */
const some = (
  db: Session,
  kind: Kind,
  { pull }: Puller
): Effect.Effect<Chunk.Chunk<Page>, Option.Option<SqliteFailure | RowUnreadable>> =>
  db.attempt(`read the table ${kind.table}`, () => {
    const found: Array<Page> = []
    try {
      for (let size = 0; size < chunkBytes;) {
        const page = pull()
        if (page === undefined) break
        found.push(page)
        size += page.bytes.length
      }
    } catch (cause) {
      if (cause instanceof RowUnreadable) return Effect.fail(Option.some(cause))
      throw cause
    }
    return found.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(Chunk.unsafeFromArray(found))
  }).pipe(Effect.mapError(Option.some), Effect.flatten)

/**
 * The lines of a kind, in the order of the file, each of which is shown to `watch`. Nothing is read ahead of who pulls. Without a watch
 * the rows must be known to be sound: a number for a time, or worse, would not be noticed.
 */
export const pages = (
  db: Session,
  format: Format,
  kind: Kind,
  scope: Scope,
  watch?: Watch
): Stream.Stream<Page, SqliteFailure | RowUnreadable> =>
  Stream.unwrapScoped(Effect.map(
    Effect.acquireRelease(
      db.attempt(`read the table ${kind.table}`, (statements) => puller(statements, format, kind, scope, watch)),
      (source) => Effect.sync(source.close)
    ),
    (source) => Stream.repeatEffectChunkOption(some(db, kind, source))
  ))
