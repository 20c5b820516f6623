/**
 * The first reading of all records: which there are, and what can only be said when all are known. A record alone does not know whether what
 * it depends on is there, nor whether its id stands twice. Memory grows with the number of records, not with their texts.
 */
import { createHash } from "node:crypto"
import type { Account } from "./account.ts"
import type { BeadsRecord } from "./record.ts"
import { timeIn } from "./time.ts"
import { infra, infraLabels, meaningOf } from "./words.ts"

/** Why a record becomes no issue. */
export type Skip = "tombstone" | "ephemeral" | "template" | "infra"

export const skipOf = (record: BeadsRecord, includeInfra: boolean): Skip | undefined => {
  if (record.status === "tombstone") return "tombstone"
  if (includeInfra) return undefined
  if (record.ephemeral === true || record.wisp === true) return "ephemeral"
  if (record.is_template === true) return "template"
  const isInfra = infra.has(record.issue_type ?? "") || record.labels.some((label) => infraLabels.has(label))
  return isInfra ? "infra" : undefined
}

interface Parent {
  readonly target: string
  readonly at: string | undefined
}

/** Records of one id. */
interface Entry {
  readonly line: number
  /** Where the last of them stands. */
  last: number
  skip: Skip | undefined
  /** When the record was changed that `skip` is of. */
  updated: string
  readonly digests: Set<string>
  readonly title: string
  readonly created: string
  /** Another issue under the same id: the line where it begins, its title and its time. */
  twin: { readonly line: number; readonly title: string; readonly created: string } | undefined
  /** What is known of its comments: how many there are, and how many texts; -1 where it does not say. */
  count: number
  bodies: number
  /** How many edges it counts while it carries none. */
  edges: number
}

const short = (text: string) => createHash("sha256").update(text).digest("base64").slice(0, 16)

/** Of the record as it is spelled. */
const digestOf = ({ members }: BeadsRecord) => short([...members].map(([key, raw]) => `${key}:${raw}`).join())

/** Two different issues that have got the same id. */
export interface Twins {
  readonly id: string
  readonly lines: readonly [number, number]
}

export class Survey {
  readonly entries = new Map<string, Entry>()
  readonly superseded = new Set<string>()
  /** Children and the parents that they name, in order. */
  private readonly named = new Map<string, ReadonlyArray<Parent>>()
  private readonly blocks = new Map<string, ReadonlyArray<string>>()
  /** The parent of each; what went round in a circle is cut. */
  readonly parents = new Map<string, string>()
  /** Children whose edge was cut, and the parent that it was to. */
  readonly cut = new Map<string, string>()
  /** Some record says priority 0: then one that says none has none. */
  writesZero = false
  /** Some record carries the texts of its comments. */
  hasBodies = false
  twins: Array<Twins> = []

  add(record: BeadsRecord, includeInfra: boolean): void {
    const { comment_count, comments, created_at = "", dependencies, dependency_count = 0, id, line, title = "" } =
      record
    const digest = digestOf(record)
    const known = this.entries.get(id)
    if (record.members.get("priority") === "0") this.writesZero = true
    if (comments !== undefined) this.hasBodies = true
    const count = comment_count ?? -1
    const bodies = comments === undefined ? -1 : comments.length
    const missing = dependencies.length === 0 ? Math.max(0, dependency_count) : 0
    const time = timeIn(record.updated_at)
    const updated = typeof time === "string" ? "" : time.at
    const skip = skipOf(record, includeInfra)
    if (known === undefined) {
      this.entries.set(id, {
        line,
        last: line,
        skip,
        updated,
        digests: new Set([digest]),
        title: short(title),
        created: created_at,
        twin: undefined,
        count,
        bodies,
        edges: missing
      })
    } else {
      known.last = line
      const isOther = known.title !== short(title) && known.created !== created_at
      if (isOther && (known.twin === undefined || known.twin.title !== short(title))) {
        this.twins.push({ id, lines: [known.line, line] })
        known.twin ??= { line, title: short(title), created: created_at }
      }
      if (!isOther && updated >= known.updated) {
        known.skip = skip
        known.updated = updated
      }
      known.digests.add(digest)
      known.count = Math.max(known.count, count)
      known.bodies = Math.max(known.bodies, bodies)
      known.edges = Math.min(known.edges, missing)
    }
    this.edges(id, dependencies)
  }

  private edges(id: string, dependencies: BeadsRecord["dependencies"]): void {
    const parents: Array<Parent> = [...this.named.get(id) ?? []]
    const blockers: Array<string> = [...this.blocks.get(id) ?? []]
    for (const { created_at, target, type } of dependencies) {
      if (target === id) continue
      if (type === "supersedes") this.superseded.add(target)
      const { link } = meaningOf(type)
      if (link === "blocked_by") blockers.push(target)
      if (link !== "parent" || parents.some((one) => one.target === target)) continue
      const at = timeIn(created_at)
      parents.push({ target, at: typeof at === "string" ? undefined : at.at })
    }
    if (parents.length > 0) this.named.set(id, parents)
    if (blockers.length > 0) this.blocks.set(id, blockers)
  }

  /** An issue of that id comes. */
  isTaken(id: string): boolean {
    const entry = this.entries.get(id)
    return entry !== undefined && entry.skip === undefined
  }

  /** The second issue of an id is known by another one. */
  isTwin({ created_at = "", id, title = "" }: Pick<BeadsRecord, "id" | "title" | "created_at">): boolean {
    const entry = this.entries.get(id)
    return entry?.twin !== undefined && short(title) !== entry.title && created_at !== entry.created
  }

  /** When all records are known: one parent for each, and no circle of parents. */
  settle(account: Account, parentsFromIds: boolean): void {
    for (const [child, named] of this.named) {
      if (!this.isTaken(child)) continue
      const there = named.filter(({ target }) => this.isTaken(target))
      const [first] = there
      if (first === undefined) continue
      // an edge without a time ties with all others: then the order of the record counts
      const isTimed = there.every(({ at }) => at !== undefined)
      const chosen = isTimed
        ? there.reduce((a, b) => b.at! < a.at! || (b.at === a.at && b.target < a.target) ? b : a)
        : first
      this.parents.set(child, chosen.target)
      if (there.length > 1) account.note("further parents, related instead", child, there.length - 1)
    }
    this.fromIds(account, parentsFromIds)
    this.cutCircles(account)
    const circle = this.circleOfBlocks()
    if (circle !== undefined) account.note("issues that wait for each other, kept so", circle.join(" -> "))
  }

  private fromIds(account: Account, isWanted: boolean): void {
    for (const id of this.entries.keys()) {
      const parent = id.replace(/\.\d+$/, "")
      if (parent === id || !this.isTaken(id) || this.named.has(id) || !this.isTaken(parent)) continue
      if (isWanted) this.parents.set(id, parent)
      account.note(
        isWanted ? "parents taken from ids" : "ids of children without a parent (--parents-from-ids gives them one)",
        id
      )
    }
  }

  private cutCircles(account: Account): void {
    const done = new Set<string>()
    for (const start of this.parents.keys()) {
      const way: Array<string> = []
      const on = new Set<string>()
      let at: string | undefined = start
      while (at !== undefined && !done.has(at) && !on.has(at)) {
        on.add(at)
        way.push(at)
        at = this.parents.get(at)
      }
      if (at !== undefined && on.has(at)) {
        const circle = way.slice(way.indexOf(at))
        const timed = (id: string) =>
          this.named.get(id)?.find(({ target }) => target === this.parents.get(id))?.at ?? ""
        const last = circle.reduce((a, b) => timed(b) > timed(a) || (timed(b) === timed(a) && b > a) ? b : a)
        account.note("parents in a circle, of which the latest was left out", [...circle, at].join(" -> "))
        this.cut.set(last, this.parents.get(last) ?? "")
        this.parents.delete(last)
      }
      for (const id of way) done.add(id)
    }
  }

  /** One circle of issues that wait for each other, if there is any. */
  private circleOfBlocks(): ReadonlyArray<string> | undefined {
    const state = new Map<string, "open" | "done">()
    for (const start of this.blocks.keys()) {
      if (state.has(start)) continue
      const stack: Array<{ readonly id: string; next: number }> = [{ id: start, next: 0 }]
      state.set(start, "open")
      while (stack.length > 0) {
        const top = stack.at(-1)!
        const target = this.blocks.get(top.id)?.[top.next++]
        if (target === undefined) {
          state.set(top.id, "done")
          stack.pop()
          continue
        }
        if (!this.isTaken(target)) continue
        const seen = state.get(target)
        if (seen === "open") {
          const ids = stack.map(({ id }) => id)
          return [...ids.slice(ids.indexOf(target)), target]
        }
        if (seen === undefined) {
          state.set(target, "open")
          stack.push({ id: target, next: 0 })
        }
      }
    }
    return undefined
  }
}
