/** The indexes of the schema by name, as the columns that their entries have; read without SQLite. */
import type { Format } from "../../records/Format.ts"
import type { Kind } from "../../records/Kind.ts"
import { indexes } from "../schema.ts"
import {
  childrenOf,
  decode,
  type Held,
  held,
  indexCell,
  indexInterior,
  indexLeaf,
  type Node,
  nodeOf,
  type Pages
} from "./Image.ts"

export interface KnownIndex {
  readonly name: string
  readonly kind: Kind
  /** Undefined for an expression. */
  readonly columns: ReadonlyArray<string | undefined>
  /** It has every row of the table. */
  readonly full: boolean
}

/** Parts between commas that stand in no parentheses. */
const partsOf = (list: string): ReadonlyArray<string> => {
  const parts = [""]
  let depth = 0
  for (const character of list) {
    depth += character === "(" ? 1 : character === ")" ? -1 : 0
    if (character === "," && depth === 0) parts.push("")
    else parts[parts.length - 1] += character
  }
  return parts.map((part) => part.trim())
}

/** What SQLite makes for UNIQUE and PRIMARY KEY, numbered as they stand in the statement: columns first, then constraints. */
const automatic = (kind: Kind): ReadonlyArray<KnownIndex> => {
  const own = kind.unique.filter(({ index, where }) => index === undefined && where === undefined)
  const single = kind.columns.flatMap(({ key }) => own.filter(({ columns }) => columns.join() === key))
  return [...single, ...own.filter(({ columns }) => columns.length > 1)].map(({ columns }, i) => ({
    name: `sqlite_autoindex_${kind.table}_${i + 1}`,
    kind,
    columns,
    full: true
  }))
}

const named = (kind: Kind): ReadonlyArray<KnownIndex> =>
  indexes.flatMap(({ name, sql }) => {
    const [, table, list = "", where] = / ON (\w+)\((.*?)\)(?: WHERE (.*))?$/.exec(sql) ?? []
    const columns = partsOf(list).map((part) => /^(\w+)(?: DESC)?$/.exec(part)?.[1])
    // Older versions have fewer columns, and not the indexes of those.
    const isOf = (column: string | undefined) => column === undefined || kind.columns.some(({ key }) => key === column)
    return table !== kind.table || !columns.every(isOf) ? [] : [{ name, kind, columns, full: where === undefined }]
  })

/** Those with every row first, and of these the ones that say most. */
export const indexesOf = (kind: Kind): ReadonlyArray<KnownIndex> =>
  [...automatic(kind), ...named(kind)].toSorted((a, b) =>
    Number(b.full) - Number(a.full) || b.columns.length - a.columns.length
  )

export const allIndexes = ({ kinds }: Format): ReadonlyArray<KnownIndex> => kinds.flatMap(indexesOf)

export interface Entry {
  readonly rowid: bigint
  readonly cells: ReadonlyArray<Held>
}

/** No key of an index of ours that is longer is read. */
const longestKey = 1024 * 1024
const deepest = 40

/** The entry that a cell is, when it has the columns of the index and a rowid behind them. */
const entryOf = (pages: Pages, cell: NonNullable<ReturnType<typeof indexCell>>, columns: number): Entry | undefined => {
  const decoded = decode(pages, cell, longestKey)
  if (decoded === undefined || decoded.slots.length !== columns + 1) return undefined
  const rowid = held(decoded, columns).value
  return typeof rowid !== "bigint"
    ? undefined
    : { rowid, cells: Array.from({ length: columns }, (_, i) => held(decoded, i)) }
}

/** The entries of one page that have so many columns; none when any of its cells is something else. */
export const entriesIn = (pages: Pages, node: Node, columns: number): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  for (const at of node.cells) {
    const cell = indexCell(pages, node, at)
    const entry = cell === undefined ? undefined : entryOf(pages, cell, columns)
    if (entry === undefined) return []
    entries.push(entry)
  }
  return entries
}

/** The entries of an index, in no order, as far as they can be read; ends with whether all of its pages are what they should be. */
export function* entriesOf(pages: Pages, root: number, columns: number): Generator<Entry | undefined, boolean> {
  const seen = new Uint8Array(pages.count + 1)
  const open = [{ page: root, depth: 0 }]
  let sound = true
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { depth, page } = next
    const bytes = page >= 2 && page <= pages.count && seen[page] === 0 && depth <= deepest
      ? pages.page(page)
      : undefined
    const node = bytes === undefined ? undefined : nodeOf(page, bytes, pages.usable)
    if (node === undefined || (node.type !== indexLeaf && node.type !== indexInterior)) {
      sound = false
      continue
    }
    seen[page] = 1
    if (node.bad > 0) sound = false
    for (const child of childrenOf(pages, node)) open.push({ page: child.page, depth: depth + 1 })
    for (const at of node.cells) {
      const cell = indexCell(pages, node, at)
      const entry = cell === undefined ? undefined : entryOf(pages, cell, columns)
      if (entry === undefined) sound = false
      else yield entry
    }
    yield undefined
  }
  return sound
}
