/** What must be true of every merge of the model, whatever the rules are: nothing newer is lost, nothing comes twice, nothing is decided silently. */
import { type Db, type Facet, issueOf, type Mark, text } from "./database.ts"
import type { Config } from "./deeds.ts"
import { isAbout, isIncomplete } from "./extra.ts"
import { kindOf, named, partsOf, type Value, values } from "./facets.ts"
import type { MergeOptions, Report } from "./report.ts"
import { edgesOf, links, reaches } from "./rows.ts"

/** The rules of the merge are wrong. */
export class Wrong extends Error {}

export function must(holds: boolean, ...why: ReadonlyArray<unknown>): asserts holds {
  if (!holds) throw new Wrong(why.map((one) => typeof one === "string" ? one : text(one)).join(" "))
}

const circles = (db: Db, type: "parent" | "blocks"): ReadonlyArray<string> => {
  const edges = edgesOf(db, type)
  return edges.filter(([a, b]) => reaches(edges, b, a)).map(([a, b]) => `${a} ${b}`)
}

const isUnique = (all: ReadonlyArray<unknown>) => new Set(all).size === all.length

/** The rules of every database. */
const sound = (s: Db, t: Db, r: Db): void => {
  const rows = [...r.issues.values()]
  must(isUnique(rows.map(({ project, short }) => `${project} ${short}`)), "short id twice")
  must(rows.every(({ project }) => r.projects.has(project)), "issue without project")
  const ends = [
    ...[...r.links.keys()].map((of) => partsOf(of).slice(2)),
    ...[...r.parents].map(([child, { parent }]) => [child, parent])
  ]
  for (const [a = "", b = ""] of ends) {
    must(
      r.issues.get(a)?.project !== undefined && r.issues.get(a)?.project === r.issues.get(b)?.project,
      "link across",
      a,
      b
    )
  }
  for (const type of ["parent", "blocks"] as const) {
    const before = new Set([...circles(t, type), ...circles(s, type)])
    must(circles(r, type).every((edge) => before.has(edge)), type, "circle made by the merge")
  }
  const days = rows.filter(({ recurrence }) => recurrence !== null)
  must(isUnique(days.map(({ occurrence, recurrence }) => `${recurrence} ${occurrence}`)), "occurrence twice")
  must([...r.purges.values()].every(({ reset }) => (reset ?? 0) <= r.sequence), "reset cursor from another database")
}

/** Nothing purged comes back, nothing is lost, nothing doubled. */
const complete = (s: Db, t: Db, r: Db): void => {
  const gone = t.gone()
  must(![...gone].some((x) => r.issues.has(x)), "purged issue is back")
  must([...t.issues.keys()].every((x) => r.issues.has(x)), "issue lost")
  must([...s.issues.keys()].every((x) => gone.has(x) || r.issues.has(x)), "issue left out")
  const wanted = [...s.events.values()].filter(({ issue, related, type }) =>
    !(issue !== null && gone.has(issue)) && !(links.has(type) && related !== null && gone.has(related))
  )
  for (const { project, uid } of [...t.events.values(), ...wanted]) {
    must(r.events.has(uid) || !r.projects.has(project), "event lost", uid)
  }
  for (const uid of s.attached) {
    const issue = s.events.get(uid)?.issue ?? ""
    must(!r.events.has(uid) || r.attached.has(uid) || gone.has(issue), "event not attached", uid)
  }
  const marks = [...r.comments.values()].map(({ mark }) => mark)
  must(isUnique(marks), "comment twice")
  const before = [s, t].flatMap((db) => [...db.comments.values()]).filter(({ issue }) => r.issues.has(issue))
  must(before.every(({ mark }) => marks.includes(mark)), "comment lost")
  for (const { issue, payload, type, uid } of r.events.values()) {
    if (type !== "commented" || !r.attached.has(uid)) continue
    must(r.comments.get(payload.comment ?? -1)?.issue === issue, "comment id of", uid)
  }
}

const isEqual = (a: ReadonlySet<Mark>, b: ReadonlySet<Mark>) => a.size === b.size && [...a].every((mark) => b.has(mark))
const isBelow = (a: ReadonlySet<Mark>, b: ReadonlySet<Mark>) => a.size < b.size && [...a].every((mark) => b.has(mark))

interface Compared {
  readonly s: Db
  readonly t: Db
  readonly r: Db
  readonly report: Report
  readonly config: Config
  readonly only: ReadonlySet<string> | undefined
}

/** Whether the marks can say what must become of a facet. */
const isJudged = ({ config, only, report, s, t }: Compared, of: Facet): boolean => {
  const issues = named(of)
  const [kind, x = ""] = partsOf(of)
  const isLink = kind === "link" || kind === "parent"
  if (report.decided.has(of) || report.hollows.has(of)) return false
  if (!issues.every((one) => t.issues.has(one) && s.issues.has(one))) return false
  if (only !== undefined && !issues.some((one) => only.has(one))) return false
  if (isLink && (only !== undefined || config.issues)) return false
  if (kind === "archived" || kind === "area") {
    return s.projects.has(x) && t.projects.has(x) && (s.scope === undefined || s.scope.has(x))
  }
  return kind !== "recurrence" || (s.recurrences.has(x) && t.recurrences.has(x))
}

/** Issues of which a side lacks events, whether the merge noticed it or not; what lay in a project that was merged looks like that. */
const lame = ({ config, s, t }: Compared): ReadonlySet<string> =>
  new Set(
    !config.files && !config.projectMerges ?
      [] :
      [s, t].flatMap((db) =>
        [...db.issues.keys()].filter((x) =>
          isIncomplete(db, [...db.events.values()].filter(({ issue, uid }) => issue === x && db.attached.has(uid)))
        )
      )
  )

/** Each facet against the hidden marks: a value that has seen what the other has seen is newer. */
const honest = (compared: Compared): void => {
  const { config, r, report, s, t } = compared
  const [here, there, now] = [values(t), values(s), values(r)]
  const incomplete = lame(compared)
  const isListed = (of: Facet) => report.unexplained.some((one) => one.facet === of)
  for (const of of new Set([...there.keys(), ...here.keys(), ...now.keys()])) {
    if (!isJudged(compared, of)) continue
    const [a, b, c]: ReadonlyArray<Value> = [there, here, now].map((all) => all.get(of) ?? null)
    const isElsewhere = (y: Value | undefined) => typeof y === "string" && (!s.issues.has(y) || !t.issues.has(y))
    if (kindOf(of) === "parent" && (isElsewhere(a) || isElsewhere(b))) continue
    if (a === b) {
      must(c === a, "changed although equal", of)
      continue
    }
    const [ms, mt] = [s.truth.get(of) ?? new Set<Mark>(), t.truth.get(of) ?? new Set<Mark>()]
    if (config.files && isListed(of)) continue
    const isDoubtful = named(of).some((x) => report.murky.has(x) || incomplete.has(x))
    if (isDoubtful && !(isBelow(mt, ms) ? c === a : isBelow(ms, mt) && c === b)) continue
    const said = text({ source: a, target: b, result: c })
    if (isBelow(mt, ms)) must(c === a, "the newer value is lost", of, said)
    else if (isBelow(ms, mt)) must(c === b, "the older value wins", of, said)
    else if (isEqual(ms, mt)) must(isListed(of), "equal marks, values differ", of)
    else must(false, "decided silently", of, said)
  }
}

const aliases = ({ config, r, s, t }: Compared): void => {
  // of a project without history nobody can tell that it was merged into another
  if (s.scope !== undefined || config.projectMerges) return
  for (const alias of new Set([...s.aliases.keys(), ...t.aliases.keys()])) {
    const [a, b, c] = [s, t, r].map((db) => db.aliases.get(alias))
    const attached = new Set([...t.dissolved, ...s.dissolved].filter((one) => one.startsWith(`${alias} `)))
    if ((a === undefined) === (b === undefined) || attached.size > 1) continue
    if (a !== undefined && !r.projects.has(a)) continue
    const of = `alias ${alias}`
    const [ms, mt] = [s.truth.get(of) ?? new Set<Mark>(), t.truth.get(of) ?? new Set<Mark>()]
    const isArchived = (project: string | undefined) =>
      project !== undefined && r.projects.get(project)?.archived === true
    if (isBelow(mt, ms) && (a === undefined || !isArchived(a))) must(c === a, "alias", alias)
    if (isBelow(ms, mt) && !isArchived(b)) must(c === b, "alias", alias)
  }
}

/** Of the source what a merge of some issues takes. */
const restricted = (s: Db, t: Db, only: ReadonlySet<string>): Db => {
  const db = s.copy()
  for (const x of s.issues.keys()) if (!only.has(x) && !t.issues.has(x)) db.issues.delete(x)
  for (const event of s.events.values()) {
    if (isAbout(event, only) && s.attached.has(event.uid)) continue
    db.events.delete(event.uid)
    db.attached.delete(event.uid)
  }
  for (const [id, { issue }] of s.comments) if (!only.has(issue)) db.comments.delete(id)
  db.aliases = new Map(t.aliases)
  return db
}

/** Fails with `Wrong`. */
export const checkMerge = (r: Db, report: Report, config: Config, { only }: MergeOptions): void => {
  const { source, target: t } = report
  if (source === undefined || t === undefined) throw new Wrong("nothing was compared")
  const s = only === undefined ? source : restricted(source, t, only)
  const compared: Compared = { s, t, r, report, config, only }
  sound(s, t, r)
  complete(s, t, r)
  honest(compared)
  if (!config.files && !config.issues) {
    const doubted = lame(compared)
    const left = report.unexplained.filter(({ facet: of }) => !named(of).some((x) => doubted.has(x)))
    must(left.length === 0, "differs without a record", left)
  }
  for (const [x, before] of t.issues) {
    const now = issueOf(r, x)
    const isChanged = text(before.meta) !== text(now.meta) || before.project !== now.project
    must(!isChanged || report.projectsMerged || now.revision > before.revision, "content changed, revision did not", x)
  }
  aliases(compared)
}
