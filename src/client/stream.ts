/** The stream of events, followed for as long as it is read: a connection that ends is made again where it ended. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { StreamReset } from "../api/answers.ts"
import type { Failure } from "../Failure.ts"
import { late, lineOf, refusal } from "./Client.ts"
import { ApiFailure, type DaemonUnreachable } from "./ClientError.ts"
import type { Connection } from "./DaemonClient.ts"

/** One frame of an event stream. */
export interface Frame {
  readonly id: string
  readonly event: string
  readonly data: string
}

const empty: Frame = { id: "", event: "", data: "" }

/** A line of the stream: what the frame has become, and the frame itself when the line ends it. */
const take = (draft: Frame, line: string): readonly [Frame, Option.Option<Frame>] => {
  if (line === "") return [empty, draft.data === "" ? Option.none() : Option.some(draft)]
  const [, field, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
  switch (field) {
    case "id":
      return [{ ...draft, id: value }, Option.none()]
    case "event":
      return [{ ...draft, event: value }, Option.none()]
    case "data":
      return [{ ...draft, data: draft.data === "" ? value : `${draft.data}\n${value}` }, Option.none()]
    // A comment that keeps the connection alive, or a field that we do not know.
    default:
      return [draft, Option.none()]
  }
}

/** The frames in the bytes of a stream; one that is cut off is none. */
export const frames = <E, R>(bytes: Stream.Stream<Uint8Array, E, R>): Stream.Stream<Frame, E, R> =>
  bytes.pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.mapAccum(empty, take),
    Stream.filterMap((frame) => frame)
  )

const decodeReset = Schema.decodeOption(Schema.parseJson(StreamReset))

/** What a follower receives. */
export type News =
  | { readonly _tag: "Event"; readonly after: number; readonly json: string }
  /** Events are gone for good: what was made of them must be made anew, from this cursor. */
  | { readonly _tag: "Reset"; readonly after: number }

export interface Following<E, R, E2, R2> {
  /** Made anew for each attempt: a daemon may come back at another address. */
  readonly connection: Effect.Effect<Connection, E, R>
  /** Everything that there is, unless given. */
  readonly after: number | undefined
  readonly projectId: bigint | undefined
  /** For the head of the answer. */
  readonly timeout: Duration.Duration
  readonly onNews: (news: News) => Effect.Effect<void, E2, R2>
  /** A connection broke or could not be made; the next one is tried in so many seconds. */
  readonly onBreak: (what: string, seconds: number) => Effect.Effect<void, E2, R2>
}

const longestWait = 30

/** What another attempt may cure: there was no answer, or a server error. */
const mayPass = (error: Failure) =>
  error instanceof ApiFailure ? error.status >= 500 : error.kind === "daemon_unavailable"

/** Ends with a failure only: the daemon refuses, or the consumer fails. */
export const follow = <E extends Failure, R, E2 extends Failure, R2>(
  following: Following<E, R, E2, R2>
): Effect.Effect<never, ApiFailure | DaemonUnreachable | E | E2, Exclude<R, Scope.Scope> | R2> =>
  Effect.gen(function*() {
    let after = following.after
    let wait = 1
    const onNews = (news: News) => {
      after = news.after
      wait = 1
      return following.onNews(news)
    }
    for (;;) {
      const end = yield* Effect.either(attempt(following, after, onNews))
      if (Either.isLeft(end) && !mayPass(end.left)) return yield* Effect.fail(end.left)
      // After a reset there is nothing to wait for.
      if (Either.isRight(end) && end.right === "reset") continue
      yield* following.onBreak(Either.isLeft(end) ? end.left.message : "the stream ended", wait)
      yield* Effect.sleep(Duration.seconds(wait))
      wait = Math.min(wait * 2, longestWait)
    }
  })

/** One connection, until it ends or a reset comes. */
const attempt = <E, R, E2, R2>(
  { connection, projectId, timeout }: Following<E, R, E2, R2>,
  after: number | undefined,
  onNews: (news: News) => Effect.Effect<void, E2, R2>
) =>
  Effect.scoped(Effect.gen(function*() {
    const { address, send } = yield* connection
    const { method, path } = lineOf("eventStream", { query: { project_id: projectId?.toString() } })
    const headers = {
      accept: "text/event-stream",
      ...(after === undefined ? {} : { "last-event-id": String(after) })
    }
    const { bytes, status, text } = yield* send({ method, path, headers }).pipe(
      Effect.timeoutFail({ duration: timeout, onTimeout: () => late(address, method, timeout) })
    )
    if (status !== 200) return yield* refusal(status, yield* text)
    return yield* frames(bytes).pipe(
      Stream.map(newsOf),
      Stream.takeUntil(({ _tag }) => _tag === "Reset"),
      Stream.tap(onNews),
      Stream.runFold("ended" as "ended" | "reset", (end, { _tag }) => _tag === "Reset" ? "reset" : end)
    )
  }))

const newsOf = ({ data, event, id }: Frame): News => {
  const reset = event === "sync.reset_required" ? Option.getOrUndefined(decodeReset(data)) : undefined
  return reset === undefined
    ? { _tag: "Event", after: Number(id), json: data }
    : { _tag: "Reset", after: Number(reset.reset_after_id) }
}
