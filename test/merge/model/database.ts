/**
 * A database of kata as the model has it: what people see of it, by uids, and the events. `truth` is hidden: for each facet the writes that its
 * value has seen. A merge never looks at it; the checks do.
 */

/** A part of an issue, a project or a recurrence that changes on its own: its kind and what it belongs to, with spaces between. */
export type Facet = string
export type LinkType = "blocks" | "related" | "parent"
export type Ends = readonly [type: LinkType, from: string, to: string]

export interface Payload {
  readonly labels?: ReadonlyArray<string>
  readonly links?: ReadonlyArray<Ends>
  /** What an external import has written. */
  readonly source?: "beads"
  readonly item?: string
  /** What an update says that it changed; older ones say nothing. */
  readonly fields?: ReadonlyArray<string>
  readonly reason?: string
  readonly label?: string
  readonly link?: Ends
  readonly changed?: ReadonlyArray<{ readonly ends: Ends; readonly there: boolean }>
  readonly comment?: number | undefined
  readonly external?: string
  readonly keys?: ReadonlyArray<string>
  readonly from?: string
  readonly to?: string
  readonly alias?: string
  /** Those that went with their project. */
  readonly aliases?: ReadonlyArray<string>
  readonly recurrence?: string
}

export interface Event {
  readonly uid: string
  readonly type: string
  readonly project: string
  readonly issue: string | null
  readonly related: string | null
  readonly payload: Payload
}

export interface Issue {
  project: string
  short: string
  title: string
  body: string
  /** `open`, or the reason why it was closed. */
  status: string
  closedAt: number | null
  owner: string | null
  priority: number | null
  meta: Record<string, string>
  deleted: boolean
  deletedAt: number | null
  updated: number
  revision: number
  recurrence: string | null
  occurrence: number | null
}

export interface Project {
  name: string
  archived: boolean
  meta: Record<string, string>
  revision: number
}

export interface Recurrence {
  project: string
  rule: string
  template: string
  deleted: boolean
  next: number | null
  last: string | null
  revision: number
}

export interface Comment {
  readonly issue: string
  readonly author: string
  readonly at: number
  readonly body: string
  /** Hidden: by which the checks know it again. */
  readonly mark: string
}

/** When a row was written, and by which write. */
export interface Written {
  readonly at: number
  readonly by: number
}

export interface Purge {
  readonly issue: string
  readonly short: string
  readonly project: string
  readonly reset: number | null
}

/** A write: the number of its operation, or `d` and the number of the merge that it was decided in. */
export type Mark = string

export class Db {
  events = new Map<string, Event>()
  /** By issue and label. */
  labels = new Map<string, Written>()
  /** By facet; parents are apart. */
  links = new Map<Facet, Written>()
  /** By child. */
  parents = new Map<string, Written & { readonly parent: string }>()
  comments = new Map<number, Comment>()
  /** What an importer calls a comment, by issue and that name. */
  mapped = new Map<string, number>()
  /** What an importer calls an issue, by project and that name. */
  items = new Map<string, string>()
  purges = new Map<string, Purge>()
  aliases = new Map<string, string>()
  truth = new Map<Facet, ReadonlySet<Mark>>()
  /** Events that point at the row of their issue, not only at its uid. */
  attached = new Set<string>()
  projects = new Map<string, Project>()
  issues = new Map<string, Issue>()
  recurrences = new Map<string, Recurrence>()
  sequence = 0
  lastComment = 0
  /** The projects that a project file is of. */
  scope: ReadonlySet<string> | undefined
  /** Hidden: projects that were merged into others, and aliases as they were attached. */
  dissolved = new Set<string>()

  copy(): Db {
    const db = new Db()
    for (const key of maps) Object.assign(db, { [key]: new Map<unknown, unknown>(this[key]) })
    db.attached = new Set(this.attached)
    db.dissolved = new Set(this.dissolved)
    db.sequence = this.sequence
    db.lastComment = this.lastComment
    db.scope = this.scope
    db.projects = new Map([...this.projects].map(([uid, row]) => [uid, { ...row, meta: { ...row.meta } }]))
    db.issues = new Map([...this.issues].map(([uid, row]) => [uid, { ...row, meta: { ...row.meta } }]))
    db.recurrences = new Map([...this.recurrences].map(([uid, row]) => [uid, { ...row }]))
    return db
  }

  emit(
    uid: string,
    type: string,
    project: string,
    issue: string | null = null,
    payload: Payload = {},
    related: string | null = null
  ) {
    this.sequence++
    this.events.set(uid, { uid, type, project, issue, related, payload })
    if (issue !== null) this.attached.add(uid)
  }

  mark(facet: Facet, mark: Mark | number) {
    this.truth.set(facet, new Set([...this.truth.get(facet) ?? [], String(mark)]))
  }

  /** Issues that were purged here. */
  gone(): ReadonlySet<string> {
    return new Set([...this.purges.values()].map(({ issue }) => issue).filter((issue) => !this.issues.has(issue)))
  }
}

const maps = [
  "events",
  "labels",
  "links",
  "parents",
  "comments",
  "mapped",
  "items",
  "purges",
  "aliases",
  "truth"
] as const

/** As JSON: what two equal databases have in common, names in the order in which they were made aside. */
export const text = (value: unknown): string =>
  JSON.stringify(value, (_, one: unknown) => {
    if (one instanceof Map) return Object.fromEntries([...one].toSorted(([a], [b]) => String(a) < String(b) ? -1 : 1))
    if (one instanceof Set) return [...one].toSorted()
    return typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).toSorted(([a], [b]) => a < b ? -1 : 1))
      : one
  })

/** All that a database holds, its hidden parts aside. */
export const visible = (db: Db): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(maps.filter((key) => key !== "truth").map((key) => [key, db[key]])),
  attached: db.attached,
  projects: db.projects,
  issues: db.issues,
  recurrences: db.recurrences,
  sequence: db.sequence
})

export const isSame = (a: Db, b: Db): boolean => text(visible(a)) === text(visible(b))

/** One of several, by a number. */
export const pick = (from: Iterable<string>, n: number): string | undefined => {
  const all = [...from].toSorted()
  return all[n % all.length]
}

export const need = <A>(value: A | undefined | null, what: string): A => {
  if (value === undefined || value === null) throw new Error(`the model has no ${what}`)
  return value
}

export const issueOf = (db: Db, uid: string): Issue => need(db.issues.get(uid), `issue ${uid}`)
