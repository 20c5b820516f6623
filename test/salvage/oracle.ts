/**
 * A reader of SQLite's pages for the tests of salvage. It was written from the documentation of the file format alone and shares no
 * code with what it judges: it looks at every page, follows no tree, and says which rows and entries of indexes are whole somewhere.
 */

export type Value = null | number | bigint | string | Uint8Array

export interface Held {
  readonly page: number
  readonly rowid: bigint
  readonly values: ReadonlyArray<Value>
}

export interface Pages {
  readonly size: number
  readonly pages: ReadonlyArray<Uint8Array>
}

export const pagesOf = (file: Uint8Array, size: number): Pages => {
  const pages: Array<Uint8Array> = []
  for (let at = 0; at < file.length; at += size) {
    const page = new Uint8Array(size)
    page.set(file.subarray(at, at + size))
    pages.push(page)
  }
  return { size, pages }
}

const u16 = (page: Uint8Array, at: number) => (page[at] ?? 0) * 256 + (page[at + 1] ?? 0)
const u32 = (page: Uint8Array, at: number) => u16(page, at) * 65_536 + u16(page, at + 2)

class Reader {
  at: number
  private readonly bytes: Uint8Array
  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes
    this.at = at
  }
  varint(): bigint {
    let value = 0n
    for (let i = 0; i < 9; i++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new RangeError("the page ends")
      if (i === 8) return BigInt.asIntN(64, (value << 8n) + BigInt(byte))
      value = (value << 7n) + BigInt(byte & 127)
      if (byte < 128) return value
    }
    return value
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Text that is no UTF-8 is its bytes. */
const textOf = (bytes: Uint8Array): string | Uint8Array => {
  try {
    return utf8.decode(bytes)
  } catch {
    return bytes
  }
}

const valueOf = (type: number, bytes: Uint8Array): Value => {
  if (type === 0) return null
  if (type === 8 || type === 9) return type - 8
  if (type === 7) return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)
  if (type < 7) {
    const raw = BigInt.asIntN(8 * bytes.length, bytes.reduce((sum, byte) => (sum << 8n) + BigInt(byte), 0n))
    return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw
  }
  return type % 2 === 0 ? bytes : textOf(bytes)
}

const width = (type: number) => type >= 12 ? (type - 12 - type % 2) / 2 : [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][type] ?? NaN

const record = (payload: Uint8Array): ReadonlyArray<Value> => {
  const reader = new Reader(payload, 0)
  const end = Number(reader.varint())
  const types: Array<number> = []
  while (reader.at < end) types.push(Number(reader.varint()))
  let at = end
  const values = types.map((type) => valueOf(type, payload.subarray(at, at += width(type))))
  if (reader.at !== end || at !== payload.length) throw new RangeError("no record")
  return values
}

const payloadOf = ({ pages, size }: Pages, page: Uint8Array, at: number, length: number, leaf: boolean): Uint8Array => {
  const most = leaf ? size - 35 : Math.floor((size - 12) * 64 / 255) - 23
  const least = Math.floor((size - 12) * 32 / 255) - 23
  const surplus = least + (length - least) % (size - 4)
  const local = length <= most ? length : surplus <= most ? surplus : least
  if (at + local > size || length > pages.length * size) throw new RangeError("outside of the page")
  const parts = [page.subarray(at, at + local)]
  let next = local < length ? u32(page, at + local) : 0
  for (let left = length - local; left > 0;) {
    const overflow = pages[next - 1]
    if (overflow === undefined || overflow.every((byte) => byte === 0)) throw new RangeError("no page")
    parts.push(overflow.subarray(4, 4 + Math.min(left, size - 4)))
    left -= size - 4
    next = u32(overflow, 0)
    if (left <= 0 && next !== 0) throw new RangeError("it goes on")
  }
  return Buffer.concat(parts)
}

/** Rows of tables, or entries of indexes with their rowid last, wherever they are whole in some pages; overflow pages are of all. */
export const heldIn = (
  all: Pages,
  what: "rows" | "entries",
  some: ReadonlyArray<Uint8Array> = all.pages
): ReadonlyArray<Held> => {
  const found: Array<Held> = []
  for (const [i, page] of some.entries()) {
    const begin = Buffer.from(page.subarray(0, 15)).toString("latin1") === "SQLite format 3" ? 100 : 0
    const type = page[begin]
    const interior = type === 2
    if (what === "rows" ? type !== 13 : type !== 10 && !interior) continue
    const count = u16(page, begin + 3)
    for (let n = 0; n < Math.min(count, all.size / 2); n++) {
      const pointer = u16(page, begin + (interior ? 12 : 8) + 2 * n)
      if (pointer < begin + 8 || pointer >= all.size) continue
      try {
        const reader = new Reader(page, pointer + (interior ? 4 : 0))
        const length = Number(reader.varint())
        if (length < 2) continue
        const rowid = what === "rows" ? reader.varint() : 0n
        const values = record(payloadOf(all, page, reader.at, length, what === "rows"))
        const last = values.at(-1)
        if (what === "rows") found.push({ page: i + 1, rowid, values })
        else if (typeof last === "number") found.push({ page: i + 1, rowid: BigInt(last), values: values.slice(0, -1) })
      } catch {
        // no row stands here
      }
    }
  }
  return found
}
