/**
 * Whether an actor closes the children of one issue too fast, or with the same words: that is how an agent closes what it did not do.
 * A refusal leaves an event.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import type { Issue, LinkPeer } from "../model.ts"
import { all } from "../query.ts"
import { type DuplicateMessage, refuse, type SiblingThrottle } from "../Refused.ts"
import { normalised } from "./evidence.ts"

/** `window` in milliseconds. */
export interface Throttle {
  readonly enabled: boolean
  readonly window: number
}

/** So many siblings may be closed within the window. */
const most = 3
/** So long a message is remembered, in seconds. */
const memory = 1800

/** What is refused, and the payload of the event that says so. */
export interface Throttled {
  readonly refusal: SiblingThrottle | DuplicateMessage
  readonly payload: { readonly [key: string]: unknown }
}

const Close = Schema.Struct({
  issue_id: Schema.BigIntFromSelf,
  short_id: Schema.String,
  closed_at: Schema.String,
  seconds: Schema.BigIntFromSelf,
  message: Schema.NullOr(Schema.String)
})

const closes = all(Close)

const duration = (milliseconds: number): string =>
  milliseconds % 60_000 === 0 ? `${milliseconds / 60_000} min` : `${Math.round(milliseconds / 1000)} sec`

const burst = (parent: LinkPeer, cohort: ReadonlyArray<typeof Close.Type>, window: number): Throttled => ({
  refusal: refuse(
    "sibling_throttle",
    [
      `sibling-close throttle: you closed ${cohort.length} children of ${parent.short_id} in the last ${
        duration(window)
      }:`,
      ...cohort.map(({ seconds, short_id }) => `  ${short_id} closed ${seconds} sec ago`),
      "Slow down and review the scope of each remaining child before closing. Wait for the throttle window to clear, or ask a human reviewer to inspect and close"
    ].join("\n")
  ),
  payload: { reason: "sibling-burst", parent: parent.short_id, cohort: cohort.map(({ short_id }) => short_id) }
})

const sameWords = (parent: LinkPeer, prior: typeof Close.Type): Throttled => ({
  refusal: refuse(
    "duplicate_message",
    `refusing — identical close message to your close of ${prior.short_id} at ${
      prior.closed_at.slice(11, 19)
    }. Both issues share a parent, and the message has not changed. Each closure should describe its specific issue. If the same prose truly applies, close as \`--duplicate-of\` or \`--superseded-by\` instead`
  ),
  payload: { reason: "duplicate-message", parent: parent.short_id, prior: prior.short_id }
})

/** The refusal of a close that comes too soon, if it does. */
export const throttled = Effect.fnUntraced(function*(close: {
  readonly issue: Issue
  readonly parent: LinkPeer | undefined
  readonly actor: string
  readonly reason: string
  readonly message: string
  readonly throttle: Throttle
}) {
  const { actor, issue, message, parent, reason, throttle } = close
  if (!throttle.enabled || parent === undefined) return undefined
  const { sql } = yield* Store
  const age = "unixepoch('now', 'subsec') - unixepoch(e.created_at, 'subsec')"
  const oldest = Math.max(memory, throttle.window / 1000)
  // from the children, whose events have an index: a project may have a hundred thousand
  const found = yield* closes(sql`
    SELECT e.issue_id, i.short_id, e.created_at AS closed_at, CAST(max(0, ${sql.literal(age)}) AS INTEGER) AS seconds,
      CASE WHEN json_valid(e.payload) THEN CAST(e.payload ->> '$.message' AS TEXT) END AS message
    FROM links l JOIN issues i ON i.id = l.from_issue_id JOIN events e ON e.issue_id = i.id
    WHERE l.to_issue_id = (SELECT id FROM issues WHERE uid = ${parent.uid}) AND l.type = 'parent' AND i.id <> ${issue.id}
      AND e.type = 'issue.closed' AND e.actor = ${actor} AND ${sql.literal(age)} <= ${oldest}
    ORDER BY e.id DESC`)
  const newest = found.filter((close, i) => found.findIndex(({ issue_id }) => issue_id === close.issue_id) === i)
  const cohort = newest.filter(({ seconds }) => Number(seconds) * 1000 <= throttle.window)
  if (cohort.length >= most) return burst(parent, cohort, throttle.window)
  if (message === "" || (reason !== "done" && reason !== "audit-no-change")) return undefined
  const prior = found.find((close) =>
    Number(close.seconds) <= memory && close.message !== null && normalised(close.message) === normalised(message)
  )
  return prior === undefined ? undefined : sameWords(parent, prior)
})
