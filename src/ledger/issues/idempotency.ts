/** A request that is sent twice makes one issue: its key and a digest of what it said are in the event of the first one. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { Store } from "../../store/Store.ts"
import { selectEvent } from "../events/events.ts"
import { issueById } from "../lookup.ts"
import { Event, type Project } from "../model.ts"
import { first, one } from "../query.ts"
import { write } from "../RawJson.ts"
import { IdempotencyDeleted, IdempotencyMismatch } from "../Refused.ts"

/** What was asked for, as far as it makes a difference. */
export interface Said {
  readonly title: string
  readonly body: string
  readonly owner: string
  readonly priority: bigint | undefined
  readonly labels: ReadonlyArray<string>
  readonly links: ReadonlyArray<{ readonly type: string; readonly target: string; readonly incoming: boolean }>
}

const folded = (text: string): string => text.normalize("NFC").replace(/\s+/g, " ").trim()

/** Spacing, and the order of labels and links, make none. */
export const fingerprint = ({ body, labels, links, owner, priority, title }: Said): string => {
  const edges = new Set(
    links.map(({ incoming, target, type }) => write({ type, target, incoming })).toSorted()
  )
  return createHash("sha256").update(
    [
      `title=${folded(title)}`,
      `body=${folded(body)}`,
      `owner=${folded(owner)}`,
      `labels=${labels.toSorted().join(",")}`,
      `links=[${[...edges].join(",")}]`,
      ...priority === undefined ? [] : [`priority=${priority}`]
    ].join("\n")
  ).digest("hex")
}

const Known = Schema.Struct({ id: Schema.BigIntFromSelf, fingerprint: Schema.NullOr(Schema.String) })

/** The issue that this key has made in the last seven days, with the event of its creation. */
export const madeBefore = Effect.fnUntraced(function*(project: Project, key: string, print: string) {
  const { sql } = yield* Store
  const known = yield* first(Known)(sql`
    SELECT id, json_extract(payload, '$.idempotency_fingerprint') AS fingerprint FROM events
    WHERE type = 'issue.created' AND project_id = ${project.id} AND json_extract(payload, '$.idempotency_key') = ${key}
      AND created_at >= strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-7 days') AND issue_id IS NOT NULL
    ORDER BY created_at DESC, id DESC LIMIT 1`)
  if (Option.isNone(known)) return Option.none()
  const event = yield* one(Event)(sql`${sql.literal(selectEvent)} WHERE e.id = ${known.value.id}`)
  const issue = yield* issueById(event.issue_id ?? 0n)
  const data = { qualified_id: `${project.name}#${issue.short_id}`, short_id: issue.short_id, uid: issue.uid }
  if (issue.deleted_at !== undefined) {
    return yield* new IdempotencyDeleted({
      message: "idempotency key matched a soft-deleted issue",
      hint: `run \`kata restore ${issue.short_id}\` or use a fresh key`,
      data
    })
  }
  if (known.value.fingerprint !== print) {
    return yield* new IdempotencyMismatch({
      message: "idempotency key matched a prior issue with a different fingerprint",
      hint: "either use a fresh key, or send the exact same fields as the original",
      data
    })
  }
  return Option.some({ issue, event: null, original_event: event, changed: false, reused: true })
})
