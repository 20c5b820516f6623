/**
 * Copies every row that a snapshot can carry out of a database that may be damaged; what it cannot carry becomes lines. Tables are
 * walked first; then come the rows that only their pages have, then those that only an index knows, and last what nothing knows.
 */
import * as Either from "effect/Either"
import { examples } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { Carver } from "./carve/Carver.ts"
import { IndexedRows } from "./carve/IndexedRows.ts"
import type { PrivateCopy } from "./carve/privateCopy.ts"
import { Purged } from "./carve/Purged.ts"
import { Surveyor } from "./carve/survey.ts"
import { type Found, inOrder, type Lost, quote, unlessDamaged, walk } from "./damagedTableScan.ts"
import type { Handle } from "./Handle.ts"
import { rangeLine, type RawCell, rowLine } from "./rejectedLine.ts"
import { isJson } from "./rowByRow.ts"
import { SalvageAccount } from "./SalvageAccount.ts"
import { mendCounters } from "./salvageCounters.ts"
import { cellsSql, nameOf } from "./salvageRow.ts"
import { knownTables } from "./schema.ts"
import { byRowid } from "./Selection.ts"

const rangeWords = "the pages of these rows are damaged"
const pieceBytes = 32 * 1024 * 1024

/** What is between two calls: bytes of the file for what was left out, or nothing, so that others may run. */
type Tick = Uint8Array | undefined

export class SalvageCopy {
  private readonly from: Handle
  private readonly copy: PrivateCopy
  private readonly format: Format
  private readonly account: SalvageAccount
  private readonly lost = new Map<Kind, Array<Lost>>()
  /** Whether any row of a known table was found, by a walk or on a page. */
  any = false

  /** `from` is open on the private copy. */
  constructor(from: Handle, copy: PrivateCopy, to: Handle, format: Format) {
    this.from = from
    this.copy = copy
    this.format = format
    this.account = new SalvageAccount(to, format)
  }

  get findings() {
    return this.account.findings
  }

  /** Everything there is. */
  *all(): Generator<Tick> {
    const { format } = this
    const tables = this.tables()
    const walked = format.kinds.filter((kind) => tables.has(kind.table) && this.foreign(kind) !== undefined)
    const extended = new Set(walked.filter((kind) => (this.foreign(kind) ?? []).length > 0))
    const pages = this.copy.pages()
    const survey = new Surveyor(pages, format, extended)
    yield* survey.survey(this.copy.mended.length > 0)
    const purged = new Purged(this.account)
    const indexed = new IndexedRows(pages, this.account, purged, survey.roots)
    const log = format.kinds.find(({ reserves }) => reserves !== undefined)
    if (log !== undefined) {
      yield* purged.read(pages, log, pagesWith(pages, (page) => survey.mayBeOf(log, page)), false)
      yield* purged.read(pages, log, this.copy.loose, true)
    }
    for (const kind of format.kinds) {
      if (walked.includes(kind)) yield* this.kind(kind, survey, purged, indexed)
      else survey.doubt(kind)
    }
    const carver = new Carver(pages, survey, this.account, indexed, purged)
    if (!survey.clean()) yield* carver.all()
    yield* carver.loose(this.copy.loose)
    this.any ||= carver.found > 0
    if (!survey.clean()) yield* indexed.loose((page) => survey.isOrphan(page))
    for (const kind of format.kinds) yield* this.rest(kind, indexed, walked.includes(kind))
    for (const [table, rowids] of tables) {
      if (!knownTables(format).includes(table)) yield* this.unknown(table, rowids)
    }
    const isWhole = survey.clean() && this.copy.mended.length === 0
    yield* mendCounters(this.from, this.account, format, isWhole)
    this.account.close()
  }

  /** The tables that the file still has, and whether their rows have rowids. */
  private tables(): ReadonlyMap<string, boolean> {
    const rows = unlessDamaged(() =>
      this.from.prepare(
        "SELECT name, type = 'table' AND NOT wr AS rowids FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') AND (name = 'sqlite_sequence' OR name NOT LIKE 'sqlite~_%' ESCAPE '~') ORDER BY name"
      ).all()
    )
    return new Map((rows ?? []).map(({ name, rowids }) => [String(name), rowids === 1n]))
  }

  private columnsOf(table: string): ReadonlyArray<string> {
    return this.from.prepare("SELECT name FROM pragma_table_xinfo(?)").all(table).map(({ name }) => String(name))
  }

  /** The columns of a table that kata does not know; undefined when it lacks one that kata knows: it is another one. */
  private foreign(kind: Kind): ReadonlyArray<string> | undefined {
    const columns = this.columnsOf(kind.table)
    const known = new Set(kind.columns.map(({ key }) => key))
    return [...known].every((column) => columns.includes(column))
      ? columns.filter((column) => !known.has(column))
      : undefined
  }

  /** A table of which nothing more can be said than that it is one. */
  private *unread(kind: string, table: string, says: string): Generator<Tick> {
    this.account.range(kind, "table", `table ${table} ${says}`, 1)
    yield Buffer.from(`{"table":${JSON.stringify(table)},"why":${JSON.stringify(says)}}\n`)
  }

  private *kind(kind: Kind, survey: Surveyor, purged: Purged, indexed: IndexedRows): Generator<Tick> {
    const { table } = kind
    const foreign = this.foreign(kind) ?? []
    const columns = [...kind.columns.map(({ key }) => key), ...foreign]
    const json = kind.columns.filter(({ storage }) => storage === "json").map(({ key }) =>
      `${isJson(`t.${quote(key)}`)} AS ${quote(`json ${key}`)}`
    )
    const lost: Array<Lost> = []
    this.lost.set(kind, lost)
    for (const step of walk(this.from, table, [cellsSql(columns), ...json].join(", "))) {
      if ("from" in step) {
        survey.doubt(kind)
        lost.push(step)
        continue
      }
      this.any = true
      if (step.stray || survey.misplaced(kind, step.rowid)) {
        // its page is looked at by itself
        survey.doubt(kind)
        continue
      }
      if (purged.has(kind, step.row, step.rowid)) {
        // a row that was put back after a purge is in its index too
        const again = (yield* indexed.trust(kind)) && indexed.has(kind, step.rowid)
        if (!again || purged.has(kind, step.row, step.rowid, true)) continue
      }
      const put = this.account.put(kind, step)
      if (Either.isLeft(put)) {
        const problem = put.left
        this.account.refuse(kind, step)
        this.account.add(kind.name, problem.says, problem.says, nameOf(kind, step), "rejected", problem.field)
        const why = problem.field === undefined ? problem.says : `${problem.field} ${problem.says}`
        yield* rowLine(table, step.rowid, why, this.cells(table, columns, step))
      } else {
        yield undefined
        for (const { column, why } of put.right) {
          // a row without an id is known by its key
          const named = byRowid(kind) ? [column] : [...kind.key, column]
          yield* rowLine(table, step.rowid, why, this.cells(table, named, step))
        }
        const more = foreign.filter((column) => step.row[`class ${column}`] !== "null")
        if (more.length === 0) continue
        const why = "kata does not know these columns; the rest of the row was carried"
        const says = "is a column that kata does not know"
        this.account.add(kind.name, "unknown", says, nameOf(kind, step), "rejected", more.join(", "))
        yield* rowLine(table, step.rowid, why, this.cells(table, more, step))
      }
    }
  }

  private *unknown(table: string, rowids: boolean): Generator<Tick> {
    const columns = this.columnsOf(table)
    if (columns.length === 0) return yield* this.unread(table, table, "cannot be read (its columns are not known)")
    const says = "is in a table that kata does not know"
    const named = columns.some((column) => column.toLowerCase() === "rowid")
    const steps = rowids && !named
      ? walk(this.from, table, cellsSql(columns))
      : inOrder(this.from, table, cellsSql(columns))
    for (const step of steps) {
      if ("problem" in step) yield* this.unread(table, table, `cannot be read (${step.problem})`)
      else if ("from" in step) {
        if (step.there) yield* this.unreadable(table, table, columns, step.from)
        else yield* this.gaps(table, table, [{ ...step, rows: step.to - step.from + 1n }])
      } else {
        this.account.add(table, "unknown", says, String(step.rowid), "rejected")
        yield* rowLine(table, step.rowid, says, this.cells(table, columns, step))
      }
    }
  }

  /** The tree leads to the row, and some of what is in it cannot be read: a page that it overflows into is damaged. */
  private *unreadable(kind: string, table: string, columns: ReadonlyArray<string>, rowid: bigint): Generator<Tick> {
    const says = "cannot be read as a whole: a page of the row is damaged"
    this.account.add(kind, "damaged", says, String(rowid), "rejected")
    const cells = columns.map((column): RawCell => {
      const row = unlessDamaged(() =>
        this.from.prepare(
          `SELECT ${cellsSql([column])} FROM ${quote(table)} t NOT INDEXED WHERE t.rowid = ?`
        ).get(rowid)
      )
      return row === undefined
        ? { column, class: "unreadable", value: null }
        : { column, class: String(row[`class ${column}`]), value: row[`value ${column}`] ?? null }
    })
    yield* rowLine(table, rowid, says, cells)
  }

  /** What no page has: rows that an index knows, then those of which it is only known where they would be. */
  private *rest(kind: Kind, indexed: IndexedRows, walked: boolean): Generator<Tick> {
    const { table } = kind
    const lost = this.lost.get(kind) ?? []
    for (const { from, there } of lost) {
      if (!there || this.account.seen(kind, from)) continue
      this.account.refuse(kind, { row: {}, rowid: from })
      yield* this.unreadable(kind.name, table, kind.columns.map(({ key }) => key), from)
    }
    yield* indexed.compare(kind)
    const missing = "is in an index and not in the table: this is what its indexes have of it"
    for (const { cells, index, rowid } of indexed.known(kind, "")) {
      this.account.add(kind.name, "only in an index", "is in an index and not in the table", String(rowid), "rejected")
      yield* rowLine(table, rowid, `${missing} (${index})`, cells)
    }
    const other = "has another version in an index than in the table, from which it was carried"
    for (const { cells, index, rowid } of indexed.known(kind, "other")) {
      this.account.add(kind.name, "other in an index", other, String(rowid), "rejected")
      yield* rowLine(table, rowid, `${other} (${index})`, cells)
    }
    // an index that is whole, with every row of the table, knows all that there were
    if ((walked && lost.length === 0) || (yield* indexed.isComplete(kind))) return
    if (!walked) {
      yield* this.unread(
        kind.name,
        table,
        "is not in what is left of the file's schema: its rows were looked for page by page"
      )
    }
    const ranges = lost.flatMap((range) => {
      const rows = range.to - range.from + 1n - this.account.within(kind, range.from, range.to)
      return rows > 0n && !range.there ? [{ ...range, rows }] : []
    })
    yield* this.gaps(kind.name, table, ranges)
  }

  private *gaps(kind: string, table: string, ranges: ReadonlyArray<Lost & { readonly rows: bigint }>): Generator<Tick> {
    const damaged = (says: string, count: number) => this.account.range(kind, "damaged page", says, count)
    for (const [i, { from, rows, to }] of ranges.entries()) {
      const which = from === to
        ? `rowid ${from} could not be read, its page is damaged`
        : `rowids ${from} to ${to} could not be read, their pages are damaged; at most this many rows`
      if (i < examples) damaged(which, within(rows))
      yield rangeLine(table, from, to, rangeWords, within(rows))
    }
    const rest = ranges.slice(examples).reduce((sum, { rows }) => sum + within(rows), 0)
    if (rest > 0) {
      damaged(`rows in ${ranges.length - examples} more ranges could not be read, their pages are damaged`, rest)
    }
  }

  private cells(table: string, columns: ReadonlyArray<string>, { row, rowid }: Found): ReadonlyArray<RawCell> {
    return columns.map((column) => {
      const cell = { column, class: String(row[`class ${column}`]), value: row[`value ${column}`] ?? null }
      const size = Number(row[`size ${column}`] ?? 0)
      return cell.value === null && cell.class !== "null"
        ? { ...cell, pieces: this.pieces(table, column, rowid, size) }
        : cell
    })
  }

  /** What is too large to be read at once. */
  private *pieces(table: string, column: string, rowid: bigint, size: number): Generator<Uint8Array> {
    const sql = `SELECT substr(CAST(t.${quote(column)} AS BLOB), ?, ${pieceBytes}) AS piece FROM ${
      quote(table)
    } t NOT INDEXED WHERE t.rowid = ?`
    for (let at = 1; at <= size; at += pieceBytes) {
      const piece = this.from.prepare(sql).get(BigInt(at), rowid)?.["piece"]
      if (piece instanceof Uint8Array) yield piece
    }
  }
}

function* pagesWith(
  pages: ReturnType<PrivateCopy["pages"]>,
  wanted: (page: number) => boolean
): Generator<{ readonly page: number; readonly bytes: Buffer }> {
  for (let page = 1; page <= pages.count; page++) {
    const bytes = wanted(page) ? pages.page(page) : undefined
    if (bytes !== undefined) yield { page, bytes }
  }
}

const within = (count: bigint): number =>
  Number(count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : count)
