/** What happens to the rows of a model database as a whole: short ids, circles, purges, projects that become one, project files. */
import { type Db, type Event, type Facet, issueOf, type LinkType, need } from "./database.ts"
import { facet, linkFacet, named, partsOf } from "./facets.ts"

export const links = new Set(["linked", "unlinked"])

/** The first tail of a uid that nobody else in these projects has or had. */
export const freeShort = (db: Db, uid: string, projects: ReadonlyArray<string>, least = 1): string => {
  for (let n = least; n <= uid.length; n++) {
    const short = uid.slice(-n)
    const issues = [...db.issues].some(([other, row]) =>
      other !== uid && row.short === short && projects.includes(row.project)
    )
    const purged = [...db.purges.values()].some((row) =>
      row.issue !== uid && row.short === short && projects.includes(row.project)
    )
    if (!issues && !purged) return short
  }
  return uid
}

/** The links of an issue, whatever their direction. */
export const linksOf = (db: Db, uid: string): ReadonlyArray<Facet> => [
  ...[...db.links.keys()].filter((link) => partsOf(link).slice(2).includes(uid)),
  ...[...db.parents].filter(([child, { parent }]) => child === uid || parent === uid).map(([child]) =>
    facet("parent", child)
  )
]

export type Edge = readonly [from: string, to: string]

export const edgesOf = (db: Db, type: LinkType): ReadonlyArray<Edge> =>
  type === "parent"
    ? [...db.parents].map(([child, { parent }]) => [child, parent])
    : [...db.links.keys()].map(partsOf).filter((parts) => parts[1] === "blocks").map(([, , a = "", b = ""]) => [a, b])

export const reaches = (edges: ReadonlyArray<Edge>, from: string, to: string): boolean => {
  const [seen, todo] = [new Set<string>(), [from]]
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    if (at === to) return true
    if (seen.has(at)) continue
    seen.add(at)
    for (const [a, b] of edges) if (a === at) todo.push(b)
  }
  return false
}

/** Whether a purge of the issue takes the event. */
export const mentions = (event: Event, issue: string): boolean =>
  event.issue === issue || (event.related === issue && links.has(event.type))

const removeWhere = <K, V>(map: Map<K, V>, is: (key: K, value: V) => boolean): void => {
  for (const [key, value] of map) if (is(key, value)) map.delete(key)
}

export const purge = (db: Db, issue: string, uid: string): void => {
  const { project, short } = issueOf(db, issue)
  db.issues.delete(issue)
  const dead = [...db.events.values()].filter((event) => mentions(event, issue)).map((event) => event.uid)
  for (const one of dead) {
    db.events.delete(one)
    db.attached.delete(one)
  }
  for (const event of db.events.values()) {
    if (event.related === issue) db.events.set(event.uid, { ...event, related: null })
  }
  if (dead.length > 0) db.sequence++
  const own = (key: string) => partsOf(key).includes(issue)
  removeWhere(db.comments, (_, row) => row.issue === issue)
  removeWhere(db.links, own)
  removeWhere(db.parents, (child, row) => child === issue || row.parent === issue)
  removeWhere(db.labels, own)
  removeWhere(db.mapped, own)
  removeWhere(db.truth, own)
  removeWhere(db.items, (_, row) => row === issue)
  db.purges.set(uid, { issue, short, project, reset: dead.length > 0 ? db.sequence : null })
}

/** What an importer knows an issue by goes with it; where that name is taken, the taken one stays. */
export const rehome = (db: Db, issues: (uid: string) => boolean): void => {
  for (const key of [...db.items.keys()].toSorted()) {
    const [project, item = ""] = key.split(" ")
    const uid = need(db.items.get(key), key)
    const now = issueOf(db, uid).project
    if (!issues(uid) || project === now) continue
    db.items.delete(key)
    if (!db.items.has(`${now} ${item}`)) db.items.set(`${now} ${item}`, uid)
  }
}

/** Makes a project a part of another one; nobody records it. */
export const mergeProjects = (db: Db, from: string, to: string): void => {
  for (const uid of [...db.issues.keys()].toSorted()) {
    const row = issueOf(db, uid)
    if (row.project !== from) continue
    const taken = [...db.issues].some(([other, { project, short }]) =>
      other !== uid && project === to && short === row.short
    ) || [...db.purges.values()].some(({ issue, project, short }) =>
      issue !== uid && project === to && short === row.short
    )
    if (taken) row.short = freeShort(db, uid, [from, to], row.short.length + 1)
  }
  for (const row of [...db.issues.values(), ...db.recurrences.values()]) if (row.project === from) row.project = to
  rehome(db, (uid) => issueOf(db, uid).project === to)
  for (const event of db.events.values()) {
    if (event.project === from) db.events.set(event.uid, { ...event, project: to })
  }
  for (const [uid, row] of db.purges) if (row.project === from) db.purges.set(uid, { ...row, project: to })
  for (const [alias, project] of db.aliases) if (project === from) db.aliases.set(alias, to)
  db.projects.delete(from)
  db.dissolved.add(from)
  removeWhere(db.truth, (key) => key === facet("archived", from) || key.startsWith(`${facet("area", from)} `))
}

const onlyWhere = <K, V>(map: Map<K, V>, is: (key: K, value: V) => boolean): Map<K, V> =>
  new Map([...map].filter(([key, value]) => is(key, value)))

/** A file of one project: without the events of an issue from before it was moved in, unless `whole`. */
export const projectFile = (from: Db, project: string, whole: boolean): Db => {
  const db = from.copy()
  db.scope = new Set([project])
  db.issues = onlyWhere(db.issues, (_, row) => row.project === project)
  const has = (uid: string | null | undefined) => uid !== null && uid !== undefined && db.issues.has(uid)
  const ofIssue = (key: string) => has(partsOf(key)[0])
  db.events = onlyWhere(
    db.events,
    (uid, event) => event.project === project || (whole && has(event.issue) && db.attached.has(uid))
  )
  const known = new Set([...db.events.values()].map((event) => event.project))
  db.projects = onlyWhere(db.projects, (uid) => uid === project || known.has(uid))
  db.attached = new Set([...db.attached].filter((uid) => has(db.events.get(uid)?.issue)))
  db.labels = onlyWhere(db.labels, ofIssue)
  db.links = onlyWhere(db.links, (key) => has(partsOf(key)[2]))
  db.parents = onlyWhere(db.parents, (child) => has(child))
  db.comments = onlyWhere(db.comments, (_, row) => has(row.issue))
  db.mapped = onlyWhere(db.mapped, ofIssue)
  db.items = onlyWhere(db.items, (_, uid) => has(uid))
  db.recurrences = onlyWhere(db.recurrences, (_, row) => row.project === project)
  db.purges = onlyWhere(db.purges, (_, row) => row.project === project)
  db.aliases = onlyWhere(db.aliases, (_, row) => row === project)
  db.truth = onlyWhere(db.truth, (key) => {
    const [kind = "", of = ""] = partsOf(key)
    const issues = named(key)
    return issues.length > 0
      ? issues.some(has)
      : of === project || db.recurrences.has(of) || (kind === "alias" && db.aliases.has(of))
  })
  return db
}

/** A link as it is stored: what is related has no direction. */
export const stored = (type: LinkType, a: string, b: string): Facet =>
  type === "parent" ? facet("parent", a) : linkFacet(type, a, b)
