/**
 * Events from a cursor on, in their order. A cursor is the id of the last event that a client has seen. Where events after it were purged,
 * the client has seen what is gone, and must begin anew: that is a reset.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { StorageFailure } from "../../store/StorageFailure.ts"
import { Store } from "../../store/Store.ts"
import { projectById } from "../lookup.ts"
import { type EventEnvelope, Int64 } from "../model.ts"
import { all, one } from "../query.ts"
import { envelopesOf } from "./envelopes.ts"
import { following, type Read, type Told } from "./recentEvents.ts"

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

const number = one(Schema.Struct({ n: Schema.NullOr(Int64) }))

const pageAfter = Effect.fnUntraced(function*({ after, projectId }: Cursor, limit: bigint) {
  const { sql } = yield* Store
  const where = [sql`e.id > ${after}`, ...projectId === undefined ? [] : [sql`e.project_id = ${projectId}`]]
  return yield* envelopesOf(sql.and(where), limit)
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
    const { n: last } = yield* highest
    const reset = cursor.after > last ? Option.some(last) : yield* resetAfter(cursor)
    if (Option.isSome(reset)) {
      const to = reset.value
      return { reset_required: true, reset_after_id: to, events: [], next_after_id: to }
    }
    const events = yield* pageAfter(cursor, limit < most ? limit : most)
    return { reset_required: false, events, next_after_id: events.at(-1)?.event_id ?? cursor.after }
  }))
})

const ends = one(Schema.Struct({ event: Int64, n: Int64 }))

/** The id of the newest event, and the highest that a client can have seen, those of purges included; 0 where nothing has happened. */
const highest = Effect.flatMap(Store, ({ sql }) =>
  ends(sql`
    SELECT event, max(event, purged) AS n FROM (SELECT coalesce((SELECT max(id) FROM events), 0) AS event,
      coalesce((SELECT max(purge_reset_after_event_id) FROM purge_log), 0) AS purged)`))

const resetRows = all(Schema.Struct({ project_id: Int64, n: Int64 }))

/** What a stream sends: events, or that the client must begin anew after that id, which ends the stream. */
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

/** What `following` reads for all: what is new in all projects, and the resets behind a cursor by their projects. */
const reading = (store: Store["Type"]): Read => (after, limit, resetsAfter) =>
  store.read(Effect.gen(function*() {
    const events = limit === 0 ? [] : yield* pageAfter({ projectId: undefined, after }, BigInt(limit))
    const resets = limit === 0 ? [] : yield* resetRows(store.sql`
      SELECT project_id, max(purge_reset_after_event_id) AS n FROM purge_log
      WHERE purge_reset_after_event_id > ${resetsAfter} GROUP BY project_id`)
    const { event, n } = yield* highest
    const last = events.at(-1)
    return {
      events,
      isAll: last === undefined || last.event_id >= event,
      highest: n,
      resets: new Map(resets.map(({ n, project_id }) => [project_id, n]))
    }
  })).pipe(Effect.provideService(Store, store))

/** The project must be there; what fails later is the database. */
export const follow = Effect.fn("Events.follow")(function*(cursor: Cursor) {
  const store = yield* Store
  const { projectId } = cursor
  const first = yield* store.read(Effect.gen(function*() {
    if (projectId !== undefined) yield* projectById(projectId)
    const { n: last } = yield* highest
    return cursor.after > last ? Option.some(last) : yield* tooFar(cursor)
  }))
  if (Option.isSome(first)) return Stream.succeed<News>({ resetAfter: first.value })
  /** From the tables: the next page, and a cursor up to which there was nothing else. */
  const stored = (after: bigint) =>
    store.read(Effect.gen(function*() {
      const reset = yield* resetAfter({ projectId, after })
      if (Option.isSome(reset)) return { _tag: "Reset", after: reset.value } as const
      const events = yield* pageAfter({ projectId, after }, pageSize)
      return { _tag: "Events", events, upTo: events.at(-1)?.event_id ?? (yield* highest).n } as const
    })).pipe(Effect.provideService(Store, store))
  return Stream.unwrapScoped(Effect.map(following(store, reading(store)), (feed) => {
    type Step = readonly [news: Chunk.Chunk<News>, next: Option.Option<bigint>]
    const told = (found: Exclude<Told, { readonly _tag: "Behind" | "Wait" }>): Effect.Effect<Step, StorageFailure> =>
      found._tag === "Reset"
        ? Effect.succeed([Chunk.of<News>({ resetAfter: found.after }), Option.none()])
        : found.events.length === 0
        ? step(found.upTo)
        : Effect.succeed([Chunk.unsafeFromArray<News>(found.events), Option.some(found.upTo)])
    const step = (after: bigint): Effect.Effect<Step, StorageFailure> =>
      Effect.suspend(() => {
        const found = feed.told(projectId, after)
        switch (found._tag) {
          case "Wait":
            return Effect.flatMap(found.wake, (quiet) => step(quiet > after ? quiet : after))
          case "Behind":
            return Effect.flatMap(stored(after), told)
          default:
            return told(found)
        }
      })
    return Stream.paginateChunkEffect(cursor.after, step)
  }))
})
