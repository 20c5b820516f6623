/** Asks the daemon by the names of its routes, over one connection. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { prefix, type RouteName, routes } from "../api/routes.ts"
import { nameOf, type Target } from "../presence/Target.ts"
import { AnswerUnreadable, ApiFailure, DaemonUnreachable } from "./ClientError.ts"
import { connections, type Message, send, textOf } from "./transport.ts"

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
  readonly target: Target
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

/** A client of this target; its connection is closed with the scope. Each request may take `timeout`. */
export const make = (
  target: Target,
  timeout: Duration.Duration = defaultTimeout
): Effect.Effect<Client, never, Scope.Scope> =>
  Effect.map(connections, (agent) => ({
    target,
    call: (name, request) => {
      const { method, path } = lineOf(name, request)
      const message: Message = {
        method,
        path,
        headers: request.headers ?? {},
        ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) })
      }
      const exchange = send(target, agent, message).pipe(
        Effect.flatMap((answer) =>
          Effect.map(textOf(target, method, answer), (text) => ({ status: answer.statusCode ?? 0, text }))
        ),
        Effect.scoped,
        Effect.timeoutFail({
          duration: request.timeout ?? timeout,
          onTimeout: () => late(target, method, request.timeout ?? timeout)
        }),
        Effect.flatMap(({ status, text }) =>
          status >= 200 && status < 300
            ? Effect.succeed({ text, address: nameOf(target), request: `${method} ${path}` })
            : Effect.fail(refusal(status, text))
        )
      )
      return method === "GET" ? Effect.interruptible(exchange) : exchange
    }
  }))

/** Nothing came in time. */
export const late = (target: Target, method: string, timeout: Duration.Duration) =>
  new DaemonUnreachable({
    address: nameOf(target),
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
