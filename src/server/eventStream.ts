/** Events as a stream of server-sent events (spec of the daemon, C5). */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { StreamReset } from "../api/answers.ts"
import { fits64 } from "../api/params.ts"
import { type Cursor, follow, type News } from "../ledger/events/eventFeed.ts"
import { EventEnvelope } from "../ledger/model.ts"
import { write } from "../ledger/RawJson.ts"
import { guarded } from "./responses.ts"

/** How often an idle stream says that it is there. */
const heartbeat = "25 seconds"

const encode = Schema.encodeSync(EventEnvelope)
const encodeReset = Schema.encodeSync(StreamReset)

const frameText = (id: bigint, event: string, data: unknown) =>
  `id: ${id}\nevent: ${event.replace(/[\r\n]/g, " ")}\ndata: ${write(data)}\n\n`

const frame = (news: News): string =>
  "resetAfter" in news
    ? frameText(
      news.resetAfter,
      "sync.reset_required",
      encodeReset({ event_id: news.resetAfter, reset_after_id: news.resetAfter })
    )
    : frameText(news.event_id, news.type, encode(news))

/** What many streams send is serialised once. */
const written = new WeakMap<News, Uint8Array>()

const utf8 = new TextEncoder()

const bytesOf = (news: News): Uint8Array => {
  const bytes = written.get(news) ?? utf8.encode(frame(news))
  written.set(news, bytes)
  return bytes
}

const connected = utf8.encode(": connected\n\n")
const keepalive = utf8.encode(": keepalive\n\n")

interface Query {
  readonly after_id?: string
  readonly project_id?: string
}

/** Where a client left off, or the refusal of what it says. */
const cursorOf = (last: string | undefined, query: Query): Cursor | string => {
  const [name, after] = last === undefined ? ["after_id", query.after_id ?? "0"] : ["Last-Event-ID", last]
  if (!isId(after)) return `${name} must be a non-negative integer`
  if (query.project_id === undefined) return { projectId: undefined, after: BigInt(after) }
  if (!isId(query.project_id) || BigInt(query.project_id) === 0n) return "project_id must be a positive integer"
  return { projectId: BigInt(query.project_id), after: BigInt(after) }
}

const isId = (text: string) => /^\d{1,19}$/.test(text) && fits64(BigInt(text))

const accepts = (accept: string | undefined) =>
  (accept ?? "").split(",").some((range) => /^\s*(?:text\/event-stream|\*\/\*)\s*(?:;|$)/i.test(range))

/** The answer to a request for the stream. */
export const eventStream = Effect.fnUntraced(function*(
  request: HttpServerRequest.HttpServerRequest,
  last: string | undefined,
  query: Query
) {
  if (!accepts(request.headers["accept"])) return guarded("NotAcceptable", "Accept must be text/event-stream")
  // Also an empty one, which counts as none elsewhere.
  const named = new URL(request.url, "http://kata.invalid").searchParams.has("after_id")
  if (last !== undefined && named) {
    return guarded("CursorConflict", "pass either Last-Event-ID or ?after_id, not both")
  }
  const cursor = cursorOf(last, query)
  if (typeof cursor === "string") return guarded("InvalidRequest", cursor)
  const news = yield* follow(cursor)
  const beats = Stream.drop(Stream.tick(heartbeat), 1).pipe(Stream.as(keepalive))
  const frames = news.pipe(
    Stream.map(bytesOf),
    Stream.merge(beats, { haltStrategy: "left" })
  )
  return HttpServerResponse.stream(
    Stream.concat(Stream.succeed(connected), frames).pipe(
      // the client comes again with its cursor; why, the log says
      Stream.catchAllCause((cause) => Stream.drain(Stream.fromEffect(Effect.logError("an event stream ended", cause))))
    ),
    {
      contentType: "text/event-stream",
      headers: { "cache-control": "no-cache", connection: "keep-alive" }
    }
  )
})
