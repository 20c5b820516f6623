/** A new issue as a row: its ULID, its short id. Validation, and the event, are the caller's. */
import * as Effect from "effect/Effect"
import { Store } from "../store/Store.ts"
import { issueById } from "./lookup.ts"
import type { Project } from "./model.ts"
import { IdRow, one } from "./query.ts"
import { freeShortId } from "./shortId.ts"
import { nextUlid } from "./ulids.ts"

/** What is left out has the default of its column. Times are canonical. */
export interface NewIssue {
  readonly title: string
  readonly author: string
  readonly body?: string | undefined
  readonly owner?: string | undefined
  readonly priority?: bigint | undefined
  readonly status?: "open" | "closed" | undefined
  readonly closed_reason?: string | undefined
  readonly metadata?: string | undefined
  readonly recurrence_id?: bigint | undefined
  readonly occurrence_key?: string | undefined
  readonly created_at?: string | undefined
  readonly updated_at?: string | undefined
  readonly closed_at?: string | undefined
}

/** Within a `Store.write`. An empty owner is none. Gives what the row is known by. */
export const insertRow = Effect.fnUntraced(function*(project: Pick<Project, "id">, issue: NewIssue) {
  const { sql } = yield* Store
  const uid = yield* nextUlid
  const shortId = yield* freeShortId(uid, [project.id])
  const now = sql.literal("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
  const { id } = yield* one(IdRow)(sql`
    INSERT INTO issues(uid, project_id, short_id, title, body, status, closed_reason, owner, priority, author, metadata,
      recurrence_id, occurrence_key, created_at, updated_at, closed_at)
    VALUES (${uid}, ${project.id}, ${shortId}, ${issue.title}, ${issue.body ?? ""},
      ${issue.status ?? "open"}, ${issue.closed_reason ?? null}, ${issue.owner || null}, ${issue.priority ?? null},
      ${issue.author}, ${issue.metadata ?? "{}"}, ${issue.recurrence_id ?? null}, ${issue.occurrence_key ?? null},
      coalesce(${issue.created_at ?? null}, ${now}), coalesce(${issue.updated_at ?? null}, ${now}), ${
    issue.closed_at ?? null
  })
    RETURNING id`)
  return { id, uid, short_id: shortId }
})

/** The same, and gives the issue. */
export const insertIssue = (project: Pick<Project, "id">, issue: NewIssue) =>
  Effect.flatMap(insertRow(project, issue), ({ id }) => issueById(id))
