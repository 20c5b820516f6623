/**
 * The write-ahead log of a database, read without SQLite: which frames hold the newest committed state of each page, and which frames
 * stand behind a place that is damaged, where SQLite stops.
 */
import type { PrivateBytes } from "../../files/privateBytes.ts"

const headerSize = 32
const frameHead = 24

/** A page as a frame has it. */
export interface Frame {
  readonly page: number
  /** Where its bytes begin in the log. */
  readonly at: number
}

export interface Log {
  readonly pageSize: number
  /** The newest frame of each page that SQLite takes. */
  readonly committed: ReadonlyMap<number, number>
  /** How many pages the database has after the last of them; 0 when there is none. */
  readonly pages: number
  /** The newest frame of each page behind the damage, up to the last that ends a transaction. Nothing proves them whole. */
  readonly beyond: ReadonlyArray<Frame>
}

type Sums = readonly [number, number]

const summed = (bytes: Buffer, little: boolean, [first, second]: Sums): Sums => {
  let [a, b] = [first, second]
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    a = (a + (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)) + b) >>> 0
    b = (b + (little ? bytes.readUInt32LE(at + 4) : bytes.readUInt32BE(at + 4)) + a) >>> 0
  }
  return [a, b]
}

const isPageSize = (size: number): boolean => size >= 512 && size <= 65_536 && (size & (size - 1)) === 0

/** What a header of a log says, when it is one. */
const headerOf = (file: PrivateBytes) => {
  const bytes = file.read(0, headerSize)
  if (bytes.length < headerSize) return undefined
  const magic = bytes.readUInt32BE(0)
  const little = magic === 0x377f0682
  const pageSize = bytes.readUInt32BE(8)
  if ((!little && magic !== 0x377f0683) || !isPageSize(pageSize)) return undefined
  const sums = summed(bytes.subarray(0, 24), little, [0, 0])
  const whole = sums[0] === bytes.readUInt32BE(24) && sums[1] === bytes.readUInt32BE(28)
  return { little, pageSize, salts: bytes.subarray(16, 24), sums, whole }
}

/**
 * Reads a log; `pageSize` is that of the database, for a log whose header is gone. Frames of an earlier round of the log, which have
 * other salts, were in the database before the log began again: they are no part of it.
 */
export const logOf = (file: PrivateBytes, pageSize: number): Log | undefined => {
  const header = headerOf(file)
  const known = header?.whole === true ? header : undefined
  const size = known?.pageSize ?? pageSize
  const frames = Math.floor((file.size() - headerSize) / (frameHead + size))
  if (frames < 1) return undefined
  const salts = known?.salts ?? Buffer.from(file.read(headerSize + 8, 8))
  const committed = new Map<number, number>()
  const beyond = new Map<number, number>()
  let [open, tail] = [new Map<number, number>(), new Map<number, number>()]
  let pages = 0
  let sums = known?.sums
  for (let i = 0; i < frames; i++) {
    const start = headerSize + i * (frameHead + size)
    const frame = file.read(start, frameHead + size)
    const [page, truncated] = [frame.readUInt32BE(0), frame.readUInt32BE(4)]
    const ours = frame.subarray(8, 16).equals(salts) && page > 0
    if (sums !== undefined && known !== undefined) {
      const next = summed(frame.subarray(frameHead), known.little, summed(frame.subarray(0, 8), known.little, sums))
      sums = ours && next[0] === frame.readUInt32BE(16) && next[1] === frame.readUInt32BE(20) ? next : undefined
    }
    if (sums !== undefined) {
      open.set(page, start + frameHead)
      if (truncated === 0) continue
      for (const [number, at] of open) committed.set(number, at)
      open = new Map()
      pages = truncated
    } else if (ours) {
      // what was open when the damage came is taken up by what follows
      tail = new Map([...open, ...tail])
      open = new Map()
      tail.set(page, start + frameHead)
      if (truncated === 0) continue
      for (const [number, at] of tail) beyond.set(number, at)
      tail = new Map()
    }
  }
  for (const number of committed.keys()) if (number > pages) committed.delete(number)
  return { pageSize: size, committed, pages, beyond: Array.from(beyond, ([page, at]) => ({ page, at })) }
}
