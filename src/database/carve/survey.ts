/**
 * What each page of a database is for: whose tree leads to it, whether it is free. Pages that nothing leads to may hold rows that
 * SQLite does not see any more.
 */
import type { Format } from "../../records/Format.ts"
import type { Kind } from "../../records/Kind.ts"
import { knownTables } from "../schema.ts"
import { isTrunk, leavesOf } from "./freeList.ts"
import {
  childrenOf,
  decode,
  indexInterior,
  indexLeaf,
  leafCell,
  type Node,
  nodeOf,
  overflowOf,
  type Pages,
  tableInterior,
  tableLeaf
} from "./Image.ts"
import { isSchemaRow, type SchemaRow, schemaRowsIn } from "./schemaRows.ts"
import { fits, kindOf } from "./shapes.ts"

const none = 0
const other = 1
const free = 2
/** The search index, which is made anew: what has rows there is a page of another table. */
const search = 3
const firstKind = 4
/** No tree of SQLite is deeper. */
const deepest = 40

export interface Survey {
  /** Every page has its place, and nothing in it is doubtful: there is nothing to carve. */
  readonly clean: () => boolean
  /** Whether rows may be on a page that a walk of its table does not give. */
  readonly carvable: (page: number) => boolean
  /** Whether nothing leads to the page. */
  readonly isOrphan: (page: number) => boolean
  /** Whether the page is of that table, or of none. */
  readonly mayBeOf: (kind: Kind, page: number) => boolean
  /** Says that a walk of the table has met damage. */
  readonly doubt: (kind: Kind) => void
  /** Rows of a table that are not what its tree says: of another table, or with a page that is no part of them. */
  readonly misplaced: (kind: Kind, rowid: bigint) => boolean
  /** The rows of the schema that name a root page. */
  readonly roots: ReadonlyArray<SchemaRow>
}

/** More misplaced rows of a table than are remembered one by one: then all of its rows are taken from the pages. */
const mostMisplaced = 100_000

export class Surveyor implements Survey {
  private readonly pages: Pages
  private readonly format: Format
  private readonly extended: ReadonlySet<Kind>
  private readonly owner: Uint16Array
  private readonly doubtful = new Set<number>()
  private readonly wrong = new Map<number, Set<bigint> | "all">()
  private readonly found: Array<SchemaRow> = []
  private trouble = false
  private orphans = 0

  /** `extended`: the tables that have more columns than kata knows; their rows may look like those of another. */
  constructor(pages: Pages, format: Format, extended: ReadonlySet<Kind>) {
    this.extended = extended
    this.pages = pages
    this.format = format
    this.owner = new Uint16Array(pages.count + 1)
  }

  get roots(): ReadonlyArray<SchemaRow> {
    return this.found
  }

  clean(): boolean {
    return !this.trouble && this.orphans === 0 && this.doubtful.size === 0
  }

  carvable(page: number): boolean {
    const owner = this.owner[page] ?? other
    return owner === none || (owner >= firstKind && this.doubtful.has(owner))
  }

  isOrphan(page: number): boolean {
    return this.owner[page] === none
  }

  mayBeOf(kind: Kind, page: number): boolean {
    return this.owner[page] === none || this.owner[page] === this.treeOf(kind)
  }

  doubt(kind: Kind): void {
    this.doubtful.add(this.treeOf(kind))
  }

  misplaced(kind: Kind, rowid: bigint): boolean {
    const rows = this.wrong.get(this.treeOf(kind))
    return rows === "all" || rows?.has(rowid) === true
  }

  /** Looks at every page; gives way after each. `mended`: what the file says of its free pages is not what it said. */
  *survey(mended: boolean): Generator<undefined> {
    yield* this.tree(1, other)
    for (let page = 1; page <= this.pages.count; page++) {
      // a leaf of the schema that its tree does not lead to says where tables are all the same
      if (this.owner[page] !== none && this.owner[page] !== other) continue
      const node = this.node(page)
      const rows = node === undefined ? undefined : schemaRowsIn(this.pages, node)?.rows
      if (rows === undefined) continue
      if (this.owner[page] === none) this.trouble = true
      this.owner[page] = other
      this.found.push(...rows)
      yield undefined
    }
    const rooted = new Set<number>()
    for (const { name, root, type } of this.found) {
      if (root === 1 || rooted.has(root)) continue
      rooted.add(root)
      const kind = type === "table" ? this.format.kinds.find(({ table }) => table === name) : undefined
      const rest = knownTables(this.format).includes(name) ? search : other
      yield* this.tree(root, kind === undefined ? rest : this.treeOf(kind), type)
    }
    yield* this.freeList(mended)
    for (let page = 1; page <= this.pages.count; page++) {
      const tree = this.owner[page] ?? none
      if (tree < search) continue
      if (tree >= firstKind) this.rows(page, tree)
      else if (this.isOfTables(page)) this.owner[page] = none
      yield undefined
    }
    for (let page = 1; page <= this.pages.count; page++) {
      if (this.owner[page] !== none) continue
      const node = this.node(page)
      // overflow pages of other tables are not looked for: only a leaf can hold rows, and a page of an index their ids
      if (node !== undefined && node.type !== tableInterior) this.orphans++
      yield undefined
    }
  }

  private treeOf(kind: Kind): number {
    return firstKind + this.format.rank(kind)
  }

  private node(page: number): Node | undefined {
    const bytes = this.pages.page(page)
    return bytes === undefined ? undefined : nodeOf(page, bytes, this.pages.usable)
  }

  /**
   * From the root down; what is not as it should be is doubtful, and its pages are carved. A table that kata does not know may be one without
   * rowids, as two of those are that keep the search index: its pages are those of an index.
   */
  private *tree(root: number, tree: number, type: SchemaRow["type"] = "table"): Generator<undefined> {
    const first = root >= 1 && root <= this.pages.count ? this.node(root)?.type : undefined
    const keyed = tree < firstKind && root > 1 && (first === indexLeaf || first === indexInterior)
    const index = type === "index" || keyed
    const open = [{ page: root, depth: 0 }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { depth, page } = next
      const node = page >= 1 && page <= this.pages.count ? this.node(page) : undefined
      const fit = index
        ? node?.type === indexLeaf || node?.type === indexInterior
        : node?.type === tableLeaf || node?.type === tableInterior
      if (node === undefined || !fit || this.owner[page] !== none || depth > deepest || node.bad > 0) {
        this.trouble = true
        if (tree >= firstKind) this.doubtful.add(tree)
        if (tree >= firstKind && this.owner[page] === other) this.foreign(page, tree)
        if (node === undefined || !fit || this.owner[page] !== none || depth > deepest) continue
      }
      this.owner[page] = tree
      const children = childrenOf(this.pages, node)
      for (const child of children.toReversed()) open.push({ page: child.page, depth: depth + 1 })
      yield undefined
    }
  }

  /** A walk of the table gives the rows of a page of another table, such as the schema. */
  private foreign(page: number, tree: number): void {
    const node = this.node(page)
    if (node?.type !== tableLeaf) return
    for (const at of node.cells) {
      const cell = leafCell(this.pages, node, at)
      if (cell !== undefined) this.misplace(tree, cell.rowid)
    }
  }

  /** Whether a leaf has rows of tables that kata knows. */
  private isOfTables(page: number): boolean {
    const node = this.node(page)
    return node?.type === tableLeaf && node.cells.some((at) => {
      const cell = leafCell(this.pages, node, at)
      const record = cell === undefined ? undefined : decode(this.pages, cell, 0)
      return record !== undefined && kindOf(this.format, record.slots) !== undefined
    })
  }

  /** Whether the rows of a leaf are of its table, in their order, and whole. */
  private rows(page: number, tree: number): void {
    const kind = this.format.kinds[tree - firstKind]
    const node = this.node(page)
    if (kind === undefined || node === undefined || node.type !== tableLeaf) return
    const cells = node.cells.map((at) => leafCell(this.pages, node, at))
    const decoded = cells.map((cell) => cell === undefined ? undefined : decode(this.pages, cell, 0))
    const records = decoded.map((record) => record?.slots)
    const own = records.filter((slots) => slots !== undefined && fits(kind, slots)).length
    const others = records.filter((slots) => slots !== undefined && kindOf(this.format, slots) !== undefined).length -
      own
    // a page has rows of one table
    const foreign = others > own && !this.extended.has(kind)
    let last: bigint | undefined
    for (const [i, cell] of cells.entries()) {
      if (cell === undefined) {
        this.doubtful.add(tree)
        continue
      }
      if (last !== undefined && cell.rowid <= last) this.doubtful.add(tree)
      last = cell.rowid
      const record = decoded[i]
      // a row of the schema would be one of any table whose further columns are empty
      if (foreign || record === undefined || isSchemaRow(record) || !this.whole(cell, tree)) {
        this.misplace(tree, cell.rowid)
      }
    }
  }

  private whole(cell: Parameters<typeof overflowOf>[1], tree: number): boolean {
    if (cell.size === cell.local.length) return true
    const chain: Array<number> = []
    const steps = overflowOf(this.pages, cell)
    for (let step = steps.next();; step = steps.next()) {
      if (step.done === true) {
        if (step.value) { for (const number of chain) this.owner[number] = other }
        return step.value
      }
      const { number } = step.value
      const owner = this.owner[number] ?? other
      if (owner === none) chain.push(number)
      else {
        // two rows, or a row and a tree, in one page: one of them is not whole
        if (owner >= firstKind) this.doubtful.add(owner)
        this.doubtful.add(tree)
        return false
      }
    }
  }

  private misplace(tree: number, rowid: bigint): void {
    this.doubtful.add(tree)
    const rows = this.wrong.get(tree) ?? new Set<bigint>()
    if (rows === "all") return
    rows.add(rowid)
    this.wrong.set(tree, rows.size > mostMisplaced ? "all" : rows)
  }

  /** Free pages hold rows that are not there any more. */
  private *freeList(mended: boolean): Generator<undefined> {
    const head = this.pages.page(1)
    const count = head?.readUInt32BE(36) ?? 0
    let found = 0
    let trunk = head?.readUInt32BE(32) ?? 0
    while (trunk !== 0) {
      const bytes = trunk >= 2 && trunk <= this.pages.count && this.owner[trunk] === none
        ? this.pages.page(trunk)
        : undefined
      if (bytes === undefined) break
      this.owner[trunk] = free
      found += 1 + this.setFree(bytes)
      trunk = bytes.readUInt32BE(0)
      yield undefined
    }
    if (trunk === 0 && found === count && !mended) return
    this.trouble = true
    // the list is broken: its pages are known by what they say
    for (let page = 2; page <= this.pages.count; page++) {
      if (this.owner[page] !== none) continue
      const bytes = this.pages.page(page)
      if (bytes !== undefined && isTrunk(this.pages, bytes)) {
        this.owner[page] = free
        this.setFree(bytes)
      }
      yield undefined
    }
  }

  private setFree(trunk: Buffer): number {
    const leaves = leavesOf(this.pages, trunk).filter((page) =>
      page >= 2 && page <= this.pages.count && this.owner[page] === none
    )
    for (const page of leaves) this.owner[page] = free
    return leaves.length
  }
}
