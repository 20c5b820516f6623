/** What comes in: projects, issues, comments, what importers call them, events. */
import { type Comment, type Db, type Event, type Facet, issueOf, need } from "./database.ts"
import { isAbout, isGone } from "./extra.ts"
import { kindOf, put } from "./facets.ts"
import { Broken } from "./report.ts"
import { shared, type Work } from "./work.ts"

export const projects = ({ only, result: r, source: { db: s, extra }, target }: Work): void => {
  for (const uid of [...s.projects.keys()].toSorted()) {
    const row = need(s.projects.get(uid), uid)
    if (r.projects.has(uid)) continue
    const isWanted = only === undefined || [...only].some((x) => s.issues.get(x)?.project === uid) ||
      extra.some(({ project }) => project === uid)
    // what was purged here does not bring its project back
    const isEmpty = ![...s.events.values()].some((event) => event.project === uid && !isGone(target, event)) &&
      ![...s.issues].some(([x, { project }]) => project === uid && !target.gone.has(x)) &&
      ![...s.recurrences.values()].some(({ project }) => project === uid)
    if (!isWanted || isEmpty) continue
    const names = new Set([...r.projects.values()].map(({ name }) => name))
    let name = row.name
    for (let i = 2; names.has(name); i++) name = `${row.name}-${i}`
    r.projects.set(uid, { ...row, meta: { ...row.meta }, name })
    for (const [key, marks] of s.truth) {
      if (key.startsWith(`area ${uid} `) || key === `archived ${uid}`) r.truth.set(key, marks)
    }
  }
}

/** A link that a purge took on the source: of its event, which has a time and an actor. */
const putHollow = (r: Db, of: Facet, value: string | true): void => {
  if (value === true) r.links.set(of, { at: 0, by: 0 })
  else r.parents.set(of.slice("parent ".length), { parent: value, at: 0, by: 0 })
}

export const issues = (work: Work): void => {
  const { fresh, result: r, source: { db: s }, switches, take, target: { db: t }, values } = work
  for (const x of [...fresh].toSorted()) {
    if (r.issues.has(x)) throw new Broken(`UNIQUE issues.uid ${x}`)
    r.issues.set(x, { ...issueOf(s, x), meta: {} })
    if (
      !switches.has("attach") && [...r.events.values()].some((event) => event.issue === x && r.attached.has(event.uid))
    ) {
      throw new Broken("events before the row")
    }
  }
  for (const [of, value] of take) {
    const isLink = kindOf(of) === "link" || kindOf(of) === "parent"
    const [there, here] = [values.source.get(of) ?? null, values.target.get(of) ?? null]
    if (isLink && (value === true || typeof value === "string") && there !== value && here !== value) {
      putHollow(r, of, value)
    } else put(r, of, value, there === value ? s : t)
  }
  // an occurrence that lost its recurrence here: what is there wins
  for (const x of shared(work)) {
    const [from, to] = [issueOf(s, x), issueOf(r, x)]
    if (from.recurrence !== null && to.recurrence === null) {
      Object.assign(to, { recurrence: from.recurrence, occurrence: from.occurrence })
    }
  }
}

type Told = ReadonlyMap<number, Event>

const tellersOf = (db: Db, has: ReadonlySet<string>): Told =>
  new Map(
    [...db.events.values()].flatMap((event) =>
      event.type === "commented" && has.has(event.uid) && event.payload.comment !== undefined
        ? [[event.payload.comment, event] as const]
        : []
    )
  )

const saysTheSame = (a: Comment, b: Comment) =>
  a.issue === b.issue && a.author === b.author && a.at === b.at && a.body === b.body

/** By event, then by what an importer calls them, then by text, counted; gives the numbers of the source's here. */
export const comments = (
  { both, fresh, only, result: r, source, switches, target }: Work
): ReadonlyMap<number, number> => {
  const numbers = new Map<number, number>()
  const free = new Set([...r.comments].filter(([, row]) => both.has(row.issue)).map(([id]) => id))
  const [there, here] = [tellersOf(source.db, source.has), tellersOf(target.db, target.has)]
  const coming = [...source.db.comments].filter(([, { issue }]) =>
    (both.has(issue) || fresh.has(issue)) && (only === undefined || only.has(issue))
  )
  const rules: ReadonlyArray<(c: Event | undefined, d: Event | undefined) => boolean> = [
    (c, d) => c !== undefined && c.uid === d?.uid,
    (c, d) =>
      !switches.has("comext") && c?.payload.external !== undefined && c.payload.external === d?.payload.external,
    (c, d) => (c === undefined && d === undefined) || (!switches.has("comid") && (c === undefined || d === undefined))
  ]
  for (const rule of rules) {
    for (const [id, row] of coming) {
      if (numbers.has(id)) continue
      const hit = [...free].toSorted((a, b) => a - b).find((other) =>
        rule(there.get(id), here.get(other)) && saysTheSame(row, need(r.comments.get(other), `comment ${other}`))
      )
      if (hit === undefined) continue
      numbers.set(id, hit)
      free.delete(hit)
    }
  }
  for (const [id, row] of coming) {
    if (numbers.has(id)) continue
    numbers.set(id, ++r.lastComment)
    r.comments.set(r.lastComment, row)
  }
  return numbers
}

/** Mappings write no event: they come with their issue's; what is taken stays. */
export const mappings = (work: Work, numbers: ReadonlyMap<number, number>): void => {
  const { fresh, only, result: r, source: { db: s, extra }, target: { db: t } } = work
  for (const [key, id] of s.mapped) {
    const [issue = ""] = key.split(" ")
    const number = numbers.get(id)
    if (r.mapped.has(key) || !r.issues.has(issue) || number === undefined) continue
    if (only === undefined || only.has(issue)) r.mapped.set(key, number)
  }
  r.items.clear()
  for (const db of [t, s]) {
    for (const key of [...db.items.keys()].toSorted()) {
      const x = need(db.items.get(key), key)
      if (!r.issues.has(x)) continue
      if (db === s && !fresh.has(x) && !extra.some(({ issue }) => issue === x)) continue
      const name = `${issueOf(r, x).project} ${key.split(" ")[1] ?? ""}`
      if (!r.items.has(name)) r.items.set(name, x)
    }
  }
}

/** Behind the target's, in the order of the source. */
export const events = (work: Work, numbers: ReadonlyMap<number, number>): void => {
  const { only, result: r, source: { db: s }, switches, target } = work
  const renumbered = (event: Event): Event =>
    event.type === "commented" && event.payload.comment !== undefined
      ? { ...event, payload: { ...event.payload, comment: numbers.get(event.payload.comment) } }
      : event
  for (const [uid, event] of s.events) {
    const { issue, project, related, type } = event
    const isAttached = s.attached.has(uid)
    if (only !== undefined && !(isAbout(event, only) && isAttached)) continue
    const mine = r.events.get(uid)
    if (mine !== undefined) {
      if (isAttached && !r.attached.has(uid) && issue !== null && r.issues.has(issue) && s.issues.has(issue)) {
        r.attached.add(uid)
        if (type === "commented" && !switches.has("attachid")) {
          r.events.set(uid, { ...mine, payload: renumbered(event).payload })
        }
      }
      // nulled by a purge that is none here
      const now = r.events.get(uid) ?? mine
      if (now.related === null && related !== null && r.issues.has(related)) r.events.set(uid, { ...now, related })
      continue
    }
    if (isGone(target, event) || !r.projects.has(project)) continue
    const isOfGone = related !== null && target.gone.has(related)
    const moved = renumbered(event)
    r.events.set(uid, isOfGone ? { ...moved, related: null } : moved)
    r.sequence++
    if (issue !== null && r.issues.has(issue) && (isAttached || switches.has("attach"))) r.attached.add(uid)
  }
  if (!switches.has("attach")) return
  for (const { issue, uid } of r.events.values()) if (issue !== null && r.issues.has(issue)) r.attached.add(uid)
}
