/** The pages of the free list: trunks, which name the next trunk and so many leaves. */
import type { Pages } from "./Image.ts"

/** The leaves that a trunk names; none where it names more than it has room for. */
export const leavesOf = (pages: Pages, trunk: Buffer): ReadonlyArray<number> => {
  const count = trunk.readUInt32BE(4)
  return count > pages.usable / 4 - 2 ? [] : Array.from({ length: count }, (_, i) => trunk.readUInt32BE(8 + 4 * i))
}

/** Whether a page looks like a trunk, where the list itself is broken. */
export const isTrunk = (pages: Pages, bytes: Buffer): boolean => {
  const leaves = leavesOf(pages, bytes)
  return bytes.readUInt32BE(0) <= pages.count && leaves.length > 0 && new Set(leaves).size === leaves.length &&
    leaves.every((page) => page >= 2 && page <= pages.count)
}
