/** Links of an import that need not be looked for: of new issues, and those that are there already. */
import * as Effect from "effect/Effect"
import { refuse } from "../Refused.ts"
import type { Upserted } from "./importIssues.ts"
import { circular, idOf, keyOf, namedBy, stored, told } from "./importLinkForms.ts"
import type * as Mappings from "./importMappings.ts"
import { flush, flushSome, type Pending } from "./importPending.ts"

/** The links that the items of an import name, of those that are in it. */
export const namedLinks = (all: ReadonlyMap<string, Upserted>): ReadonlySet<string> => {
  const keys = new Set<string>()
  for (const { gone, issue, item } of all.values()) {
    for (const { target_external_id, type } of gone ? [] : item.links ?? []) {
      const peer = all.get(target_external_id)
      if (peer === undefined || peer.gone) continue
      const link = stored(type, issue, peer.issue)
      keys.add(keyOf(link.type, link.from.id, link.to.id))
    }
  }
  return keys
}

/** Whether what the importer owns is what the item names: then there is nothing to do. */
export const isSettled = (upserted: Upserted, owned: ReadonlyArray<Mappings.Mapping>): boolean => {
  const named = namedBy(upserted)
  return named === undefined ||
    (named.size === owned.length && owned.every(({ external_id }) => named.has(external_id)))
}

/** The links of issues that are all new, which have no others: what goes round is known without asking. */
export const firstLinks = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  pending: Pending,
  all: ReadonlyMap<string, Upserted>
) {
  const made = new Set<string>()
  const parents = new Map<bigint, bigint>()
  const isAbove = (id: bigint, below: bigint) => {
    for (let at: bigint | undefined = below; at !== undefined; at = parents.get(at)) if (at === id) return true
    return false
  }
  for (const upserted of all.values()) {
    const { issue, item, reasons } = upserted
    for (const wanted of namedBy(upserted)?.values() ?? []) {
      const { target_external_id: name } = wanted
      const peer = all.get(name)?.issue
      if (peer === undefined) {
        return yield* refuse("issue_not_found", `not found: import link target ${JSON.stringify(name)}`)
      }
      const link = stored(wanted.type, issue, peer)
      const key = keyOf(link.type, link.from.id, link.to.id)
      if (made.has(key)) continue
      if (link.type === "parent") {
        if (isAbove(issue.id, peer.id)) {
          reasons.push(`parent ${JSON.stringify(name)} left out: ${circular.parent}`)
          continue
        }
        parents.set(issue.id, peer.id)
      }
      made.add(key)
      pending.links.push({
        ...link,
        createdAt: item.updated_at,
        made: (id) => {
          pending.mappings.push({
            type: "link",
            externalId: idOf(upserted, wanted),
            issueId: issue.id,
            linkId: id,
            updatedAt: item.updated_at
          })
          pending.events.push(told(batch, issue, "issue.linked", { id, type: link.type }, peer))
        }
      })
    }
    yield* flushSome(batch)
  }
  yield* flush(batch)
  return made.size
})
