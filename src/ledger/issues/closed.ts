/** What was said when an issue was closed: its message, its evidence, and the issue that it gave way to. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { payloadOf, textIn } from "../events/eventRange.ts"
import { findIssue } from "../lookup.ts"
import { Int64, type Issue, IssueRef, maybe, Time } from "../model.ts"
import { present } from "../omitUndefined.ts"
import { first } from "../query.ts"

/** As the event has it; which member counts, its type says. */
const Evidence = Schema.Struct({
  type: Schema.String,
  sha: maybe(Schema.String),
  url: maybe(Schema.String),
  command: maybe(Schema.String),
  paths: maybe(Schema.Array(Schema.String)),
  rationale: maybe(Schema.String),
  issue_ref: maybe(Schema.String)
})

export const Closed = Schema.Struct({
  event_id: Int64,
  actor: Schema.String,
  created_at: Time,
  reason: Schema.String,
  message: maybe(Schema.String),
  evidence: maybe(Schema.Array(Evidence)),
  /** What it is a duplicate of, or superseded by, as far as that is in the project still. */
  target: maybe(IssueRef)
}).annotations({ identifier: "Closed" })
export type Closed = typeof Closed.Type

const EventRow = first(
  Schema.Struct({
    event_id: Int64,
    type: Schema.String,
    actor: Schema.String,
    created_at: Time,
    payload: Schema.String
  })
)
const decodeEvidence = Schema.decodeUnknownOption(Evidence)

/** A value of an event, which any program may have written. */
const evidenceIn = (payload: { readonly [key: string]: unknown }) => {
  const items: ReadonlyArray<unknown> = Array.isArray(payload["evidence"]) ? payload["evidence"] : []
  return items.flatMap((item) => Option.toArray(decodeEvidence(item)))
}

/** Nothing for what is open, and for what an import has closed: that writes no event. */
export const closedOf = Effect.fnUntraced(function*(issue: Issue) {
  if (issue.status !== "closed") return undefined
  const { sql } = yield* Store
  const found = yield* EventRow(sql`
    SELECT id AS event_id, type, actor, created_at, payload FROM events
    WHERE issue_id = ${issue.id} AND (type IN ('issue.closed', 'issue.reopened')
      OR (type = 'issue.updated' AND CASE WHEN json_valid(payload) THEN payload ->> '$.status' END IS NOT NULL))
    ORDER BY id DESC LIMIT 1`)
  if (Option.isNone(found) || found.value.type !== "issue.closed") return undefined
  const { actor, created_at, event_id } = found.value
  const payload = payloadOf(found.value)
  const evidence = evidenceIn(payload)
  const ref = evidence.find(({ type }) => type === "duplicate-of" || type === "superseded-by")?.issue_ref
  return present({
    event_id,
    actor,
    created_at,
    reason: issue.closed_reason ?? textIn(payload, "reason"),
    message: textIn(payload, "message") || undefined,
    evidence: evidence.length === 0 ? undefined : evidence,
    target: ref === undefined ? undefined : yield* targetOf(issue, ref)
  }) satisfies Closed
})

const ProjectRow = first(Schema.Struct({ id: Int64, name: Schema.String }))

const targetOf = Effect.fnUntraced(function*(issue: Issue, ref: string) {
  const { sql } = yield* Store
  const project = yield* ProjectRow(sql`SELECT id, name FROM projects WHERE id = ${issue.project_id}`)
  if (Option.isNone(project)) return undefined
  const found = yield* findIssue(project.value, ref, { deleted: true })
  return Option.getOrUndefined(Option.map(found, ({ deleted_at, short_id, status, title, uid }): IssueRef => ({
    uid,
    short_id,
    qualified_id: `${project.value.name}#${short_id}`,
    title,
    status: deleted_at === undefined ? status : "deleted"
  })))
})
