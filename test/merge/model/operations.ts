/** One operation of a user on a model database; what cannot be done changes nothing. */
import { type Db, need, pick } from "./database.ts"
import { type At, type Config, type Deed, pad, type Step } from "./deeds.ts"
import { facet } from "./facets.ts"
import { importOperations } from "./importOperations.ts"
import { issueOperations, newIssue, projectsIn } from "./issueOperations.ts"
import { linkOperations } from "./linkOperations.ts"
import { mergeProjects } from "./rows.ts"

type Operation = (db: Db, at: At) => Deed | undefined

const make: Operation = (db, { step: { b, k } }) => {
  const project = `P${k}`
  const name = `n${b % 3}`
  db.projects.set(project, { name, archived: false, meta: {}, revision: 1 })
  db.mark(facet("archived", project), k)
  return { do: "make a project", project, name }
}

const rename: Operation = (db, { step: { a, c } }) => {
  const project = pick(projectsIn(db), a)
  if (project === undefined) return undefined
  const name = `n${c % 4}`
  need(db.projects.get(project), project).name = name
  return { do: "rename", project, name }
}

const archive: Operation = (db, { step: { a, c, k }, uid }) => {
  const all = projectsIn(db)
  const project = pick(all, a)
  if (project === undefined || all.length < 2 || c % 2 === 0) return undefined
  need(db.projects.get(project), project).archived = true
  const aliases = [...db.aliases].filter(([, of]) => of === project).map(([alias]) => alias).toSorted()
  for (const alias of aliases) {
    db.aliases.delete(alias)
    db.mark(facet("alias", alias), k)
  }
  db.mark(facet("archived", project), k)
  db.emit(uid, "project.removed", project, null, { aliases })
  return { do: "archive", project }
}

const area: Operation = (db, { step: { a, c, k }, uid }) => {
  const project = pick(projectsIn(db), a)
  const value = `a${c % 2}`
  if (project === undefined) return undefined
  const row = need(db.projects.get(project), project)
  if (row.meta["area"] === value) return undefined
  row.meta["area"] = value
  row.revision++
  db.mark(facet("area", project, "area"), k)
  db.emit(uid, "project.metadata_updated", project, null, { keys: ["area"] })
  return { do: "change the area", project, value }
}

const alias: Operation = (db, { step: { a, b, c, k }, uid }) => {
  const project = pick(projectsIn(db), a)
  const name = `git${c % 2}`
  if (project === undefined) return undefined
  const of = db.aliases.get(name)
  if (of === undefined) {
    db.aliases.set(name, project)
    db.mark(facet("alias", name), k)
    db.dissolved.add(`${name} ${project}`)
    return { do: "attach", project, alias: name }
  }
  if (b % 2 === 0 || db.projects.get(of)?.archived !== false) return undefined
  db.aliases.delete(name)
  db.mark(facet("alias", name), k)
  db.emit(uid, "project.alias_removed", of, null, { alias: name })
  return { do: "detach", project: of, alias: name }
}

const projects: Operation = (db, { step: { a, b, c } }) => {
  const all = projectsIn(db)
  const from = pick(all, a)
  const to = pick(all.filter((one) => one !== from), b)
  if (from === undefined || to === undefined || c % 2 === 0) return undefined
  const items = (project: string) =>
    [...db.items.keys()].filter((key) => key.startsWith(`${project} `)).map((key) => key.split(" ")[1])
  const there = new Set(items(to))
  // what one importer has brought into both is refused
  if (items(from).some((item) => there.has(item))) return undefined
  const forgetful = b % 4 === 0
  if (forgetful) {
    for (const [uid, row] of db.recurrences) {
      if (row.project !== from) continue
      db.recurrences.delete(uid)
      for (const issue of db.issues.values()) if (issue.recurrence === uid) issue.recurrence = null
    }
  }
  mergeProjects(db, from, to)
  return { do: "merge projects", from, to, forgetful }
}

const recurrence: Operation = (db, at) => {
  const { step: { b, c, k }, uid } = at
  const project = pick(projectsIn(db), b)
  if (project === undefined) return undefined
  const of = `R${k}`
  db.recurrences.set(of, {
    project,
    rule: "w",
    template: "t0",
    deleted: false,
    next: 1,
    last: null,
    revision: 1
  })
  for (const field of ["rule", "template", "deleted"]) db.mark(facet("recurrence", of, field), k)
  db.emit(uid, "recurrence.created", project, null, { recurrence: of })
  const issue = newIssue(db, at, project, c, { recurrence: of, occurrence: 1 })
  db.emit(`${uid}a`, "created", project, issue, { labels: [], links: [] })
  return { do: "make a recurrence", recurrence: of, issue, project }
}

const recurrenceOf = (db: Db, a: number) => {
  const uid = pick(db.recurrences.keys(), a)
  const row = uid === undefined ? undefined : db.recurrences.get(uid)
  const isLive = row !== undefined && !row.deleted && db.projects.get(row.project)?.archived === false
  return uid === undefined || !isLive ? undefined : { uid, row }
}

const patch: Operation = (db, { step: { a, b, c, k }, uid }) => {
  const found = recurrenceOf(db, a)
  const [field, value] = [b % 2 === 0 ? "rule" : "template", `v${c % 3}`] as const
  if (found === undefined || found.row[field] === value) return undefined
  found.row[field] = value
  found.row.revision++
  db.mark(facet("recurrence", found.uid, field), k)
  db.emit(uid, "recurrence.updated", found.row.project, null, { recurrence: found.uid, fields: [field] })
  return { do: "change a recurrence", recurrence: found.uid, field, value }
}

const remove: Operation = (db, { step: { a, k }, uid }) => {
  const found = recurrenceOf(db, a)
  if (found === undefined) return undefined
  found.row.deleted = true
  found.row.revision++
  db.mark(facet("recurrence", found.uid, "deleted"), k)
  db.emit(uid, "recurrence.deleted", found.row.project, null, { recurrence: found.uid })
  return { do: "delete a recurrence", recurrence: found.uid }
}

const operations: Readonly<Record<string, Operation>> = {
  ...issueOperations,
  ...importOperations,
  ...linkOperations,
  project: make,
  rename,
  archive,
  area,
  alias,
  projects,
  recurrence,
  patch,
  remove
}

export const operate = (db: Db, step: Step, now: number, config: Config): Deed | undefined => {
  const operation = operations[step.name]
  if (operation === undefined) throw new Error(`no operation ${step.name}`)
  return operation(db, { step, now, config, uid: `e${pad(step.k)}` })
}
