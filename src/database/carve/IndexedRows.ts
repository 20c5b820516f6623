/** What the indexes of a table know of its rows: which there were, and what was in them when no page of the table has them any more. */
import type { Kind } from "../../records/Kind.ts"
import type { SalvageAccount } from "../SalvageAccount.ts"
import type { Cell } from "../Session.ts"
import { indexInterior, indexLeaf, nodeOf, type Pages } from "./Image.ts"
import { allIndexes, entriesIn, entriesOf, type Entry, indexesOf, type KnownIndex } from "./knownIndexes.ts"
import type { Purged } from "./Purged.ts"
import type { SchemaRow } from "./schemaRows.ts"

export interface Known {
  readonly rowid: bigint
  /** One that has it. */
  readonly index: string
  readonly cells: ReadonlyArray<{ readonly column: string; readonly class: string; readonly value: Cell }>
}

const same = (a: Cell | undefined, b: Cell | undefined): boolean =>
  a instanceof Uint8Array && b instanceof Uint8Array ? Buffer.from(a).equals(b) : a === b

/** The columns of an index that say something of a row beside its id, with their places in it. */
interface Columns {
  readonly names: ReadonlyArray<string>
  readonly places: ReadonlyArray<{ readonly column: string; readonly i: number }>
}

/** Rows that are read at once of those that only indexes know. */
const step = 100

const columnsOf = ({ columns }: KnownIndex): Columns => {
  const places = columns.flatMap((column, i) => column === undefined || column === "id" ? [] : [{ column, i }])
  return { places, names: places.map(({ column }) => column) }
}

export class IndexedRows {
  private readonly pages: Pages
  private readonly account: SalvageAccount
  private readonly purged: Purged
  private readonly roots: ReadonlyArray<SchemaRow>
  private readonly trusted = new Map<Kind, boolean>()

  constructor(pages: Pages, account: SalvageAccount, purged: Purged, roots: ReadonlyArray<SchemaRow>) {
    this.pages = pages
    this.account = account
    this.purged = purged
    this.roots = roots
  }

  private rootsOf(index: KnownIndex): ReadonlyArray<number> {
    return this.roots.filter(({ name, type }) => type === "index" && name === index.name).map(({ root }) => root)
  }

  /**
   * Whether an index of the table is sound and has every row that was carried so far. To be asked before rows are carved, of which it
   * can then say whether they were there; it is read once.
   */
  *trust(kind: Kind): Generator<undefined, boolean> {
    const known = this.trusted.get(kind)
    if (known !== undefined) return known
    const trusted = yield* this.collect(kind)
    this.trusted.set(kind, trusted)
    return trusted
  }

  private *collect(kind: Kind): Generator<undefined, boolean> {
    const { to } = this.account
    const rank = this.account.rank(kind)
    for (const index of indexesOf(kind).filter(({ full }) => full)) {
      for (const root of this.rootsOf(index)) {
        to.prepare("DELETE FROM indexed WHERE kind = ?").run(rank)
        const entries = entriesOf(this.pages, root, index.columns.length)
        let entry = entries.next()
        for (; entry.done !== true; entry = entries.next()) {
          if (entry.value !== undefined) {
            to.prepare("INSERT OR IGNORE INTO indexed VALUES (?, ?)").run(rank, entry.value.rowid)
          }
          yield undefined
        }
        if (entry.value && this.hasAll(kind)) return true
      }
    }
    return false
  }

  private hasAll(kind: Kind): boolean {
    return this.account.to.prepare(
      `SELECT 1 AS one FROM ${kind.table} t WHERE NOT EXISTS (SELECT 1 FROM indexed i WHERE i.kind = ? AND i.id = t.rowid) LIMIT 1`
    ).get(this.account.rank(kind)) === undefined
  }

  /** Whether there is an index that is sound and has every row that was carried: it shows which there were. */
  *isComplete(kind: Kind): Generator<undefined, boolean> {
    return (yield* this.trust(kind)) && this.hasAll(kind)
  }

  /** Whether the index that is trusted has the row. */
  has(kind: Kind, rowid: bigint): boolean {
    return this.account.to.prepare("SELECT 1 AS one FROM indexed WHERE kind = ? AND id = ?").get(
      this.account.rank(kind),
      rowid
    ) !== undefined
  }

  /** Looks through every index of a table for rows that are not accounted for, and for another version of those that are. */
  *compare(kind: Kind): Generator<undefined> {
    for (const index of indexesOf(kind)) {
      const columns = columnsOf(index)
      for (const root of this.rootsOf(index)) {
        for (const entry of entriesOf(this.pages, root, index.columns.length)) {
          if (entry !== undefined) this.entry(index, columns, entry)
          yield undefined
        }
      }
    }
  }

  /** Looks through the leaves of indexes that no root leads to; which index they are of, the rows that were carried show. */
  *loose(isOrphan: (page: number) => boolean): Generator<undefined> {
    const known: Array<{ readonly index: KnownIndex; readonly columns: Columns }> = []
    for (const index of allIndexes(this.account.format)) {
      const whole = index.columns.every((column) => column !== undefined) && columnsOf(index).places.length > 0
      if (whole && !(yield* this.isComplete(index.kind))) known.push({ index, columns: columnsOf(index) })
    }
    for (let page = 2; page <= this.pages.count && known.length > 0; page++) {
      const bytes = isOrphan(page) ? this.pages.page(page) : undefined
      const node = bytes === undefined ? undefined : nodeOf(page, bytes, this.pages.usable)
      if (node === undefined || (node.type !== indexLeaf && node.type !== indexInterior)) continue
      const best = known.map((one) => ({ ...one, entries: entriesIn(this.pages, node, one.index.columns.length) }))
        .map((one) => ({ ...one, votes: this.votes(one.index.kind, one.columns, one.entries) }))
        .reduce((a, b) => b.votes > a.votes ? b : a)
      if (best.votes <= 0) continue
      for (const entry of best.entries) this.entry(best.index, best.columns, entry)
      yield undefined
    }
  }

  /** How many entries are those of a row that was carried, less those that are not. */
  private votes(kind: Kind, { names, places }: Columns, entries: ReadonlyArray<Entry>): number {
    return entries.reduce((sum, { cells, rowid }) => {
      const row = this.account.valuesAt(kind, rowid, names)
      if (row === undefined) return sum
      return sum +
        (places.every(({ column, i }) => same(row[`value ${column}`], cells[i]?.value)) ? places.length : -1)
    }, 0)
  }

  private entry(index: KnownIndex, columns: Columns, entry: Entry): void {
    const { kind } = index
    const { rowid } = entry
    const { names, places } = columns
    const carried = places.length === 0 ? undefined : this.account.valuesAt(kind, rowid, names)
    if (carried !== undefined) {
      const differs = places.some(({ column, i }) => {
        const value = entry.cells[i]?.value
        if (same(carried[`value ${column}`], value)) return false
        const replaced = this.account.replaced(kind, rowid, column)
        return replaced === undefined || !same(replaced, value)
      })
      if (differs) this.note(kind, entry, columns, index.name, "other")
    } else if (!this.account.seen(kind, rowid)) this.note(kind, entry, columns, index.name, "")
  }

  private note(kind: Kind, { cells, rowid }: Entry, columns: Columns, index: string, says: "" | "other"): void {
    const add = this.account.to.prepare("INSERT OR IGNORE INTO known VALUES (?, ?, ?, ?, ?, ?)")
    add.run(this.account.rank(kind), rowid, says, "", index, null)
    for (const { column, i } of columns.places) {
      const cell = cells[i]
      if (cell !== undefined) add.run(this.account.rank(kind), rowid, says, column, cell.class, cell.value)
    }
  }

  /** The rows of a table that only indexes know, or, as `other`, those of which an index has another version than was carried. */
  *known(kind: Kind, says: "" | "other"): Generator<Known> {
    const { to } = this.account
    const rank = this.account.rank(kind)
    let after = -(2n ** 63n)
    for (let rows = step; rows === step;) {
      const found = to.prepare(
        `SELECT id, class AS "index" FROM known WHERE kind = ? AND says = ? AND field = '' AND id > ? ORDER BY id LIMIT ${step}`
      ).all(rank, says, after)
      rows = found.length
      for (const { id, index } of found) {
        if (typeof id !== "bigint") continue
        after = id
        const cells = to.prepare(
          "SELECT field, class, value FROM known WHERE kind = ? AND says = ? AND id = ? AND field <> ''"
        ).all(rank, says, id).map(({ class: is, field, value }) => ({
          column: String(field),
          class: String(is),
          value: value ?? null
        }))
        const row = Object.fromEntries(cells.map(({ column, value }) => [`value ${column}`, value]))
        if (!this.purged.has(kind, row, id)) yield { rowid: id, index: String(index), cells }
      }
    }
  }
}
