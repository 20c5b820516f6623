/**
 * Takes the rows from pages that SQLite does not come to, or not in their place: leaves that nothing leads to, leaves in another tree,
 * leaves in the part of the log that is behind a damage. Of several versions of a row the newest is carried, and the others are lines.
 */
import * as Either from "effect/Either"
import { isUtf8 } from "node:buffer"
import type { Format } from "../../records/Format.ts"
import type { Kind } from "../../records/Kind.ts"
import { type RawCell, rowLine } from "../rejectedLine.ts"
import { rowLimit } from "../rowByRow.ts"
import type { SalvageAccount } from "../SalvageAccount.ts"
import { nameOf, namesIn, param, problemOf } from "../salvageRow.ts"
import { byRowid } from "../Selection.ts"
import type { Row } from "../Session.ts"
import {
  decode,
  type Decoded,
  held,
  type LeafCell,
  leafCell,
  type Node,
  nodeOf,
  type Pages,
  piecesOf,
  tableLeaf
} from "./Image.ts"
import type { IndexedRows } from "./IndexedRows.ts"
import type { LoosePage } from "./privateCopy.ts"
import type { Purged } from "./Purged.ts"
import { isSchemaRow } from "./schemaRows.ts"
import { kindOf, proven, resembles } from "./shapes.ts"
import type { Survey } from "./survey.ts"

type Tick = Uint8Array | undefined

/** A row as a walk of its table would give it. */
interface Piece {
  readonly kind: Kind
  readonly rowid: bigint
  readonly row: Row
  readonly cells: ReadonlyArray<RawCell>
}

/** Bytes of a row that are held at once: text up to the limit of a line, and its header. */
const heldBytes = rowLimit + 65_536

const says = {
  damaged: "cannot be read as a whole: a page of the row is damaged",
  cell: "cannot be read: what stands in its cell is no row",
  stray: "stands between rows that its rowid does not fit between: its page was overwritten",
  unproven: "is on a page that no table leads to, and nothing in it proves that it is a row of this table",
  deleted: "is on a page that no table leads to or that is damaged, and an index that is whole does not have it",
  older: "is an older version of a row that was carried",
  other: "is another version of a row that was carried",
  taken: "is the id of another row too",
  unknown: "is on a page that no table leads to, and no row of a table that kata knows"
} as const

/** What decides which version of a row is newer: its own time, how often it was changed, what it counts. */
const ages = ["updated_at", "last_seen_at", "imported_at", "revision", "seq"]

export class Carver {
  private readonly pages: Pages
  private readonly survey: Survey
  private readonly account: SalvageAccount
  private readonly indexed: IndexedRows
  private readonly purged: Purged
  /** How many rows of known tables were found, whatever became of them. */
  found = 0

  constructor(pages: Pages, survey: Survey, account: SalvageAccount, indexed: IndexedRows, purged: Purged) {
    this.pages = pages
    this.survey = survey
    this.account = account
    this.indexed = indexed
    this.purged = purged
  }

  /** All pages that may have rows beside those that walks gave. */
  *all(): Generator<Tick> {
    for (let page = 1; page <= this.pages.count; page++) {
      const bytes = this.survey.carvable(page) ? this.pages.page(page) : undefined
      if (bytes !== undefined) yield* this.page(page, bytes, false)
    }
  }

  /** Pages that are in no place of the file. */
  *loose(pages: Iterable<LoosePage>): Generator<Tick> {
    for (const { bytes, page } of pages) yield* this.page(page, bytes, true)
  }

  private get format(): Format {
    return this.account.format
  }

  private *page(number: number, bytes: Buffer, newer: boolean): Generator<Tick> {
    const node = nodeOf(number, bytes, this.pages.usable)
    if (node?.type !== tableLeaf) return
    const cells = node.cells.map((at) => leafCell(this.pages, node, at))
    const kind = this.kindOf(cells)
    for (const [i, cell] of cells.entries()) {
      yield undefined
      if (cell === undefined) continue
      const { rowid } = cell
      const neighbours = [cells[i - 1]?.rowid, cells[i + 1]?.rowid] as const
      yield* this.cell(cell, kind, newer, isStray(rowid, neighbours))
    }
    const lost = node.bad + cells.filter((cell) => cell === undefined).length
    if (kind !== undefined && lost > 0) yield* this.lost(kind, node, lost)
  }

  /** The table of most rows of a page. */
  private kindOf(cells: ReadonlyArray<LeafCell | undefined>): Kind | undefined {
    const counts = new Map<Kind, number>()
    for (const cell of cells) {
      const slots = cell === undefined ? undefined : decode(this.pages, cell, 0)?.slots
      const kind = slots === undefined ? undefined : kindOf(this.format, slots)
      if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
    return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0]
  }

  private *cell(cell: LeafCell, pageKind: Kind | undefined, newer: boolean, stray: boolean): Generator<Tick> {
    const decoded = decode(this.pages, cell, heldBytes)
    const { rowid } = cell
    if (decoded === undefined) {
      if (pageKind === undefined || this.account.seen(pageKind, rowid)) return
      const bytes: RawCell = { column: "", class: "blob", value: cell.local }
      return yield* this.refuse({ kind: pageKind, rowid, row: {}, cells: [bytes] }, says.cell)
    }
    const kind = kindOf(this.format, decoded.slots) ??
      (pageKind !== undefined && resembles(pageKind, decoded.slots) ? pageKind : undefined)
    if (kind === undefined) return yield* this.unknown(cell, decoded)
    const found = this.rowOf(kind, cell, decoded)
    this.found++
    if (this.account.has(kind, found) || this.purged.has(kind, found.row, rowid)) return
    const broken = decoded.slots.some((_, i) => held(decoded, i).class === "unreadable")
    if (broken || (cell.overflow !== 0 && this.survey.misplaced(kind, rowid))) {
      return yield* this.refuse(found, says.damaged)
    }
    const problem = problemOf(kind, found.row, this.account.around)
    if (problem !== undefined) return yield* this.refuse(found, problem.says, problem.field)
    // of a row without an id, its key says which it is
    const carried = byRowid(kind) ? this.account.carried(kind, rowid) : undefined
    if (carried !== undefined) return yield* this.version(found, rowid, carried, newer)
    if (stray) return yield* this.refuse(found, says.stray)
    if (!proven(this.format, kind, decoded)) return yield* this.refuse(found, says.unproven)
    const rival = this.account.rival(kind, found)
    if (rival !== undefined) {
      return yield* this.version(found, rival, this.account.carried(kind, rival) ?? {}, newer)
    }
    if (!newer && (yield* this.indexed.trust(kind)) && !this.indexed.has(kind, rowid)) {
      return yield* this.refuse(found, says.deleted)
    }
    yield* this.carry(found)
  }

  private *carry(found: Piece): Generator<Tick> {
    const { kind } = found
    const put = this.account.put(kind, { ...found, stray: false })
    if (Either.isLeft(put)) return yield* this.refuse(found, put.left.says, put.left.field)
    for (const { column, why } of put.right) {
      const named = byRowid(kind) ? [column] : [...kind.key, column]
      yield* rowLine(kind.table, found.rowid, why, found.cells.filter(({ column }) => named.includes(column)))
    }
    const where = "was found on its page, where its table does not lead any more"
    this.account.add(kind.name, "carved", where, nameOf(kind, { ...found, stray: false }), "carried")
  }

  /** A row of an id or key that another row in the copy has. */
  private *version(found: Piece, other: bigint, carried: Row, newer: boolean): Generator<Tick> {
    const { kind, row, rowid } = found
    const identity = kind.columns.some(({ key }) => key === "uid") ? ["uid"] : byRowid(kind) ? [] : kind.key
    const text = (of: Row, key: string) => String(param(of[`value ${key}`]))
    if (identity.some((key) => text(row, key) !== text(carried, key))) {
      return yield* this.refuse(found, says.taken, "id")
    }
    const age =
      ages.map((key) => compare(param(row[`value ${key}`]), param(carried[`value ${key}`]))).find((n) => n !== 0) ?? 0
    if (age < 0 || (age === 0 && !newer)) {
      return yield* this.refuse(found, age < 0 ? says.older : says.other)
    }
    const cells = kind.columns.map(({ key }): RawCell => ({
      column: key,
      class: String(carried[`class ${key}`]),
      value: carried[`value ${key}`] ?? null
    }))
    this.account.remove(kind, other)
    yield* this.refuse({ kind, rowid: other, row: carried, cells }, age > 0 ? says.older : says.other)
    yield* this.carry({ ...found, rowid })
  }

  private *refuse(found: Piece, why: string, field?: string): Generator<Tick> {
    const { cells, kind, row, rowid } = found
    const name = Object.keys(row).length === 0 ? String(rowid) : nameOf(kind, { ...found, stray: false })
    this.account.refuse(kind, found)
    this.account.add(kind.name, why, why, name, "rejected", field)
    yield* rowLine(kind.table, rowid, field === undefined ? why : `${field} ${why}`, cells)
  }

  /** A row of no table that kata knows; what the search index keeps is made anew, and the schema too. */
  private *unknown(cell: LeafCell, decoded: Decoded): Generator<Tick> {
    const { slots } = decoded
    const search = slots.length === 2 && slots[0]?.type === 0
    if (search || isSchemaRow(decoded)) return
    this.account.add("page", "unknown", says.unknown, String(cell.rowid), "rejected")
    yield* rowLine(
      null,
      cell.rowid,
      says.unknown,
      slots.map((_, i) => this.rawCell(`column ${i + 1}`, cell, decoded, i))
    )
  }

  /** Cells of a page that lead to nothing. An index that is whole shows which rows they were. */
  private *lost(kind: Kind, { number }: Node, count: number): Generator<Tick> {
    if (yield* this.indexed.trust(kind)) return
    const why = "rows of a page could not be read, their cells are damaged"
    this.account.range(kind.name, "damaged page", why, count)
    yield Buffer.from(
      `{"table":${JSON.stringify(kind.table)},"page":${number},"why":${JSON.stringify(why)},"rows_at_most":${count}}\n`
    )
  }

  private rawCell(column: string, cell: LeafCell, decoded: Decoded, i: number): RawCell {
    const slot = decoded.slots[i]
    const value = held(decoded, i)
    return slot !== undefined && value.class === "unreadable" && cell.size > heldBytes
      ? { column, class: "blob", value: null, pieces: piecesOf(this.pages, cell, slot.at, slot.size) }
      : { column, class: value.class, value: value.value }
  }

  private rowOf(kind: Kind, cell: LeafCell, decoded: Decoded): Piece {
    const row: { [column: string]: Row[string] } = {}
    const cells: Array<RawCell> = []
    for (const [i, names] of namesIn(kind).entries()) {
      const { key, storage } = names.field
      const id = byRowid(kind) && key === "id" && decoded.slots[i]?.type === 0
      const value = id ? { class: "integer", size: 8, value: cell.rowid } : held(decoded, i)
      row[names.class] = value.class
      row[names.size] = BigInt(value.size)
      row[names.value] = value.value
      if (storage === "json") row[names.json] = this.isJson(value.value)
      cells.push(id ? { column: key, class: "integer", value: cell.rowid } : this.rawCell(key, cell, decoded, i))
    }
    for (let i = kind.columns.length; i < decoded.slots.length; i++) {
      cells.push(this.rawCell(`column ${i + 1}`, cell, decoded, i))
    }
    return { kind, rowid: cell.rowid, row, cells }
  }

  private isJson(value: Row[string]): bigint {
    if (!(value instanceof Uint8Array) || !isUtf8(value)) return 0n
    const sql = "SELECT json_valid(text) AND NOT instr(text, char(0)) AS json FROM (SELECT ? AS text)"
    return this.account.to.prepare(sql).get(param(value))?.["json"] === 1n ? 1n : 0n
  }
}

/** Whether a row is out of the order that the rows before and after it are in. */
const isStray = (rowid: bigint, [before, after]: readonly [bigint | undefined, bigint | undefined]): boolean =>
  before !== undefined && after !== undefined
    ? before < after && (rowid <= before || rowid >= after)
    : before !== undefined && rowid <= before

const compare = (a: ReturnType<typeof param>, b: ReturnType<typeof param>): number =>
  (typeof a === "string" && typeof b === "string") || (typeof a === "bigint" && typeof b === "bigint")
    ? a < b ? -1 : a > b ? 1 : 0
    : 0
