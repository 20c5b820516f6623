/** A merge of two projects writes no event, but events change their project by nothing else: one side follows the other. */
import type { Db } from "./database.ts"
import { Broken, type Report, type Side } from "./report.ts"
import { mergeProjects } from "./rows.ts"
import type { Switches } from "./switches.ts"

/** The same events in two projects: `target source`. */
const pairsOf = (r: Db, s: Db): ReadonlyArray<string> =>
  [
    ...new Set([...s.events.values()].flatMap(({ project, uid }) => {
      const here = r.events.get(uid)?.project
      return here === undefined || here === project ? [] : [`${here} ${project}`]
    }))
  ].toSorted()

const adopt = (db: Db, project: string, from: Db): void => {
  const row = from.projects.get(project)
  if (row !== undefined && !db.projects.has(project)) db.projects.set(project, { ...row, meta: { ...row.meta } })
}

/** The source, in the projects of the result, which may have followed it. */
export const follow = (r: Db, source: Db, prefer: Side | undefined, report: Report, switches: Switches): Db => {
  if (switches.has("pmerge")) return source
  let s = source
  for (let round = 0; round < 50; round++) {
    const pairs = pairsOf(r, s)
    if (pairs.length === 0) return s
    const isThere = (project: string) => s.projects.has(project) || s.scope !== undefined
    const split = (pair = ""): readonly [string, string] => {
      const [here = "", there = ""] = pair.split(" ")
      return [here, there]
    }
    const clear = pairs.find((pair) => {
      const [here, there] = split(pair)
      return !r.projects.has(there) && isThere(here)
    })
    const [here, there] = split(clear ?? pairs[0])
    let way: Side = "target"
    // the target would have to follow, or nothing tells who merged: the user says
    if (r.projects.has(there) || !isThere(here)) {
      report.conflicts.push({ is: "projects", pairs })
      if (prefer === undefined) return s
      report.decided.add("projects")
      const dissolved = (project: string) => r.dissolved.has(project) || s.dissolved.has(project)
      const [a, b] = [dissolved(here), dissolved(there)]
      way = (a === b ? here > there : a) ? "source" : "target"
    }
    report.notes.push("projects")
    report.projectsMerged = true
    if (way === "source") {
      adopt(r, there, s)
      mergeProjects(r, here, there)
    } else {
      const { scope } = s
      s = s.copy()
      adopt(s, here, r)
      mergeProjects(s, there, here)
      if (scope !== undefined) s.scope = new Set([...scope].filter((one) => one !== there).concat(here))
    }
  }
  throw new Broken("project merges do not settle")
}
