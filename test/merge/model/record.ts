/** What the user decided, as the ordinary events of these facets: the other side, merging back, fast-forwards. */
import { issueOf, type LinkType, need } from "./database.ts"
import { pad } from "./deeds.ts"
import { isOfIssue, named, partsOf, touches, type Value } from "./facets.ts"
import type { Decision } from "./report.ts"
import { recurrenceOf } from "./ride.ts"
import type { Work } from "./work.ts"

const projectOf = ({ result: r }: Work, parts: ReadonlyArray<string>): string => {
  const [kind = "", x = "", y = ""] = parts
  if (kind === "link") return issueOf(r, y).project
  if (isOfIssue(kind)) return issueOf(r, x).project
  return kind === "recurrence" ? recurrenceOf(r, x).project : x
}

const emit = (work: Work, { facet: of, other, value }: Decision, uid: string): void => {
  const { result: r } = work
  const parts = partsOf(of)
  const [kind = "", x = "", field = "", last = ""] = parts
  const project = projectOf(work, parts)
  const text = (one: Value) => String(one)
  const isOn = value !== null && value !== false
  switch (kind) {
    case "title":
    case "body":
      return r.emit(uid, "updated", project, x, { fields: [kind] })
    case "owner":
      return r.emit(uid, isOn ? "assigned" : "unassigned", project, x)
    case "priority":
      return r.emit(uid, "priority_set", project, x)
    case "status":
      return value === "open"
        ? r.emit(uid, "reopened", project, x)
        : r.emit(uid, "closed", project, x, { reason: text(value) })
    case "deleted":
      return r.emit(uid, isOn ? "soft_deleted" : "restored", project, x)
    case "project":
      issueOf(r, x).revision++
      return r.emit(uid, "moved", project, x, { from: text(other), to: text(value) })
    case "meta":
      issueOf(r, x).revision++
      return r.emit(uid, "metadata_updated", project, x, { keys: [field] })
    case "label":
      return r.emit(uid, isOn ? "labeled" : "unlabeled", project, x, { label: field })
    case "link":
      return r.emit(uid, isOn ? "linked" : "unlinked", project, field, { link: [x as LinkType, field, last] }, last)
    case "parent": {
      const parent = text(value ?? other)
      return r.emit(uid, isOn ? "linked" : "unlinked", project, x, { link: ["parent", x, parent] }, parent)
    }
    case "archived":
      return isOn
        ? r.emit(uid, "project.removed", project, null, { aliases: [] })
        : r.emit(uid, "project.restored", project)
    case "area":
      need(r.projects.get(x), x).revision++
      return r.emit(uid, "project.metadata_updated", project, null, { keys: [field] })
    case "recurrence":
      recurrenceOf(r, x).revision++
      if (field === "deleted" && isOn) return r.emit(uid, "recurrence.deleted", project, null, { recurrence: x })
      return r.emit(uid, "recurrence.updated", project, null, { recurrence: x, fields: [field] })
    default:
      throw new Error(`nobody decides about ${of}`)
  }
}

export const record = (work: Work): void => {
  const { k, now, prefer, result: r, switches } = work
  for (const [n, decision] of work.decisions.entries()) {
    const { facet: of } = decision
    if (switches.has("prefer") || (switches.has("prefersource") && prefer === "source")) {
      r.mark(of, `d${k}`)
      continue
    }
    emit(work, decision, `d${pad(k)}.${n}`)
    const [kind, x, from] = partsOf(of)
    const subject = kind === "link" ? from : x
    for (const issue of named(of)) {
      if (issue === subject) issueOf(r, issue).updated = Math.max(now, issueOf(r, issue).updated)
    }
  }
}

/** The hidden marks: each value has seen what it had seen on the side that it came from. */
export const marks = (work: Work): void => {
  const { hollows, k, only, report, result: r, source: { db: s, extra }, switches, take, values } = work
  for (const project of s.dissolved) r.dissolved.add(project)
  for (const of of hollows) {
    for (const event of extra) {
      if (!touches(event, switches).includes(of)) continue
      const number = Number(event.uid.slice(1, 4))
      r.mark(of, event.uid.startsWith("e") ? number : `d${number}`)
    }
  }
  const kept = new Set(report.unexplained.map((one) => one.facet).filter((of) => !take.has(of)))
  for (const [of, marks] of s.truth) {
    const issues = named(of)
    if (kept.has(of) || issues.some((x) => !r.issues.has(x))) continue
    // a parent that was purged here has been seen by nobody
    const parent = of.startsWith("parent ") ? values.source.get(of) ?? null : null
    if (parent !== null && !r.issues.has(String(parent))) continue
    if (only !== undefined && !issues.some((x) => only.has(x))) continue
    r.truth.set(of, new Set([...r.truth.get(of) ?? [], ...marks]))
  }
  for (const { facet: of } of work.decisions) r.mark(of, `d${k}`)
}
