/** How the groups of the API declare a route: its method and path are those of `routes.ts`. */
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as Context from "effect/Context"
import { type RouteName, routes } from "./routes.ts"

/** The route of that name, to be given its path, query, body and answer. */
export const endpoint = <const Name extends RouteName>(
  name: Name
): HttpApiEndpoint.HttpApiEndpoint<Name, typeof routes[Name][0]> => {
  const [method, path] = routes[name]
  return HttpApiEndpoint.make(method)(name, path)
}

/** Bytes that the body of a request may have. */
export class BodyLimit extends Context.Reference<BodyLimit>()("kata/daemon/BodyLimit", {
  defaultValue: () => 1024 * 1024
}) {}

/** What answers with a stream: it is not there for HEAD, and says so in the envelope. What it is called; empty for no stream. */
export class Streams extends Context.Reference<Streams>()("kata/daemon/Streams", { defaultValue: () => "" }) {}
