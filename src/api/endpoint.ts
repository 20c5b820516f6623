/** How the groups of the API declare a route: its method and path are those of `routes.ts`. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as OpenApi from "@effect/platform/OpenApi"
import * as Context from "effect/Context"
import type { Code } from "../ledger/Refused.ts"
import { always, type Before, type Envelope, refusalsOf, withBody } from "./refusals.ts"
import { type RouteName, routes } from "./routes.ts"

/**
 * The route of that name: what it does, in a line, and what its handler may refuse with, besides what is wrong with the request. It is to be
 * given its path, query, headers, body and answer.
 */
export const endpoint = <const Name extends RouteName, C extends Code = never>(
  name: Name,
  summary: string,
  codes: ReadonlyArray<C> = [],
  names: ReadonlyArray<Before> = []
): HttpApiEndpoint.HttpApiEndpoint<
  Name,
  typeof routes[Name][0],
  never,
  never,
  never,
  never,
  void,
  Envelope<C | "validation">
> => {
  const [method, path] = routes[name]
  const hasBody = method === "POST" || method === "PATCH"
  return HttpApiEndpoint.make(method)(name, path).annotate(OpenApi.Summary, summary).addError(
    refusalsOf<C | "validation">(["validation", ...codes], [...names, ...always, ...(hasBody ? withBody : [])])
  )
}

/** Bytes that the body of a request may have. */
export class BodyLimit extends Context.Reference<BodyLimit>()("kata/daemon/BodyLimit", {
  defaultValue: () => 1024 * 1024
}) {}

/** What answers with a stream: it is not there for HEAD, and says so in the envelope. What it is called; empty for no stream. */
export class Streams extends Context.Reference<Streams>()("kata/daemon/Streams", { defaultValue: () => "" }) {}

/** Whether the answer has the header ETag: the revision of what it shows, which a change of it asks for. */
export class Revised extends Context.Reference<Revised>()("kata/daemon/Revised", { defaultValue: () => false }) {}

/** Whether the body is lines of JSON, of which there may be any number: the handler reads them from the request. */
export class Lines extends Context.Reference<Lines>()("kata/daemon/Lines", { defaultValue: () => false }) {}
