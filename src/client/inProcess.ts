/** The daemon from within: its routes without its socket, for the commands that it runs itself and for tests. */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Headers from "@effect/platform/Headers"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import type * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { validateHeaderName, validateHeaderValue } from "node:http"
import type { Inside } from "../api/CommandLine.ts"
import type { From } from "../presence/discover.ts"
import type { Target } from "../presence/Target.ts"
import type { DaemonUnreachable } from "./ClientError.ts"
import { AnotherDaemon, configured } from "./connect.ts"
import { type Connection, DaemonClient, type Message, type Reply, type Upload } from "./DaemonClient.ts"
import { headersOf, unreachable } from "./transport.ts"

/** One for each method: nothing else of them is used. */
const requests = new Map<string, Request>()

const requestOf = (method: string) => {
  const request = requests.get(method) ?? new Request("http://kata.invalid/", { method })
  requests.set(method, request)
  return HttpServerRequest.fromWeb(request)
}

/** The message as a server gets it; throws where node:http would not send it. */
const received = (message: Message, headers: Readonly<Record<string, string>>, bytes?: Stream.Stream<Uint8Array>) => {
  const { body, method, path } = message
  if (/[^\u0021-\u00ff]/.test(path)) throw new TypeError("Request path contains unescaped characters")
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  }
  const request = requestOf(method).modify({
    // As it is spelled: a URL would have no `..`.
    url: path,
    headers: Headers.fromInput(Object.entries(headers).map(([name, value]): [string, string] => [name, value.trim()]))
  })
  // The body is there: what Node would make of it, a stream of its own, costs more than the answer.
  if (bytes !== undefined) Object.defineProperty(request, "stream", { value: bytes })
  return body === undefined ? request : Object.defineProperty(request, "arrayBuffer", {
    value: Effect.sync(() => Uint8Array.from(Buffer.from(body)).buffer)
  })
}

const replyOf = (
  { body, headers, status }: HttpServerResponse.HttpServerResponse,
  broken: (cause: unknown) => DaemonUnreachable
): Reply => {
  switch (body._tag) {
    case "Empty":
      return { status, headers, text: Effect.succeed(""), bytes: Stream.empty }
    case "Uint8Array":
      return {
        status,
        headers,
        text: Effect.sync(() => Buffer.from(body.body).toString("utf8")),
        bytes: Stream.succeed(body.body)
      }
    case "Stream": {
      // What ends a body in its middle ends the connection, when there is one.
      const bytes = Stream.catchAllCause(body.stream, (cause) => Stream.fail(broken(Cause.squash(cause))))
      return { status, headers, text: Stream.mkString(Stream.decodeText(bytes)), bytes }
    }
    default:
      throw new Error(`an answer of the API is a text or a stream, not ${body._tag}`)
  }
}

/** Asks the daemon itself; what ends a connection in its middle ends the answer. */
export const connectionInside = ({ app, databasePath }: Inside, token?: string): Connection => {
  const target: Target = { socketPath: "", token }
  const send = (message: Message, bytes?: Stream.Stream<Uint8Array>) =>
    Effect.try({
      try: () => received(message, headersOf(target, message), bytes),
      catch: unreachable(target, message.method, false)
    }).pipe(
      Effect.flatMap((request) => Effect.provideService(app, HttpServerRequest.HttpServerRequest, request)),
      Effect.map((response) => replyOf(response, unreachable(target, message.method, true)))
    )
  return {
    address: `the daemon of ${databasePath}`,
    mayHang: false,
    send: (message) => send(message),
    upload: <E>({ headers, method, path, type }: Upload, bytes: Stream.Stream<Uint8Array, E>) =>
      Effect.gen(function*() {
        // A body that fails is one that ends too early for the daemon; who sends it knows why.
        const failed = yield* Deferred.make<never, E>()
        const body = Stream.catchAllCause(
          bytes,
          (cause) => Stream.drain(Stream.fromEffect(Effect.zipRight(Deferred.failCause(failed, cause), Effect.never)))
        )
        const message = { method, path, headers: { ...headers, "content-type": type, "transfer-encoding": "chunked" } }
        return yield* Effect.raceFirst(
          Effect.interruptible(send(message, body)),
          Effect.interruptible(Deferred.await(failed))
        )
      })
  }
}

/** What it takes to read the configuration. */
type Configuring = FileSystem.FileSystem | CommandExecutor.CommandExecutor

/** For a command that wants this daemon; one that wants another has to run where it was typed. */
export const inProcess = (inside: Inside): Effect.Effect<DaemonClient["Type"], never, Configuring> =>
  Effect.map(Effect.context<Configuring>(), (context) => {
    const connect = Effect.fnUntraced(function*(from: From) {
      const { elsewhere, token } = yield* Effect.provide(configured(from), context)
      const wanted = Option.match(elsewhere, { onNone: () => from.databasePath, onSome: ({ url }) => url })
      if (wanted !== inside.databasePath) {
        return yield* new AnotherDaemon({ wanted, databasePath: inside.databasePath })
      }
      return connectionInside(inside, token)
    })
    return { connect, find: (from) => Effect.asSome(connect(from)) }
  })

export const layerInProcess = (inside: Inside): Layer.Layer<DaemonClient, never, Configuring> =>
  Layer.effect(DaemonClient, inProcess(inside))
