/**
 * Several versions of one record, as a union of two files has them, become one. Of an issue each facet is that of the version in which the
 * events of the file end; where they do not tell, and for every other kind, the later version has it. Pure.
 */
import * as Option from "effect/Option"
import type { AnyRecord, Kind } from "../records/Kind.ts"
import { canonicalTime } from "../records/time.ts"

/** One of the versions and the line that it stands in. */
export interface Version {
  readonly line: number
  readonly record: AnyRecord
}

/** An event of the issue; the payload as it was written, in the order in which they happened. */
export interface Told {
  readonly type: string
  readonly at: string
  readonly payload: string
}

export interface Merged {
  /** With the id of the first version. */
  readonly record: AnyRecord
  /** Which of the versions it is, or mostly is. */
  readonly carried: number
  /** What is of another version than that: the names of facets, and of which one. */
  readonly other: ReadonlyArray<readonly [facet: string, version: number]>
}

type Payload = { readonly [key: string]: unknown }

interface Facet {
  readonly name: string
  readonly fields: ReadonlyArray<string>
  /** The events that change it. */
  readonly types: ReadonlyArray<string>
  /** Whether a version agrees with the event, by what both say. */
  readonly agrees: (record: AnyRecord, type: string, payload: Payload) => boolean
}

const said = (payload: Payload, key: string, value: unknown): boolean => !(key in payload) || payload[key] === value

const facets: ReadonlyArray<Facet> = [
  {
    name: "title and body",
    fields: ["title", "body"],
    types: ["issue.updated"],
    agrees: ({ body, title }, _, payload) => said(payload, "title", title) && said(payload, "body", body)
  },
  {
    name: "status",
    fields: ["status", "closed_reason", "closed_at"],
    types: ["issue.closed", "issue.reopened"],
    agrees: ({ closed_reason: reason, status }, type, payload) =>
      type === "issue.closed" ? status === "closed" && said(payload, "reason", reason) : status === "open"
  },
  {
    name: "owner",
    fields: ["owner"],
    types: ["issue.assigned", "issue.unassigned"],
    agrees: ({ owner }, type, payload) => owner === (type === "issue.assigned" ? payload["owner"] : null)
  },
  {
    name: "priority",
    fields: ["priority"],
    types: ["issue.priority_set", "issue.priority_cleared"],
    agrees: ({ priority }, type, payload) =>
      priority === (type === "issue.priority_set" ? payload["priority"] : undefined)
  },
  {
    name: "metadata",
    fields: ["metadata", "revision"],
    types: ["issue.metadata_updated"],
    agrees: ({ revision }, _, payload) => said(payload, "revision_new", revision)
  },
  {
    name: "deletion",
    fields: ["deleted_at"],
    types: ["issue.soft_deleted", "issue.restored"],
    agrees: ({ deleted_at: deleted }, type) => (deleted !== null) === (type === "issue.soft_deleted")
  },
  {
    name: "project",
    fields: ["project_id", "short_id"],
    types: ["issue.moved"],
    agrees: ({ short_id: short }, _, payload) => said(payload, "to_short_id", short)
  }
]

/** What says of a kind which version is the later one; of others the first one is kept. */
const clocks: { readonly [table: string]: string } = {
  projects: "revision",
  recurrences: "updated_at",
  issues: "updated_at",
  project_aliases: "last_seen_at",
  import_mappings: "imported_at"
}

/** Times and counts in their order; what cannot be read comes first. */
const clock = (table: string, record: AnyRecord): number => {
  const value = record[clocks[table] ?? ""]
  return typeof value === "string" ? millisecond(value) : Number(value ?? -Infinity)
}

const millisecond = (text: string): number =>
  Option.match(canonicalTime(text), { onNone: () => -Infinity, onSome: (time) => Date.parse(time) })

const latest = (table: string, versions: ReadonlyArray<Version>): number =>
  versions.reduce(
    (found, { record }, i) => clock(table, record) > clock(table, versions[found]!.record) ? i : found,
    0
  )

const payloadOf = (text: string): Payload => {
  const value: unknown = JSON.parse(text)
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}
}

const same = (fields: ReadonlyArray<string>, a: AnyRecord, b: AnyRecord): boolean =>
  fields.every((field) => a[field] === b[field])

interface Last {
  readonly place: number
  readonly type: string
  readonly payload: Payload
}

/** The last event that changed each facet, and when each event was. Of an import from elsewhere it may have changed any of them. */
const follow = (events: Iterable<Told>) => {
  const times: Array<number> = []
  const last = new Map<Facet, Last>()
  for (const { at, payload: text, type } of events) {
    const place = times.push(millisecond(at)) - 1
    const payload = payloadOf(text)
    const any = type === "issue.updated" && "external_id" in payload
    for (const facet of facets) if (any || facet.types.includes(type)) last.set(facet, { place, type, payload })
  }
  return { times, last }
}

/** The place of the event that a version is the state after: the one nearest in time. */
const placeOf = (times: ReadonlyArray<number>, { record }: Version): number => {
  const at = clock("issues", record)
  return times.reduce((found, time, i) => Math.abs(time - at) <= Math.abs(times[found]! - at) ? i : found, 0)
}

/**
 * The version that has a facet as its last event left it. Of those that agree with the event, the first that can have seen it: what came
 * later in its own history would have it too, and what says otherwise is of another one.
 */
const chosen = (
  { agrees, fields, types }: Facet,
  { payload, place, type }: Last,
  versions: ReadonlyArray<Version>,
  places: ReadonlyArray<number>
): number | undefined => {
  const agreeing = versions.flatMap(({ record }, i) =>
    !types.includes(type) || agrees(record, type, payload) ? [i] : []
  )
  const [first] = agreeing
  if (first === undefined) return undefined
  if (agreeing.every((i) => same(fields, versions[i]!.record, versions[first]!.record))) return first
  const seen = agreeing.filter((i) => places[i]! >= place).toSorted((a, b) => places[a]! - places[b]!)
  return seen[0]
}

/** One record of several versions of it, of which the first is the row that is stored. */
export const merge = (kind: Kind, versions: ReadonlyArray<Version>, events: Iterable<Told>): Merged => {
  const base = latest(kind.table, versions)
  const first = versions[0]!.record
  let record: AnyRecord = { ...versions[base]!.record, id: first["id"] }
  const from: Array<readonly [facet: Facet, version: number]> = []
  if (kind.table === "issues") {
    const { last, times } = follow(events)
    const places = times.length === 0 ? versions.map(() => 0) : versions.map((version) => placeOf(times, version))
    for (const facet of facets) {
      if (versions.every((version) => same(facet.fields, version.record, first))) continue
      const event = last.get(facet)
      const version = (event && chosen(facet, event, versions, places)) ?? base
      from.push([facet, version])
      const values = versions[version]!.record
      record = { ...record, ...Object.fromEntries(facet.fields.map((field) => [field, values[field]])) }
    }
  }
  const keys = kind.fields.map(({ key }) => key).filter((key) => key !== "id" && key !== clocks[kind.table])
  const whole = versions.findIndex((version) => same(keys, version.record, record))
  const carried = whole < 0 ? base : whole
  return {
    record,
    carried,
    other: from.flatMap(([{ fields, name }, version]) =>
      same(fields, versions[version]!.record, versions[carried]!.record) ? [] : [[name, version]]
    )
  }
}
