/** Every change of an issue leaves an event, in the same transaction (spec of schema 10, section 8). */
import * as Effect from "effect/Effect"
import { Store } from "../../store/Store.ts"
import { Event, type Issue, type Project } from "../model.ts"
import { IdRow, one, run } from "../query.ts"
import { write } from "../RawJson.ts"
import { nextUlid } from "../ulids.ts"

const columns =
  `e.id, e.uid, e.origin_instance_uid, e.project_id, p.uid AS project_uid, e.project_name, e.issue_id, e.issue_uid,
   i.short_id AS issue_short_id, e.related_issue_id, e.related_issue_uid, r.short_id AS related_issue_short_id, e.type, e.actor, e.payload, e.created_at`
const from =
  `events e JOIN projects p ON p.id = e.project_id LEFT JOIN issues i ON i.id = e.issue_id LEFT JOIN issues r ON r.id = e.related_issue_id`

/** The wire's event out of the tables; to be completed by WHERE. */
export const selectEvent = `SELECT ${columns} FROM ${from}`

const oneEvent = one(Event)

/** An issue as far as an event names it. */
type Subject = Pick<Issue, "id" | "uid">

/** An event that is to be written. `payload` is written in the order of its keys, without those that are undefined. */
export interface NewEvent {
  readonly project: Pick<Project, "id" | "name">
  readonly issue?: Subject | undefined
  readonly related?: Subject | undefined
  readonly type: string
  readonly actor: string
  readonly payload: { readonly [key: string]: unknown }
}

/** Writes one event, within a `Store.write`, that no answer shows; gives its number. */
export const record = Effect.fnUntraced(function*(event: NewEvent) {
  const { instanceUid, sql } = yield* Store
  const uid = yield* nextUlid
  const { id } = yield* one(IdRow)(sql`
    INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, related_issue_id, related_issue_uid, type, actor, payload)
    VALUES (${uid}, ${yield* instanceUid}, ${event.project.id}, ${event.project.name}, ${event.issue?.id ?? null}, ${
    event.issue?.uid ?? null
  },
      ${event.related?.id ?? null}, ${event.related?.uid ?? null}, ${event.type}, ${event.actor}, ${
    write(event.payload)
  })
    RETURNING id`)
  return id
})

/** Writes events in their order, as many as there are in one statement. */
export const recordAll = Effect.fnUntraced(function*(events: ReadonlyArray<NewEvent>) {
  if (events.length === 0) return
  const { instanceUid, sql } = yield* Store
  const rows: Array<string> = []
  for (const { actor, issue, payload, project, related, type } of events) {
    const words = [yield* nextUlid, project.name, issue?.uid ?? null, related?.uid ?? null, type, actor, write(payload)]
    rows.push(
      `[${project.id},${issue?.id ?? null},${related?.id ?? null},${
        words.map((word) => JSON.stringify(word)).join(",")
      }]`
    )
  }
  yield* run(sql`
    INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, related_issue_id, related_issue_uid, type, actor, payload)
    SELECT value ->> 3, ${yield* instanceUid}, value ->> 0, value ->> 4, value ->> 1, value ->> 5, value ->> 2, value ->> 6,
      value ->> 7, value ->> 8, value ->> 9
    FROM json_each(${`[${rows.join(",")}]`})`)
})

/** Writes one event, and gives it as the answer shows it. */
export const append = Effect.fnUntraced(function*(event: NewEvent) {
  const { sql } = yield* Store
  const id = yield* record(event)
  return yield* oneEvent(sql`${sql.literal(selectEvent)} WHERE e.id = ${id}`)
})
