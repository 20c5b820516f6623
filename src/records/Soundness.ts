/**
 * Whether records keep every rule, told while their lines pass by, in the order of the file. "Sound" is a promise: no rule, hard or
 * soft, of one row or between rows, finds anything. "Not sound" only means that it is not known, and that SQL has to be asked.
 *
 * What it remembers is small: 40 bytes an issue, 8 bytes for the id of any other row, and a fingerprint of 8 bytes for what must be unique.
 */
import * as Option from "effect/Option"
import { Ids, Parents, Prints, Uids } from "./compactSets.ts"
import type { Field } from "./Field.ts"
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
import { groupOf } from "./linePatterns.ts"

/** Who wants to see the lines of a file as they pass. */
export interface Watch {
  /** A line that matched the sound pattern of its kind, or at a glance, in which the rules between its fields hold. */
  readonly sound: (kind: Kind, groups: ReadonlyArray<string | undefined>) => void
  /** Any other record. */
  readonly other: (kind: Kind) => void
}

/** A column that holds the row number of another table; 0 for a group that there is not. */
interface Reference {
  readonly group: number
  readonly ids: Ids
  /** The uid that stands beside the row number, and must be that of the row. */
  readonly uid: number
  readonly uids: Uids | undefined
  /** Without a row number there is no uid either. */
  readonly derived: boolean
}

interface Constraint {
  readonly groups: ReadonlyArray<number>
  readonly only: readonly [group: number, value: string] | undefined
  readonly prints: Prints
}

/** What is remembered of a kind, and where in its lines it stands. */
interface Track {
  /** Records that have passed. */
  rows: number
  readonly id: number
  readonly ids: Ids
  readonly uid: number
  /** Of a table that is referred to by uid as well. */
  readonly uids: Uids | undefined
  readonly references: ReadonlyArray<Reference>
  readonly uniques: ReadonlyArray<Constraint>
}

/** An empty track of each kind. `indexed`: an index answers for what is unique, but for what must be looked up here. */
const tracksOf = (indexed: boolean): ReadonlyMap<Kind, Track> => {
  const ids = new Map(kinds.map(({ table }) => [table, new Ids()]))
  const uids = new Map([Project, Recurrence, Issue].map(({ table }) => [table, new Uids()]))
  const referenceOf = (kind: Kind) => (field: Field): ReadonlyArray<Reference> =>
    Option.match(field.reference, {
      onNone: () => [],
      onSome: ({ table }) => {
        const beside = field.key.replace(/_id$/, "_uid")
        return [{
          group: groupOf(kind, field.key),
          ids: ids.get(table)!,
          uid: groupOf(kind, beside),
          uids: uids.get(table),
          derived: kind.fields.some(({ derived, key }) => key === beside && Option.isSome(derived))
        }]
      }
    })
  const constraintOf = (kind: Kind) => ({ columns, only }: Unique): Constraint => ({
    groups: columns.map((column) => groupOf(kind, column)),
    only: only && [groupOf(kind, only.column), only.is],
    prints: new Prints()
  })
  return new Map(kinds.map((kind) => [kind, {
    rows: 0,
    id: groupOf(kind, "id"),
    ids: ids.get(kind.table)!,
    uid: groupOf(kind, "uid"),
    uids: uids.get(kind.table),
    references: kind.fields.flatMap(referenceOf(kind)),
    // The labels of an issue stand in order.
    uniques: kind === IssueLabel ? [] : kind.unique
      .filter(({ columns }) => !indexed || (kind === Issue && columns.includes("short_id")))
      .map(constraintOf(kind))
  }]))
}

const at = {
  project: { deleted: groupOf(Project, "deleted_at") },
  alias: { project: groupOf(ProjectAlias, "project_id") },
  issue: { project: groupOf(Issue, "project_id"), shortId: groupOf(Issue, "short_id") },
  label: { issue: groupOf(IssueLabel, "issue_id"), label: groupOf(IssueLabel, "label") },
  link: {
    project: groupOf(Link, "project_id"),
    from: groupOf(Link, "from_issue_id"),
    type: groupOf(Link, "type"),
    to: groupOf(Link, "to_issue_id")
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
const keyOf = (groups: Groups, columns: ReadonlyArray<number>): string | undefined => {
  let key = groups[columns[0]!]
  for (let i = 1; i < columns.length && key !== undefined; i++) {
    const value = groups[columns[i]!]
    key = value === undefined ? undefined : `${key}\n${value}`
  }
  return key
}

/** `Number` of an integer that a pattern has accepted, several times as fast. */
const numberOf = (digits: string): number => {
  const negative = digits.charCodeAt(0) === 0x2d
  let number = 0
  for (let i = negative ? 1 : 0; i < digits.length; i++) number = number * 10 + digits.charCodeAt(i) - 0x30
  return negative ? -number : number
}

/** Nobody watches, but what passes must be records. */
export const unwatched: Watch = { sound: () => undefined, other: () => undefined }

export class Soundness implements Watch {
  /** Kinds with rows that may break a rule of their own. */
  readonly suspect = new Set<string>()
  /** A record has passed that may break a rule. */
  doubted = false
  readonly indexed: boolean
  private readonly tracks: ReadonlyMap<Kind, Track>
  /** Of the last record, by group: where the row stands that the value refers to. */
  private readonly places = new Int32Array(1 + Math.max(...kinds.map(({ fields }) => fields.length)))
  /** Of each issue: the place of its project. */
  private readonly projectOf: Array<number> = []
  /** Of issues: project and short id. */
  private readonly shortIds: Prints
  private readonly labels = { issue: -1, label: "" }
  private readonly meta = new Map<string, string>()
  private readonly sequences = new Map<string, number>()
  private reset = 0
  private readonly archived = new Set<number>()
  private readonly parents = new Parents()

  /** `indexed`: there are UNIQUE indexes that were asked for doubles, or will be. */
  constructor(options?: { readonly indexed: boolean }) {
    this.indexed = options?.indexed === true
    this.tracks = tracksOf(this.indexed)
    this.shortIds = this.track(Issue).uniques.find(({ groups }) => groups.includes(at.issue.shortId))!.prints
  }

  other(kind: Kind): void {
    this.suspect.add(kind.name)
    this.doubted = true
  }

  sound(kind: Kind, groups: Groups): void {
    const track = this.track(kind)
    track.rows++
    if (!this.doubted && !(this.keeps(track, groups) && this.special(kind, groups))) this.doubted = true
  }

  /** How many records of a kind have passed, when all of them are sound. */
  rows(kind: Kind): number {
    return this.track(kind).rows
  }

  /** Of the record that was last seen to be sound: the place of the row that the value of a group refers to. */
  place(group: number): number {
    return this.places[group]!
  }

  /** The place of the project of the issue at a place. */
  projectOfIssue(place: number): number {
    return this.projectOf[place] ?? -1
  }

  /** Asked at the end: whether there is nothing to be found. */
  get holds(): boolean {
    if (this.doubted || this.meta.get("schema_version") !== String(exportVersion)) return false
    if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(this.meta.get("instance_uid") ?? "")) return false
    const counting = kinds.filter((kind) => kind.autoincrement)
    return this.parents.end &&
      [...this.tracks.values()].every(({ uniques }) => uniques.every(({ prints }) => prints.distinct)) &&
      [...this.sequences.keys()].every((name) => counting.some(({ table }) => table === name)) &&
      this.reset <= (this.sequences.get(Event.table) ?? 0) &&
      counting.every((kind) => {
        const { ids } = this.track(kind)
        return (this.sequences.get(kind.table) ?? 0) >= 0 &&
          (ids.count === 0 || ids.last <= (this.sequences.get(kind.table) ?? -1))
      })
  }

  private track(kind: Kind): Track {
    return this.tracks.get(kind)!
  }

  private keeps({ id, ids, references, uid, uids, uniques }: Track, groups: Groups): boolean {
    if (id > 0 && !ids.add(numberOf(groups[id]!))) return false
    for (const reference of references) {
      const value = groups[reference.group]
      const beside = groups[reference.uid]
      if (value === undefined) {
        if (reference.derived && beside !== undefined) return false
        continue
      }
      const place = reference.ids.place(numberOf(value))
      this.places[reference.group] = place
      if (place < 0 || (reference.uid > 0 && !reference.uids!.is(place, beside))) return false
    }
    uids?.set(ids.count - 1, groups[uid]!)
    for (const { groups: columns, only, prints } of uniques) {
      if (only !== undefined && groups[only[0]] !== only[1]) continue
      const key = keyOf(groups, columns)
      if (key !== undefined && !prints.add(key)) return false
    }
    return true
  }

  /** What is asked of one kind only. */
  private special(kind: Kind, groups: Groups): boolean {
    switch (kind) {
      case Meta:
        this.meta.set(groups[at.meta.key]!, groups[at.meta.value]!)
        return true
      case Project:
        if (groups[at.project.deleted] !== undefined) this.archived.add(this.track(Project).ids.count - 1)
        return true
      case ProjectAlias:
        return !this.archived.has(this.place(at.alias.project))
      case Issue:
        this.projectOf.push(this.place(at.issue.project))
        return true
      case IssueLabel: {
        const [issue, label] = [this.place(at.label.issue), groups[at.label.label]!]
        const after = issue > this.labels.issue || (issue === this.labels.issue && label > this.labels.label)
        this.labels.issue = issue
        this.labels.label = label
        return after
      }
      case Link: {
        const [from, to] = [this.place(at.link.from), this.place(at.link.to)]
        if (groups[at.link.type] === "parent") this.parents.set(from, to)
        const project = this.place(at.link.project)
        return this.projectOfIssue(from) === project && this.projectOfIssue(to) === project
      }
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
