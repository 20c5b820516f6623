/** The next occurrence of a recurrence: closing one as done makes it, in the same transaction. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { members } from "../../records/json.ts"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { insertIssue } from "../insertIssue.ts"
import { type Issue, type Project, Recurrence } from "../model.ts"
import { first, run } from "../query.ts"
import { object, RawJson } from "../RawJson.ts"
import { labelOf } from "../values.ts"
import { dayAfter } from "./occurrences.ts"

const firstRecurrence = first(Recurrence)
const existing = first(Schema.Struct({ uid: Schema.String }))

/** What of stored labels can be one; a database can hold others. */
const labelsOf = (stored: RawJson) => {
  const labels: unknown = JSON.parse(stored.text)
  const texts = Array.isArray(labels) ? labels.filter((label) => typeof label === "string") : []
  return Effect.filter(texts, (label) => Effect.isSuccess(labelOf(label)))
}

const scheduled = (template: RawJson, day: string): string =>
  object([...members(template.text) ?? [], ["scheduled_on", JSON.stringify(day)]])

const advance = Effect.fnUntraced(function*(recurrence: Recurrence, next: string | undefined, made?: string) {
  const { sql } = yield* Store
  yield* run(sql`
    UPDATE recurrences SET next_occurrence_key = ${next ?? null}, revision = revision + 1,
      last_materialized_uid = coalesce(${made ?? null}, last_materialized_uid),
      updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${recurrence.id}`)
})

const make = Effect.fnUntraced(function*(project: Project, recurrence: Recurrence, day: string, actor: string) {
  const { sql } = yield* Store
  const { template_priority } = recurrence
  const issue = yield* insertIssue(project, {
    title: recurrence.template_title,
    body: recurrence.template_body,
    owner: recurrence.template_owner,
    // what is no priority is none of the issue's
    priority: typeof template_priority === "bigint" ? template_priority : undefined,
    author: actor,
    metadata: scheduled(recurrence.template_metadata, day),
    recurrence_id: recurrence.id,
    occurrence_key: day
  })
  const labels = yield* labelsOf(recurrence.template_labels)
  for (const label of labels) {
    yield* run(
      sql`INSERT OR IGNORE INTO issue_labels(issue_id, label, author) VALUES (${issue.id}, ${label}, ${actor})`
    )
  }
  const [key, uid] = [{ occurrence_key: day }, { recurrence_uid: recurrence.uid }]
  yield* append({
    project,
    issue,
    type: "issue.created",
    actor,
    payload: { body: issue.body, labels, ...key, ...uid, title: issue.title }
  })
  yield* append({
    project,
    issue,
    type: "recurrence.materialized",
    actor,
    payload: { issue_uid: issue.uid, ...key, ...uid }
  })
  return issue.uid
})

/** What comes after an occurrence that was just closed. An issue that is none changes nothing. */
export const materialise = Effect.fnUntraced(function*(project: Project, closed: Issue, actor: string) {
  const { sql } = yield* Store
  if (closed.recurrence_id === undefined || closed.occurrence_key === undefined) return
  const found = yield* firstRecurrence(
    sql`SELECT * FROM recurrences WHERE id = ${closed.recurrence_id} AND deleted_at IS NULL`
  )
  if (Option.isNone(found)) return
  const recurrence = found.value
  const skipped = (payload: { readonly [key: string]: unknown }) =>
    append({ project, type: "recurrence.materialization_skipped", actor, payload })
  const day = dayAfter(recurrence, closed.occurrence_key)
  if (Either.isLeft(day)) {
    // a rule that cannot be read must not keep an issue from being closed
    yield* skipped({ occurrence_key: closed.occurrence_key, reason: day.left, recurrence_uid: recurrence.uid })
    return
  }
  if (day.right === undefined) {
    if (recurrence.next_occurrence_key !== undefined) yield* advance(recurrence, undefined)
    return
  }
  const following = Either.getOrElse(dayAfter(recurrence, day.right), () => undefined)
  const there = yield* existing(
    sql`SELECT uid FROM issues WHERE recurrence_id = ${recurrence.id} AND occurrence_key = ${day.right}`
  )
  if (Option.isSome(there)) {
    yield* skipped({
      existing_issue_uid: there.value.uid,
      occurrence_key: day.right,
      reason: "already_exists",
      recurrence_uid: recurrence.uid
    })
    if (recurrence.next_occurrence_key !== following) yield* advance(recurrence, following)
    return
  }
  yield* advance(recurrence, following, yield* make(project, recurrence, day.right, actor))
})
