/** How answers are made: bodies as the API spells them, refusals in its envelope. */
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type Before, before, statusOf } from "../api/refusals.ts"
import type { Stored64 } from "../ledger/model.ts"
import type { Paged } from "../ledger/paged.ts"
import { write } from "../ledger/RawJson.ts"
import type { Refused } from "../ledger/Refused.ts"
import type { StorageFailure } from "../store/StorageFailure.ts"
import type { Store } from "../store/Store.ts"

/** A success, and the revision that a client may ask to be unchanged; one that is no number cannot be asked for. */
export class Answer<A> {
  readonly body: A
  readonly revision: Stored64
  constructor(body: A, revision: Stored64) {
    this.body = body
    this.revision = revision
  }
}

/** An answer that ends the way to a handler. */
export class Refusal
  extends Data.TaggedClass("Refusal")<{ readonly response: HttpServerResponse.HttpServerResponse }>
{}

export const json = (status: number, body: string, headers: Readonly<Record<string, string>> = {}) =>
  HttpServerResponse.text(body, { status, headers: { "content-type": "application/json", ...headers } })

/** As the Go server answers what no handler sees. */
export const text = (status: number, body: string) =>
  HttpServerResponse.text(body, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" }
  })

/** The envelope of an error. */
export const envelope = (
  status: number,
  error: {
    readonly code: string
    readonly message: string
    readonly hint?: string | undefined
    readonly data?: unknown
  }
): string => write({ status, error: { code: error.code, message: error.message, hint: error.hint, data: error.data } })

/** A refusal that is none of the ledger's. */
export const refusal = (name: Before, message: string): Refusal => {
  const [status, code] = before[name]
  return new Refusal({ response: json(status, `${envelope(status, { code, message })}\n`) })
}

/** What a guard answers; there the older kata writes no newline. */
export const guarded = (name: Before, message: string) => {
  const [status, code] = before[name]
  return json(status, envelope(status, { code, message }))
}

/** The answer to what a handler failed with. */
export const failure = (error: Refused | StorageFailure): HttpServerResponse.HttpServerResponse => {
  const { hint, kind, message } = error
  if (error._tag !== "StorageFailure") {
    const [status, data] = [statusOf(error.code), "data" in error ? error.data : undefined]
    return json(status, `${envelope(status, { code: error.code, message, hint, data })}\n`)
  }
  // For clients that end with an exit code of their own for each; the code is Go kata's.
  const [status, code] = before.InternalError
  return json(status, `${envelope(status, { code, message, hint, data: { kind } })}\n`)
}

/** A success as a response, its body encoded by the Schema of the endpoint. */
export const asResponse = (
  status: number,
  encode: (value: unknown) => unknown,
  value: unknown
): HttpServerResponse.HttpServerResponse => {
  if (HttpServerResponse.isServerResponse(value)) return value
  const { body, revision } = value instanceof Answer ? value : { body: value, revision: undefined }
  const headers = typeof revision === "bigint" ? { etag: `"rev-${revision}"` } : {}
  if (status === 204) return HttpServerResponse.empty({ status, headers })
  return json(status, `${write(encode(body))}\n`, headers)
}

/**
 * `{"<name>":[…]}` of a list, and `total` where that is known. A long one is written while it is read, and never whole in memory; when reading fails in its middle, the
 * connection ends before the body does.
 */
export const listed = Effect.fnUntraced(function*<A, I, Name extends string>(
  name: Name,
  item: Schema.Schema<A, I>,
  { first, more, rest, total }: Paged<A>
) {
  const counted = total === undefined ? {} : { total }
  if (!more) return { [name]: first, ...counted } as { readonly [_ in Name]: ReadonlyArray<A> }
  const encode = Schema.encodeSync(Schema.Array(item))
  const items = (page: ReadonlyArray<A>) => write(encode(page)).slice(1, -1)
  const pages = Stream.make(`{${JSON.stringify(name)}:[${items(first)}`).pipe(
    // a page of which everything was deleted meanwhile has nothing to separate
    Stream.concat(Stream.map(Stream.filter(rest, ({ length }) => length > 0), (page) => `,${items(page)}`)),
    Stream.concat(Stream.make(`]${total === undefined ? "" : `,"total":${total}`}}\n`)),
    Stream.encodeText,
    Stream.provideContext(yield* Effect.context<Store>())
  )
  return HttpServerResponse.stream(pages, { contentType: "application/json" })
})
