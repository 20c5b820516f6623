/**
 * What a salvage has done with each row: it is in the private copy, or it is a line of what was left out. Who finds a row asks here
 * whether it is accounted for.
 */
import * as Either from "effect/Either"
import { createHash } from "node:crypto"
import { Finding, FindingRow, Findings, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import type { Around } from "../records/repairs.ts"
import { around } from "./around.ts"
import { type Found, quote } from "./damagedTableScan.ts"
import type { Handle } from "./Handle.ts"
import {
  badCells,
  type Carried,
  carriedWithout,
  cellsSql,
  nameOf,
  namesIn,
  param,
  type Problem,
  store,
  valuesSql
} from "./salvageRow.ts"
import { byRowid } from "./Selection.ts"
import type { Cell, Row, Statement } from "./Session.ts"

const bytesOf = (value: Cell | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : Buffer.from(value === null || value === undefined ? "" : String(value))

/** The columns of a row that a snapshot has, as a number that another row does not have. */
const digestOf = (kind: Kind, row: Row): Uint8Array => {
  const hash = createHash("sha1")
  for (const { class: is, size, value } of namesIn(kind)) {
    hash.update(`${row[is]} ${row[size]} `)
    hash.update(bytesOf(row[value]))
  }
  return hash.digest()
}

const same = (a: Cell | undefined, b: Cell | undefined): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.from(a).equals(b) : a === b

/** Whether two rows are the same in every column that a snapshot has. */
const equal = (kind: Kind, a: Row, b: Row): boolean =>
  namesIn(kind).every(({ class: is, value }) => a[is] === b[is] && same(a[value], b[value]))

/** A bad cell of a row that was carried: which, and the words for its line. */
export interface Replaced {
  readonly column: string
  readonly why: string
}

export class SalvageAccount {
  /** The rows of the copy, as a repair asks for them. */
  readonly around: Around
  readonly to: Handle
  readonly format: Format
  private readonly single = new Findings()
  private readonly others: Array<Finding> = []
  private readonly keys = new Set<string>()
  /** Statements that are asked for each row: making the text of one costs more than asking it. */
  private readonly inserts = new Map<string, Statement>()
  private readonly rows = new Map<Kind, Statement>()
  private readonly values = new WeakMap<ReadonlyArray<string>, Statement>()

  constructor(to: Handle, format: Format) {
    this.to = to
    this.around = around(to)
    this.format = format
    to.execute(
      "CREATE TEMP TABLE refused (kind INTEGER, id INTEGER, digest BLOB, PRIMARY KEY (kind, id, digest)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE replaced (kind INTEGER, id INTEGER, field TEXT, value, PRIMARY KEY (kind, id, field)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE indexed (kind INTEGER, id INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID;" +
        "CREATE TEMP TABLE purged (issue INTEGER, uid TEXT, newer INTEGER);" +
        "CREATE TEMP TABLE known (kind INTEGER, id INTEGER, says TEXT, field TEXT, class TEXT, value, PRIMARY KEY (kind, says, id, field)) WITHOUT ROWID"
    )
  }

  /** Takes away what only the salvage needs. */
  close(): void {
    for (const index of this.keys) this.to.execute(`DROP INDEX ${quote(index)}`)
    this.to.execute("DROP TABLE refused; DROP TABLE replaced; DROP TABLE indexed; DROP TABLE purged; DROP TABLE known")
  }

  get findings(): ReadonlyArray<Finding> {
    return [...this.single.list, ...this.others]
  }

  /** Counts one row under its rule. */
  add(kind: string, rule: string, says: string, row: string, outcome: "rejected" | "carried", field?: string): void {
    this.single.add({ rule, kind, field, says, outcome, blocking: false }, new FindingRow({ row }))
  }

  /** Counts several rows at once, of which no one has a name. */
  range(kind: string, rule: string, says: string, count: number): void {
    this.others.push(new Finding({ rule, kind, says, outcome: "rejected", blocking: false, count, rows: [] }))
  }

  // ---- rows ----------------------------------------------------------------------------------------------------------

  /**
   * Puts a row into the copy, or says why it cannot be there. A rowid that is no id is given anew where another row has it. Gives the bad
   * cells, each of which is to be a line: the row says something else there.
   */
  put(kind: Kind, found: Found): Either.Either<ReadonlyArray<Replaced>, Problem> {
    const bad = badCells(kind, found.row)
    const carried = carriedWithout(kind, found.row, bad, this.around)
    if (Either.isLeft(carried)) return Either.left({ field: carried.left.field.key, says: carried.left.says })
    const first = this.insert(kind, found.rowid, carried.right, ["rowid"])
    const problem = first === undefined || byRowid(kind) ? first : this.insert(kind, found.rowid, carried.right, [])
    if (problem !== undefined) return Either.left(problem)
    // The row as it was is accounted for too.
    if (bad.length > 0) this.refuse(kind, found)
    return Either.right(bad.map(({ field: { key }, says, value: before }) => {
      this.to.prepare("INSERT OR REPLACE INTO replaced VALUES (?, ?, ?, ?)").run(
        this.rank(kind),
        found.rowid,
        key,
        before
      )
      this.add(kind.name, says, says, nameOf(kind, found), "rejected", key)
      const value = carried.right.get(key)
      const shown = typeof value === "string" ? JSON.stringify(shorten(value)) : String(value ?? null)
      return { column: key, why: `${key} ${says}; the rest of the row was carried, with ${shown} there` }
    }))
  }

  private insert(kind: Kind, id: bigint, carried: Carried, rowid: ReadonlyArray<string>): Problem | undefined {
    const which = `${kind.table} ${rowid.length}`
    const insert = this.inserts.get(which) ?? this.insertOf(kind, rowid)
    this.inserts.set(which, insert)
    return store(insert, kind, id, carried, !byRowid(kind) && rowid.length > 0)
  }

  private insertOf(kind: Kind, rowid: ReadonlyArray<string>): Statement {
    const columns = [...byRowid(kind) ? [] : rowid, ...kind.columns.map(({ key }) => key)]
    return this.to.prepare(
      `INSERT INTO ${kind.table} (${columns.map(quote).join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`
    )
  }

  /** What stood in a bad cell of a row that was carried; undefined of any other cell. */
  replaced(kind: Kind, rowid: bigint, column: string): Cell | undefined {
    return this.to.prepare("SELECT value FROM replaced WHERE kind = ? AND id = ? AND field = ?")
      .get(this.rank(kind), rowid, column)?.["value"]
  }

  /** Remembers that a row has its line. */
  refuse(kind: Kind, { row, rowid }: Pick<Found, "row" | "rowid">): void {
    this.to.prepare("INSERT OR IGNORE INTO refused VALUES (?, ?, ?)").run(this.rank(kind), rowid, digestOf(kind, row))
  }

  /** Whether exactly this row was carried, or has its line. */
  has(kind: Kind, { row, rowid }: Pick<Found, "row" | "rowid">): boolean {
    const carried = this.carried(kind, rowid)
    if (carried !== undefined && equal(kind, carried, row)) return true
    const other = byRowid(kind) ? undefined : this.rival(kind, { row, rowid })
    const twin = other === undefined ? undefined : this.carried(kind, other)
    return (twin !== undefined && equal(kind, twin, row)) ||
      this.to.prepare("SELECT 1 AS one FROM refused WHERE kind = ? AND id = ? AND digest = ?").get(
          this.rank(kind),
          rowid,
          digestOf(kind, row)
        ) !== undefined
  }

  /** Whether any row of that id was carried, or has its line. */
  seen(kind: Kind, rowid: bigint): boolean {
    return this.to.prepare(`SELECT 1 AS one FROM ${kind.table} WHERE rowid = ?`).get(rowid) !== undefined ||
      this.to.prepare("SELECT 1 AS one FROM refused WHERE kind = ? AND id = ?").get(this.rank(kind), rowid) !==
        undefined
  }

  /** The row in the copy. */
  carried(kind: Kind, rowid: bigint): Row | undefined {
    const select = this.rows.get(kind) ?? this.selectOf(kind, cellsSql(kind.columns.map(({ key }) => key)))
    this.rows.set(kind, select)
    return select.get(rowid)
  }

  /** What the row in the copy has in some columns; a list of them is known again, and is of one table. */
  valuesAt(kind: Kind, rowid: bigint, columns: ReadonlyArray<string>): Row | undefined {
    const select = this.values.get(columns) ?? this.selectOf(kind, valuesSql(columns))
    this.values.set(columns, select)
    return select.get(rowid)
  }

  private selectOf({ table }: Kind, cells: string): Statement {
    return this.to.prepare(`SELECT ${cells} FROM ${table} t WHERE t.rowid = ?`)
  }

  /** The rowid of another row in the copy with the same values where only one row may have them. */
  rival(kind: Kind, { row, rowid }: Pick<Found, "row" | "rowid">): bigint | undefined {
    const unique = kind.unique.filter(({ where }) => where === undefined).map(({ columns }) => columns)
    for (const columns of byRowid(kind) ? unique : [kind.key, ...unique]) {
      const index = `key ${columns.join()} of ${kind.table}`
      // SQLite's counter has a few rows, and takes no index
      if (!this.keys.has(index) && kind.table !== "sqlite_sequence") {
        this.to.execute(`CREATE INDEX ${quote(index)} ON ${kind.table} (${columns.map(quote).join(", ")})`)
        this.keys.add(index)
      }
      const values = columns.map((column) => param(row[`value ${column}`]))
      const same = columns.map((column) => `${quote(column)} = ?`).join(" AND ")
      const found = this.to.prepare(`SELECT rowid AS id FROM ${kind.table} WHERE ${same} AND rowid <> ?`)
        .get(...values, rowid)?.["id"]
      if (typeof found === "bigint") return found
    }
    return undefined
  }

  remove(kind: Kind, rowid: bigint): void {
    this.to.prepare(`DELETE FROM ${kind.table} WHERE rowid = ?`).run(rowid)
  }

  /** How many rows from one id to another are accounted for. */
  within(kind: Kind, from: bigint, to: bigint): bigint {
    const rank = this.rank(kind)
    const found = this.to.prepare(
      `SELECT count(*) AS n FROM (SELECT rowid AS id FROM ${kind.table} WHERE rowid BETWEEN @from AND @to` +
        " UNION SELECT id FROM refused WHERE kind = @rank AND id BETWEEN @from AND @to" +
        " UNION SELECT id FROM known WHERE kind = @rank AND says = '' AND id BETWEEN @from AND @to)"
    ).get({ from, to, rank })?.["n"]
    return typeof found === "bigint" ? found : 0n
  }

  rank(kind: Kind): bigint {
    return BigInt(this.format.rank(kind))
  }
}
