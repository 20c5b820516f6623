/**
 * Comments, labels and links of imported issues. An importer owns the labels and links that it has brought, and no others. The source may
 * change them without a new time of the issue, so what an item names is looked at each time; of an issue that is not changed otherwise, what
 * was taken away in kata stays away, and what the item does not name at all stays as it is.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { Int64 } from "../model.ts"
import { first, IdRow, one, run } from "../query.ts"
import { refuse } from "../Refused.ts"
import type { Upserted } from "./importIssues.ts"
import * as Mappings from "./importMappings.ts"
import type { Pending } from "./importPending.ts"

/** What the issue is to have; nothing where the item does not decide that. */
export const wanted = <A>({ stale, status }: Upserted, named: ReadonlyArray<A> | undefined) =>
  status !== "unchanged" ? named ?? [] : stale ? undefined : named

const Comment = Schema.Struct({
  issue_id: Int64,
  author: Schema.String,
  body: Schema.String,
  created_at: Schema.Unknown
})

/** A comment whose text the source has changed. What kata does not change, only the source can have; gives whether it was. */
const rewritten = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  { issue, item }: Pick<Upserted, "issue" | "item">,
  { comment_id }: Mappings.Mapping,
  externalId: string,
  body: string
) {
  const { sql } = yield* Store
  if (batch.rewrites !== true || comment_id === null) return 0
  const old = yield* first(Comment)(
    sql`SELECT issue_id, author, body, created_at FROM comments WHERE id = ${comment_id}`
  )
  if (Option.isNone(old) || old.value.body === body) return 0
  // Search follows comments that come and go, not their texts: it goes and comes again, and its names wait with another one meanwhile.
  const { author, created_at, issue_id } = old.value
  const { id } = yield* one(IdRow)(sql`
    INSERT INTO comments(issue_id, author, body, created_at) VALUES (${issue_id}, ${author}, ${body}, ${created_at})
    RETURNING id`)
  yield* run(sql`UPDATE import_mappings SET comment_id = ${id} WHERE comment_id = ${comment_id}`)
  yield* run(sql`DELETE FROM comments WHERE id = ${comment_id}`)
  yield* run(sql`
    INSERT INTO comments(id, issue_id, author, body, created_at)
    VALUES (${comment_id}, ${issue_id}, ${author}, ${body}, ${created_at})`)
  yield* run(sql`UPDATE import_mappings SET comment_id = ${comment_id} WHERE comment_id = ${id}`)
  yield* run(sql`DELETE FROM comments WHERE id = ${id}`)
  const payload = { comment_external_id: externalId, comment_id, external_id: item.external_id, source: batch.source }
  yield* Mappings.tell(batch, { issue, type: "issue.updated", payload })
  return 1
})

const Count = Schema.Struct({ n: Int64 })

/** Whether so many comments that say this are there, under whatever name: it went out from here, and comes back. */
const isThere = Effect.fnUntraced(function*(
  issueId: bigint,
  ordinal: number,
  { author, body, created_at }: { readonly author: string; readonly body: string; readonly created_at: string }
) {
  const { sql } = yield* Store
  const { n } = yield* one(Count)(sql`
    SELECT count(*) AS n FROM comments WHERE issue_id = ${issueId} AND author = ${author} AND body = ${body}
      AND created_at = ${created_at}`)
  return n >= BigInt(ordinal)
})

/** Brings the comments that are not there; gives how many came or were changed. */
export const comments = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  { gone, issue, item, status }: Upserted
) {
  const { sql } = yield* Store
  let added = 0
  for (const { author, body, created_at, external_id, formerly, ordinal } of gone ? [] : item.comments ?? []) {
    const known = yield* Mappings.find(batch, "comment", external_id)
    if (Option.isNone(known) && formerly !== undefined) {
      const old = yield* Mappings.find(batch, "comment", formerly)
      if (Option.isSome(old) && old.value.issue_id === issue.id) {
        yield* Mappings.rename(old.value, external_id)
        continue
      }
    }
    if (Option.isSome(known)) {
      if (known.value.issue_id === issue.id) {
        added += yield* rewritten(batch, { issue, item }, known.value, external_id, body)
        continue
      }
      return yield* refuse(
        "validation",
        `invalid import: comment ${JSON.stringify(external_id)} is mapped to a different issue`
      )
    }
    if (
      ordinal !== undefined && status !== "created" && (yield* isThere(issue.id, ordinal, { author, body, created_at }))
    ) {
      continue
    }
    const { id } = yield* one(IdRow)(sql`
      INSERT INTO comments(issue_id, author, body, created_at)
      VALUES (${issue.id}, ${author}, ${body}, ${created_at}) RETURNING id`)
    yield* Mappings.put(batch, { type: "comment", externalId: external_id, issueId: issue.id, commentId: id })
    yield* Mappings.tell(batch, {
      issue,
      type: "issue.commented",
      payload: {
        comment_external_id: external_id,
        comment_id: id,
        external_id: item.external_id,
        source: batch.source
      }
    })
    added++
  }
  return added
})

const Deleted = Schema.Struct({ gone: Schema.Unknown })

/** The labels of an issue that is new, which has no others; gives how many. */
const firstLabels = Effect.fnUntraced(function*(batch: Mappings.Import, pending: Pending, { issue, item }: Upserted) {
  const labels = new Set(item.labels)
  for (const label of labels) {
    const externalId = `${item.external_id}:label:${label}`
    pending.labels.push({ issueId: issue.id, label, createdAt: item.created_at })
    yield* Mappings.put(batch, { type: "label", externalId, issueId: issue.id, label, updatedAt: item.updated_at })
    const payload = { external_id: externalId, label, source: batch.source }
    yield* Mappings.tell(batch, { issue, type: "issue.labeled", payload })
  }
  return labels.size
})

/** Takes away the importer's labels that the source has no more, and brings new ones; gives how many. `ownedOnes`: those that it owns, if that is known. */
export const labels = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  upserted: Upserted,
  ownedOnes?: ReadonlyArray<Mappings.Mapping>
) {
  const { sql } = yield* Store
  const { issue, item, status } = upserted
  const named = wanted(upserted, item.labels)
  if (named === undefined) return 0
  let changed = 0
  if (status === "created" && batch.pending !== undefined) return yield* firstLabels(batch, batch.pending, upserted)
  const owned = status === "created" ? [] : ownedOnes ?? (yield* Mappings.ownedBy(batch, "label", issue.id))
  const idOf = (label: string) => `${item.external_id}:label:${label}`
  const tell = (type: string, label: string) =>
    Mappings.tell(batch, {
      issue,
      type,
      payload: { external_id: idOf(label), label, source: batch.source }
    })
  const keep = new Set(named)
  for (const mapping of owned) {
    const label = mapping.label ?? ""
    if (keep.has(label)) continue
    const gone = yield* first(Deleted)(
      sql`DELETE FROM issue_labels WHERE issue_id = ${issue.id} AND label = ${label} RETURNING 1 AS gone`
    )
    yield* Mappings.drop(mapping)
    if (Option.isNone(gone)) continue
    yield* tell("issue.unlabeled", label)
    changed++
  }
  const known = new Set(owned.map(({ label }) => label))
  for (const label of keep) {
    if (known.has(label) && status === "unchanged") continue
    const put = yield* first(Deleted)(sql`
      INSERT OR IGNORE INTO issue_labels(issue_id, label, author, created_at)
      VALUES (${issue.id}, ${label}, ${batch.actor}, ${item.created_at}) RETURNING 1 AS gone`)
    // One that a person has put there is theirs.
    if (Option.isNone(put)) continue
    if (!known.has(label)) {
      yield* Mappings.put(batch, {
        type: "label",
        externalId: idOf(label),
        issueId: issue.id,
        label,
        updatedAt: item.updated_at
      })
    }
    yield* tell("issue.labeled", label)
    changed++
  }
  return changed
})
