/** Facets: what events say of them, their values, and how one is set. */
import { type Db, type Event, type Facet, issueOf, type LinkType, need, type Recurrence } from "./database.ts"
import type { Switches } from "./switches.ts"

export type Value = string | number | boolean | null

export const facet = (...parts: ReadonlyArray<string>): Facet => parts.join(" ")
export const partsOf = (facet: Facet): ReadonlyArray<string> => facet.split(" ")
export const kindOf = (facet: Facet): string => partsOf(facet)[0] ?? ""

/** Of two related issues the lower uid is first. */
export const linkFacet = (type: LinkType, a: string, b: string): Facet =>
  type === "blocks" || a < b ? facet("link", type, a, b) : facet("link", type, b, a)

const scalars = ["title", "body", "owner", "status", "priority"] as const
const ofIssue = new Set<string>([...scalars, "project", "deleted", "meta", "label", "parent"])

export const isOfIssue = (kind: string): boolean => ofIssue.has(kind)

/** The issues that a facet is about. */
export const named = (of: Facet): ReadonlyArray<string> => {
  const [kind = "", ...rest] = partsOf(of)
  return kind === "link" ? rest.slice(1) : ofIssue.has(kind) ? rest.slice(0, 1) : []
}

/** Which facets an event may have changed. */
export const touches = (event: Event, switches: Switches): ReadonlyArray<Facet> => {
  const { payload, type } = event
  const x = event.issue ?? ""
  const ofLink = (type: LinkType, a: string, b: string) =>
    type === "parent" ? facet("parent", a) : linkFacet(type, a, b)
  switch (type) {
    case "created":
      return [
        ...scalars.map((kind) => facet(kind, x)),
        ...(payload.labels ?? []).map((label) => facet("label", x, label)),
        ...(payload.links ?? []).map((ends) => ofLink(...ends))
      ]
    case "updated":
      if (payload.fields !== undefined) return payload.fields.map((field) => facet(field, x))
      if (payload.source !== undefined && !switches.has("ext")) return scalars.map((kind) => facet(kind, x))
      return (switches.has("owner") ? ["title", "body"] : ["title", "body", "owner"]).map((kind) => facet(kind, x))
    case "closed":
    case "reopened":
      return [facet("status", x)]
    case "assigned":
    case "unassigned":
      return [facet("owner", x)]
    case "priority_set":
      return [facet("priority", x)]
    case "labeled":
    case "unlabeled":
      return [facet("label", x, payload.label ?? "")]
    case "linked":
    case "unlinked": {
      const [kind, a, b] = need(payload.link, "link")
      if (type === "linked" || switches.has("direction")) return [ofLink(kind, a, b)]
      // taken away from either end: the event does not say which way it went
      return kind === "parent"
        ? [facet("parent", a), facet("parent", b)]
        : [linkFacet(kind, a, b), linkFacet(kind, b, a)]
    }
    case "links_changed":
      return (payload.changed ?? []).filter(({ ends }) =>
        !switches.has("multi") || ends.some((end) => end === event.related)
      ).map(({ ends }) => ofLink(...ends))
    case "soft_deleted":
    case "restored":
      return [facet("deleted", x)]
    case "moved":
      return [facet("project", x)]
    case "metadata_updated":
      return (payload.keys ?? []).map((key) => facet("meta", x, key))
    case "project.metadata_updated":
      return (payload.keys ?? []).map((key) => facet("area", event.project, key))
    case "project.removed":
    case "project.restored":
      return [facet("archived", event.project)]
    case "recurrence.updated":
      return (payload.fields ?? []).map((field) => facet("recurrence", payload.recurrence ?? "", field))
    case "recurrence.deleted":
      return [facet("recurrence", payload.recurrence ?? "", "deleted")]
    default:
      return type.startsWith("recurrence.") ? [facet("progress", payload.recurrence ?? "")] : []
  }
}

/** What an event of links says about a facet of links: unlike others they tell what they did. */
export const says = (event: Event, of: Facet): Value => {
  const { payload, type } = event
  const changed = payload.changed ?? []
  if (kindOf(of) === "parent") {
    const child = partsOf(of)[1]
    const told = type === "created"
      ? payload.links ?? []
      : type === "links_changed"
      ? changed.map(({ ends }) => ends)
      : payload.link === undefined
      ? []
      : [payload.link]
    const found = told.find(([kind, a, b]) => kind === "parent" && (a === child || b === child))
    if (found !== undefined) return type === "unlinked" ? null : child === found[2] ? found[1] : found[2]
  }
  if (type !== "links_changed") return type === "unlinked" ? null : true
  const found = changed.find(({ ends: [kind, a, b] }) => kind !== "parent" && linkFacet(kind, a, b) === of)
  return found?.there === true ? true : null
}

/** All values of a database; what is not in there is null. */
export const values = (db: Db): ReadonlyMap<Facet, Value> => {
  const all = new Map<Facet, Value>()
  for (const [x, row] of db.issues) {
    for (const kind of [...scalars, "project", "deleted"] as const) all.set(facet(kind, x), row[kind])
    for (const [key, value] of Object.entries(row.meta)) all.set(facet("meta", x, key), value)
  }
  for (const label of db.labels.keys()) all.set(facet("label", label), true)
  for (const link of db.links.keys()) all.set(link, true)
  for (const [child, { parent }] of db.parents) all.set(facet("parent", child), parent)
  for (const [project, row] of db.projects) {
    all.set(facet("archived", project), row.archived)
    for (const [key, value] of Object.entries(row.meta)) all.set(facet("area", project, key), value)
  }
  for (const [uid, row] of db.recurrences) {
    for (const field of ["rule", "template", "deleted"] as const) all.set(facet("recurrence", uid, field), row[field])
  }
  return all
}

const setKey = (meta: Record<string, string>, key: string, value: Value): void => {
  delete meta[key]
  if (typeof value === "string") meta[key] = value
}

const copyRow = <A>(key: string, value: Value, from: ReadonlyMap<string, A>, to: Map<string, A>): void => {
  to.delete(key)
  if (value !== null && value !== false) to.set(key, need(from.get(key), key))
}

/** Sets a facet; what rides along, as times, authors and the short id, comes from `source`. */
export const put = (db: Db, of: Facet, value: Value, source: Db): void => {
  const [kind = "", x = "", field = ""] = partsOf(of)
  const rest = of.slice(kind.length + 1)
  switch (kind) {
    case "label":
      return copyRow(rest, value, source.labels, db.labels)
    case "link":
      return copyRow(of, value, source.links, db.links)
    case "parent":
      return copyRow(x, value, source.parents, db.parents)
    case "meta":
      return setKey(issueOf(db, x).meta, field, value)
    case "area":
      return setKey(need(db.projects.get(x), x).meta, field, value)
    case "archived":
      need(db.projects.get(x), x).archived = value === true
      return
    case "recurrence":
      Object.assign(
        need(db.recurrences.get(x), x),
        { [field]: value } satisfies Partial<Record<keyof Recurrence, Value>>
      )
      return
    case "deleted":
      Object.assign(issueOf(db, x), { deleted: value, deletedAt: issueOf(source, x).deletedAt })
      return
    case "status":
      Object.assign(issueOf(db, x), { status: value, closedAt: issueOf(source, x).closedAt })
      return
    case "project":
      Object.assign(issueOf(db, x), { project: value, short: issueOf(source, x).short })
      return
    default:
      Object.assign(issueOf(db, x), { [kind]: value })
  }
}
