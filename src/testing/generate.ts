/** A database as years of work leave it, of any size, for measurements: the same seed gives the same rows. */
import * as Effect from "effect/Effect"
import { turn } from "../host/turn.ts"
import { make } from "./database.ts"
import { dayOf, Ledger, people, type Project, type Recurrence, week } from "./ledger.ts"
import * as Payloads from "./payloads.ts"
import { type Issue, json, type Link } from "./payloads.ts"
import { body, text } from "./prose.ts"
import type { Random } from "./random.ts"

export interface GenerateOptions {
  readonly issues: number
  readonly seed?: number
}

/** Issues of one step, between which other fibers run. */
const step = 500

const labels = ["bug", "ui", "cli", "perf", "docs", "needs-repro", "p1", "area:import", "v1.2", "good_first_issue"]
const reasons = ["done", "done", "done", "wontfix", "duplicate", "superseded", "audit-no-change"]

/** Where an issue came from, and what was known of it on its first day. */
interface Origin {
  readonly imported: boolean
  readonly recurrence: Recurrence | undefined
  /** Its labels and links were given when it was filed, and have no events of their own. */
  readonly early: boolean
  readonly owner: string | null
  readonly priority: number | null
  readonly labels: ReadonlyArray<string>
  readonly links: ReadonlyArray<Link>
}

class Issues {
  private readonly ledger: Ledger
  private readonly random: Random
  private commentId = 0
  private linkId = 0

  constructor(ledger: Ledger) {
    this.ledger = ledger
    this.random = ledger.random
  }

  /** An issue with all that hangs on it: about twelve rows. */
  add(id: number): void {
    const { ledger, random } = this
    const project = random.pick(ledger.projects)
    const issue = ledger.newIssue(project, id)
    const created = ledger.time
    const origin = this.origin(project)
    const reason = random.below(3) === 0 ? random.pick(reasons) : null
    const deleted = random.below(40) === 0
    const occurrence = origin.recurrence === undefined ? null : dayOf(origin.recurrence.next)
    this.filed(project, issue, origin)
    this.comments(project, issue, origin)
    this.labels(project, issue, origin)
    this.links(project, issue, origin)
    this.changes(project, issue, origin, reason)
    if (deleted) ledger.event(project, "issue.soft_deleted", "{}", issue)
    const updated = ledger.time
    ledger.to.issue.add(
      id,
      issue.uid,
      project.id,
      issue.shortId,
      origin.recurrence?.title ?? text(random, 4 + random.below(8)),
      body(random),
      reason === null ? "open" : "closed",
      reason,
      origin.owner,
      origin.priority,
      random.pick(people),
      created,
      updated,
      reason === null ? null : updated,
      deleted ? updated : null,
      random.below(5) === 0 ? `{"deadline_on":"2026-05-20","estimate":${random.below(100)}.50}` : "{}",
      1 + random.below(4),
      origin.recurrence?.id ?? null,
      occurrence
    )
    if (random.below(100) === 0) ledger.purged(project, id)
    project.recent.push(issue)
    if (project.recent.length > 20) project.recent.shift()
  }

  private origin(project: Project): Origin {
    const { random } = this
    const imported = random.below(6) === 0
    const first = random.below(labels.length)
    return {
      imported,
      recurrence: !imported && random.below(40) === 0 ? random.pick(project.recurrences) : undefined,
      early: !imported && random.below(2) === 0,
      owner: random.below(2) === 0 ? random.pick(people) : null,
      priority: random.below(2) === 0 ? random.below(5) : null,
      labels: Array.from({ length: random.below(4) }, (_, n) => labels[(first + n) % labels.length]!),
      links: this.peers(project)
    }
  }

  /** Issues of the last days that it is linked to, the parent first. */
  private peers(project: Project): ReadonlyArray<Link> {
    const [parent, blocked, related] = project.recent
    if (parent === undefined || blocked === undefined || related === undefined) return []
    if (this.random.below(5) < 2) return []
    const links: Array<Link> = [{ type: "parent", peer: parent }]
    if (this.random.below(3) === 0) links.push({ type: "blocks", peer: blocked })
    if (this.random.below(5) === 0) links.push({ type: "related", peer: related })
    return links
  }

  private filed(project: Project, issue: Issue, origin: Origin): void {
    const { ledger } = this
    const created = (payload: string) => ledger.event(project, "issue.created", payload, issue)
    if (origin.imported) {
      created(json({ external_id: `bd-${issue.id}`, source: "beads" }))
      ledger.mapping(project, issue, "issue")
    } else if (origin.recurrence !== undefined) {
      const { next, title, uid } = origin.recurrence
      const [occurrence_key, recurrence_uid] = [dayOf(next), uid]
      created(json({ body: "", labels: [], occurrence_key, recurrence_uid, title }))
      const materialized = { issue_uid: issue.uid, occurrence_key, recurrence_uid }
      ledger.event(project, "recurrence.materialized", json(materialized), issue)
      origin.recurrence.next += week
      origin.recurrence.last = issue.uid
    } else {
      const { early, labels, links, owner, priority } = origin
      const said = { labels: early ? labels : [], links: early ? links : [], owner, priority }
      created(Payloads.created(this.random, issue, said))
    }
  }

  private comments(project: Project, issue: Issue, { imported }: Origin): void {
    const { ledger, random } = this
    for (let n = random.below(5); n > 0; n--) {
      const comment_id = ++this.commentId
      ledger.to.comment.add(issue.id, random.pick(people), text(random, 20 + random.below(110)), ledger.time)
      const external = { comment_external_id: `c${comment_id}`, comment_id, external_id: `bd-${issue.id}` }
      const payload = imported ? { ...external, source: "beads" } : { comment_id }
      ledger.event(project, "issue.commented", json(payload), issue)
      if (imported) ledger.mapping(project, issue, "comment", `:c${comment_id}`, comment_id)
    }
  }

  private labels(project: Project, issue: Issue, { early, imported, labels }: Origin): void {
    const { ledger, random } = this
    for (const label of labels) {
      ledger.to.label.add(issue.id, label, random.pick(people), ledger.time)
      const external = { external_id: `bd-${issue.id}:label:${label}`, label, source: "beads" }
      if (!early) ledger.event(project, "issue.labeled", json(imported ? external : { label }), issue)
      if (imported) ledger.mapping(project, issue, "label", `:label:${label}`, label)
    }
  }

  private links(project: Project, issue: Issue, { early, imported, links }: Origin): void {
    const { ledger, random } = this
    for (const link of links) {
      const { peer, type } = link
      const id = ++this.linkId
      // The older one of two that are related has the smaller id.
      const [from, to] = type === "related" ? [peer, issue] : [issue, peer]
      ledger.to.link.add(project.id, from.id, to.id, from.uid, to.uid, type, random.pick(people), ledger.time)
      if (imported) ledger.mapping(project, issue, "link", `:${type}:bd-${peer.id}`, id)
      if (early) continue
      if (random.below(4) === 0) {
        ledger.event(project, "issue.links_changed", Payloads.linksChanged(link), issue, peer)
      } else ledger.event(project, "issue.linked", Payloads.linked(issue, link, id, imported), issue, peer)
    }
  }

  private changes(project: Project, issue: Issue, { links }: Origin, reason: string | null): void {
    const { ledger, random } = this
    for (let n = random.below(3); n > 0; n--) {
      const [type, payload] = Payloads.changed(random, people)
      ledger.event(project, type, payload, issue)
    }
    const closed = (reason: string) =>
      ledger.event(project, "issue.closed", Payloads.closed(random, reason, links[0]?.peer), issue)
    if (random.below(50) === 0) {
      closed("wontfix")
      ledger.event(project, "issue.reopened", "{}", issue)
    }
    if (reason === null) project.open++
    else closed(reason)
  }
}

/** A new database of `issues` issues and about eleven other rows to each; 100,000 of them are some 590 MB as a snapshot. */
export const generate = (path: string, options: GenerateOptions) =>
  make(path, (db) =>
    Effect.suspend(() => {
      const ledger = new Ledger(db, options)
      const issues = new Issues(ledger)
      const all = Effect.iterate(1, {
        while: (id) => id <= options.issues,
        body: (id) => {
          const end = Math.min(options.issues, id + step - 1)
          return Effect.zipRight(
            turn,
            Effect.as(
              db.attempt("generate issues", () => {
                for (let n = id; n <= end; n++) issues.add(n)
                ledger.flush()
              }),
              end + 1
            )
          )
        }
      })
      return Effect.zipRight(all, db.attempt("generate projects", () => ledger.finish()))
    }), { later: true })
