/**
 * What a disk may hold when the power fails at some call of a run whose writes were recorded. Sure are the writes of a file before its last
 * sync, and the names in the directory before its last sync. Of later writes each may be there, whole or some of its sectors; names
 * change in their order.
 */
import * as fs from "node:fs"
import type { Random } from "../../src/testing/random.ts"
import type { Call } from "./shim.ts"

const sector = 512

interface Write {
  readonly isTruncation: boolean
  readonly at: number
  /** Of a truncation the length. */
  readonly size: number
  readonly bytes: Buffer
}

/** The writes that the shim recorded, by the number of their call. */
export const readWrites = (file: string): ReadonlyMap<number, Write> => {
  const all = fs.readFileSync(file)
  const writes = new Map<number, Write>()
  for (let from = 0; from < all.length;) {
    const [number, kind, at, size] = [0, 8, 16, 24].map((n) => Number(all.readBigInt64LE(from + n))) as [
      number,
      number,
      number,
      number
    ]
    const isTruncation = kind === 1
    const end = from + 32 + (isTruncation ? 0 : size)
    writes.set(number, { isTruncation, at, size, bytes: all.subarray(from + 32, end) })
    from = end
  }
  return writes
}

/** The content of a file. */
class Content {
  private bytes: Buffer
  private length: number

  constructor(bytes: Buffer) {
    this.bytes = bytes
    this.length = bytes.length
  }

  private grow(length: number): void {
    if (length > this.bytes.length) {
      const larger = Buffer.alloc(length * 2)
      this.bytes.copy(larger, 0, 0, this.length)
      this.bytes = larger
    }
    // what was there before a truncation is gone
    if (length > this.length) this.bytes.fill(0, this.length, length)
    this.length = Math.max(this.length, length)
  }

  /** All of the write, or those sectors that `has` says. */
  write({ at, bytes, isTruncation, size }: Write, has: (() => boolean) | undefined): void {
    if (isTruncation) {
      this.grow(size)
      this.length = size
      return
    }
    for (let from = 0; from < bytes.length;) {
      const to = has === undefined ? bytes.length : Math.min(bytes.length, from + sector - (at + from) % sector)
      if (has === undefined || has()) {
        this.grow(at + to)
        bytes.copy(this.bytes, at + from, from, to)
      }
      from = to
    }
  }

  toBytes(): Buffer {
    return this.bytes.subarray(0, this.length)
  }
}

interface File {
  readonly sure: Content
  pending: Array<Write>
}

/** A directory as it was before the run. */
export type Start = ReadonlyArray<{ readonly name: string; readonly inode: string; readonly bytes: Buffer }>

export const startOf = (directory: string): Start =>
  fs.readdirSync(directory).map((name) => ({
    name,
    inode: String(fs.statSync(`${directory}/${name}`).ino),
    bytes: fs.readFileSync(`${directory}/${name}`)
  }))

/** The names and contents that may be there when the power fails after the call of that number. */
export const afterCut = (
  run: {
    readonly directory: string
    readonly start: Start
    readonly trace: ReadonlyArray<Call>
    readonly writes: ReadonlyMap<number, Write>
  },
  cut: number,
  random: Random
): ReadonlyMap<string, Buffer> => {
  const files = new Map<string, File>()
  const names = new Map<string, File>()
  let changes: Array<readonly [name: string, file: File | undefined]> = []
  const change = ([name, file]: readonly [string, File | undefined]) =>
    void (file === undefined ? names.delete(name) : names.set(name, file))
  for (const { bytes, inode, name } of run.start) {
    const file = { sure: new Content(Buffer.from(bytes)), pending: [] }
    files.set(inode, file)
    names.set(name, file)
  }
  for (const { inode, kind, number, other, path, result } of run.trace) {
    if (number > cut || !(Number(result) >= 0)) continue
    const name = path.slice(run.directory.length + 1)
    const write = run.writes.get(number)
    if (kind === "sync" && path === run.directory) { for (const one of changes.splice(0)) change(one) }
    else if (kind === "create") {
      const file = { sure: new Content(Buffer.alloc(0)), pending: [] }
      files.set(inode, file)
      changes.push([name, file])
    } else if (kind === "unlink") changes.push([name, undefined])
    else if (kind === "rename" || kind === "link") {
      changes.push([other.slice(run.directory.length + 1), files.get(inode)])
      if (kind === "rename") changes.push([name, undefined])
    } else if (kind === "sync") {
      const file = files.get(inode)
      for (const one of file?.pending.splice(0) ?? []) file?.sure.write(one, undefined)
    } else if (write !== undefined) files.get(inode)?.pending.push(write)
  }
  changes = changes.slice(0, random.below(changes.length + 1))
  for (const one of changes) change(one)
  const way = random.below(4)
  const image = new Map<string, Buffer>()
  const done = new Set<File>()
  for (const [name, file] of names) {
    for (const one of done.has(file) ? [] : file.pending) {
      // nothing of it, all of it, each write or not, each sector or not
      if (way === 1 || (way === 2 && random.below(2) === 0)) file.sure.write(one, undefined)
      else if (way === 3 && (!one.isTruncation || random.below(2) === 0)) {
        file.sure.write(one, () => random.below(2) === 0)
      }
    }
    done.add(file)
    image.set(name, file.sure.toBytes())
  }
  return image
}
