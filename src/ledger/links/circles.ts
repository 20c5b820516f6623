/**
 * Links that would go round in a circle: an issue is not its own ancestor, and does not wait for itself. What is deleted or closed counts: it can
 * come back. What an older kata has stored, or an import of a snapshot brought, may go round already: each issue is visited once.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { wayAlong } from "../../records/circles.ts"
import { Store } from "../../store/Store.ts"
import { type End, Int64 } from "../model.ts"
import { among } from "../paged.ts"
import { all, first, IdRow } from "../query.ts"
import { BlocksCycle } from "../Refused.ts"

/** A type of links that may not go round. */
export type Directed = "parent" | "blocks"

/** Issues that links of a type lead to from one; to be completed. */
const below = Effect.fnUntraced(function*(type: Directed, from: Pick<End, "id">) {
  const { sql } = yield* Store
  return sql`WITH RECURSIVE below(id) AS (
    SELECT ${from.id} UNION SELECT l.to_issue_id FROM below JOIN links l ON l.from_issue_id = below.id AND l.type = ${type}
  )`
})

/** Whether links of a type lead from one issue to another: then one back would close a circle. */
export const leadsTo = Effect.fnUntraced(function*(type: Directed, from: Pick<End, "id">, to: Pick<End, "id">) {
  const { sql } = yield* Store
  const found = yield* first(IdRow)(sql`${yield* below(type, from)} SELECT id FROM below WHERE id = ${to.id}`)
  return Option.isSome(found)
})

const edges = all(Schema.Struct({ from: Int64, to: Int64 }))
const peers = all(Schema.Struct({ id: Int64, uid: Schema.String, short_id: Schema.String }))

/** So many issues of a circle are named in a message. */
const named = 8

/** Refuses a link by which an issue would wait for itself; the link may be there already. */
export const noBlocksCycle = Effect.fnUntraced(function*([from, to]: readonly [End, End]) {
  const { sql } = yield* Store
  if (!(yield* leadsTo("blocks", to, from))) return
  const links = yield* edges(sql`
    ${yield* below("blocks", to)} SELECT l.from_issue_id AS "from", l.to_issue_id AS "to"
    FROM below JOIN links l ON l.from_issue_id = below.id AND l.type = 'blocks'`)
  const ids = wayAlong(links, to.id, from.id) ?? []
  const known = new Map(
    (yield* peers(sql`SELECT id, uid, short_id FROM issues WHERE id IN ${yield* among(ids)}`)).map(
      ({ id, ...peer }) => [id, peer]
    )
  )
  const cycle = [from.id, ...ids].flatMap((id) => known.get(id) ?? [])
  const words = cycle.length > named
    ? [...cycle.slice(0, named - 1).map(({ short_id }) => `#${short_id}`), "…", `#${from.short_id}`]
    : cycle.map(({ short_id }) => `#${short_id}`)
  return yield* new BlocksCycle({
    message: `issues would wait for each other: ${words.join(" blocks ")}`,
    hint: "remove one of these links first",
    data: { cycle }
  })
})
