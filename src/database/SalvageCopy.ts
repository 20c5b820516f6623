/** Copies every row that a snapshot can carry out of a database that may be damaged; what it cannot carry becomes lines. */
import { examples, Finding, FindingRow, Findings } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import {
  type Found,
  indexRows,
  inOrder,
  type Lost,
  quote,
  readableIndex,
  unlessDamaged,
  walk
} from "./damagedTableScan.ts"
import type { Handle } from "./Handle.ts"
import { rangeLine, type RawCell, rowLine } from "./rejectedLine.ts"
import { isJson } from "./rowByRow.ts"
import { cellsSql, nameOf, problemOf, store } from "./salvageRow.ts"
import { knownTables } from "./schema.ts"
import { byRowid } from "./Selection.ts"

const rangeWords = "the pages of these rows are damaged"
const pieceBytes = 32 * 1024 * 1024

/** What is between two calls: bytes of the file for what was left out, or nothing, so that others may run. */
type Tick = Uint8Array | undefined

export class SalvageCopy {
  private readonly from: Handle
  private readonly to: Handle
  private readonly format: Format
  private readonly single = new Findings()
  private readonly ranges: Array<Finding> = []

  constructor(from: Handle, to: Handle, format: Format) {
    this.from = from
    this.to = to
    this.format = format
  }

  get findings(): ReadonlyArray<Finding> {
    return [...this.single.list, ...this.ranges]
  }

  /** Everything there is, table by table. */
  *all(): Generator<Tick> {
    const tables = this.tables()
    for (const kind of this.format.kinds) {
      if (tables.has(kind.table)) yield* this.kind(kind)
      else {
        yield* this.unread(
          kind.name,
          kind.table,
          "is not in what is left of the file's schema: none of its rows could be read"
        )
      }
    }
    for (const [table, rowids] of tables) {
      if (!knownTables(this.format).includes(table)) yield* this.unknown(table, rowids)
    }
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

  private rejected(kind: string, rule: string, says: string, row: string, field?: string): void {
    this.single.add(
      { rule, kind, field, says, outcome: "rejected", blocking: false },
      new FindingRow({ row })
    )
  }

  /** A table of which nothing more can be said than that it is one. */
  private *unread(kind: string, table: string, says: string): Generator<Tick> {
    const outcome = "rejected" as const
    const finding = {
      rule: "table",
      kind,
      says: `table ${table} ${says}`,
      outcome,
      blocking: false,
      count: 1,
      rows: []
    }
    this.ranges.push(new Finding(finding))
    yield Buffer.from(`{"table":${JSON.stringify(table)},"why":${JSON.stringify(says)}}\n`)
  }

  private *kind(kind: Kind): Generator<Tick> {
    const { table } = kind
    const columns = this.columnsOf(table)
    const known = new Set(kind.columns.map(({ key }) => key))
    const foreign = columns.filter((column) => !known.has(column))
    const json = kind.columns.filter(({ storage }) => storage === "json").map(({ key }) =>
      `${isJson(`t.${quote(key)}`)} AS ${quote(`json ${key}`)}`
    )
    const named = byRowid(kind) ? kind.columns : [{ key: "rowid" }, ...kind.columns]
    const insert = this.to.prepare(
      `INSERT INTO ${table} (${named.map(({ key }) => quote(key)).join(", ")}) VALUES (${
        named.map(() => "?").join(", ")
      })`
    )
    const lost: Array<Lost> = []
    for (const step of walk(this.from, table, [cellsSql(columns), ...json].join(", "))) {
      if ("from" in step) {
        if (step.there) yield* this.unreadable(kind.name, table, columns, step.from)
        else lost.push(step)
        continue
      }
      const problem = step.stray
        ? { field: undefined, says: "stands in the table where its rowid does not lead: its page was overwritten" }
        : problemOf(kind, step.row) ?? store(insert, kind, step)
      if (problem !== undefined) {
        this.rejected(kind.name, problem.says, problem.says, nameOf(kind, step), problem.field)
        const why = problem.field === undefined ? problem.says : `${problem.field} ${problem.says}`
        yield* rowLine(table, step.rowid, why, this.cells(table, columns, step))
      } else {
        yield undefined
        const more = foreign.filter((column) => step.row[`class ${column}`] !== "null")
        if (more.length === 0) continue
        const why = "kata does not know these columns; the rest of the row was carried"
        this.rejected(kind.name, "unknown", "is a column that kata does not know", nameOf(kind, step), more.join(", "))
        yield* rowLine(table, step.rowid, why, this.cells(table, more, step))
      }
    }
    if (lost.length > 0) yield* this.gaps(kind.name, table, lost)
  }

  private *unknown(table: string, rowids: boolean): Generator<Tick> {
    const columns = this.columnsOf(table)
    const says = "is in a table that kata does not know"
    const named = columns.some((column) => column.toLowerCase() === "rowid")
    const steps = rowids && !named
      ? walk(this.from, table, cellsSql(columns))
      : inOrder(this.from, table, cellsSql(columns))
    for (const step of steps) {
      if ("problem" in step) yield* this.unread(table, table, `cannot be read (${step.problem})`)
      else if ("from" in step) {
        if (step.there) yield* this.unreadable(table, table, columns, step.from)
        else yield* this.gaps(table, table, [step])
      } else {
        this.rejected(table, "unknown", says, String(step.rowid))
        yield* rowLine(table, step.rowid, says, this.cells(table, columns, step))
      }
    }
  }

  /** The tree leads to the row, and some of what is in it cannot be read: a page that it overflows into is damaged. */
  private *unreadable(kind: string, table: string, columns: ReadonlyArray<string>, rowid: bigint): Generator<Tick> {
    const says = "cannot be read as a whole: a page of the row is damaged"
    this.rejected(kind, "damaged", says, String(rowid))
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

  /** Rows that are on damaged pages. An index may still tell which there were, and some of what was in them. */
  private *gaps(kind: string, table: string, lost: ReadonlyArray<Lost>): Generator<Tick> {
    const index = readableIndex(this.from, table)
    const listed = lost.map(() => 0)
    if (index !== undefined) {
      const says = `its page is damaged; the index ${index.name} has this of it`
      for (const step of indexRows(this.from, table, index.name, cellsSql(index.columns))) {
        const at = rangeOf(lost, step.rowid)
        if (at === undefined) yield undefined
        else {
          listed[at] = (listed[at] ?? 0) + 1
          yield* rowLine(table, step.rowid, says, this.cells(table, index.columns, step))
        }
      }
    }
    const counts = lost.map(({ from, to }, i) => listed[i] || within(to - from + 1n))
    const reported = (says: string, count: number) =>
      this.ranges.push(
        new Finding({ rule: "damaged page", kind, says, outcome: "rejected", blocking: false, count, rows: [] })
      )
    for (const [i, { from, to }] of lost.entries()) {
      const most = listed[i] ? "" : "; at most this many rows"
      const which = from === to
        ? `rowid ${from} could not be read, its page is damaged`
        : `rowids ${from} to ${to} could not be read, their pages are damaged`
      if (i < examples) reported(which + most, counts[i] ?? 0)
      yield rangeLine(table, from, to, rangeWords, counts[i] ?? 0)
    }
    const rest = counts.slice(examples).reduce((sum, n) => sum + n, 0)
    if (rest > 0) {
      reported(`rows in ${lost.length - examples} more ranges could not be read, their pages are damaged`, rest)
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

/** Which of the ranges, which are in order, a rowid is in. */
const rangeOf = (lost: ReadonlyArray<Lost>, rowid: bigint): number | undefined => {
  let [low, high] = [0, lost.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (lost[middle]!.to < rowid) low = middle + 1
    else high = middle
  }
  const range = lost[low]
  return range !== undefined && range.from <= rowid ? low : undefined
}

const within = (count: bigint): number =>
  Number(count > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : count)
