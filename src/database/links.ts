/** Circles of parents: none of their issues can be closed, because each has an open child, and a tree of them has no root. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Kind, Tree } from "../records/Kind.ts"
import { drop } from "../records/repairs.ts"
import type { Described } from "../records/Rule.ts"
import { rowsOf, type Scope } from "./Selection.ts"
import type { Session } from "./Session.ts"

export const parentCycle = ({ parent }: Tree): Described => ({
  rule: "parent cycle",
  field: parent,
  says: "is an issue below the child: the parents go round in a circle",
  blocking: false,
  repair: Option.some(drop)
})

export interface Cycle {
  /** The link that was made last; without it there is no circle. */
  readonly link: bigint
  /** From child to parent, as far as they are to be reported. */
  readonly issues: ReadonlyArray<bigint>
}

/** Links whose parent is below no root: they are in a circle, or hang below one. An issue that is its own parent is a CHECK's matter. */
const rootless = (kind: Kind, { child, only, parent }: Tree, scope: Scope) =>
  `WITH RECURSIVE p AS MATERIALIZED (SELECT id, ${child} AS child, ${parent} AS parent FROM ${
    rowsOf(kind, scope.of(kind), `${only.column} = '${only.is}' AND ${child} <> ${parent}`)
  }),` +
  ` rooted(issue) AS (SELECT parent FROM p WHERE parent NOT IN (SELECT child FROM p)` +
  ` UNION SELECT p.child FROM rooted JOIN p ON p.parent = rooted.issue)` +
  ` SELECT id, child, parent FROM p WHERE parent NOT IN (SELECT issue FROM rooted) ORDER BY id`

interface Step {
  readonly link: bigint
  readonly parent: bigint
}

/** Each circle once. An issue with several parents breaks a harder rule; here the first of them counts. */
const circles = (steps: ReadonlyMap<bigint, Step>): ReadonlyArray<Cycle> => {
  const found: Array<Cycle> = []
  const seen = new Map<bigint, bigint>()
  for (const start of steps.keys()) {
    let at: bigint | undefined = start
    while (at !== undefined && !seen.has(at)) {
      seen.set(at, start)
      at = steps.get(at)?.parent
    }
    if (at === undefined || seen.get(at) !== start) continue
    const issues: Array<bigint> = []
    let link = -(2n ** 63n)
    for (let next = at; issues.length === 0 || next !== at; next = steps.get(next)!.parent) {
      issues.push(next)
      const by = steps.get(next)!.link
      if (by > link) link = by
    }
    found.push({ link, issues })
  }
  return found
}

/** The circles among the parent links that a scope selects. What is sound takes no memory: SQLite finds it by itself. */
export const parentCycles = (db: Session, kind: Kind, tree: Tree, scope: Scope) =>
  Effect.map(
    db.all("check the parents of issues", rootless(kind, tree, scope), ...scope.params),
    (rows) => {
      const steps = new Map<bigint, Step>()
      for (const { child, id, parent } of rows) {
        if (typeof id === "bigint" && typeof child === "bigint" && typeof parent === "bigint" && !steps.has(child)) {
          steps.set(child, { link: id, parent })
        }
      }
      return circles(steps)
    }
  )
