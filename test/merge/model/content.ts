/** What two databases must have in common when they are equal: everything by uids, without what is local. */
import { type Db, type Event, text } from "./database.ts"
import { links, mentions } from "./rows.ts"

export interface Leaving {
  /** Issues that were purged somewhere, and not everywhere. */
  readonly issues: ReadonlySet<string>
  /** Aliases that two databases gave to different projects. */
  readonly aliases: ReadonlySet<string>
}

export const nothing: Leaving = { issues: new Set(), aliases: new Set() }

export type Content = Readonly<Record<string, Readonly<Record<string, unknown>>>>

const some = <V>(map: ReadonlyMap<string, V>, is: (key: string, value: V) => boolean): Record<string, V> =>
  Object.fromEntries([...map].filter(([key, value]) => is(key, value)))

const counted = (all: ReadonlyArray<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1
  return counts
}

const commentText = (db: Db, id: number): string => {
  const row = db.comments.get(id)
  return row === undefined ? "no comment" : [row.issue, row.author, row.at, row.body].join(" | ")
}

const eventText = (db: Db, event: Event): string => {
  const { issue, payload, project, related, type, uid } = event
  const comment = type === "commented" ? commentText(db, payload.comment ?? 0) : undefined
  const changed = payload.changed?.map(text).toSorted()
  return text([type, project, issue, related, { ...payload, comment, changed }, db.attached.has(uid)])
}

export const contentOf = (db: Db, { aliases, issues }: Leaving = nothing): Content => {
  const ok = (...uids: ReadonlyArray<string | null | undefined>) =>
    uids.every((uid) => uid === null || uid === undefined || !issues.has(uid))
  // a project without history is not merged
  const full = new Set(
    [...db.events.values()].filter(({ issue, related }) => ok(issue, related)).map(({ project }) => project)
  )
  const told = counted([...db.events.values()].flatMap(({ payload: { item } }) => item === undefined ? [] : [item]))
  const isKnown = db.purges.size === 0 && issues.size === 0
  return {
    issue: some(db.issues, (x) => ok(x)),
    label: some(db.labels, (key) => ok(...key.split(" "))),
    link: some(db.links, (key) => ok(...key.split(" "))),
    parent: some(db.parents, (child, { parent }) => ok(child, parent)),
    comment: counted([...db.comments].filter(([, { issue }]) => ok(issue)).map(([id]) => commentText(db, id))),
    mapped: Object.fromEntries([...db.mapped.keys()].filter((key) => ok(...key.split(" "))).map((key) => [key, true])),
    item: some(db.items, (key) => isKnown && (told[key.split(" ")[1] ?? ""] ?? 0) < 2),
    event: Object.fromEntries(
      [...db.events.values()].filter(({ issue, related, type }) => ok(issue) && (!links.has(type) || ok(related))).map(
        (event) => [event.uid, eventText(db, ok(event.related) ? event : { ...event, related: null })]
      )
    ),
    purge: Object.fromEntries([...db.purges].filter(([, { issue }]) => ok(issue)).map(([uid]) => [uid, true])),
    project: Object.fromEntries(
      [...db.projects].filter(([uid]) => full.has(uid)).map((
        [uid, { archived, meta, revision }]
      ) => [uid, { archived, meta, revision }])
    ),
    recurrence: Object.fromEntries(db.recurrences),
    alias: some(db.aliases, (alias, project) => !aliases.has(alias) && full.has(project))
  }
}

/** Without what a merge the other way round may do otherwise: short ids; and, where clocks were turned, times. */
export const plain = (content: Content, times: boolean): Content => {
  const strip = (row: unknown, ...keys: ReadonlyArray<string>) =>
    Object.fromEntries(Object.entries(row ?? {}).filter(([key]) => !keys.includes(key)))
  const mapped = (rows: Readonly<Record<string, unknown>> = {}, change: (row: unknown) => unknown) =>
    Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, change(row)]))
  const timeless = ["at", "by"]
  return {
    ...content,
    issue: mapped(content["issue"], (row) => strip(row, "short", ...times ? [] : ["updated", "closedAt", "deletedAt"])),
    ...times ? {} : {
      label: mapped(content["label"], (row) => strip(row, ...timeless)),
      link: mapped(content["link"], (row) => strip(row, ...timeless)),
      parent: mapped(content["parent"], (row) => strip(row, ...timeless))
    }
  }
}

/** Where two differ, in words; undefined when they do not. */
export const difference = (a: Content, b: Content): string | undefined => {
  for (const kind of Object.keys(a)) {
    const [x, y] = [a[kind] ?? {}, b[kind] ?? {}]
    const keys = [...new Set([...Object.keys(x), ...Object.keys(y)])].filter((key) => text(x[key]) !== text(y[key]))
    if (keys.length > 0) {
      return `${kind}: ${keys.slice(0, 5).map((key) => `${key} ${text(x[key])} <> ${text(y[key])}`).join("; ")}`
    }
  }
  return undefined
}

/** Issues that are gone somewhere and still there, or told of, elsewhere. */
export const halfGone = (all: ReadonlyArray<Db>, gone: ReadonlySet<string>): ReadonlySet<string> =>
  new Set(
    [...gone].filter((x) =>
      all.some((db) => db.issues.has(x) || [...db.events.values()].some((event) => mentions(event, x)))
    )
  )

export const doubtful = (all: ReadonlyArray<Db>): ReadonlySet<string> =>
  new Set(
    all.flatMap((db) => [...db.aliases.keys()]).filter((alias) =>
      new Set(all.flatMap((db) => db.aliases.get(alias) ?? [])).size > 1
    )
  )
