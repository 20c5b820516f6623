/** Rules that each side keeps and only the merge breaks: ends of links in two projects, circles. */
import { type Facet, issueOf } from "./database.ts"
import { facet, linkFacet, partsOf, put, type Value } from "./facets.ts"
import { Broken } from "./report.ts"
import { type Edge, edgesOf } from "./rows.ts"
import type { Work } from "./work.ts"

/** What each side would have to give up. */
interface Clash {
  readonly is: "end missing" | "moved and linked" | "circle"
  readonly source: ReadonlyArray<Facet>
  readonly target: ReadonlyArray<Facet>
}

const apart = (work: Work): Clash | undefined => {
  const { both, result: r, source: { db: s }, switches, target: { db: t }, values } = work
  const parents = [...r.parents.keys()].map((child) => facet("parent", child))
  for (const of of [...r.links.keys(), ...parents]) {
    const parts = partsOf(of)
    const isLink = parts[0] === "link"
    const a = (isLink ? parts[2] : parts[1]) ?? ""
    const b = (isLink ? parts[3] : r.parents.get(a)?.parent) ?? ""
    if (!r.issues.has(a) || !r.issues.has(b)) return { is: "end missing", source: [of], target: [] }
    if (issueOf(r, a).project === issueOf(r, b).project) continue
    if (switches.has("cross")) throw new Broken("cross-project link")
    const value: Value = isLink ? true : b
    const movedBy = (other: typeof s) =>
      [a, b].filter((x) => both.has(x) && issueOf(r, x).project !== issueOf(other, x).project).map((x) =>
        facet("project", x)
      )
    const [fromS, fromT] = [movedBy(t), movedBy(s)]
    if ((values.target.get(of) ?? null) !== value) return { is: "moved and linked", source: [of], target: fromT }
    const target = (values.source.get(of) ?? null) === value ? fromT : [of]
    return { is: "moved and linked", source: fromS, target }
  }
  return undefined
}

const circle = ({ result, source, switches, target }: Work): Clash | "allowed" | undefined => {
  const name = ([a, b]: Edge) => `${a} ${b}`
  for (const type of ["parent", "blocks"] as const) {
    const edges = edgesOf(result, type)
    const here = new Set(edgesOf(target.db, type).map(name))
    const there = new Set(edgesOf(source.db, type).map(name))
    const of = ([a, b]: Edge) => type === "parent" ? facet("parent", a) : linkFacet(type, a, b)
    for (const first of edges) {
      if (here.has(name(first))) continue
      // `mixed`: some link on the way is the target's alone
      const todo = [{ at: first[1], mixed: !there.has(name(first)), way: [first] }]
      const seen = new Set<string>()
      for (let step = todo.pop(); step !== undefined; step = todo.pop()) {
        const { at, mixed, way } = step
        if (at === first[0] && mixed) {
          if (switches.has("circle")) return "allowed"
          return {
            is: "circle",
            source: way.filter((edge) => !here.has(name(edge))).map(of),
            target: way.filter((edge) => !there.has(name(edge))).map(of)
          }
        }
        if (seen.has(`${at} ${mixed}`) || at === first[0]) continue
        seen.add(`${at} ${mixed}`)
        for (const edge of edges) {
          if (edge[0] === at) {
            todo.push({ at: edge[1], mixed: mixed || !there.has(name(edge)), way: [...way, edge] })
          }
        }
      }
    }
  }
  return undefined
}

/** Leaves out links whose other end is gone, and gives up what the user does not prefer. */
export const settle = (work: Work): void => {
  const { prefer, report, result, source, target, values } = work
  for (let round = 0; round < 200; round++) {
    const clash = apart(work) ?? circle(work)
    if (clash === undefined || clash === "allowed") return
    if (clash.is === "end missing") {
      for (const of of clash.source) put(result, of, null, target.db)
      report.notes.push("link left out")
      continue
    }
    report.conflicts.push({ is: clash.is, source: clash.source, target: clash.target })
    if (prefer === undefined) return
    for (const of of clash[prefer === "target" ? "source" : "target"]) {
      const [mine, db, others] = prefer === "target"
        ? [values.target, target.db, values.source]
        : [values.source, source.db, values.target]
      const [value, other] = [mine.get(of) ?? null, others.get(of) ?? null]
      put(result, of, value, db)
      work.decisions = [...work.decisions.filter((one) => one.facet !== of), { facet: of, value, other }]
    }
    for (const of of [...clash.source, ...clash.target]) report.decided.add(of)
  }
  throw new Broken("rules do not settle")
}
