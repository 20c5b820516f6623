/** Events that are listed once, whatever was purged before: only a cursor has seen what is gone. */
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { issueByRef, projectById } from "../lookup.ts"
import { EventEnvelope, Int64 } from "../model.ts"
import { among } from "../paged.ts"
import { all, one } from "../query.ts"
import { envelopesOf } from "./envelopes.ts"
import { payloadOf, timeOf } from "./eventRange.ts"

/** Of a page. */
const most = 1000n

export interface Wanted {
  /** Undefined: all projects. */
  readonly projectId: bigint | undefined
  /** Events with a higher id. */
  readonly after: bigint
  /** RFC 3339; those of that time and later. */
  readonly since: string | undefined
  /** The last so many of them; else the first `limit` ones. */
  readonly latest: bigint | undefined
  readonly limit: bigint
}

const Purges = one(Schema.Struct({ n: Int64, reset: Int64 }))
const Left = one(Schema.Struct({ n: Int64 }))

/** What there is, how many issues were purged with their events, and the cursor for what comes. */
export const look = Effect.fn("Events.look")(function*(wanted: Wanted) {
  const { read, sql } = yield* Store
  const { after, latest, projectId } = wanted
  const since = yield* timeOf("since", wanted.since)
  const limit = latest ?? wanted.limit
  return yield* read(Effect.gen(function*() {
    if (projectId !== undefined) yield* projectById(projectId)
    const where = sql.and([
      sql`e.id > ${after}`,
      ...projectId === undefined ? [] : [sql`e.project_id = ${projectId}`],
      ...Option.toArray(Option.map(since, (time) => sql`e.created_at >= ${time}`))
    ])
    const events = yield* envelopesOf(where, limit < most ? limit : most, latest === undefined ? "first" : "last")
    const last = events.at(-1)?.event_id ?? after
    const { n, reset } = yield* Purges(sql`
      SELECT count(*) AS n, coalesce(max(purge_reset_after_event_id), 0) AS reset FROM purge_log WHERE event_count > 0 ${
      projectId === undefined ? sql`` : sql`AND project_id = ${projectId}`
    }`)
    const left = yield* Left(
      sql`SELECT count(*) AS n FROM (SELECT 1 FROM events e WHERE ${where} AND e.id > ${last} LIMIT 1)`
    )
    return {
      reset_required: false,
      events,
      // who has seen all that there is goes on behind what was purged
      next_after_id: left.n === 0n && reset > last ? reset : last,
      ...(n > 0n ? { purged: n } : {})
    }
  }))
})

/** An event of an issue, with the text of the comment that it names. */
export const IssueEvent = Schema.extend(
  EventEnvelope,
  Schema.Struct({ comment_body: Schema.optionalWith(Schema.String, { exact: true }) })
)
export type IssueEvent = typeof IssueEvent.Type

const CommentRow = all(Schema.Struct({ id: Int64, body: Schema.String }))

const commentIn = ({ payload, type }: EventEnvelope): bigint | undefined => {
  const id = type === "issue.commented" ? payloadOf({ payload: payload?.text ?? "" })["comment_id"] : undefined
  return typeof id === "number" && Number.isSafeInteger(id) ? BigInt(id) : undefined
}

const withComments = Effect.fnUntraced(function*(issueId: bigint, events: ReadonlyArray<EventEnvelope>) {
  const { sql } = yield* Store
  const ids = events.flatMap((event) => commentIn(event) ?? [])
  const rows = yield* CommentRow(
    sql`SELECT id, body FROM comments WHERE issue_id = ${issueId} AND id IN ${yield* among(ids)}`
  )
  const bodies = new Map(rows.map(({ body, id }) => [id, body]))
  return events.map((event): IssueEvent => {
    const body = bodies.get(commentIn(event) ?? -1n)
    return body === undefined ? event : { ...event, comment_body: body }
  })
})

/** The events of an issue and those that name it as the other end of a link, wherever they happened. A deleted one has them still. */
export const ofIssue = Effect.fn("Events.ofIssue")(function*(
  wanted: Omit<Wanted, "projectId"> & { readonly projectId: bigint; readonly ref: string }
) {
  const { read, sql } = yield* Store
  const { after, latest } = wanted
  const since = yield* timeOf("since", wanted.since)
  const limit = latest ?? wanted.limit
  return yield* read(Effect.gen(function*() {
    const project = yield* projectById(wanted.projectId)
    const { id } = yield* issueByRef(project, wanted.ref, { deleted: true })
    const where: Statement.Fragment = sql.and([
      sql`e.id > ${after}`,
      sql`(e.issue_id = ${id} OR e.related_issue_id = ${id})`,
      ...Option.toArray(Option.map(since, (time) => sql`e.created_at >= ${time}`))
    ])
    const found = yield* envelopesOf(where, limit < most ? limit : most, latest === undefined ? "first" : "last")
    return {
      reset_required: false,
      events: yield* withComments(id, found),
      next_after_id: found.at(-1)?.event_id ?? after
    }
  }))
})
