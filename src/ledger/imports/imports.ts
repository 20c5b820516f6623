/** Issues out of another tracker, all of a batch or none. A batch can be sent again: what is there is met, not made anew. */
import * as Effect from "effect/Effect"
import { Store } from "../../store/Store.ts"
import { actorOf, projectById } from "../lookup.ts"
import { refuse } from "../Refused.ts"
import { isBlank } from "../values.ts"
import { checkItems, type Item } from "./importBatch.ts"
import { upsert, type Upserted } from "./importIssues.ts"
import { linked, unlinked } from "./importLinks.ts"
import type { Import } from "./importMappings.ts"
import * as Parts from "./importParts.ts"

/** Issues first, so that links can point at any of them; then what belongs to each, in the order of the batch. */
export const importBatch = Effect.fn("Imports.importBatch")(function*(wanted: {
  readonly projectId: bigint
  readonly actor: string
  readonly source: string
  readonly items: ReadonlyArray<Item>
}) {
  const { write } = yield* Store
  const { items, source } = wanted
  const actor = yield* actorOf(wanted.actor)
  if (isBlank(source)) return yield* refuse("validation", "invalid import: source and actor are required")
  return yield* write(Effect.gen(function*() {
    const project = yield* projectById(wanted.projectId)
    yield* checkItems(items)
    const batch: Import = { project, source, actor }
    const all = new Map<string, Upserted>()
    for (const item of items) all.set(item.external_id, yield* upsert(batch, item))
    let [comments, links] = [0, 0]
    for (const upserted of all.values()) {
      comments += yield* Parts.comments(batch, upserted)
      yield* Parts.labels(batch, upserted)
    }
    for (const upserted of all.values()) yield* unlinked(batch, upserted)
    for (const upserted of all.values()) links += yield* linked(batch, upserted, all)
    const outcomes = [...all.values()].map(({ issue, item, reasons, status }) => ({
      external_id: item.external_id,
      issue_short_id: issue.short_id,
      status,
      ...(reasons.length === 0 ? {} : { reason: reasons.join("; ") })
    }))
    const count = (status: Upserted["status"]) => outcomes.filter((one) => one.status === status).length
    return {
      source,
      created: count("created"),
      updated: count("updated"),
      unchanged: count("unchanged"),
      comments,
      links,
      items: outcomes,
      errors: []
    }
  }))
})
