/** What the history of a made-up ledger stands on: its clock, its identities, its projects, and the rows that refer to them. */
import type { Handle } from "../database/Handle.ts"
import type { Param } from "../database/Session.ts"
import { type Issue, json } from "./payloads.ts"
import { text } from "./prose.ts"
import { Random } from "./random.ts"
import * as Rows from "./rows.ts"

/** So that the history covers some years, whatever the number of issues. */
const rowsPerIssue = 15
const history = 3 * 365 * 86_400_000
const start = Date.UTC(2023, 0, 2, 9, 0, 0, 125)
export const week = 7 * 86_400_000

export const people = ["ana", "ben", "chloé", "dmitri", "codex-agent", "claude", "李雷", "zoë@example.com"]

export interface Recurrence {
  readonly id: number
  readonly uid: string
  readonly title: string
  readonly created: string
  /** Monday of the next occurrence. */
  next: number
  last: string | null
}

export interface Project {
  readonly id: number
  readonly uid: string
  readonly name: string
  readonly created: string
  readonly area: boolean
  readonly archived: boolean
  /** The last few issues, which new ones link to. */
  readonly recent: Array<Issue>
  readonly recurrences: ReadonlyArray<Recurrence>
  readonly shortIds: Set<string>
  open: number
}

export const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10)

export class Ledger {
  readonly random: Random
  private readonly db: Handle
  private readonly instance: string
  private readonly pace: number
  readonly projects: ReadonlyArray<Project>
  readonly to: ReturnType<typeof Rows.into>
  /** Milliseconds; goes on with every row. */
  private now = start
  private eventId = 0

  constructor(db: Handle, options: { readonly issues: number; readonly seed?: number }) {
    this.db = db
    this.random = new Random(options.seed ?? 1)
    this.pace = Math.ceil(2 * history / (options.issues * rowsPerIssue))
    this.instance = this.random.ulid(this.now)
    this.to = Rows.into(db)
    this.projects = this.makeProjects(Math.max(1, Math.min(40, Math.round(options.issues / 2500))))
  }

  get time(): string {
    this.now += 1 + this.random.below(this.pace)
    return new Date(this.now).toISOString()
  }

  private makeProjects(count: number): ReadonlyArray<Project> {
    const { random } = this
    for (const [key, value] of [["created_by_version", "0.1.0"], ["schema_version", "10"]] as const) {
      this.to.meta.add(key, value)
    }
    this.to.meta.add("instance_uid", this.instance)
    return Array.from({ length: count }, (_, i): Project => {
      const recurrences = [1, 2, 3].map((n): Recurrence => ({
        id: i * 3 + n,
        uid: random.ulid(this.now),
        title: text(random, 4),
        created: this.time,
        next: start,
        last: null
      }))
      const project = {
        id: i + 1,
        uid: random.ulid(this.now),
        name: `project-${i + 1}`,
        created: this.time,
        area: i % 3 === 0,
        archived: i > 0 && i % 9 === 0,
        recent: [],
        recurrences,
        shortIds: new Set<string>(),
        open: 0
      }
      if (project.area) {
        const diff = { area: { from: null, to: "Work" } }
        this.event(project, "project.metadata_updated", json({ diff, revision_new: 2 }))
      }
      for (const { title, uid } of recurrences) {
        this.event(
          project,
          "recurrence.created",
          json({
            dtstart: dayOf(start),
            recurrence_uid: uid,
            rrule: "FREQ=WEEKLY;BYDAY=MO",
            template_body: "",
            template_title: title,
            timezone: "Europe/Berlin"
          })
        )
      }
      return project
    })
  }

  event(project: Project, type: string, payload: string, issue?: Issue, related?: Issue): void {
    this.to.event.add(
      this.random.ulid(this.now),
      this.instance,
      project.id,
      project.name,
      issue?.id ?? null,
      issue?.uid ?? null,
      related?.id ?? null,
      related?.uid ?? null,
      type,
      this.random.pick(people),
      payload,
      this.time
    )
    this.eventId++
  }

  /** That the issue, or what it has, was imported; `part` completes its name there. */
  mapping(project: Project, issue: Issue, type: "issue" | "comment" | "label" | "link", part = "", of?: Param): void {
    this.to.mapping.add(
      "beads",
      `bd-${issue.id}${part}`,
      type,
      project.id,
      issue.id,
      type === "comment" ? of ?? null : null,
      type === "link" ? of ?? null : null,
      type === "label" ? of ?? null : null,
      type === "label" ? null : this.time,
      this.time
    )
  }

  newIssue(project: Project, id: number): Issue {
    const uid = this.random.ulid(this.now)
    return { id, uid, shortId: this.shortId(project, uid) }
  }

  private shortId(project: Project, uid: string): string {
    let length = 4
    const candidate = () => uid.slice(-length).toLowerCase()
    while (project.shortIds.has(candidate())) length++
    project.shortIds.add(candidate())
    return candidate()
  }

  /** A purge of an issue that was never written: its event ids are gaps. */
  purged(project: Project, near: number): void {
    const { random } = this
    const first = this.eventId + 1
    this.to.event.flush()
    this.db.prepare("UPDATE sqlite_sequence SET seq = seq + 4 WHERE name = 'events'").run()
    this.eventId += 4
    const issue = this.newIssue(project, 10_000_000 + near)
    this.to.purge.add(
      random.ulid(this.now),
      this.instance,
      project.id,
      issue.id,
      issue.uid,
      project.uid,
      project.name,
      text(random, 5),
      "ana",
      2,
      1,
      0,
      3,
      first,
      first + 2,
      first + 3,
      issue.shortId,
      "ben",
      near % 2 === 0 ? "filed by mistake" : null,
      this.time
    )
  }

  flush(): void {
    for (const rows of Object.values(this.to)) rows.flush()
  }

  /** What is only known at the end. */
  finish(): void {
    for (const project of this.projects) {
      const { archived, area, created, id, name, open, recurrences, uid } = project
      if (archived) {
        this.event(project, "project.removed", json({ alias_count: 2, open_issues: open, force: true }))
      }
      this.to.project.add(
        id,
        uid,
        name,
        created,
        archived ? this.time : null,
        area ? "{\"area\":\"Work\"}" : "{}",
        area ? 2 : 1
      )
      for (const kind of archived ? [] : ["git", "local"]) {
        const identity = kind === "git" ? `github.com/example/${name}` : `local:///home/ana/src/${name}`
        this.to.alias.add(id, identity, kind, `/home/ana/src/${name}`, created, this.time)
      }
      for (const recurrence of recurrences) {
        this.to.recurrence.add(
          recurrence.id,
          recurrence.uid,
          id,
          "FREQ=WEEKLY;BYDAY=MO",
          dayOf(start),
          "Europe/Berlin",
          recurrence.title,
          "",
          recurrence.id % 2 === 0 ? "ana" : null,
          recurrence.id % 3 === 0 ? 2 : null,
          "[\"bug\",\"ui\"]",
          "{\"someday\":false}",
          recurrence.id % 5 === 0 ? null : dayOf(recurrence.next),
          recurrence.last,
          "ana",
          1,
          recurrence.created,
          this.time,
          recurrence.id % 7 === 0 ? this.time : null
        )
      }
    }
    this.flush()
  }
}
