/** What users and importers do to one issue. */
import { type Db, type Ends, type Issue, issueOf, pick } from "./database.ts"
import { type At, type Deed, pad } from "./deeds.ts"
import { facet, linkFacet } from "./facets.ts"
import { freeShort, linksOf, purge as purgeRow, rehome } from "./rows.ts"

export const projectsIn = (db: Db): ReadonlyArray<string> =>
  [...db.projects].filter(([, row]) => !row.archived).map(([uid]) => uid)

const isServed = (db: Db, { project }: Issue): boolean => db.projects.get(project)?.archived === false

/** Issues that are neither deleted nor in an archived project. */
export const liveIn = (db: Db): ReadonlyArray<string> =>
  [...db.issues].filter(([, row]) => !row.deleted && isServed(db, row)).map(([uid]) => uid)

/** The last characters of uids: few, so that short ids meet. */
const tails = ["xm", "ym", "xn", "yn"]

export const newIssue = (
  db: Db,
  { now, step: { k } }: At,
  project: string,
  c: number,
  more: Partial<Issue> = {}
): string => {
  const uid = `${pad(k)}${tails[c % tails.length]}`
  db.issues.set(uid, {
    project,
    short: "",
    title: "t0",
    body: "b0",
    status: "open",
    closedAt: null,
    owner: null,
    priority: null,
    meta: {},
    deleted: false,
    deletedAt: null,
    updated: now,
    revision: 1,
    recurrence: null,
    occurrence: null,
    ...more
  })
  issueOf(db, uid).short = freeShort(db, uid, [project])
  for (const kind of ["title", "body", "owner", "priority", "status", "deleted", "project"]) {
    db.mark(facet(kind, uid), k)
  }
  return uid
}

export type Operation = (db: Db, at: At) => Deed | undefined
/** On a live issue. */
type OnIssue = (db: Db, at: At, x: string, row: Issue) => Deed | undefined

export const on = (operation: OnIssue, among: (db: Db) => ReadonlyArray<string> = liveIn): Operation => (db, at) => {
  const x = pick(among(db), at.step.a)
  return x === undefined ? undefined : operation(db, at, x, issueOf(db, x))
}

const create: Operation = (db, at) => {
  const { now, step: { a, b, c, k }, uid } = at
  const project = pick(projectsIn(db), b)
  if (project === undefined) return undefined
  const mates = liveIn(db).filter((x) => issueOf(db, x).project === project)
  const x = newIssue(db, at, project, c)
  const labels = c % 2 === 1 ? [`l${c % 3}`] : []
  for (const label of labels) {
    db.labels.set(`${x} ${label}`, { at: now, by: k })
    db.mark(facet("label", x, label), k)
  }
  const links: Array<Ends> = []
  const other = pick(mates, a)
  if (other !== undefined && c % 5 === 0) {
    db.parents.set(x, { parent: other, at: now, by: k })
    links.push(["parent", x, other])
    db.mark(facet("parent", x), k)
  }
  if (other !== undefined && c % 5 === 1) {
    db.links.set(linkFacet("blocks", x, other), { at: now, by: k })
    links.push(["blocks", x, other])
    db.mark(linkFacet("blocks", x, other), k)
  }
  db.emit(uid, "created", project, x, { labels, links })
  return { do: "create", issue: x, project, labels, links }
}

const edit = on((db, { config, now, step: { b, c, k }, uid }, x, row) => {
  const wanted: Record<string, string> = { [(["title", "body", "owner"] as const)[b % 3] ?? "title"]: `w${c % 3}` }
  if (c % 4 === 0) wanted["title"] = `w${b % 2}`
  const fields = Object.fromEntries(
    Object.entries(wanted).filter(([field, value]) => row[field as "title" | "body" | "owner"] !== value)
  )
  const changed = Object.keys(fields).toSorted()
  if (changed.length === 0) return undefined
  Object.assign(row, fields)
  for (const field of changed) db.mark(facet(field, x), k)
  row.updated = now
  db.emit(uid, "updated", row.project, x, config.modern ? { fields: changed } : {})
  return { do: "edit", issue: x, fields }
})

/** The last day of every recurrence. */
const lastDay = 3
const dayAfter = (day: number) => day < lastDay ? day + 1 : null

/** Makes what comes after an occurrence that was closed. */
const materialise = (db: Db, at: At, row: Issue): string | undefined => {
  const { step: { b }, uid } = at
  const of = row.recurrence
  const recurrence = of === null ? undefined : db.recurrences.get(of)
  if (of === null || recurrence === undefined || recurrence.deleted || row.occurrence === null) return undefined
  const day = dayAfter(row.occurrence)
  const following = day === null ? null : dayAfter(day)
  const isThere = [...db.issues.values()].some((other) => other.recurrence === of && other.occurrence === day)
  if (day === null || isThere) {
    if (day !== null) db.emit(`${uid}m`, "recurrence.materialization_skipped", row.project, null, { recurrence: of })
    if (recurrence.next !== following) recurrence.revision++
    recurrence.next = following
    return undefined
  }
  const next = newIssue(db, at, row.project, b, {
    title: recurrence.template,
    recurrence: of,
    occurrence: day,
    meta: { scheduled_on: `2020-01-0${day}` }
  })
  recurrence.next = following
  recurrence.last = next
  recurrence.revision++
  db.emit(`${uid}c`, "created", row.project, next, { labels: [], links: [] })
  db.emit(`${uid}m`, "recurrence.materialized", row.project, next, { recurrence: of })
  return next
}

const close = on((db, at, x, row) => {
  const { now, step: { c, k }, uid } = at
  const hasOpen = [...db.parents].some(([child, { parent }]) => {
    const { deleted, status } = issueOf(db, child)
    return parent === x && status === "open" && !deleted
  })
  if (row.status !== "open" || hasOpen) return undefined
  const reason = c % 5 === 0 ? "wontfix" : "done"
  Object.assign(row, { status: reason, closedAt: now, updated: now })
  db.mark(facet("status", x), k)
  db.emit(uid, "closed", row.project, x, { reason })
  return { do: "close", issue: x, reason, next: reason === "done" ? materialise(db, at, row) : undefined }
})

const reopen = on((db, { now, step: { k }, uid }, x, row) => {
  if (row.status === "open") return undefined
  Object.assign(row, { status: "open", closedAt: null, updated: now })
  db.mark(facet("status", x), k)
  db.emit(uid, "reopened", row.project, x)
  return { do: "reopen", issue: x }
})

const assign = on((db, { now, step: { c, k }, uid }, x, row) => {
  const owner = [null, "ana", "bob"][c % 3] ?? null
  if (row.owner === owner) return undefined
  Object.assign(row, { owner, updated: now })
  db.mark(facet("owner", x), k)
  db.emit(uid, owner === null ? "unassigned" : "assigned", row.project, x)
  return { do: "assign", issue: x, owner }
})

const prioritise = on((db, { now, step: { c, k }, uid }, x, row) => {
  const priority = [null, 1, 2][c % 3] ?? null
  if (row.priority === priority) return undefined
  Object.assign(row, { priority, updated: now })
  db.mark(facet("priority", x), k)
  db.emit(uid, "priority_set", row.project, x)
  return { do: "prioritise", issue: x, priority }
})

const label = on((db, { now, step: { c, k }, uid }, x, row) => {
  const label = `l${c % 3}`
  const on = !db.labels.delete(`${x} ${label}`)
  if (on) db.labels.set(`${x} ${label}`, { at: now, by: k })
  row.updated = now
  db.mark(facet("label", x, label), k)
  db.emit(uid, on ? "labeled" : "unlabeled", row.project, x, { label })
  return { do: "label", issue: x, label, on }
})

const comment = on((db, { now, step: { a, k }, uid }, x, row) => {
  const comment = ++db.lastComment
  const [author, body] = [`u${a % 2}`, `c${k}`]
  db.comments.set(comment, { issue: x, author, at: now, body, mark: `c ${k}` })
  row.updated = now
  db.emit(uid, "commented", row.project, x, { comment })
  return { do: "comment", issue: x, comment, author, body }
})

const oldComment = on((db, { now, step: { c, k } }, x) => {
  const comments: Array<number> = []
  for (let i = 0; i < 1 + c % 2; i++) {
    comments.push(++db.lastComment)
    db.comments.set(db.lastComment, { issue: x, author: `u${k}`, at: now, body: "old", mark: `o ${k} ${i}` })
  }
  return { do: "comment without event", issue: x, comments }
})

const meta = on((db, { now, step: { b, c, k }, uid }, x, row) => {
  const [key, value] = [`m${b % 2}`, [null, "p", "q"][c % 3] ?? null]
  if ((row.meta[key] ?? null) === value) return undefined
  delete row.meta[key]
  if (value !== null) row.meta[key] = value
  row.revision++
  row.updated = now
  db.mark(facet("meta", x, key), k)
  db.emit(uid, "metadata_updated", row.project, x, { keys: [key] })
  return { do: "change metadata", issue: x, key, value }
})

const remove = on((db, { now, step: { k }, uid }, x, row) => {
  Object.assign(row, { deleted: true, deletedAt: now, updated: now })
  db.mark(facet("deleted", x), k)
  db.emit(uid, "soft_deleted", row.project, x)
  return { do: "delete", issue: x }
})

const restore = on((db, { now, step: { k }, uid }, x, row) => {
  Object.assign(row, { deleted: false, deletedAt: null, updated: now })
  db.mark(facet("deleted", x), k)
  db.emit(uid, "restored", row.project, x)
  return { do: "restore", issue: x }
}, (db) => [...db.issues].filter(([, row]) => row.deleted && isServed(db, row)).map(([uid]) => uid))

const move = on((db, { now, step: { b, k }, uid }, x, row) => {
  const from = row.project
  const to = pick(projectsIn(db).filter((project) => project !== from), b)
  if (to === undefined) return undefined
  Object.assign(row, { project: to, short: freeShort(db, x, [to]), revision: row.revision + 1, updated: now })
  rehome(db, (uid) => uid === x)
  db.mark(facet("project", x), k)
  db.emit(uid, "moved", to, x, { from, to })
  return { do: "move", issue: x, from, to }
}, (db) => liveIn(db).filter((x) => linksOf(db, x).length === 0 && issueOf(db, x).recurrence === null))

const purge = on((db, { step: { k } }, x) => {
  purgeRow(db, x, `g${k}`)
  return { do: "purge", issue: x, purge: `g${k}` }
}, (db) => [...db.issues].filter(([, row]) => isServed(db, row)).map(([uid]) => uid))

export const issueOperations: Readonly<Record<string, Operation>> = {
  create,
  edit,
  close,
  reopen,
  assign,
  prioritise,
  label,
  comment,
  oldComment,
  meta,
  delete: remove,
  restore,
  move,
  purge
}
