/** Asks the daemon by the names of its routes, whichever way it is reached. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Request, Success } from "../api/calls.ts"
import { prefix, type RouteName, routes } from "../api/routes.ts"
import type { FileError } from "../files/FileError.ts"
import { jsonOf } from "../ledger/RawJson.ts"
import { AnswerUnreadable, ApiFailure, DaemonUnreachable } from "./ClientError.ts"
import type { Connection, Message, Reply } from "./DaemonClient.ts"
import { withEmptyLists } from "./emptyLists.ts"

export type { Request }

/** What the daemon answered: text that is passed on as it is, or read with `read`. `A` is what it says, by the API's definition. */
export interface Answer<out A> {
  readonly text: string
  readonly address: string
  /** As in `GET /projects`. */
  readonly request: string
  /** Never there: it keeps an answer from being read as another one. */
  readonly says?: A
}

type Word = string | number | bigint | boolean

/** Any request, as it is sent. */
interface Sent {
  readonly path?: Readonly<Record<string, Word>>
  readonly query?: Readonly<Record<string, Word | ReadonlyArray<Word> | undefined>>
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly body?: object
  readonly lines?: Stream.Stream<Uint8Array, FileError>
  readonly timeout?: Duration.Duration
}

export type ClientError = AnswerUnreadable | ApiFailure | DaemonUnreachable

export interface Client {
  /** A question can always be interrupted; a change only where the caller can. */
  readonly call: <Name extends RouteName>(
    name: Name,
    request: Request<Name>
  ) => Effect.Effect<Answer<Success<Name>>, ClientError>
}

/** The method and the path with its query. */
export const lineOf = <Name extends RouteName>(name: Name, request: Request<Name>) => {
  const [method, template] = routes[name]
  const { path: values = {}, query = {} }: Sent = request
  const filled = template.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(values[key])))
  const search = Object.entries(query)
    .flatMap(([key, value]) => value === undefined ? [] : [value].flat().map((one) => [key, one] as const))
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`).join("&")
  return { method, path: prefix + filled + (search === "" ? "" : `?${search}`) }
}

const Refusal = Schema.parseJson(Schema.Struct({
  error: Schema.Struct({
    code: Schema.optionalWith(Schema.String, { default: () => "" }),
    message: Schema.String,
    hint: Schema.optionalWith(Schema.String, { nullable: true, default: () => "" }),
    data: Schema.optional(Schema.Unknown)
  })
}))
const decodeRefusal = Schema.decodeOption(Refusal)

/** What can be said of an answer that is none of the API's. */
const noApi = "no kata of this version answers so: is that the right server, and is something in between? " +
  "Look whether a change was made before you repeat it"

/** An answer that is no success. */
export const refusal = (status: number, text: string): ApiFailure =>
  Option.match(decodeRefusal(text), {
    onNone: () =>
      new ApiFailure({
        status,
        code: "",
        reason: text.trim() === "" || text.trimStart().startsWith("<")
          ? `the daemon answered ${status}`
          : text.trim().slice(0, 1000),
        advice: noApi
      }),
    onSome: ({ error: { code, data, hint, message } }) =>
      new ApiFailure({ status, code, reason: message, advice: hint, data })
  })

export const defaultTimeout = Duration.seconds(5)

/** A client of the daemon at the other end. Each request may take so long, unless it says otherwise. */
export const make = (connection: Connection, patience: Duration.Duration = defaultTimeout): Client => ({
  call: (name, request) => {
    const { method, path } = lineOf(name, request)
    const { body, headers = {}, lines, timeout = patience }: Sent = request
    const message: Message = {
      method,
      path,
      headers: Record.filter(headers, (value) => value !== undefined),
      ...(body === undefined ? {} : { body: jsonOf(body) })
    }
    const whole = (reply: Effect.Effect<Reply, DaemonUnreachable, Scope.Scope>) =>
      Effect.scoped(
        Effect.flatMap(reply, ({ status, text }) => Effect.map(text, (text) => ({ status, text })))
      )
    const answered = ({ address, mayHang, send, upload }: Connection) => {
      if (lines !== undefined) {
        const unread = ({ message: what }: FileError) =>
          new DaemonUnreachable({ address, what, next: "", mayBeDone: false })
        const { headers = {} } = message
        const reply = upload({ method, path, headers, type: "application/jsonl" }, Stream.mapError(lines, unread))
        return Effect.timeoutFail(whole(reply), { duration: timeout, onTimeout: () => late(address, method, timeout) })
      }
      const answer = (message: Message) => whole(send(message))
      if (!mayHang) return answer(message)
      return method === "GET"
        ? Effect.timeoutFail(answer(message), { duration: timeout, onTimeout: () => late(address, method, timeout) })
        : heard((onWait) => answer({ ...message, onWait }), timeout, late(address, method, timeout))
    }
    const exchange = answered(connection).pipe(
      // Once: between finding a daemon and asking it, it may stop.
      Effect.catchIf(
        ({ mayBeRepeated }) => mayBeRepeated === true,
        (error) =>
          connection.again === undefined ? Effect.fail(error) : Effect.scoped(
            Effect.flatMap(Effect.mapError(connection.again, () => error), answered)
          )
      ),
      Effect.filterOrElse(({ status }) => status >= 200 && status < 300, ({ status, text }) => refusal(status, text)),
      Effect.map(({ text }) => ({ text, address: connection.address, request: `${method} ${path}` })),
      // Programs get it as it is: what came over a wire may be anything.
      Effect.tap((answer) => connection.mayHang && answer.text !== "" ? parsed(answer) : Effect.void)
    )
    return method === "GET" ? Effect.interruptible(exchange) : exchange
  }
})

/**
 * An answer, while somebody is heard: who changes something may have to wait for others, and is told so. Within, both can be interrupted, so
 * that the time is kept where nothing else can be.
 */
const heard = <A, E, R>(
  answer: (onWait: () => void) => Effect.Effect<A, E, R>,
  timeout: Duration.Duration,
  late: DaemonUnreachable
) =>
  Effect.suspend(() => {
    let words = 0
    const silence = Effect.gen(function*() {
      for (let before = -1; before !== words;) {
        before = words
        yield* Effect.sleep(timeout)
      }
      return yield* late
    })
    return Effect.raceFirst(Effect.interruptible(answer(() => words++)), Effect.interruptible(silence))
  })

/** Nothing came in time. */
export const late = (address: string, method: string, timeout: Duration.Duration) =>
  new DaemonUnreachable({
    address,
    what: `nothing within ${Duration.format(timeout)}`,
    next: "KATA_HTTP_TIMEOUT=1m waits longer",
    mayBeDone: method !== "GET"
  })

const parse = Schema.decode(Schema.parseJson())

const unreadable = ({ address, request }: Answer<unknown>) => ({ message }: { readonly message: string }) =>
  new AnswerUnreadable({ address, request, detail: message.replace(/\s+/g, " ").slice(0, 300) })

const parsed = (answer: Answer<unknown>) => Effect.mapError(parse(answer.text), unreadable(answer))

/** What an answer says: the Schema is that of the API, in `api/answers.ts`. */
export const read = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknown(schema)
  return (answer: Answer<A>): Effect.Effect<A, AnswerUnreadable> =>
    Effect.flatMap(
      parsed(answer),
      (value) => Effect.mapError(decode(withEmptyLists(schema.ast, value)), unreadable(answer))
    )
}
