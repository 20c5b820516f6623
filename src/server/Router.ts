/**
 * The router of the API: from a request to the handler of its route, and back. It reads the one definition of the API (`Api.ts`) and does
 * what Go kata's server does before and after a handler: guards, routing, sizes, the sentences of refusals, the spelling of bodies.
 */
import * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type * as Types from "effect/Types"
import { BodyLimit, Lines, Streams } from "../api/endpoint.ts"
import type { Envelope } from "../api/refusals.ts"
import type { Code, Refused, RefusedAs } from "../ledger/Refused.ts"
import type { StorageFailure } from "../store/StorageFailure.ts"
import { bodyOf } from "./body.ts"
import { Answer, asResponse, failure, guarded, json, refusal, text } from "./responses.ts"
import { complaint } from "./validate.ts"

/** What a handler may fail with. */
export type HandlerError = Refused | StorageFailure

/** The refusals that an endpoint declares: a handler that refuses otherwise does not compile. */
type Declared<Endpoint extends HttpApiEndpoint.HttpApiEndpoint.Any> =
  HttpApiEndpoint.HttpApiEndpoint.Error<Endpoint> extends Envelope<infer C> ? RefusedAs<Extract<C, Code>> : never

/** What answers one route. */
export type Handler<Endpoint extends HttpApiEndpoint.HttpApiEndpoint.Any, R> = (
  request: Types.Simplify<HttpApiEndpoint.HttpApiEndpoint.Request<Endpoint>>
) => Effect.Effect<
  | HttpApiEndpoint.HttpApiEndpoint.Success<Endpoint>
  | Answer<HttpApiEndpoint.HttpApiEndpoint.Success<Endpoint>>
  | HttpServerResponse.HttpServerResponse,
  Declared<Endpoint> | StorageFailure,
  R
>

/** A handler for every endpoint of a group; one that is missing does not compile. */
export type Handlers<Group extends HttpApiGroup.HttpApiGroup.Any, R> = {
  readonly [Endpoint in HttpApiGroup.HttpApiGroup.Endpoints<Group> as Endpoint["name"]]: Handler<Endpoint, R>
}

interface Route<R> {
  readonly method: string
  /** What it is called, if it answers with a stream. */
  readonly stream: string
  readonly segments: ReadonlyArray<string>
  readonly serve: (
    params: Readonly<Record<string, string>>,
    request: HttpServerRequest.HttpServerRequest
  ) => Effect.Effect<HttpServerResponse.HttpServerResponse, HandlerError, R>
}

type AnyHandler<R> = (request: never) => Effect.Effect<unknown, HandlerError, R>

/** "validation failed: <name>: <what>" for a path or a query. */
const misread = (error: ParseResult.ParseError, absent: string) =>
  `validation failed: ${
    ParseResult.ArrayFormatter.formatErrorSync(error)
      .map(({ _tag, message, path }) => `${path.join(".")}: ${_tag === "Missing" ? absent : message}`).join("; ")
  }`

const decoder = (schema: Option.Option<Schema.Schema.All>, absent: string) => {
  if (Option.isNone(schema)) return () => Effect.succeed<unknown>({})
  const decode = Schema.decodeUnknown(schema.value as Schema.Schema<unknown>, { errors: "all" })
  return (input: unknown) =>
    Effect.mapError(decode(input), (error) => refusal("InvalidRequest", misread(error, absent)))
}

/** The headers that an endpoint declares, by the names that it gives them. One that must be there is asked for by its name. */
const headersOf = (schema: Option.Option<Schema.Schema.All>) => {
  if (Option.isNone(schema)) return () => Effect.succeed<unknown>({})
  const { ast } = schema.value
  const names = AST.isTypeLiteral(ast) ? ast.propertySignatures.map((property) => String(property.name)) : []
  const decode = Schema.decodeUnknown(schema.value as Schema.Schema<unknown>)
  return ({ headers }: HttpServerRequest.HttpServerRequest) => {
    const given: Record<string, string> = {}
    for (const name of names) {
      const value = headers[name.toLowerCase()]
      if (value !== undefined) given[name] = value
    }
    return Effect.mapError(decode(given), (error) => {
      const [missing] = ParseResult.ArrayFormatter.formatErrorSync(error)
      return refusal("InvalidRequest", `${missing?.path.join(".") ?? ""} header required`)
    })
  }
}

/** The names in a query that may stand there several times. */
const listsOf = (schema: Option.Option<Schema.Schema.All>): ReadonlySet<string> => {
  const properties = Option.isSome(schema) && AST.isTypeLiteral(schema.value.ast)
    ? schema.value.ast.propertySignatures
    : []
  return new Set(properties.flatMap(({ name, type }) => AST.isTupleType(type) ? [String(name)] : []))
}

/** The values of a query, each the first of its name where it is no list; an empty one counts as absent. */
const queryOf = (url: URL, lists: ReadonlySet<string>): Record<string, string | ReadonlyArray<string>> => {
  const out: Record<string, string | ReadonlyArray<string>> = {}
  for (const [key, value] of url.searchParams) {
    if (value !== "" && !(key in out)) {
      out[key] = lists.has(key)
        ? url.searchParams.getAll(key).filter((one) => one !== "")
        : value
    }
  }
  return out
}

const routeOf = <R>(
  endpoint: HttpApiEndpoint.HttpApiEndpoint.AnyWithProps,
  handler: AnyHandler<R>
): Route<R> => {
  const path = decoder(endpoint.pathSchema, "required")
  const query = decoder(endpoint.urlParamsSchema, "required query parameter is missing")
  const lists = listsOf(endpoint.urlParamsSchema)
  const headers = headersOf(endpoint.headersSchema)
  const status = HttpApiSchema.getStatusSuccess(endpoint.successSchema)
  const encode = Schema.encodeUnknownSync(endpoint.successSchema as Schema.Schema<unknown>)
  const payload = Option.map(endpoint.payloadSchema, (schema) => ({
    schema,
    decode: Schema.decodeUnknown(schema as Schema.Schema<unknown>)
  }))
  const limit = Context.get(endpoint.annotations, BodyLimit)
  const hasLines = Context.get(endpoint.annotations, Lines)
  return {
    method: endpoint.method,
    stream: Context.get(endpoint.annotations, Streams),
    segments: endpoint.path.split("/").slice(1),
    serve: (params, request) =>
      Effect.gen(function*() {
        const url = new URL(request.url, "http://kata.invalid")
        const asked = { path: yield* path(params), urlParams: yield* query(queryOf(url, lists)), request }
        if (Option.isNone(payload) || hasLines) {
          return asResponse(status, encode, yield* handler({ ...asked, headers: yield* headers(request) } as never))
        }
        const body = yield* bodyOf(request, limit, payload.value.schema)
        const wrong = complaint(payload.value.schema, body)
        if (wrong !== undefined) return yield* Effect.fail(refusal("InvalidRequest", wrong))
        // what has the right shape and is still not read is a rule of a field, which names itself
        const decoded = yield* Effect.mapError(
          payload.value.decode(body),
          (error) => refusal("InvalidRequest", misread(error, "required"))
        )
        const given = { ...asked, headers: yield* headers(request), payload: decoded }
        return asResponse(status, encode, yield* handler(given as never))
      }).pipe(Effect.catchTag("Refusal", ({ response }) => Effect.succeed(response)))
  }
}

/** Every route of an API with its handler. */
const routesOf = <R>(api: HttpApi.HttpApi.Any, handlers: Readonly<Record<string, AnyHandler<R>>>) => {
  const routes: Array<Route<R>> = []
  HttpApi.reflect(api as HttpApi.HttpApi<string, never>, {
    onGroup: () => {},
    onEndpoint: ({ endpoint }) => {
      const handler = handlers[endpoint.name]
      if (handler === undefined) throw new Error(`no handler for ${endpoint.name}`)
      const known = endpoint as unknown as HttpApiEndpoint.HttpApiEndpoint.AnyWithProps
      routes.push(routeOf(known, handler))
    }
  })
  return routes
}

const isParam = (segment: string) => segment.startsWith(":")

/** The values of a path that fits, decoded. */
const fits = <R>(route: Route<R>, segments: ReadonlyArray<string>): Record<string, string> | undefined => {
  if (route.segments.length !== segments.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, wanted] of route.segments.entries()) {
    const found = segments[i] ?? ""
    if (isParam(wanted)) {
      if (found === "") return undefined
      params[wanted.slice(1)] = found
    } else if (wanted !== found) return undefined
  }
  return params
}

/** A path without parameters is taken before one with. */
const bySpecificity = <R>(a: Route<R>, b: Route<R>) =>
  a.segments.filter(isParam).length - b.segments.filter(isParam).length

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** What a path is routed by: its parts, decoded. */
export const segmentsOf = (path: string): ReadonlyArray<string> => path.split("/").slice(1).map(decoded)

/** What is asked before anything else of each request; a response ends it. */
export type Guard = (
  request: HttpServerRequest.HttpServerRequest
) => HttpServerResponse.HttpServerResponse | undefined

/** The app that serves an API. It never fails: what a handler fails with, and what is a bug, is an answer. */
export const serve = <R>(
  api: HttpApi.HttpApi.Any,
  handlers: Readonly<Record<string, AnyHandler<R>>>,
  guards: ReadonlyArray<Guard>,
  /** Texts of JSON that are served as they are, by their paths. */
  documents: ReadonlyMap<string, () => string> = new Map()
): Effect.Effect<HttpServerResponse.HttpServerResponse, never, R | HttpServerRequest.HttpServerRequest> => {
  const routes = routesOf(api, handlers).toSorted(bySpecificity)
  return Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    for (const guard of guards) {
      const refused = guard(request)
      if (refused !== undefined) return refused
    }
    const { url } = request
    const end = url.includes("?") ? url.indexOf("?") : url.length
    const asked = url.slice(0, end)
    const path = asked.replace(/\/{2,}/g, "/")
    const method = request.method === "HEAD" ? "GET" : request.method
    const document = documents.get(path)
    const segments = segmentsOf(path)
    const matching = document !== undefined ? [] : routes.flatMap((route) => {
      const params = fits(route, segments)
      return params === undefined ? [] : [{ route, params }]
    })
    // Only to what is here: any other path might be read as another host, as `/\` is by browsers.
    if (path !== asked && (document !== undefined || matching.length > 0)) return redirect(path + url.slice(end))
    if (document !== undefined) return method === "GET" ? json(200, `${document()}\n`) : notAllowed(["GET"])
    if (matching.length === 0) return text(404, "404 page not found\n")
    const streams = matching.find(({ route }) => route.stream !== "")
    if (streams !== undefined && streams.route.method !== request.method) return onlyStreams(streams.route)
    const found = matching.find(({ route }) => route.method === method)
    if (found === undefined) return notAllowed(matching.map(({ route }) => route.method))
    return yield* found.route.serve(found.params, request)
  }).pipe(
    Effect.catchAll((error) => Effect.succeed(failure(error))),
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        // a bug of ours: the log has it, the client learns that it is none of its own
        : Effect.as(Effect.logError(Cause.pretty(cause)), refusal("InternalError", "internal error").response)
    )
  )
}

const redirect = (to: string) =>
  HttpServerResponse.text(
    `<a href="${
      to.replaceAll("&", "&amp;").replaceAll("\"", "&#34;").replaceAll("<", "&lt;")
    }">Temporary Redirect</a>.\n\n`,
    {
      status: 307,
      headers: { location: to, "content-type": "text/html; charset=utf-8" }
    }
  )

const onlyStreams = ({ method, stream }: { readonly method: string; readonly stream: string }) =>
  HttpServerResponse.setHeader(
    guarded("MethodNotAllowed", `${stream} only accepts ${method}`),
    "allow",
    method
  )

const notAllowed = (methods: ReadonlyArray<string>) => {
  const allowed = new Set(methods.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]))
  return HttpServerResponse.setHeader(text(405, "Method Not Allowed\n"), "allow", [...allowed].toSorted().join(", "))
}
