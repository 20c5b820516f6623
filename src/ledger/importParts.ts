/**
 * Comments, labels and links of imported issues. An importer owns the labels and links that it has brought, and no others. The source may
 * change them without a new time of the issue, so what an item names is looked at each time; of an issue that is not changed otherwise, what
 * somebody has taken away in kata stays away, and what the item does not name at all stays as it is.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { record } from "./events.ts"
import type { Link } from "./importBatch.ts"
import type { Brought } from "./importIssues.ts"
import * as Mappings from "./importMappings.ts"
import { Ledger } from "./Ledger.ts"
import { Int64 } from "./model.ts"
import { first, IdRow, one, run } from "./query.ts"
import { refuse } from "./Refused.ts"

/** What the issue is to have; nothing where the item does not decide that. */
const wanted = <A>({ stale, status }: Brought, named: ReadonlyArray<A> | undefined) =>
  status !== "unchanged" ? named ?? [] : stale ? undefined : named

/** Brings the comments that are not there; gives their number. */
export const comments = Effect.fnUntraced(function*(batch: Mappings.Import, { gone, issue, item }: Brought) {
  const { sql } = yield* Ledger
  let brought = 0
  for (const { author, body, created_at, external_id } of gone ? [] : item.comments ?? []) {
    const known = yield* Mappings.find(batch, "comment", external_id)
    if (Option.isSome(known)) {
      if (known.value.issue_id === issue.id) continue
      return yield* refuse(
        "validation",
        `invalid import: comment ${JSON.stringify(external_id)} is mapped to a different issue`
      )
    }
    const { id } = yield* one(IdRow)(sql`
      INSERT INTO comments(issue_id, author, body, created_at)
      VALUES (${issue.id}, ${author}, ${body}, ${created_at}) RETURNING id`)
    yield* Mappings.put(batch, { type: "comment", externalId: external_id, issueId: issue.id, commentId: id })
    yield* record({
      project: batch.project,
      issue,
      type: "issue.commented",
      actor: batch.actor,
      payload: {
        comment_external_id: external_id,
        comment_id: id,
        external_id: item.external_id,
        source: batch.source
      }
    })
    brought++
  }
  return brought
})

const Deleted = Schema.Struct({ gone: Schema.Unknown })

/** Takes away the importer's labels that the source has no more, and brings new ones. */
export const labels = Effect.fnUntraced(function*(batch: Mappings.Import, brought: Brought) {
  const { sql } = yield* Ledger
  const { issue, item, status } = brought
  const named = wanted(brought, item.labels)
  if (named === undefined) return
  const owned = status === "created" ? [] : yield* Mappings.ownedBy(batch, "label", issue.id)
  const idOf = (label: string) => `${item.external_id}:label:${label}`
  const tell = (type: string, label: string) =>
    record({
      project: batch.project,
      issue,
      type,
      actor: batch.actor,
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
    if (Option.isSome(gone)) yield* tell("issue.unlabeled", label)
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
  }
})

type Peer = Brought["issue"]

const OwnedLink = Schema.Struct({
  id: Int64,
  type: Schema.String,
  peer_id: Int64,
  peer_uid: Schema.String,
  peer_short_id: Schema.String
})

const Told = Schema.Struct({ type: Schema.String })

const Other = Schema.Struct({ id: Int64, uid: Schema.String, short_id: Schema.String, gone: Int64 })

/** The issue that a link of the source points at; nothing when it is deleted in kata. */
const targetOf = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  all: ReadonlyMap<string, Brought>,
  externalId: string
) {
  const { sql } = yield* Ledger
  const inBatch = all.get(externalId)
  if (inBatch !== undefined) return inBatch.gone ? Option.none<Peer>() : Option.some<Peer>(inBatch.issue)
  const found = yield* first(Other)(sql`
    SELECT i.id, i.uid, i.short_id, i.deleted_at IS NOT NULL OR i.project_id <> m.project_id AS gone
    FROM import_mappings m JOIN issues i ON i.id = m.issue_id
    WHERE m.source = ${batch.source} AND m.external_id = ${externalId} AND m.object_type = 'issue'
      AND m.project_id = ${batch.project.id}`)
  const peer = yield* Effect.mapError(
    found,
    () => refuse("issue_not_found", `not found: import link target ${JSON.stringify(externalId)}`)
  )
  return peer.gone === 1n ? Option.none<Peer>() : Option.some<Peer>(peer)
})

/** The same for links; gives the number of new ones. `all` are the items of the batch by their names. */
export const links = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  brought: Brought,
  all: ReadonlyMap<string, Brought>
) {
  const { sql } = yield* Ledger
  const { issue, item, reasons, status } = brought
  const named = wanted(brought, item.links)
  if (named === undefined) return 0
  const owned = status === "created" ? [] : yield* Mappings.ownedBy(batch, "link", issue.id)
  const idOf = ({ target_external_id, type }: Link) => `${item.external_id}:${type}:${target_external_id}`
  const tell = (event: string, link: { readonly id: bigint; readonly type: string }, peer: Peer) =>
    record({
      project: batch.project,
      issue,
      related: peer,
      type: event,
      actor: batch.actor,
      payload: {
        from_short_id: issue.short_id,
        from_uid: issue.uid,
        link_id: link.id,
        source: batch.source,
        to_short_id: peer.short_id,
        to_uid: peer.uid,
        type: link.type
      }
    })
  const keep = new Map(named.map((link) => [idOf(link), link]))
  for (const mapping of owned) {
    if (keep.has(mapping.external_id)) continue
    const link = yield* first(OwnedLink)(sql`
      SELECT l.id, l.type, p.id AS peer_id, p.uid AS peer_uid, p.short_id AS peer_short_id
      FROM links l JOIN issues p ON p.id = iif(l.from_issue_id = ${issue.id}, l.to_issue_id, l.from_issue_id)
      WHERE l.id = ${mapping.link_id}`)
    if (Option.isNone(link)) continue
    const { id, peer_id, peer_short_id, peer_uid, type } = link.value
    yield* run(sql`DELETE FROM links WHERE id = ${id}`)
    yield* tell("issue.unlinked", { id, type }, { id: peer_id, uid: peer_uid, short_id: peer_short_id })
  }
  const known = new Set(owned.map(({ external_id }) => external_id))
  let made = 0
  for (const [externalId, { target_external_id, type }] of keep) {
    if (known.has(externalId)) continue
    const target = yield* targetOf(batch, all, target_external_id)
    if (Option.isNone(target)) {
      reasons.push(`${type} ${JSON.stringify(target_external_id)} left out: that issue is deleted in kata`)
      continue
    }
    const peer = target.value
    const [from, to] = type === "related" && peer.id < issue.id ? [peer, issue] : [issue, peer]
    const there = yield* first(IdRow)(
      sql`SELECT id FROM links WHERE from_issue_id = ${from.id} AND to_issue_id = ${to.id} AND type = ${type}`
    )
    // One that a person has made is theirs.
    if (Option.isSome(there)) continue
    if (status === "unchanged" && (yield* wasTaken(batch, issue, peer, type))) continue
    if (type === "parent") {
      const parent = yield* first(IdRow)(
        sql`SELECT id FROM links WHERE from_issue_id = ${issue.id} AND type = 'parent'`
      )
      if (Option.isSome(parent)) {
        reasons.push(`parent ${JSON.stringify(target_external_id)} left out: the issue has another parent in kata`)
        continue
      }
    }
    const { id } = yield* one(IdRow)(sql`
      INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author, created_at)
      VALUES (${batch.project.id}, ${from.id}, ${to.id}, ${from.uid}, ${to.uid}, ${type}, ${batch.actor}, ${item.updated_at})
      RETURNING id`)
    yield* Mappings.put(batch, {
      type: "link",
      externalId,
      issueId: issue.id,
      linkId: id,
      updatedAt: item.updated_at
    })
    yield* tell("issue.linked", { id, type }, peer)
    made++
  }
  return made
})

/** Whether somebody else has taken the link away: its mapping went with it, but that the importer has brought it is still told. */
const wasTaken = Effect.fnUntraced(function*(batch: Mappings.Import, issue: Peer, peer: Peer, type: string) {
  const { sql } = yield* Ledger
  const said = (key: string) => sql.literal(`CASE WHEN json_valid(payload) THEN payload ->> '$.${key}' END`)
  const last = yield* first(Told)(sql`
    SELECT type FROM events WHERE issue_id = ${issue.id} AND related_issue_id = ${peer.id}
      AND type IN ('issue.linked', 'issue.unlinked') AND ${said("source")} = ${batch.source} AND ${
    said("type")
  } = ${type}
    ORDER BY id DESC LIMIT 1`)
  return Option.exists(last, (event) => event.type === "issue.linked")
})
