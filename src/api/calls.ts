/** The types of calls, taken from the API's definition. Nothing of it is loaded: a command that asks one question needs no schema of the others. */
import type * as HttpApi from "@effect/platform/HttpApi"
import type * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import type * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { FileError } from "../files/FileError.ts"
import type { RawJson } from "../ledger/RawJson.ts"
import type { Api } from "./Api.ts"
import type { RouteName } from "./routes.ts"

type Groups = typeof Api extends HttpApi.HttpApi<string, infer Group, infer _E, infer _R> ? Group : never
type EndpointOf<Name extends RouteName> = HttpApiEndpoint.HttpApiEndpoint.WithName<
  HttpApiGroup.HttpApiGroup.Endpoints<Groups>,
  Name
>

/** As a value is given: what may be left out may be undefined, and a number may stand for an integer. Which words there are, the daemon says. */
type Given<A> = A extends RawJson ? A
  : A extends bigint ? bigint | number
  : A extends string ? string
  : A extends ReadonlyArray<infer Item> ? ReadonlyArray<Given<Item>>
  : A extends object ? { readonly [K in keyof A]: {} extends Pick<A, K> ? Given<A[K]> | undefined : Given<A[K]> }
  : A

type Part<Key extends string, A> = [A] extends [never] ? { readonly [K in Key]?: never }
  : {} extends A ? { readonly [K in Key]?: Given<A> }
  : { readonly [K in Key]: Given<A> }

/** A body that is a text is lines, which are sent as they come. */
type Body<A> = [A] extends [never] ? Part<"body", A>
  : [A] extends [string] ? { readonly lines: Stream.Stream<Uint8Array, FileError>; readonly body?: never }
  : Part<"body", A>

interface Timed {
  /** For a request that takes longer than others. */
  readonly timeout?: Duration.Duration
}

type RequestsByName = {
  readonly [Name in RouteName]:
    & Part<"path", HttpApiEndpoint.HttpApiEndpoint.PathParsed<EndpointOf<Name>>>
    & Part<"query", HttpApiEndpoint.HttpApiEndpoint.UrlParams<EndpointOf<Name>>>
    & Part<"headers", HttpApiEndpoint.HttpApiEndpoint.Headers<EndpointOf<Name>>>
    & Body<HttpApiEndpoint.HttpApiEndpoint.Payload<EndpointOf<Name>>>
    & Timed
}

/** An interface, so that the request of any name is one of these. */
interface Requests extends RequestsByName {}

/** What an endpoint is asked with: an undefined member is left out. */
export type Request<Name extends RouteName> = Requests[Name]

/** What an endpoint answers. */
export type Success<Name extends RouteName> = HttpApiEndpoint.HttpApiEndpoint.Success<EndpointOf<Name>>
