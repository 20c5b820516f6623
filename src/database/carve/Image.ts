/**
 * The pages of a database file, read without SQLite: b-tree pages, their cells, and what overflows them. Everything in a page may be
 * wrong: each number is held against what it can be before it is followed, and each way through pages ends.
 */
import type { Cell as Value } from "../Session.ts"
import { type Class, classOf, length, numberOf, type Slot, slotsOf, varint } from "./record.ts"

/** Bytes by number of the page, from 1. */
export interface Pages {
  readonly pageSize: number
  /** Bytes of a page that SQLite uses: without those that are reserved at its end. */
  readonly usable: number
  /** How many there are. */
  readonly count: number
  /** Throws what the system says. Undefined where there is no whole page. */
  readonly page: (number: number) => Buffer | undefined
}

export const tableLeaf = 0x0d
export const tableInterior = 0x05
export const indexLeaf = 0x0a
export const indexInterior = 0x02

/** A page that begins as one of a b-tree does. */
export interface Node {
  readonly number: number
  readonly type: number
  readonly bytes: Buffer
  /** Where it begins to be one, which is behind the header of the file in the first page. */
  readonly at: number
  /** Where its cells are, as far as that can be; `bad` are those that are nowhere. */
  readonly cells: ReadonlyArray<number>
  readonly bad: number
  /** The last child of an interior page. */
  readonly right: number | undefined
}

const types: ReadonlyArray<number> = [tableLeaf, tableInterior, indexLeaf, indexInterior]

/** How every database begins. */
export const magic = Buffer.from("SQLite format 3\0", "latin1")

/** A page as part of a b-tree; undefined when it is none. The first page has the header of the file before it, wherever it is now. */
export const nodeOf = (number: number, bytes: Buffer, usable: number): Node | undefined => {
  const at = number === 1 || bytes.subarray(0, magic.length).equals(magic) ? 100 : 0
  const type = bytes[at] ?? 0
  if (!types.includes(type)) return undefined
  const interior = type === tableInterior || type === indexInterior
  const first = at + (interior ? 12 : 8)
  const says = bytes.readUInt16BE(at + 3)
  const most = Math.floor((usable - first) / 2)
  const cells: Array<number> = []
  for (let i = 0; i < Math.min(says, most); i++) {
    const cell = bytes.readUInt16BE(first + 2 * i)
    if (cell >= first + 2 && cell <= usable - 3) cells.push(cell)
  }
  const right = interior ? bytes.readUInt32BE(at + 8) : undefined
  return { number, type, bytes, at, cells, bad: says - cells.length, right }
}

/** What a cell holds: so many bytes, the first of them here, the rest from a page on. */
export interface Payload {
  readonly size: number
  readonly local: Buffer
  /** 0 when all of it is here. */
  readonly overflow: number
}

export interface LeafCell extends Payload {
  readonly rowid: bigint
}

const payloadAt = ({ count, usable }: Pages, { bytes, type }: Node, at: number, size: number): Payload | undefined => {
  if (size > count * usable) return undefined
  const table = type === tableLeaf
  const most = table ? usable - 35 : Math.floor((usable - 12) * 64 / 255) - 23
  const least = Math.floor((usable - 12) * 32 / 255) - 23
  const part = least + (size - least) % (usable - 4)
  const here = size <= most ? size : part <= most ? part : least
  if (at + here + (here < size ? 4 : 0) > usable) return undefined
  return { size, local: bytes.subarray(at, at + here), overflow: here < size ? bytes.readUInt32BE(at + here) : 0 }
}

/** A row of a table; undefined when the cell is none. */
export const leafCell = (pages: Pages, node: Node, at: number): LeafCell | undefined => {
  const size = length(node.bytes, at, pages.usable)
  const rowid = size === undefined ? undefined : varint(node.bytes, size[1], pages.usable)
  const payload = size === undefined || rowid === undefined ? undefined : payloadAt(pages, node, rowid[1], size[0])
  return payload === undefined || rowid === undefined ? undefined : { ...payload, rowid: rowid[0] }
}

/** An entry of an index, of a leaf or between two children. */
export const indexCell = (pages: Pages, node: Node, at: number): Payload | undefined => {
  const size = length(node.bytes, at + (node.type === indexInterior ? 4 : 0), pages.usable)
  return size === undefined ? undefined : payloadAt(pages, node, size[1], size[0])
}

/** The children of an interior page with the highest rowid in each, in order; the last one has none, and nor have those of an index. */
export const childrenOf = (
  { usable }: Pages,
  node: Node
): ReadonlyArray<{ readonly page: number; readonly most: bigint | undefined }> =>
  node.right === undefined ? [] : [
    ...node.cells.map((at) => ({
      page: node.bytes.readUInt32BE(at),
      most: node.type === tableInterior ? varint(node.bytes, at + 4, usable)?.[0] : undefined
    })),
    { page: node.right, most: undefined }
  ]

/** Whether a page has nothing in it at all: what a filesystem gives that has lost it. */
export const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

/**
 * The pages that a payload overflows into, one after the other; ends with `false` where one is missing, blank, or leads on where it
 * should end. A chain has as many pages as its payload needs, so that one that goes round in a circle ends too.
 */
export function* overflowOf(
  pages: Pages,
  payload: Payload
): Generator<{ readonly number: number; readonly bytes: Buffer }, boolean> {
  let rest = payload.size - payload.local.length
  let number = payload.overflow
  while (rest > 0) {
    const page = number < 2 || number > pages.count ? undefined : pages.page(number)
    if (page === undefined || isBlank(page)) return false
    const here = Math.min(rest, pages.usable - 4)
    const next = page.readUInt32BE(0)
    rest -= here
    if (rest === 0 && next !== 0) return false
    yield { number, bytes: page.subarray(4, 4 + here) }
    number = next
  }
  return true
}

/** The first bytes of a payload, as many as can be read up to `most`. */
export const prefixOf = (pages: Pages, payload: Payload, most: number): Buffer => {
  if (payload.size === payload.local.length || payload.local.length >= most) return payload.local
  const parts = [payload.local]
  let have = payload.local.length
  for (const { bytes } of overflowOf(pages, payload)) {
    if (have >= most) break
    parts.push(bytes)
    have += bytes.length
  }
  return Buffer.concat(parts)
}

/** A value as a row says it; without it where it cannot be read, or is larger than `most`. */
export interface Held {
  readonly class: Class | "unreadable"
  readonly size: number
  readonly value: Value
}

/** The bytes of a record that were read, and its slots. */
export interface Decoded {
  readonly slots: ReadonlyArray<Slot>
  readonly bytes: Buffer
}

/** A payload as a record; `most`: how many bytes of it are held at once. */
export const decode = (pages: Pages, payload: Payload, most: number): Decoded | undefined => {
  const slots = slotsOf(payload.local, payload.size)
  return slots === undefined ? undefined : { slots, bytes: prefixOf(pages, payload, Math.min(payload.size, most)) }
}

export const held = ({ bytes, slots }: Decoded, i: number): Held => {
  const slot = slots[i]
  if (slot === undefined) return { class: "null", size: 0, value: null }
  const { at, size, type } = slot
  const kind = classOf(type)
  if (at + size > bytes.length) return { class: "unreadable", size, value: null }
  const part = bytes.subarray(at, at + size)
  return { class: kind, size, value: kind === "text" || kind === "blob" ? part : numberOf(type, part) }
}

/** Bytes of a payload from `at` on, a page at a time, as far as they can be read: for what is too large to be held. */
export function* piecesOf(pages: Pages, payload: Payload, at: number, size: number): Generator<Uint8Array> {
  let from = 0
  const parts = function*(): Generator<Buffer> {
    yield payload.local
    for (const { bytes } of overflowOf(pages, payload)) yield bytes
  }
  for (const part of parts()) {
    if (from >= at + size) return
    const piece = part.subarray(Math.max(at - from, 0), Math.max(at + size - from, 0))
    if (piece.length > 0) yield piece
    from += part.length
  }
}
