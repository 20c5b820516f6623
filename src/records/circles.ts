/** Circles among links that lead from one issue to another, of which an issue may have many. Pure. */

/** A link: from which issue to which. */
export interface Edge {
  readonly from: bigint
  readonly to: bigint
}

const groups = (edges: Iterable<Edge>): Map<bigint, Array<bigint>> => {
  const out = new Map<bigint, Array<bigint>>()
  for (const { from, to } of edges) {
    const known = out.get(from)
    if (known === undefined) out.set(from, [to])
    else known.push(to)
  }
  return out
}

/** The shortest way from one to another, both included; undefined where there is none. The way from one to itself is a circle. */
const way = (next: ReadonlyMap<bigint, ReadonlyArray<bigint>>, from: bigint, to: bigint) => {
  const before = new Map<bigint, bigint>()
  for (const queue = [from], at = { i: 0 }; at.i < queue.length; at.i++) {
    const here = queue[at.i]!
    for (const there of next.get(here) ?? []) {
      if (before.has(there)) continue
      before.set(there, here)
      if (there === to) {
        const back = [to]
        for (let one = here; one !== from; one = before.get(one)!) back.push(one)
        return [from, ...back.toReversed()]
      }
      queue.push(there)
    }
  }
  return undefined
}

/** The shortest way along these links. */
export const wayAlong = (edges: Iterable<Edge>, from: bigint, to: bigint) => way(groups(edges), from, to)

/** Without the links of issues to which no link leads, for as long as there are such. */
const trimmed = (edges: ReadonlyArray<Edge>): ReadonlyArray<Edge> => {
  const next = groups(edges)
  const incoming = new Map<bigint, number>()
  for (const { to } of edges) incoming.set(to, (incoming.get(to) ?? 0) + 1)
  const free = [...next.keys()].filter((one) => !incoming.has(one))
  for (let one = free.pop(); one !== undefined; one = free.pop()) {
    for (const to of next.get(one) ?? []) {
      const left = incoming.get(to)! - 1
      incoming.set(to, left)
      if (left === 0) free.push(to)
    }
  }
  return edges.filter(({ from }) => (incoming.get(from) ?? 0) > 0)
}

const turned = (edges: ReadonlyArray<Edge>) => edges.map(({ from, to }) => ({ from: to, to: from }))

/** Circles: each issue that is in one is in at least one of these, which begin with their lowest id, the first one again at the end. */
export const circles = (edges: ReadonlyArray<Edge>): ReadonlyArray<ReadonlyArray<bigint>> => {
  // what is left is in circles or between them
  const next = groups(turned(trimmed(turned(trimmed(edges)))))
  const seen = new Set<bigint>()
  const found: Array<ReadonlyArray<bigint>> = []
  for (const start of [...next.keys()].toSorted((a, b) => a < b ? -1 : 1)) {
    if (seen.has(start)) continue
    const circle = way(next, start, start)
    if (circle === undefined) continue
    for (const one of circle) seen.add(one)
    found.push(circle)
  }
  return found
}
