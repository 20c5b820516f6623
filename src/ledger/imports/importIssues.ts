/** An item of an import becomes an issue, or meets the one that it became before. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { canonicalTime } from "../../records/time.ts"
import { Store } from "../../store/Store.ts"
import { record } from "../events/events.ts"
import { fieldChanges, type Fields } from "../events/fieldChanges.ts"
import { insertRow } from "../insertIssue.ts"
import { Int64, maybe } from "../model.ts"
import { first, one, run } from "../query.ts"
import type { Item } from "./importBatch.ts"
import * as Mappings from "./importMappings.ts"

const Known = Schema.Struct({
  id: Int64,
  uid: Schema.String,
  short_id: Schema.String,
  updated_at: Schema.Unknown,
  gone: Int64
})

/** What an import overwrites, as it was. */
const Before = Schema.Struct({
  title: Schema.String,
  body: Schema.String,
  owner: maybe(Schema.String),
  priority: maybe(Int64),
  status: Schema.String,
  closed_reason: maybe(Schema.String)
})

/** An item with its issue. */
export interface Upserted {
  readonly item: Item
  readonly issue: { readonly id: bigint; readonly uid: string; readonly short_id: string }
  readonly status: "created" | "updated" | "unchanged"
  /** It stays as it is, whatever the source says. */
  readonly gone: boolean
  /** The source has delivered a later state before: this item is old. */
  readonly stale: boolean
  /** What was left out, and why. */
  readonly reasons: Array<string>
  /** The links that the importer owns, where they are known already. */
  readonly ownedLinks?: ReadonlyArray<Mappings.Mapping> | undefined
}

/** A new issue, with its event. */
export const create = Effect.fnUntraced(function*(batch: Mappings.Import, item: Item, metadata?: string) {
  const { project, source } = batch
  const issue = yield* insertRow(project, {
    title: item.title,
    body: item.body,
    status: item.status,
    closed_reason: item.closed_reason || undefined,
    owner: item.owner,
    priority: item.priority,
    metadata,
    author: item.author,
    created_at: item.created_at,
    updated_at: item.updated_at,
    closed_at: item.closed_at
  })
  const { external_id } = item
  yield* Mappings.put(batch, {
    type: "issue",
    externalId: external_id,
    issueId: issue.id,
    updatedAt: item.updated_at
  })
  yield* Mappings.tell(batch, { issue, type: "issue.created", payload: { external_id, source } })
  return { item, issue, status: "created", gone: false, stale: false, reasons: [] } satisfies Upserted
})

const update = Effect.fnUntraced(function*(batch: Mappings.Import, issue: Upserted["issue"], item: Item) {
  const { sql } = yield* Store
  const before = yield* one(Before)(
    sql`SELECT title, body, owner, priority, status, closed_reason FROM issues WHERE id = ${issue.id}`
  )
  const { body = "", closed_reason, owner, priority, status, title } = item
  const after: Fields = { title, body, owner, priority, status, closed_reason }
  yield* run(sql`
    UPDATE issues SET title = ${title}, body = ${body}, status = ${status}, closed_reason = ${closed_reason || null},
      owner = ${owner || null}, priority = ${priority ?? null},
      updated_at = ${item.updated_at}, closed_at = ${item.closed_at ?? null}
    WHERE id = ${issue.id}`)
  const payload = { external_id: item.external_id, source: batch.source, ...fieldChanges(before, after) }
  yield* record({ project: batch.project, issue, type: "issue.updated", actor: batch.actor, payload })
})

/** The later change wins, and kata's own if both are of one time. A time that cannot be read is taken for the later one. */
const isLater = (item: Item, stored: unknown): boolean =>
  Option.exists(canonicalTime(String(stored)), (time) => item.updated_at > time)

/** What is deleted in kata stays deleted: the import of all others goes on. */
export const upsert = Effect.fnUntraced(function*(batch: Mappings.Import, item: Item) {
  const { sql } = yield* Store
  const found = yield* Mappings.find(batch, "issue", item.external_id)
  if (Option.isNone(found)) return yield* create(batch, item)
  const mapping = found.value
  const known = yield* first(Known)(sql`
    SELECT id, uid, short_id, updated_at, deleted_at IS NOT NULL OR project_id <> ${batch.project.id} AS gone
    FROM issues WHERE id = ${mapping.issue_id}`)
  const issue = yield* Effect.orDieWith(known, () => new Error(`mapping ${mapping.id} has no issue`))
  if (issue.gone === 1n) {
    const reasons = ["the issue is deleted in kata and stays so"]
    return { item, issue, status: "unchanged", gone: true, stale: true, reasons } satisfies Upserted
  }
  const stale = Mappings.isStale(mapping, item.updated_at)
  if (!stale) yield* Mappings.seen(mapping, item.updated_at)
  const later = isLater(item, issue.updated_at)
  if (later) yield* update(batch, issue, item)
  return { item, issue, status: later ? "updated" : "unchanged", gone: false, stale, reasons: [] } satisfies Upserted
})
