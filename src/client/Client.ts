/** Asks the daemon by the names of its routes, whichever way it is reached. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { prefix, type RouteName, routes } from "../api/routes.ts"
import { AnswerUnreadable, ApiFailure, DaemonUnreachable } from "./ClientError.ts"
import type { Connection, Message } from "./DaemonClient.ts"

/** What the daemon answered: text that is passed on as it is, or read with `read`. */
export interface Answer {
  readonly text: string
  readonly address: string
  /** As in `GET /projects`. */
  readonly request: string
}

type Word = string | number | bigint

type Names<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}` ? Name | Names<Rest>
  : Path extends `${string}:${infer Name}` ? Name
  : never

type PathOf<Name extends RouteName> = Names<typeof routes[Name][1]>

interface Rest {
  /** An undefined member is left out. */
  readonly query?: Readonly<Record<string, Word | boolean | undefined>>
  readonly headers?: Readonly<Record<string, string>>
  /** Becomes JSON; an undefined member is left out. */
  readonly body?: object
  /** For a request that takes longer than others. */
  readonly timeout?: Duration.Duration
}

export type Request<Name extends RouteName> =
  & Rest
  & ([PathOf<Name>] extends [never] ? { readonly path?: never }
    : { readonly path: Readonly<Record<PathOf<Name>, Word>> })

export type ClientError = ApiFailure | DaemonUnreachable

export interface Client {
  /** A question can always be interrupted; a change only where the caller can. */
  readonly call: <Name extends RouteName>(name: Name, request: Request<Name>) => Effect.Effect<Answer, ClientError>
}

/** The method and the path with its query. */
export const lineOf = <Name extends RouteName>(name: Name, { path, query }: Request<Name>) => {
  const [method, template] = routes[name]
  const values: Readonly<Record<string, Word>> = path ?? {}
  const filled = template.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(values[key])))
  const search = Object.entries(query ?? {}).filter(([, value]) => value !== undefined)
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

/** An answer that is no success. */
export const refusal = (status: number, text: string): ApiFailure =>
  Option.match(decodeRefusal(text), {
    onNone: () =>
      new ApiFailure({
        status,
        code: "",
        reason: text.trim() === "" ? `the daemon answered ${status}` : text.trim().slice(0, 1000),
        advice: ""
      }),
    onSome: ({ error: { code, data, hint, message } }) =>
      new ApiFailure({ status, code, reason: message, advice: hint, data })
  })

export const defaultTimeout = Duration.seconds(5)

/** A client of the daemon at the other end. Each request may take `timeout`. */
export const make = (connection: Connection, timeout: Duration.Duration = defaultTimeout): Client => ({
  call: (name, request) => {
    const { method, path } = lineOf(name, request)
    const message: Message = {
      method,
      path,
      headers: request.headers ?? {},
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) })
    }
    const answer = connection.send(message).pipe(
      Effect.flatMap(({ status, text }) => Effect.map(text, (text) => ({ status, text }))),
      Effect.scoped
    )
    const duration = request.timeout ?? timeout
    const inTime = connection.mayHang
      ? Effect.timeoutFail(answer, { duration, onTimeout: () => late(connection.address, method, duration) })
      : answer
    const exchange = inTime.pipe(
      Effect.flatMap(({ status, text }) =>
        status >= 200 && status < 300
          ? Effect.succeed({ text, address: connection.address, request: `${method} ${path}` })
          : Effect.fail(refusal(status, text))
      )
    )
    return method === "GET" ? Effect.interruptible(exchange) : exchange
  }
})

/** Nothing came in time. */
export const late = (address: string, method: string, timeout: Duration.Duration) =>
  new DaemonUnreachable({
    address,
    what: `nothing within ${Duration.format(timeout)}`,
    next: "KATA_HTTP_TIMEOUT=1m waits longer",
    mayBeDone: method !== "GET"
  })

/** What an answer says. */
export const read = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decode(Schema.parseJson(schema))
  return (answer: Answer): Effect.Effect<A, AnswerUnreadable> =>
    Effect.mapError(
      decode(answer.text),
      (error) =>
        new AnswerUnreadable({
          address: answer.address,
          request: answer.request,
          detail: error.message.replace(/\s+/g, " ").slice(0, 300)
        })
    )
}
