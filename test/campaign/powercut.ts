/**
 * What a disk may hold after a power cut. Sure are the bytes of a file at its last sync, and the names in a directory at its last sync.
 * What came later may be there or not: the names in the order in which they were changed, the bytes of each file as they like.
 */
import * as fs from "node:fs"
import { dirname } from "node:path"
import type { Random } from "../../src/testing/random.ts"
import type { Call } from "./shim.ts"

/** A file or a directory: numbers of inodes are given again. */
interface File {
  sure: Buffer
  readonly inode: string
  readonly isDirectory: boolean
}

/** What is below a directory, directories before what is in them. */
const namesBelow = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).toSorted()

const bytesAt = (path: string) => fs.statSync(path).isDirectory() ? Buffer.alloc(0) : fs.readFileSync(path)

type Change = ReadonlyArray<readonly [name: string, file: File | undefined]>

export class Disk {
  private readonly names = new Map<string, File>()
  private readonly pending: Array<Change> = []
  private readonly live = new Map<string, File>()
  private readonly directory: string

  /** As it is now, which is sure. */
  constructor(directory: string) {
    this.directory = directory
    for (const name of namesBelow(directory)) {
      const path = `${directory}/${name}`
      const info = fs.statSync(path)
      const inode = String(info.ino)
      const file = this.live.get(inode) ?? { inode, sure: bytesAt(path), isDirectory: info.isDirectory() }
      this.live.set(inode, file)
      this.names.set(name, file)
    }
  }

  private change(...all: Change): void {
    this.pending.push(all)
  }

  private nameOf(path: string): string | undefined {
    return path.startsWith(`${this.directory}/`) ? path.slice(this.directory.length + 1) : undefined
  }

  /** Follows what a run did; `kept` holds what it synced. */
  follow(trace: ReadonlyArray<Call>, kept: string): void {
    for (const { inode, kind, number, other, path, result } of trace) {
      if (!(Number(result) >= 0)) continue
      const [name, second] = [this.nameOf(path), this.nameOf(other)]
      if (kind === "sync" && (path === this.directory || this.live.get(inode)?.isDirectory === true)) {
        const isHere = (change: Change) => change.every(([name]) => dirname(`${this.directory}/${name}`) === path)
        for (const change of this.pending.splice(0)) {
          if (isHere(change)) this.apply(change)
          else this.pending.push(change)
        }
      } else if (kind === "sync") {
        const file = this.live.get(inode)
        if (file !== undefined && fs.existsSync(`${kept}/${number}`)) file.sure = fs.readFileSync(`${kept}/${number}`)
      } else if (name === undefined) continue
      else if (kind === "create" || kind === "mkdir") {
        const file = { inode, sure: Buffer.alloc(0), isDirectory: kind === "mkdir" }
        this.live.set(inode, file)
        this.change([name, file])
      } else if (kind === "unlink" || kind === "rmdir") this.change([name, undefined])
      else if (second !== undefined && kind === "link") this.change([second, this.live.get(inode)])
      else if (second !== undefined && kind === "rename") this.change([second, this.live.get(inode)], [name, undefined])
    }
  }

  private apply(change: Change): void {
    for (const [name, file] of change) {
      if (file === undefined) this.names.delete(name)
      else this.names.set(name, file)
    }
  }

  /** Writes one of the states that are possible now into an empty directory; without a source of chance, the one with the least. */
  restore(into: string, random?: Random): void {
    for (const change of this.pending.slice(0, random?.below(this.pending.length + 1) ?? 0)) this.apply(change)
    const now = new Map<string, { readonly bytes: Buffer; readonly mtime: Date }>()
    for (const name of namesBelow(this.directory)) {
      const path = `${this.directory}/${name}`
      const { ino, mtime } = fs.statSync(path)
      now.set(String(ino), { bytes: bytesAt(path), mtime })
    }
    const made = new Map<File, string>()
    for (const [name, file] of [...this.names].toSorted(([a], [b]) => a < b ? -1 : 1)) {
      const to = `${into}/${name}`
      // what is in a directory that is not there is not there either
      if (!fs.existsSync(dirname(to))) continue
      if (file.isDirectory) {
        fs.mkdirSync(to, { mode: 0o700 })
        continue
      }
      const known = made.get(file)
      if (known !== undefined) {
        fs.linkSync(known, to)
        continue
      }
      made.set(file, to)
      // an inode that is somebody else's by now has lost what was not sure
      const live = this.live.get(file.inode) === file ? now.get(file.inode) : undefined
      fs.writeFileSync(
        to,
        live === undefined || random === undefined ? file.sure : mixed(file.sure, live.bytes, random)
      )
      // a sync makes the time of a file sure too
      if (live !== undefined) fs.utimesSync(to, live.mtime, live.mtime)
    }
  }
}

/** All of the old, all of the new, or the new as far as some sector. */
const mixed = (sure: Buffer, live: Buffer, random: Random): Buffer => {
  const choice = random.below(3)
  if (choice < 2) return choice === 0 ? sure : live
  const end = 512 * random.below(Math.ceil(live.length / 512) + 1)
  return Buffer.concat([live.subarray(0, end), sure.subarray(Math.min(end, sure.length))])
}
