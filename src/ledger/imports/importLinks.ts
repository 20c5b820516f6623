/** Links of imported issues; the rules are those of `importParts.ts`. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { leadsTo } from "../links/circles.ts"
import { Int64 } from "../model.ts"
import { first, IdRow, one, run } from "../query.ts"
import { refuse } from "../Refused.ts"
import type { Link } from "./importBatch.ts"
import type { Upserted } from "./importIssues.ts"
import { circular, idOf, keyOf, namedBy, type Peer, stored, told } from "./importLinkForms.ts"
import * as Mappings from "./importMappings.ts"

const OwnedLink = Schema.Struct({
  id: Int64,
  type: Schema.String,
  from_id: Int64,
  to_id: Int64,
  peer_id: Int64,
  peer_uid: Schema.String,
  peer_short_id: Schema.String
})

const LastEvent = Schema.Struct({ type: Schema.String })

const Other = Schema.Struct({ id: Int64, uid: Schema.String, short_id: Schema.String, gone: Int64 })

/** The issue that a link of the source points at; nothing when it is deleted in kata. */
const targetOf = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  all: ReadonlyMap<string, Upserted>,
  externalId: string
) {
  const { sql } = yield* Store
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

const tell = (
  batch: Mappings.Import,
  ...of: [Peer, "issue.linked" | "issue.unlinked", { readonly id: bigint; readonly type: string }, Peer]
) => Mappings.tell(batch, told(batch, ...of))

/** The source has it no more. The mapping goes with the link, which stays where another item names it. */
const unlink = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  issue: Peer,
  mapping: Mappings.Mapping,
  named: ReadonlySet<string>
) {
  const { sql } = yield* Store
  const found = yield* first(OwnedLink)(sql`
    SELECT l.id, l.type, l.from_issue_id AS from_id, l.to_issue_id AS to_id,
      p.id AS peer_id, p.uid AS peer_uid, p.short_id AS peer_short_id
    FROM links l JOIN issues p ON p.id = iif(l.from_issue_id = ${issue.id}, l.to_issue_id, l.from_issue_id)
    WHERE l.id = ${mapping.link_id}`)
  if (Option.isNone(found)) return 0
  const { from_id, peer_id, peer_short_id, peer_uid, to_id, ...link } = found.value
  if (named.has(keyOf(link.type, from_id, to_id))) {
    yield* Mappings.drop(mapping)
    batch.released?.add(link.id)
    return 0
  }
  yield* run(sql`DELETE FROM links WHERE id = ${link.id}`)
  yield* tell(batch, issue, "issue.unlinked", link, { id: peer_id, uid: peer_uid, short_id: peer_short_id })
  return 1
})

/** Whether another actor has removed the link: its mapping went with it, but that the importer had brought it is still recorded. */
const wasTaken = Effect.fnUntraced(function*(batch: Mappings.Import, issue: Peer, peer: Peer, type: string) {
  const { sql } = yield* Store
  const said = (key: string) => sql.literal(`CASE WHEN json_valid(payload) THEN payload ->> '$.${key}' END`)
  const last = yield* first(LastEvent)(sql`
    SELECT type FROM events WHERE issue_id = ${issue.id} AND related_issue_id = ${peer.id}
      AND type IN ('issue.linked', 'issue.unlinked') AND ${said("source")} = ${batch.source} AND ${
    said("type")
  } = ${type}
    ORDER BY id DESC LIMIT 1`)
  return Option.exists(last, (event) => event.type === "issue.linked")
})

/** Whether there is room for one that is not there: a parent that a person has given stays the only one. */
const isFree = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  { issue, reasons }: Upserted,
  { target_external_id }: Link,
  { from, to, type }: ReturnType<typeof stored>
) {
  const { sql } = yield* Store
  if (type === "related" || (type === "blocks" && batch.takesCircles === true)) return true
  const leftOut = (why: string) => {
    reasons.push(`${type} ${JSON.stringify(target_external_id)} left out: ${why}`)
    return false
  }
  if (type === "parent") {
    const parent = yield* first(IdRow)(sql`SELECT id FROM links WHERE from_issue_id = ${issue.id} AND type = 'parent'`)
    if (Option.isSome(parent)) return leftOut("the issue has another parent in kata")
  }
  // what goes round in the source does not keep all others from coming
  return (yield* leadsTo(type, to, from)) ? leftOut(circular[type]) : true
})

/** Makes the link if it may be; gives how many were made. */
const link = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  upserted: Upserted,
  wanted: Link,
  all: ReadonlyMap<string, Upserted>
) {
  const { sql } = yield* Store
  const { issue, item, reasons, status } = upserted
  const { target_external_id, type } = wanted
  const target = yield* targetOf(batch, all, target_external_id)
  if (Option.isNone(target)) {
    reasons.push(`${type} ${JSON.stringify(target_external_id)} left out: that issue is deleted in kata`)
    return 0
  }
  const peer = target.value
  const link = stored(type, issue, peer)
  const { from, to } = link
  const own = (linkId: bigint) =>
    Mappings.put(batch, {
      type: "link",
      externalId: idOf(upserted, wanted),
      issueId: issue.id,
      linkId,
      updatedAt: item.updated_at
    })
  const there = yield* first(IdRow)(
    sql`SELECT id FROM links WHERE from_issue_id = ${from.id} AND to_issue_id = ${to.id} AND type = ${link.type}`
  )
  if (Option.isSome(there)) {
    // one that a person has made is theirs
    if (batch.released?.delete(there.value.id) === true) yield* own(there.value.id)
    return 0
  }
  if (status === "unchanged" && (yield* wasTaken(batch, issue, peer, link.type))) return 0
  if (!(yield* isFree(batch, upserted, wanted, link))) return 0
  const { id } = yield* one(IdRow)(sql`
    INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author, created_at)
    VALUES (${batch.project.id}, ${from.id}, ${to.id}, ${from.uid}, ${to.uid}, ${link.type}, ${batch.actor}, ${item.updated_at})
    RETURNING id`)
  yield* own(id)
  yield* tell(batch, issue, "issue.linked", { id, type: link.type }, peer)
  return 1
})

const ownedBy = (batch: Mappings.Import, { issue, ownedLinks, status }: Upserted) =>
  status === "created"
    ? Effect.succeed([])
    : ownedLinks === undefined
    ? Mappings.ownedBy(batch, "link", issue.id)
    : Effect.succeed(ownedLinks)

/**
 * Takes away what the source has no more; gives how many. Of all items that is done before new links come, which it may be in the way of.
 * What another item of the import names stays.
 */
export const unlinked = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  upserted: Upserted,
  named: ReadonlySet<string> = new Set()
) {
  const keep = namedBy(upserted)
  if (keep === undefined) return 0
  let gone = 0
  for (const mapping of yield* ownedBy(batch, upserted)) {
    if (!keep.has(mapping.external_id)) gone += yield* unlink(batch, upserted.issue, mapping, named)
  }
  return gone
})

/** Brings what is new; gives how many. `all` are the items of the batch by their names. */
export const linked = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  upserted: Upserted,
  all: ReadonlyMap<string, Upserted>
) {
  const fresh = namedBy(upserted)
  if (fresh === undefined) return 0
  for (const { external_id } of yield* ownedBy(batch, upserted)) fresh.delete(external_id)
  let made = 0
  for (const one of fresh.values()) made += yield* link(batch, upserted, one, all)
  return made
})
