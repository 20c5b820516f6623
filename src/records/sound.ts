/**
 * Whether records keep every rule, told while their lines pass by, in the order of the file. "Sound" is a promise: no rule, hard or
 * soft, of one row or between rows, finds anything. "Not sound" only means that it is not known, and that SQL has to be asked.
 *
 * What it remembers is small: 40 bytes an issue, 8 bytes for the id of any other row, and a fingerprint of four bytes for what must be unique.
 */
import * as Option from "effect/Option"
import { Ids, Parents, Prints, Uids } from "./compact.ts"
import type { Kind, Unique } from "./Kind.ts"
import {
  Event,
  exportVersion,
  Issue,
  IssueLabel,
  kinds,
  Link,
  Meta,
  Project,
  ProjectAlias,
  PurgeLog,
  Recurrence,
  Sequence
} from "./kinds.ts"
import { groupOf } from "./pattern.ts"

/** Who wants to see the lines of a file as they pass. */
export interface Watch {
  /** A line that matched the sound pattern of its kind, or at a glance, in which the rules between its fields hold. */
  readonly sound: (kind: Kind, groups: ReadonlyArray<string | undefined>) => void
  /** Any other record. */
  readonly other: (kind: Kind) => void
}

/** How the groups of a kind are looked at, made once; 0 for a field that it has not. */
interface Plan {
  readonly id: number
  readonly uid: number
  readonly references: ReadonlyArray<{ readonly group: number; readonly table: string }>
  readonly uniques: ReadonlyArray<
    { readonly groups: ReadonlyArray<number>; readonly only: readonly [number, string] | undefined }
  >
  readonly derived: ReadonlyArray<{ readonly group: number; readonly via: number; readonly table: string }>
}

const uniqueOf = (kind: Kind) => ({ columns, only }: Unique) => ({
  groups: columns.map((column) => groupOf(kind, column)),
  only: only && ([groupOf(kind, only.column), only.is] as const)
})

const plans = new Map(kinds.map((kind): readonly [string, Plan] => [kind.name, {
  id: groupOf(kind, "id"),
  uid: groupOf(kind, "uid"),
  references: kind.fields.flatMap((field, i) =>
    Option.match(field.reference, { onNone: () => [], onSome: ({ table }) => [{ group: i + 1, table }] })
  ),
  // The labels of an issue stand in order.
  uniques: kind === IssueLabel ? [] : kind.unique.map(uniqueOf(kind)),
  derived: kind.fields.flatMap((field, i) =>
    Option.match(field.derived, {
      onNone: () => [],
      onSome: ({ table, via }) => [{ group: i + 1, via: groupOf(kind, via), table }]
    })
  )
}]))

const at = {
  project: { id: groupOf(Project, "id"), deleted: groupOf(Project, "deleted_at") },
  alias: { project: groupOf(ProjectAlias, "project_id") },
  issue: { project: groupOf(Issue, "project_id"), shortId: groupOf(Issue, "short_id") },
  label: { issue: groupOf(IssueLabel, "issue_id"), label: groupOf(IssueLabel, "label") },
  link: {
    project: groupOf(Link, "project_id"),
    from: groupOf(Link, "from_issue_id"),
    fromUid: groupOf(Link, "from_issue_uid"),
    type: groupOf(Link, "type"),
    to: groupOf(Link, "to_issue_id"),
    toUid: groupOf(Link, "to_issue_uid")
  },
  event: {
    issue: groupOf(Event, "issue_id"),
    issueUid: groupOf(Event, "issue_uid"),
    related: groupOf(Event, "related_issue_id"),
    relatedUid: groupOf(Event, "related_issue_uid")
  },
  meta: { key: groupOf(Meta, "key"), value: groupOf(Meta, "value") },
  purge: {
    project: groupOf(PurgeLog, "project_id"),
    shortId: groupOf(PurgeLog, "short_id"),
    reset: groupOf(PurgeLog, "purge_reset_after_event_id")
  },
  sequence: { name: groupOf(Sequence, "name"), seq: groupOf(Sequence, "seq") }
}

type Groups = ReadonlyArray<string | undefined>

/** Values of several columns as one text; none when one of them is NULL, which is equal to nothing. No raw value has a line end. */
const keyOf = (values: ReadonlyArray<string | undefined>): string | undefined =>
  values.includes(undefined) ? undefined : values.join("\n")

/** Nobody watches, but what passes must be records. */
export const unwatched: Watch = { sound: () => undefined, other: () => undefined }

export class Soundness implements Watch {
  /** Kinds with rows that may break a rule of their own. */
  readonly suspect = new Set<string>()
  /** A record has passed that may break a rule. */
  doubted = false
  private readonly counts = new Map<Kind, number>()
  private readonly ids = new Map<string, Ids>(kinds.map(({ table }) => [table, new Ids()]))
  private readonly uids = { [Project.table]: new Uids(), [Recurrence.table]: new Uids(), [Issue.table]: new Uids() }
  private readonly projectOf: Array<number> = []
  private readonly uniques = new Map(
    [...plans].map(([name, { uniques }]) => [name, uniques.map((unique) => ({ ...unique, prints: new Prints() }))])
  )
  /** Of issues: project and short id. */
  private readonly shortIds =
    this.uniques.get(Issue.name)!.find(({ groups }) => groups.includes(at.issue.shortId))!.prints
  private readonly labels = { issue: 0, label: "" }
  private readonly meta = new Map<string, string>()
  private readonly sequences = new Map<string, number>()
  private reset = 0
  private readonly archived = new Set<string>()
  private readonly parents = new Parents()
  readonly indexed: boolean

  /** `indexed`: there are UNIQUE indexes that were asked for doubles, or will be. */
  constructor(options?: { readonly indexed: boolean }) {
    this.indexed = options?.indexed === true
  }

  other(kind: Kind): void {
    this.suspect.add(kind.name)
    this.doubted = true
  }

  sound(kind: Kind, groups: Groups): void {
    this.counts.set(kind, this.rows(kind) + 1)
    if (!this.doubted && !this.keeps(kind, groups)) this.doubted = true
  }

  /** How many records of a kind have passed, when all of them are sound. */
  rows(kind: Kind): number {
    return this.counts.get(kind) ?? 0
  }

  /** The place of a project among the projects; -1 when there is no such project. */
  project(id: string | undefined): number {
    return this.place(Project.table, id)
  }

  /** The place of the project of an issue. */
  projectOfIssue(id: string | undefined): number {
    return this.ids.get(Project.table)!.place(this.projectOf[this.place(Issue.table, id)] ?? NaN)
  }

  /** Asked at the end: whether there is nothing to be found. */
  get holds(): boolean {
    if (this.doubted || this.meta.get("schema_version") !== String(exportVersion)) return false
    if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(this.meta.get("instance_uid") ?? "")) return false
    const counting = kinds.filter((kind) => kind.autoincrement)
    return this.parents.end &&
      [...this.sequences.keys()].every((name) => counting.some(({ table }) => table === name)) &&
      this.reset <= (this.sequences.get(Event.table) ?? 0) &&
      counting.every(({ table }) => {
        const ids = this.ids.get(table)!
        return (this.sequences.get(table) ?? 0) >= 0 &&
          (ids.count === 0 || ids.last <= (this.sequences.get(table) ?? -1))
      })
  }

  private keeps(kind: Kind, groups: Groups): boolean {
    const plan = plans.get(kind.name)!
    if (plan.id > 0 && !this.ids.get(kind.table)!.add(Number(groups[plan.id]))) return false
    for (const { group, table } of plan.references) {
      if (groups[group] !== undefined && this.place(table, groups[group]) < 0) return false
    }
    if (plan.uid > 0) this.uids[kind.table]?.set(this.ids.get(kind.table)!.count - 1, groups[plan.uid]!)
    for (const { groups: columns, only, prints } of this.uniques.get(kind.name)!) {
      if (this.indexed && prints !== this.shortIds) continue
      if (only !== undefined && groups[only[0]] !== only[1]) continue
      const key = columns.length === 1 ? groups[columns[0]!] : keyOf(columns.map((column) => groups[column]))
      if (key !== undefined && (!prints.add(key) || prints.full)) return false
    }
    for (const { group, table, via } of plan.derived) {
      if (!this.same(table, groups[via], groups[group])) return false
    }
    return this.special(kind, groups)
  }

  private place(table: string, id: string | undefined): number {
    return this.ids.get(table)!.place(Number(id))
  }

  /** Whether that row has this uid; what points nowhere has none. */
  private same(table: string, id: string | undefined, uid: string | undefined): boolean {
    return id === undefined ? uid === undefined : this.uids[table]!.is(this.place(table, id), uid)
  }

  private special(kind: Kind, groups: Groups): boolean {
    switch (kind) {
      case Meta:
        this.meta.set(groups[at.meta.key]!, groups[at.meta.value]!)
        return true
      case Project:
        if (groups[at.project.deleted] !== undefined) this.archived.add(groups[at.project.id]!)
        return true
      case ProjectAlias:
        return !this.archived.has(groups[at.alias.project]!)
      case Issue:
        this.projectOf.push(Number(groups[at.issue.project]))
        return true
      case IssueLabel: {
        const [issue, label] = [Number(groups[at.label.issue]), groups[at.label.label]!]
        const after = issue > this.labels.issue || (issue === this.labels.issue && label > this.labels.label)
        this.labels.issue = issue
        this.labels.label = label
        return after
      }
      case Link: {
        const project = Number(groups[at.link.project])
        const [from, to] = [this.place(Issue.table, groups[at.link.from]), this.place(Issue.table, groups[at.link.to])]
        if (groups[at.link.type] === "parent") this.parents.set(from, to)
        return this.projectOf[from] === project && this.projectOf[to] === project &&
          this.uids[Issue.table]!.is(from, groups[at.link.fromUid]) &&
          this.uids[Issue.table]!.is(to, groups[at.link.toUid])
      }
      case Event:
        return (groups[at.event.issue] === undefined ||
          this.same(Issue.table, groups[at.event.issue], groups[at.event.issueUid])) &&
          (groups[at.event.related] === undefined ||
            this.same(Issue.table, groups[at.event.related], groups[at.event.relatedUid]))
      case PurgeLog: {
        const [project, shortId] = [groups[at.purge.project], groups[at.purge.shortId]]
        this.reset = Math.max(this.reset, Number(groups[at.purge.reset] ?? 0))
        return shortId === undefined || !this.shortIds.has(`${project}\n${shortId}`)
      }
      case Sequence: {
        const name = groups[at.sequence.name]!
        const twice = this.sequences.has(name)
        this.sequences.set(name, Number(groups[at.sequence.seq]))
        return !twice
      }
      default:
        return true
    }
  }
}
