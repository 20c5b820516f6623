/** Events as the poll, the stream and lists give them, a bounded number of bytes at a time. */
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { EventEnvelope, Int64 } from "../model.ts"
import { all } from "../query.ts"

/** Bytes of payloads that end a page, of which there is one event at least: an event can hold the text of an issue as it was. */
const mostBytes = 8 * 1024 * 1024

const sizes = all(Schema.Struct({ id: Int64, bytes: Int64 }))
const envelopes = all(EventEnvelope)

const select = `
  SELECT e.id AS event_id, e.uid AS event_uid, e.origin_instance_uid, e.type, e.project_id, p.uid AS project_uid,
    e.project_name, e.issue_id, e.issue_uid, i.short_id AS issue_short_id, e.related_issue_id, e.related_issue_uid,
    r.short_id AS related_issue_short_id, e.actor, e.payload, e.created_at
  FROM events e JOIN projects p ON p.id = e.project_id
    LEFT JOIN issues i ON i.id = e.issue_id LEFT JOIN issues r ON r.id = e.related_issue_id`

/** Those of the events `e` that keep a condition, in their order: at most so many of the first ones, or of the last ones. */
export const envelopesOf = Effect.fnUntraced(function*(
  where: Statement.Fragment,
  limit: bigint,
  which: "first" | "last" = "first"
) {
  const { sql } = yield* Store
  const found = yield* sizes(sql`
    SELECT e.id, octet_length(e.payload) AS bytes FROM events e WHERE ${where}
    ORDER BY e.id ${sql.literal(which === "first" ? "" : "DESC")} LIMIT ${limit}`)
  let [end, total] = [0, 0]
  for (const { bytes } of found) {
    total += Number(bytes)
    if (end > 0 && total > mostBytes) break
    end++
  }
  const [a, b] = [found[0], found[end - 1]]
  if (a === undefined || b === undefined) return []
  const [least, most] = a.id < b.id ? [a.id, b.id] : [b.id, a.id]
  return yield* envelopes(sql`
    ${sql.literal(select)} WHERE e.id BETWEEN ${least} AND ${most} AND ${where} ORDER BY e.id`)
})
