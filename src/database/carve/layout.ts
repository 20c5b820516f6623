/** How a database file is laid out: the fields of its header, as far as they are plausible, and what its pages say where they are not. */
import type { PrivateBytes } from "../../files/privateBytes.ts"
import { indexCell, leafCell, magic, nodeOf, type Pages, tableLeaf } from "./Image.ts"

const headerSize = 100
const sizes = [4096, 512, 1024, 2048, 8192, 16_384, 32_768, 65_536]

/** The pages of a file, with nothing remembered: the system does that. */
export const pagesOf = (file: PrivateBytes, pageSize: number, reserved: number): Pages => {
  const count = Math.ceil(file.size() / pageSize)
  return {
    pageSize,
    usable: pageSize - reserved,
    count,
    page: (number) => {
      if (number < 1 || number > count) return undefined
      const bytes = file.read((number - 1) * pageSize, pageSize)
      return bytes.length === pageSize ? bytes : Buffer.concat([bytes, Buffer.alloc(pageSize - bytes.length)])
    }
  }
}

/** Pages that are looked at for a guess, from all parts of the file. */
const samples = 400

/** How many pages end with a cell where a page of that size would: SQLite fills a page from its end. */
const score = (file: PrivateBytes, pageSize: number, reserved: number): number => {
  const pages = pagesOf(file, pageSize, reserved)
  const step = Math.max(1, Math.floor(pages.count / samples))
  let found = 0
  for (let number = 2; number <= pages.count; number += step) {
    const bytes = pages.page(number)
    const node = bytes === undefined ? undefined : nodeOf(number, bytes, pages.usable)
    if (node === undefined || node.cells.length === 0 || node.right !== undefined || node.bad > 0) continue
    const last = node.cells.reduce((a, b) => Math.max(a, b))
    const cell = node.type === tableLeaf ? leafCell(pages, node, last) : indexCell(pages, node, last)
    if (cell === undefined) continue
    const end = cell.local.byteOffset - node.bytes.byteOffset + cell.local.length + (cell.overflow === 0 ? 0 : 4)
    if (end === pages.usable) found++
  }
  // of a guess that is too small, only some pages are looked at as pages
  return found * pageSize
}

export interface Layout {
  readonly pageSize: number
  /** Bytes at the end of each page that SQLite leaves alone. */
  readonly reserved: number
}

const plausible = (size: number): boolean => sizes.includes(size)

/**
 * How a file is laid out by its header, or else by its pages; `log`: the page size that the file's log says. With the header to be
 * written, and whether it had to be mended. Undefined when nothing in the file is like a page.
 */
export const layoutOf = (
  file: PrivateBytes,
  log: number | undefined
): { readonly layout: Layout; readonly header: Buffer; readonly isMended: boolean } | undefined => {
  const found = Buffer.concat([file.read(0, headerSize), Buffer.alloc(headerSize)], headerSize)
  const raw = found.readUInt16BE(16)
  const says = { pageSize: raw === 1 ? 65_536 : raw, reserved: found[20] ?? 0 }
  const isHeader = found.subarray(0, 16).equals(magic)
  const trusted = plausible(says.pageSize) && says.reserved < 32
  // of equals the first counts: what the header says, what the log says, what is usual
  const guesses = [
    ...trusted ? [says] : [],
    ...[...log === undefined ? [] : [log], ...sizes].map((pageSize) => ({ pageSize, reserved: 0 }))
  ]
  const best = guesses.map((guess) => ({ guess, score: score(file, guess.pageSize, guess.reserved) }))
    .reduce((a, b) => b.score > a.score ? b : a)
  const size = best.score > 0 ? best.guess : isHeader && trusted ? says : undefined
  if (size === undefined) return undefined
  const count = Math.ceil(file.size() / size.pageSize)
  const header = Buffer.from(found)
  const put = (at: number, fits: (value: number) => boolean, value: number) => {
    if (!fits(header.readUInt32BE(at))) header.writeUInt32BE(value, at)
  }
  magic.copy(header)
  header.writeUInt16BE(size.pageSize === 65_536 ? 1 : size.pageSize, 16)
  for (const at of [18, 19]) if (header[at] !== 1 && header[at] !== 2) header[at] = 1
  header[20] = size.reserved
  header.set([64, 32, 32], 21)
  const free = header.readUInt32BE(32)
  if (free > count || header.readUInt32BE(36) >= count || (free === 0) !== (header.readUInt32BE(36) === 0)) {
    header.fill(0, 32, 40)
  }
  put(44, (format) => format >= 1 && format <= 4, 4)
  put(52, (root) => root <= count, 0)
  put(56, (encoding) => encoding >= 1 && encoding <= 3, 1)
  // what a header says of the size of its file counts only while these two are equal: the file itself knows better
  if (header.readUInt32BE(28) !== count) header.writeUInt32BE((header.readUInt32BE(24) ^ 1) >>> 0, 92)
  const same = header.subarray(0, 92).equals(found.subarray(0, 92)) && header.subarray(96).equals(found.subarray(96))
  return { layout: size, header, isMended: !same }
}
