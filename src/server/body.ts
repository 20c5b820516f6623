/** The body of a request: its size, the time it may take, its syntax. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import { IncomingMessage } from "node:http"
import { parse } from "../api/json.ts"
import { Refusal, refusal } from "./responses.ts"
import { normalised } from "./validate.ts"

/** A client that sends no faster is gone, or means no good. */
const patience = 5000

/** Whether there is a body at all. */
export const hasBody = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0"

const tooLarge = (limit: number) => refusal("BodyTooLarge", `request body is too large limit=${limit} bytes`)

const unreadable = () => refusal("InvalidRequest", "request body could not be read")

/** Answered, then disconnected. */
const tooSlow = () =>
  new Refusal({
    response: HttpServerResponse.setHeader(
      refusal("BodyTooSlow", "request body read timeout").response,
      "connection",
      "close"
    )
  })

/**
 * The bytes of a body, without a stream of Effect's, which costs more than what most requests ask for. A request that is not read to its
 * end stays open, since node would take the connection away before the refusal is sent; what still comes is dropped, so that its end is
 * noticed.
 */
const received = (incoming: IncomingMessage, limit: number) =>
  Effect.async<Buffer, Refusal>((resume) => {
    const pieces: Array<Buffer> = []
    let size = 0
    const leave = () => {
      clearTimeout(timer)
      incoming.off("data", take).off("end", done).off("error", broken).off("close", broken)
      incoming.resume()
    }
    const end = (result: Effect.Effect<Buffer, Refusal>) => {
      leave()
      resume(result)
    }
    const take = (piece: Buffer) => {
      size += piece.length
      if (size >= limit) return end(Effect.fail(tooLarge(limit)))
      pieces.push(piece)
    }
    const done = () => end(Effect.succeed(Buffer.concat(pieces, size)))
    const broken = () => end(Effect.fail(unreadable()))
    const timer = setTimeout(() => end(Effect.fail(tooSlow())), patience)
    incoming.on("data", take).on("end", done).on("error", broken).on("close", broken)
    return Effect.sync(leave)
  }).pipe(
    // What answers a request is not interruptible by itself, and would be waited for.
    Effect.interruptible
  )

const bytesOf = (request: HttpServerRequest.HttpServerRequest, limit: number) =>
  Effect.suspend(() => {
    if (Number(request.headers["content-length"] ?? "0") >= limit) return Effect.fail(tooLarge(limit))
    const { source } = request
    return source instanceof IncomingMessage
      ? received(source, limit)
      // What is asked from within comes at once.
      : Effect.mapBoth(request.arrayBuffer, { onFailure: unreadable, onSuccess: (bytes) => Buffer.from(bytes) })
  })

/** The body as a value, member names in the spelling of the Schema. Invalid UTF-8 becomes U+FFFD, as in Go. */
export const bodyOf = Effect.fnUntraced(
  function*(request: HttpServerRequest.HttpServerRequest, limit: number, schema: Schema.Schema.All) {
    const type = request.headers["content-type"] ?? ""
    const bytes = yield* bytesOf(request, limit)
    if (bytes.length === 0) return yield* Effect.fail(refusal("InvalidRequest", "request body is required"))
    if (!/^application\/json\s*(?:;|$)/.test(type)) {
      return yield* Effect.fail(
        refusal("BodyTypeUnknown", `validation failed: body: unknown content type: ${type}`)
      )
    }
    const value = parse(bytes.toString("utf8"))
    if (Either.isLeft(value)) {
      return yield* Effect.fail(refusal("InvalidRequest", `validation failed: body: ${value.left}`))
    }
    return normalised(schema.ast, value.right)
  }
)
