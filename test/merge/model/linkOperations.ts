/** What users do to the links of an issue, one at a time or several at once. */
import { type Db, type Ends, issueOf, pick } from "./database.ts"
import type { At, Deed } from "./deeds.ts"
import { facet, linkFacet } from "./facets.ts"
import { liveIn } from "./issueOperations.ts"
import { edgesOf, reaches } from "./rows.ts"

interface On {
  readonly x: string
  readonly mates: ReadonlyArray<string>
  readonly other: string
}

const subjects = (db: Db, { step: { a, b } }: At): On | undefined => {
  const live = liveIn(db)
  const x = pick(live, a)
  if (x === undefined) return undefined
  const { project } = issueOf(db, x)
  const mates = live.filter((y) => y !== x && issueOf(db, y).project === project)
  const other = pick(mates, b)
  return other === undefined ? undefined : { x, mates, other }
}

/** An event of the issue that was acted on. */
const tell = (db: Db, { now, uid }: At, on: boolean, link: Ends, issue: string): Deed => {
  const [type, a, b] = link
  const other = issue === a ? b : a
  const row = issueOf(db, issue)
  row.updated = now
  db.emit(uid, on ? "linked" : "unlinked", row.project, issue, { link: [type, issue, other] }, other)
  return { do: "link", issue, link, on }
}

const parent = (db: Db, at: At, { other, x }: On): Deed | undefined => {
  const { config, now, step: { c, k } } = at
  const current = db.parents.get(x)?.parent
  if (current === other) {
    db.parents.delete(x)
    db.mark(facet("parent", x), k)
    return tell(db, at, false, ["parent", x, other], c % 2 === 1 ? x : other)
  }
  if (current !== undefined || (!config.circles && reaches(edgesOf(db, "parent"), other, x))) return undefined
  db.parents.set(x, { parent: other, at: now, by: k })
  db.mark(facet("parent", x), k)
  return tell(db, at, true, ["parent", x, other], x)
}

const link = (db: Db, at: At): Deed | undefined => {
  const { config, now, step: { c, k } } = at
  const on = subjects(db, at)
  if (on === undefined) return undefined
  const { other, x } = on
  const type = (["blocks", "related", "parent"] as const)[c % 3] ?? "blocks"
  if (type === "parent") return parent(db, at, on)
  const of = linkFacet(type, x, other)
  if (db.links.delete(of)) {
    db.mark(of, k)
    return tell(db, at, false, [type, x, other], c % 2 === 1 ? x : other)
  }
  if (type === "blocks" && !config.circles && reaches(edgesOf(db, "blocks"), other, x)) return undefined
  db.links.set(of, { at: now, by: k })
  db.mark(of, k)
  return tell(db, at, true, [type, x, other], x)
}

/** Several links, and the parent, in one event. */
const links = (db: Db, at: At): Deed | undefined => {
  const { now, step: { a, c, k }, uid } = at
  const on = subjects(db, at)
  if (on === undefined) return undefined
  const { mates, other, x } = on
  const third = pick(mates.filter((y) => y !== other), a)
  const changed: Array<{ readonly ends: Ends; readonly there: boolean }> = []
  const peers = new Set<string>()
  for (const y of [other, third].slice(0, 1 + c % 2)) {
    if (y === undefined) continue
    const of = linkFacet("related", x, y)
    const there = !db.links.delete(of)
    if (there) db.links.set(of, { at: now, by: k })
    db.mark(of, k)
    changed.push({ ends: ["related", x, y], there })
    peers.add(y)
  }
  const before = db.parents.get(x)?.parent
  const set = c % 3 === 0 && before !== other && !reaches(edgesOf(db, "parent"), other, x)
  if (set) {
    if (before !== undefined) peers.add(before)
    db.parents.set(x, { parent: other, at: now, by: k })
    db.mark(facet("parent", x), k)
    changed.push({ ends: ["parent", x, other], there: true })
    peers.add(other)
  }
  const row = issueOf(db, x)
  row.updated = now
  const [only] = peers.size === 1 ? peers : []
  db.emit(uid, "links_changed", row.project, x, { changed }, only ?? null)
  const related = (there: boolean) =>
    changed.filter((one) => one.there === there && one.ends[0] === "related").map(({ ends }) => ends[2])
  return {
    do: "change links",
    issue: x,
    parent: set ? other : undefined,
    add: related(true),
    remove: related(false)
  }
}

export const linkOperations: Readonly<Record<string, (db: Db, at: At) => Deed | undefined>> = { link, links }
