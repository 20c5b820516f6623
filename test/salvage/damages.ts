/** Ten kinds of damage, as disks, filesystems, copies and other programs make them. */
import type { Random } from "../../src/testing/random.ts"
import type { Base } from "./bases.ts"

export interface Files {
  readonly main: Buffer
  readonly wal: Buffer
}

interface Damage {
  /** Whether it needs a log. */
  readonly log?: boolean
  /** What nothing can tell of: bytes within a row are others than they were, or the state is an earlier one that was committed too. */
  readonly silent?: "bytes" | "earlier"
  readonly make: (files: Files, base: Base, random: Random) => Files
}

const page = ({ main }: Files, { pageSize }: Base, number: number) =>
  main.subarray((number - 1) * pageSize, number * pageSize)
const count = ({ main }: Files, { pageSize }: Base) => main.length / pageSize
const some = (files: Files, base: Base, random: Random, most: number) =>
  Array.from({ length: 1 + random.below(most) }, () => 1 + random.below(count(files, base)))

/** Pages of one table or index. */
const ofOne = (base: Base, random: Random, type: string) => {
  const names = [...new Set([...base.uses.values()].filter((use) => use.type === type).map(({ name }) => name))]
    .toSorted()
  const name = random.pick(names)
  const pages = (of: string) =>
    [...base.uses].filter(([, use]) => use.name === name && use.type === of).map(([number]) => number)
  return { inner: pages("internal"), leaves: pages("leaf") }
}

export const damages: { readonly [kind: string]: Damage } = {
  "zeroed pages": {
    make: (files, base, random) => {
      for (const number of some(files, base, random, 6)) page(files, base, number).fill(0)
      return files
    }
  },
  "swapped pages": {
    make: (files, base, random) => {
      const [one = 1, other = 2] = [...some(files, base, random, 1), ...some(files, base, random, 1)]
      const kept = Buffer.from(page(files, base, one))
      page(files, base, other).copy(page(files, base, one))
      kept.copy(page(files, base, other))
      return files
    }
  },
  "a leaf over its root": {
    make: (files, base, random) => {
      const { inner, leaves } = ofOne(base, random, "internal")
      page(files, base, random.pick(leaves)).copy(page(files, base, inner[0] ?? 1))
      return files
    }
  },
  "a file that was cut": {
    make: ({ main, wal }, { pageSize }, random) => {
      const pages = main.length / pageSize
      const left = random.below(3) === 0 ? random.below(pages - 1) + 1 : pages - 1 - random.below(Math.ceil(pages / 6))
      return { main: main.subarray(0, left * pageSize + random.below(2) * random.below(pageSize)), wal }
    }
  },
  "a cell off a leaf": {
    make: (files, base, random) => {
      const { leaves } = ofOne(base, random, "leaf")
      const leaf = page(files, base, random.pick(leaves.filter((number) => number <= count(files, base))))
      const cells = leaf.readUInt16BE(3)
      if (cells > 0) leaf.writeUInt16BE(cells - 1, 3)
      return files
    }
  },
  "flipped bits": {
    silent: "bytes",
    make: (files, _, random) => {
      for (let n = 1 + random.below(20); n > 0; n--) {
        const at = random.below(files.main.length)
        files.main[at] = (files.main[at] ?? 0) ^ (1 << random.below(8))
      }
      return files
    }
  },
  "a damaged header": {
    make: (files, _, random) => {
      const from = random.below(100)
      const to = Math.min(100, from + 1 + random.below(random.below(2) === 0 ? 4 : 100))
      for (let at = from; at < to; at++) files.main[at] = random.below(256)
      return files
    }
  },
  "pages of garbage": {
    make: (files, base, random) => {
      for (const number of some(files, base, random, 4)) {
        const bytes = page(files, base, number)
        for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256)
      }
      return files
    }
  },
  "pages of an earlier state": {
    make: (files, base, random) => {
      for (const number of some({ ...files, main: base.past }, base, random, 4)) {
        if (number > count(files, base)) continue
        base.past.subarray((number - 1) * base.pageSize, number * base.pageSize).copy(page(files, base, number))
      }
      return files
    }
  },
  "a damaged log": {
    log: true,
    silent: "earlier",
    make: ({ main, wal }, _, random) => {
      const how = random.below(4)
      if (how === 0) return { main, wal: wal.subarray(0, random.below(wal.length)) }
      if (how === 1) { for (let at = 0; at < 32; at++) wal[at] = random.below(256) }
      else {
        const from = random.below(wal.length)
        const bytes = how === 2 ? 1 : 1 + random.below(9000)
        for (let at = from; at < Math.min(wal.length, from + bytes); at++) wal[at] = random.below(256)
      }
      return { main, wal }
    }
  }
}
