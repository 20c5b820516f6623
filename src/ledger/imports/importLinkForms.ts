/** How the links of an item are called, stored and told. */
import type { Link } from "./importBatch.ts"
import type { Upserted } from "./importIssues.ts"
import type * as Mappings from "./importMappings.ts"
import { wanted } from "./importParts.ts"

/** An issue as a link knows it. */
export type Peer = Upserted["issue"]

/** The event of a link. */
export const told = (
  { actor, project, source }: Mappings.Import,
  issue: Peer,
  type: "issue.linked" | "issue.unlinked",
  link: { readonly id: bigint; readonly type: string },
  peer: Peer
) => ({
  project,
  actor,
  issue,
  related: peer,
  type,
  payload: {
    from_short_id: issue.short_id,
    from_uid: issue.uid,
    link_id: link.id,
    source,
    to_short_id: peer.short_id,
    to_uid: peer.uid,
    type: link.type
  }
})

/** How a link is stored: its type and its ends. */
export const stored = (type: Link["type"], issue: Peer, peer: Peer) => {
  if (type === "blocked_by") return { type: "blocks" as const, from: peer, to: issue }
  return type === "related" && peer.id < issue.id ? { type, from: peer, to: issue } : { type, from: issue, to: peer }
}

export const keyOf = (type: string, from: bigint, to: bigint) => `${type} ${from} ${to}`

/** Why a link is left out that would close a circle. */
export const circular = {
  parent: "an issue cannot be below itself",
  blocks: "an issue cannot wait for itself"
}

/** What a link is called. */
export const idOf = ({ item }: Upserted, { target_external_id, type }: Link) =>
  `${item.external_id}:${type}:${target_external_id}`

/** The links that an item names, by their names; none where it does not decide that. */
export const namedBy = (upserted: Upserted) => {
  const named = wanted(upserted, upserted.item.links)
  return named === undefined ? undefined : new Map(named.map((link) => [idOf(upserted, link), link]))
}
