/** Three states of an issue: what an import brought, what became of it here, and what the source says now. Field by field, who is right. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { canonicalTime } from "../../records/time.ts"
import { Store } from "../../store/Store.ts"
import type { Fields } from "../events/fieldChanges.ts"
import { all } from "../query.ts"
import type { Import } from "./importMappings.ts"
import type { Policy, Row, State } from "./importRow.ts"

export const facets = ["title", "body", "owner", "priority", "status"] as const
export type Facet = typeof facets[number]

/** An issue as it is stored. */
export interface Local {
  readonly id: bigint
  readonly title: string
  readonly body: string
  readonly owner: string | undefined
  readonly priority: bigint | undefined
  readonly status: string
  readonly closed_reason: string | undefined
  readonly closed_at: string | undefined
  readonly updated_at: unknown
}

/** Both sides have changed it. */
export interface Clash {
  readonly field: Facet
  readonly kata: string
  readonly source: string
  readonly kept: "kata" | "source"
}

export interface Merged {
  readonly fields: Required<Fields>
  readonly closed_at: string | undefined
  readonly clashes: ReadonlyArray<Clash>
}

/** How state says what a text was. */
export const digestOf = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex")

/** What Go kata's import put below the description of a Beads issue. */
const footer =
  /\n---\nImported from Beads\nbeads_id: [^\n]*\nbeads_type: [^\n]*\nbeads_original_labels: [^\n]*\nbeads_created_at: [^\n]*\nbeads_updated_at: [^\n]*\nbeads_closed_at: [^\n]*\nbeads_close_reason: [^]*?\nbeads_comment_count: \d+\n$/

/** A body without that. */
export const withoutFooter = (body: string): string => body.replace(footer, "")

const statusOf = (status: string, reason: string | undefined) => reason === undefined ? status : `${status} ${reason}`

/** Values as texts, so that one rule compares all. */
const shown = (
  { body, closed_reason, owner, priority, status, title }: Pick<
    Local,
    "title" | "body" | "owner" | "priority" | "status" | "closed_reason"
  >
): { readonly [_ in Facet]: string } => ({
  title,
  body,
  owner: owner ?? "",
  priority: priority === undefined ? "" : String(priority),
  status: statusOf(status, closed_reason)
})

/** Whether a value is what the state says of it. */
const isBase = ({ body_hash, imported, title_hash }: State, facet: Facet, value: string): boolean => {
  switch (facet) {
    case "title":
      return digestOf(value) === title_hash
    case "body":
      return digestOf(value) === body_hash
    case "owner":
      return value === (imported.owner ?? "")
    case "priority":
      return value === (imported.priority === undefined ? "" : String(imported.priority))
    case "status":
      return value === statusOf(imported.status, imported.closed_reason)
  }
}

const Told = Schema.Struct({ type: Schema.String, payload: Schema.String })

const facetsOf: { readonly [type: string]: ReadonlyArray<Facet> } = {
  "issue.closed": ["status"],
  "issue.reopened": ["status"],
  "issue.assigned": ["owner"],
  "issue.unassigned": ["owner"],
  "issue.priority_set": ["priority"],
  "issue.priority_cleared": ["priority"]
}

const membersOf = (payload: string): ReadonlyArray<string> => {
  try {
    return Object.keys(JSON.parse(payload) as object)
  } catch {
    return []
  }
}

/** What others than the importer have changed of an issue that has no state: Go kata's import leaves none. An edit that does not say what it changed may have changed all of it. */
const touchedBy = Effect.fnUntraced(function*({ source }: Import, id: bigint) {
  const { sql } = yield* Store
  const told = yield* all(Told)(sql`
    SELECT type, payload FROM events WHERE issue_id = ${id} AND type <> 'issue.created'
      AND coalesce(CASE WHEN json_valid(payload) THEN payload ->> '$.source' END, '') <> ${source} ORDER BY id`)
  return new Set(told.flatMap(({ payload, type }): ReadonlyArray<Facet> => {
    if (type !== "issue.updated") return facetsOf[type] ?? []
    const keys = membersOf(payload).map((key) => key.replace(/^old_/, "").replace(/_bytes$/, ""))
    const named = facets.filter((facet) => keys.includes(facet))
    return named.length > 0 ? named : ["title", "body", "owner"]
  }))
})

const isLater = (row: Row, { updated_at }: Local): boolean =>
  Option.exists(canonicalTime(String(updated_at)), (time) => row.updated_at > time)

/** What is to be stored. Without a base what nobody has touched here is the source's. */
export const merged = Effect.fn("Imports.merged")(function*(
  batch: Import,
  row: Row,
  stored: Local,
  base: Option.Option<State>,
  policy: Policy
) {
  const touched = Option.isSome(base) ? new Set<Facet>() : yield* touchedBy(batch, stored.id)
  const local = Option.isSome(base) ? stored : { ...stored, body: withoutFooter(stored.body) }
  const wanted: Local = {
    ...local,
    title: row.title,
    body: row.body ?? "",
    owner: row.owner || undefined,
    priority: row.priority,
    status: row.status,
    closed_reason: row.closed_reason || undefined,
    closed_at: row.closed_at
  }
  const [here, there] = [shown(local), shown(wanted)]
  const taken = new Set<Facet>()
  const clashes: Array<Clash> = []
  for (const facet of facets) {
    if (here[facet] === there[facet]) continue
    const [changedHere, changedThere] = Option.match(base, {
      onNone: () => [touched.has(facet), true],
      onSome: (state) => [!isBase(state, facet, here[facet]), !isBase(state, facet, there[facet])]
    })
    if (!changedThere) continue
    const isTaken = !changedHere || policy === "source" || (policy === "newer" && isLater(row, stored))
    if (changedHere) {
      clashes.push({ field: facet, kata: here[facet], source: there[facet], kept: isTaken ? "source" : "kata" })
    }
    if (isTaken) taken.add(facet)
  }
  // the same close, and nobody here has closed it: the time is the source's, too
  const closesAsBefore = here.status === there.status &&
    Option.match(base, {
      onNone: () => !touched.has("status"),
      onSome: (state) => isBase(state, "status", here.status)
    })
  const pick = <A>(facet: Facet, of: (one: Local) => A): A => of(taken.has(facet) ? wanted : local)
  return {
    fields: {
      title: pick("title", ({ title }) => title),
      body: pick("body", ({ body }) => body),
      owner: pick("owner", ({ owner }) => owner),
      priority: pick("priority", ({ priority }) => priority),
      status: pick("status", ({ status }) => status),
      closed_reason: pick("status", ({ closed_reason }) => closed_reason)
    },
    closed_at: closesAsBefore ? wanted.closed_at : pick("status", ({ closed_at }) => closed_at),
    clashes
  } satisfies Merged
})
