/**
 * Rows as pages of lines. SQLite itself writes the lines of a page, many rows at a time; then the lines are held against the pattern of
 * their kind. A page with a line that is no record, or a large one, is read again row by row, which carries what is only large and says
 * exactly what cannot be carried.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isUtf8 } from "node:buffer"
import { codeOf } from "../files/FileError.ts"
import type { Field } from "../records/Field.ts"
import { type Kind, rowName } from "../records/Kind.ts"
import { read } from "../records/line.ts"
import { decoded, match } from "../records/pattern.ts"
import type { Watch } from "../records/sound.ts"
import type { Handle, Row } from "./Handle.ts"
import { type Extent, isJson, lineOf, quote, recordsIn } from "./rowByRow.ts"
import { RowUnreadable } from "./RowUnreadable.ts"
import { byRowid, orderOf, rowsOf, type Scope } from "./Selection.ts"
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
const plainBytes = 65_536
/** Small pages are joined up to this size; what is on its way to the sink is bounded by it and by one page. */
const elementBytes = 524_288
/** What the reader of Go kata accepts, without the line end. */
export const goLineLimit = 16_777_215

/** A column as SQLite's JSON functions take it. */
const value: Record<Field["storage"], (column: string) => string> = {
  text: (column) => column,
  time: (column) => `CAST(${column} AS TEXT)`,
  integer: (column) => column,
  json: (column) => `json(${column})`
}

/**
 * The data of a line. One call for the whole object is much cheaper than one for each member, but it cannot leave a key out: so there is
 * a call for each set of keys, chosen by what is NULL.
 */
const object = (fields: ReadonlyArray<Field>, decided = 0): string => {
  const next = fields.findIndex(({ presence }, i) => i >= decided && presence === "omitted")
  if (next < 0) {
    return `json_object(${fields.map(({ key, storage }) => `'${key}',${value[storage](quote(key))}`).join(",")})`
  }
  const column = quote(fields[next]!.key)
  return `iif(${column} IS NULL,${object(fields.toSpliced(next, 1), next)},${object(fields, next + 1)})`
}

/** NULL where a column that should hold JSON does not: what `json` makes of JSON5 would look well. */
const line = (kind: Kind): string => {
  const text = `'{"kind":"${kind.name}","data":'||${object(kind.fields)}||'}'||char(10)`
  const json = kind.fields.filter((field) => field.storage === "json").map((field) => isJson(quote(field.key)))
  return json.length === 0 ? text : `iif(${json.join(" AND ")},${text},NULL)`
}

const plain = `iif(octet_length(line) <= ${plainBytes}, line, NULL)`

/**
 * One page of a kind in the order of the rowid, from a rowid on: the lines that are not long, how many there are of how many rows, and
 * its last rowid. The limit stands outside of the lines: SQLite would otherwise make each of them once for every use.
 */
const keysetSql = (kind: Kind, scope: Scope, line: string): string =>
  `SELECT CAST(group_concat(${plain},'') AS BLOB) AS bytes, count(*) AS total, count(${plain}) AS plain,` +
  ` max(rowid_) AS last, NULL AS rowids FROM (SELECT rowid_, ${line} AS line FROM ${
    rowsOf(kind, scope.of(kind), `t.rowid >= ?`)
  } ORDER BY rowid_ LIMIT ${rowsPerPage})`

/** All pages of a kind that has an order of its own, from one sort, each with the rowids of its rows. */
const sortedSql = (kind: Kind, scope: Scope, line: string): string =>
  `SELECT CAST(group_concat(${plain},'' ORDER BY n) AS BLOB) AS bytes, count(*) AS total, count(${plain}) AS plain,` +
  ` NULL AS last, json_group_array(rowid_ ORDER BY n) AS rowids FROM ` +
  `(SELECT row_number() OVER (ORDER BY ${
    orderOf(kind, "r").replace("r.rowid", "rowid_")
  }) AS n, rowid_, ${line} AS line FROM ${
    rowsOf(kind, scope.of(kind), "1")
  } r) GROUP BY (n - 1) / ${rowsPerPage} ORDER BY min(n)`

const slowPage = (db: Handle, kind: Kind, scope: Scope, extent: Extent, watch: Watch | undefined): Page => {
  const long: Array<string> = []
  const out: Array<Buffer> = []
  for (const record of recordsIn(db, kind, scope, extent)) {
    const bytes = lineOf(db.path, kind, record)
    if (bytes.length - 1 > goLineLimit) long.push(rowName(kind, record))
    if (watch !== undefined) show(watch, kind, bytes.toString("latin1"))
    out.push(bytes)
  }
  return { kind, bytes: out.length === 1 ? out[0]! : Buffer.concat(out), rows: out.length, long }
}

/** Shows the lines of a page to who watches. False when one of them is no record. */
const show = (watch: Watch, kind: Kind, lines: string): boolean => {
  for (let from = 0; from < lines.length;) {
    const to = lines.indexOf("\n", from)
    const groups = match(kind.patterns.sound, lines, from, to)
    if (groups !== undefined && kind.vouch(groups)) watch.sound(kind, groups)
    else watch.other(kind)
    if (groups === undefined && Either.isLeft(read(decoded(lines.slice(from, to))))) return false
    from = to + 1
  }
  return true
}

const pageOf = (
  db: Handle,
  kind: Kind,
  scope: Scope,
  row: Row,
  extent: Extent,
  watch: Watch | undefined
): Page => {
  const bytes = row["bytes"]
  if (row["plain"] !== row["total"] || !(bytes instanceof Buffer) || !isUtf8(bytes)) {
    return slowPage(db, kind, scope, extent, watch)
  }
  return watch === undefined || show(watch, kind, bytes.toString("latin1"))
    ? { kind, bytes, rows: Number(row["total"]), long: [] }
    : slowPage(db, kind, scope, extent, undefined)
}

/** What SQLite answers when it cannot make a line: of a blob, or because it would be too long. */
const unsayable = new Set(["SQLITE_ERROR", "SQLITE_TOOBIG"])

/** With the lines, or without them when there is one that cannot be made: the page is read slowly then, which says why. */
const withLines = <A>(kind: Kind, ask: (line: string) => A): A => {
  try {
    return ask(line(kind))
  } catch (cause) {
    if (!unsayable.has(codeOf(cause))) throw cause
    return ask("NULL")
  }
}

interface Puller {
  /** The next page, read in a few milliseconds; undefined at the end. Throws. */
  readonly pull: () => Page | undefined
  readonly close: () => void
}

const puller = (db: Handle, kind: Kind, scope: Scope, watch: Watch | undefined): Puller => {
  if (byRowid(kind)) {
    let from: bigint | undefined = -(2n ** 63n)
    const pull = () => {
      if (from === undefined) return undefined
      const first = from
      const row = withLines(kind, (line) => db.prepare(keysetSql(kind, scope, line)).get(...scope.params, first))
      if (row === undefined || row["total"] === 0n) return undefined
      const last = row["last"]
      const page = pageOf(db, kind, scope, row, { from: first, to: last ?? first }, watch)
      from = typeof last === "bigint" && last < 2n ** 63n - 1n ? last + 1n : undefined
      return page
    }
    return { pull, close: () => undefined }
  }
  // The whole sort runs at the first call. The rows are few (labels) or very few, and so is what a page of them holds.
  let rows: IterableIterator<Row> | undefined
  const first = (line: string) => {
    rows = db.prepare(sortedSql(kind, scope, line)).iterate(...scope.params)
    return rows.next()
  }
  return {
    pull: () => {
      const next = rows === undefined ? withLines(kind, first) : rows.next()
      return next.done === true
        ? undefined
        : pageOf(db, kind, scope, next.value, { rowids: next.value["rowids"] ?? "[]" }, watch)
    },
    close: () => void rows?.return?.()
  }
}

const join = (kind: Kind, pages: ReadonlyArray<Page>): Page => ({
  kind,
  bytes: pages.length === 1 ? pages[0]!.bytes : Buffer.concat(pages.map((page) => page.bytes)),
  rows: pages.reduce((sum, page) => sum + page.rows, 0),
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
 * The lines of a kind, in the order of the file, each of which is shown to `watch`. Nothing is read ahead of who pulls. Without a watch
 * the rows must be known to be records: those of a stage are.
 */
export const pages = (
  db: Handle,
  kind: Kind,
  scope: Scope,
  watch?: Watch
): Stream.Stream<Page, SqliteFailure | RowUnreadable> =>
  Stream.unwrapScoped(Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => puller(db, kind, scope, watch)),
      (source) => Effect.sync(source.close)
    ),
    (source) =>
      Stream.repeatEffectOption(Effect.flatMap(
        Effect.mapError(some(db, kind, source), Option.some),
        (found) => found.length === 0 ? Effect.fail(Option.none()) : Effect.succeed(join(kind, found))
      ))
  ))
