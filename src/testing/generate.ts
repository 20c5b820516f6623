/** A database as years of work leave it, of any size, for measurements: the same seed gives the same rows. */
import * as Effect from "effect/Effect"
import type { Handle } from "../database/Handle.ts"
import { make } from "./database.ts"
import { Random } from "./random.ts"
import * as Rows from "./rows.ts"

export interface GenerateOptions {
  readonly issues: number
  readonly seed?: number
}

/** Issues of one step, between which other fibers run. */
const step = 500

const words =
  ("the ledger keeps every issue that a person or an agent has filed and nothing is lost when it is closed " +
    "import export snapshot daemon restore merge verify socket parser token cache index query label owner comment link " +
    "fails hangs crashes returns prints waits retries slowly after before while without under load on macOS Linux in CI " +
    "because timeout buffer transaction journal lock path config flag value schema column upgrade rename rollback the of " +
    "Größe naïve café 日本語 проверка <b>bold</b> & \"quoted\" `code` https://example.com/a?b=1&c=2 🙂 e\u0301").split(
      " "
    )

const people = ["ana", "ben", "chloé", "dmitri", "codex-agent", "claude", "李雷", "zoë@example.com"]
const labels = ["bug", "ui", "cli", "perf", "docs", "needs-repro", "p1", "area:import", "v1.2", "good_first_issue"]
const types = ["issue.updated", "issue.labeled", "issue.assigned", "issue.metadata_updated", "issue.linked"]
const reasons = ["done", "wontfix", "duplicate", "superseded", "audit-no-change"]

interface Project {
  readonly id: number
  readonly uid: string
  readonly name: string
  /** The last few issues, which new ones link to. */
  readonly recent: Array<{ readonly id: number; readonly uid: string }>
  readonly recurrences: ReadonlyArray<number>
  readonly shortIds: Set<string>
}

class Writer {
  private readonly random: Random
  private readonly db: Handle
  private readonly instance: string
  private readonly projects: ReadonlyArray<Project>
  private readonly to: Readonly<
    Record<"issue" | "comment" | "label" | "link" | "mapping" | "event" | "purge", Rows.Rows>
  >
  /** Milliseconds; goes on with every row. */
  private now = Date.UTC(2023, 0, 2, 9, 0, 0, 125)
  private commentId = 0
  private linkId = 0
  private eventId = 0

  constructor(db: Handle, options: GenerateOptions) {
    this.db = db
    this.random = new Random(options.seed ?? 1)
    this.instance = this.random.ulid(this.now)
    const rows = (of: Rows.Table) => new Rows.Rows(db, of)
    this.to = {
      issue: rows(Rows.issues),
      comment: rows(Rows.comments),
      label: rows(Rows.labels),
      link: rows(Rows.links),
      mapping: rows(Rows.mappings),
      event: rows(Rows.events),
      purge: rows(Rows.purges)
    }
    this.projects = this.makeProjects(Math.max(1, Math.min(40, Math.round(options.issues / 2500))))
  }

  private get time(): string {
    this.now += 1 + this.random.below(90_000)
    return new Date(this.now).toISOString()
  }

  private text(count: number): string {
    let text = this.random.pick(words)
    for (let i = 1; i < count; i++) text += (i % 17 === 0 ? "\n" : " ") + this.random.pick(words)
    return text
  }

  private makeProjects(count: number): ReadonlyArray<Project> {
    const meta = new Rows.Rows(this.db, Rows.meta)
    for (const [key, value] of [["created_by_version", "0.1.0"], ["schema_version", "10"]]) meta.add(key!, value!)
    meta.add("instance_uid", this.instance)
    const projects = new Rows.Rows(this.db, Rows.projects)
    const aliases = new Rows.Rows(this.db, Rows.aliases)
    const recurrences = new Rows.Rows(this.db, Rows.recurrences)
    const made = Array.from({ length: count }, (_, i): Project => {
      const [id, uid, name] = [i + 1, this.random.ulid(this.now), `project-${i + 1}`]
      const archived = i > 0 && i % 9 === 0
      projects.add(id, uid, name, this.time, archived ? this.time : null, i % 3 === 0 ? "{\"area\":\"Work\"}" : "{}", 1)
      for (const kind of archived ? [] : ["git", "local"]) {
        const identity = kind === "git" ? `github.com/example/${name}` : `local:///home/ana/src/${name}`
        aliases.add(id, identity, kind, `/home/ana/src/${name}`, this.time, this.time)
      }
      const own = [i * 3 + 1, i * 3 + 2, i * 3 + 3]
      for (const recurrence of own) {
        recurrences.add(
          recurrence,
          this.random.ulid(this.now),
          id,
          "FREQ=WEEKLY;BYDAY=MO",
          "2023-01-02",
          "Europe/Berlin",
          this.text(4),
          this.text(20),
          recurrence % 2 === 0 ? "ana" : null,
          recurrence % 3 === 0 ? 2 : null,
          "[\"bug\",\"ui\"]",
          "{\"scheduled_on\":\"2023-01-02\"}",
          recurrence % 5 === 0 ? null : "2026-05-18",
          null,
          "ana",
          3,
          this.time,
          this.time,
          recurrence % 7 === 0 ? this.time : null
        )
      }
      return { id, uid, name, recent: [], recurrences: own, shortIds: new Set() }
    })
    for (const rows of [meta, projects, aliases, recurrences]) rows.flush()
    return made
  }

  private event(project: Project, issue: { readonly id: number; readonly uid: string }, type: string, payload: string) {
    const peer = type === "issue.linked" ? project.recent.at(-1) : undefined
    this.to.event.add(
      this.random.ulid(this.now),
      this.instance,
      project.id,
      project.name,
      issue.id,
      issue.uid,
      peer?.id ?? null,
      peer?.uid ?? null,
      type,
      this.random.pick(people),
      payload,
      this.time
    )
    this.eventId++
  }

  /** An issue with all that hangs on it: about twelve rows. */
  issue(id: number): void {
    const { random } = this
    const project = random.pick(this.projects)
    const uid = random.ulid(this.now)
    let shortId = uid.slice(-4).toLowerCase()
    for (let length = 5; project.shortIds.has(shortId); length++) shortId = uid.slice(-length).toLowerCase()
    project.shortIds.add(shortId)
    const issue = { id, uid }
    const created = this.time
    const closed = random.below(3) === 0
    const occurrence = random.below(50) === 0
    this.to.issue.add(
      id,
      uid,
      project.id,
      shortId,
      this.text(4 + random.below(8)),
      this.text(60 + random.below(180)),
      closed ? "closed" : "open",
      closed ? random.pick(reasons) : null,
      random.below(2) === 0 ? random.pick(people) : null,
      random.below(2) === 0 ? random.below(5) : null,
      random.pick(people),
      created,
      this.time,
      closed ? this.time : null,
      random.below(40) === 0 ? this.time : null,
      random.below(5) === 0 ? `{"deadline_on":"2026-05-20","estimate":${random.below(100)}.50}` : "{}",
      1 + random.below(4),
      occurrence ? random.pick(project.recurrences) : null,
      // a day of its own for each
      occurrence ? new Date(id * 86_400_000).toISOString().slice(0, 10) : null
    )
    this.event(project, issue, "issue.created", id % 4 === 0 ? `{"idempotency_key":"key-${id}"}` : "{}")
    for (let n = random.below(5); n > 0; n--) {
      this.to.comment.add(id, random.pick(people), this.text(20 + random.below(120)), this.time)
      this.event(project, issue, "issue.commented", `{"comment_id":${++this.commentId}}`)
    }
    const first = random.below(labels.length)
    for (let n = random.below(4); n > 0; n--) {
      this.to.label.add(id, labels[(first + n) % labels.length]!, random.pick(people), this.time)
    }
    this.links(project, issue)
    for (let n = 1 + random.below(4); n > 0; n--) {
      this.event(project, issue, random.pick(types), `{"from_short_id":"${shortId}","message":"${this.plain(12)}"}`)
    }
    if (closed) this.event(project, issue, "issue.closed", `{"reason":"done","message":"${this.plain(20)}"}`)
    if (random.below(3) === 0) {
      this.to.mapping.add("beads", `bd-${id}`, "issue", project.id, id, null, null, null, created, this.time)
    }
    if (random.below(100) === 0) this.purged(project, id)
    project.recent.push(issue)
    if (project.recent.length > 20) project.recent.shift()
  }

  private plain(count: number): string {
    return this.text(count).replace(/["\\\n]/g, "")
  }

  private links(project: Project, issue: { readonly id: number; readonly uid: string }): void {
    const peers = project.recent
    if (peers.length < 3 || this.random.below(5) < 2) return
    const link = (from: typeof issue, to: typeof issue, type: string) => {
      this.to.link.add(project.id, from.id, to.id, from.uid, to.uid, type, this.random.pick(people), this.time)
      this.linkId++
    }
    link(issue, peers[0]!, "parent")
    if (this.random.below(3) === 0) link(issue, peers[1]!, "blocks")
    if (this.random.below(5) === 0) link(peers[2]!, issue, "related")
  }

  /** A purge of an issue that was never written: its event ids are gaps. */
  private purged(project: Project, near: number): void {
    const first = this.eventId + 1
    this.to.event.flush()
    this.db.prepare("UPDATE sqlite_sequence SET seq = seq + 4 WHERE name = 'events'").run()
    this.eventId += 4
    this.to.purge.add(
      this.random.ulid(this.now),
      this.instance,
      project.id,
      10_000_000 + near,
      this.random.ulid(this.now),
      project.uid,
      project.name,
      this.text(5),
      "ana",
      2,
      1,
      0,
      3,
      first,
      first + 2,
      first + 3,
      null,
      "ben",
      near % 2 === 0 ? "filed by mistake" : null,
      this.time
    )
  }

  flush(): void {
    for (const rows of [this.to.issue, this.to.comment, this.to.label, this.to.link]) rows.flush()
    for (const rows of [this.to.mapping, this.to.event, this.to.purge]) rows.flush()
  }
}

/** A new database of `issues` issues and about eleven other rows to each; 100,000 of them are some 590 MB as a snapshot. */
export const generate = (path: string, options: GenerateOptions) =>
  make(path, (db) =>
    Effect.suspend(() => {
      const writer = new Writer(db, options)
      return Effect.iterate(1, {
        while: (id) => id <= options.issues,
        body: (id) => {
          const end = Math.min(options.issues, id + step - 1)
          return Effect.zipRight(
            Effect.sleep(0),
            Effect.as(
              db.attempt("generate issues", () => {
                for (let n = id; n <= end; n++) writer.issue(n)
                writer.flush()
              }),
              end + 1
            )
          )
        }
      })
    }), { later: true })
