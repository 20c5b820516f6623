/**
 * Events from a cursor on, in their order. A cursor is the id of the last event that a client has seen. Where events after it were purged,
 * the client has seen what is gone, and must begin anew: that is a reset.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Store } from "../../store/Store.ts"
import { projectById } from "../lookup.ts"
import { EventEnvelope, Int64 } from "../model.ts"
import { all, one } from "../query.ts"

/** Undefined: all projects. */
export interface Cursor {
  readonly projectId: bigint | undefined
  readonly after: bigint
}

/** Of a page for a poll. */
const most = 1000n
/** Of a page for a stream, which is in memory while a slow client reads it. */
const pageSize = 64n
/** A client that is further behind fetches the state instead. */
const farthest = 10_000n

/** Bytes of payloads that end a page, of which there is one event at least: an event can hold the text of an issue as it was. */
const mostBytes = 8 * 1024 * 1024

const envelopes = all(EventEnvelope)
const sizes = all(Schema.Struct({ id: Int64, bytes: Int64 }))
const number = one(Schema.Struct({ n: Schema.NullOr(Int64) }))

/** The id that a page of at most so many events ends with; that of the cursor where there are none. */
const lastOf = Effect.fnUntraced(function*({ after, projectId }: Cursor, limit: bigint) {
  const { sql } = yield* Store
  const page = yield* sizes(sql`
    SELECT id, octet_length(payload) AS bytes FROM events
    WHERE id > ${after} ${projectId === undefined ? sql`` : sql`AND project_id = ${projectId}`}
    ORDER BY id LIMIT ${limit}`)
  let [last, total] = [after, 0]
  for (const { bytes, id } of page) {
    total += Number(bytes)
    if (last !== after && total > mostBytes) break
    last = id
  }
  return last
})

const pageAfter = Effect.fnUntraced(function*(cursor: Cursor, limit: bigint) {
  const { after, projectId } = cursor
  const { sql } = yield* Store
  const last = yield* lastOf(cursor, limit)
  if (last === after) return []
  return yield* envelopes(sql`
    SELECT e.id AS event_id, e.uid AS event_uid, e.origin_instance_uid, e.type, e.project_id, p.uid AS project_uid,
      e.project_name, e.issue_id, e.issue_uid, i.short_id AS issue_short_id, e.related_issue_id, e.related_issue_uid,
      r.short_id AS related_issue_short_id, e.actor, e.payload, e.created_at
    FROM events e JOIN projects p ON p.id = e.project_id
      LEFT JOIN issues i ON i.id = e.issue_id LEFT JOIN issues r ON r.id = e.related_issue_id
    WHERE e.id > ${after} AND e.id <= ${last} ${projectId === undefined ? sql`` : sql`AND e.project_id = ${projectId}`}
    ORDER BY e.id`)
})

/** The cursor to begin anew with, where that is needed. */
const resetAfter = Effect.fnUntraced(function*({ after, projectId }: Cursor) {
  const { sql } = yield* Store
  const { n } = yield* number(sql`
    SELECT max(purge_reset_after_event_id) AS n FROM purge_log
    WHERE purge_reset_after_event_id > ${after} ${
    projectId === undefined ? sql`` : sql`AND project_id = ${projectId}`
  }`)
  return Option.fromNullable(n)
})

/** One page, and the cursor for the next. */
export const poll = Effect.fn("Events.poll")(function*(cursor: Cursor, limit: bigint) {
  const { read } = yield* Store
  return yield* read(Effect.gen(function*() {
    if (cursor.projectId !== undefined) yield* projectById(cursor.projectId)
    const reset = yield* resetAfter(cursor)
    if (Option.isSome(reset)) {
      const to = reset.value
      return { reset_required: true, reset_after_id: to, events: [], next_after_id: to }
    }
    const events = yield* pageAfter(cursor, limit < most ? limit : most)
    return { reset_required: false, events, next_after_id: events.at(-1)?.event_id ?? cursor.after }
  }))
})

/** What a stream tells: events, or that the client must begin anew after that id, which is the last it tells. */
export type News = EventEnvelope | { readonly resetAfter: bigint }

const tooFar = Effect.fnUntraced(function*({ after, projectId }: Cursor) {
  const { sql } = yield* Store
  const { n } = yield* number(sql`
    SELECT count(*) AS n FROM (SELECT 1 FROM events
    WHERE id > ${after} ${projectId === undefined ? sql`` : sql`AND project_id = ${projectId}`} LIMIT ${
    farthest + 1n
  })`)
  if ((n ?? 0n) <= farthest) return Option.none<bigint>()
  const newest = yield* number(sql`SELECT max(id) AS n FROM events`)
  return Option.fromNullable(newest.n)
})

/** The project must be there; what fails later is the database. */
export const follow = Effect.fn("Events.follow")(function*(cursor: Cursor) {
  const ledger = yield* Store
  const { read, writes } = ledger
  const first = yield* read(Effect.gen(function*() {
    if (cursor.projectId !== undefined) yield* projectById(cursor.projectId)
    return yield* tooFar(cursor)
  }))
  if (Option.isSome(first)) return Stream.succeed<News>({ resetAfter: first.value })
  const next = (from: Cursor) =>
    read(Effect.gen(function*() {
      const reset = yield* resetAfter(from)
      return Option.isSome(reset) ? { resetAfter: reset.value } : yield* pageAfter(from, pageSize)
    }))
  return Stream.unwrapScoped(Effect.gen(function*() {
    // of many writes one is remembered: a slow client costs no memory
    const wake = yield* Queue.sliding<void>(1)
    yield* Effect.forkScoped(Stream.runForEach(writes.changes, () => Queue.offer(wake, undefined)))
    // The first to be taken says that the changes are watched: nothing is missed between a read and a wait.
    yield* Queue.take(wake)
    return Stream.paginateChunkEffect(cursor, (from) =>
      Effect.gen(function*() {
        const found = yield* next(from)
        if ("resetAfter" in found) return [Chunk.of<News>(found), Option.none<Cursor>()] as const
        const last = found.at(-1)
        if (last === undefined) yield* Queue.take(wake)
        const after = last?.event_id ?? from.after
        return [Chunk.unsafeFromArray<News>(found), Option.some<Cursor>({ ...from, after })] as const
      }))
  })).pipe(Stream.provideService(Store, ledger))
})
