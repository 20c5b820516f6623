/** The body of a request: its size, the time it may take, its syntax. */
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { refusal } from "./answer.ts"
import { parse } from "./json.ts"
import { normalised } from "./validate.ts"

/** A client that sends no faster is gone, or means no good. */
const patience = "5 seconds"

/** Whether there is a body at all. */
export const hasBody = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers["transfer-encoding"] !== undefined || (request.headers["content-length"] ?? "0") !== "0"

const tooLarge = (limit: number) => refusal(413, "error", `request body is too large limit=${limit} bytes`)

const bytesOf = (request: HttpServerRequest.HttpServerRequest, limit: number) =>
  Effect.suspend(() => {
    if (Number(request.headers["content-length"] ?? "0") >= limit) return Effect.fail(tooLarge(limit))
    const pieces: Array<Uint8Array> = []
    let size = 0
    return request.stream.pipe(
      Stream.mapError(() => refusal(400, "validation", "request body could not be read")),
      Stream.runForEachChunk((chunk) =>
        Effect.suspend(() => {
          for (const piece of chunk) {
            size += piece.length
            pieces.push(piece)
          }
          return size >= limit ? Effect.fail(tooLarge(limit)) : Effect.void
        })
      ),
      Effect.timeoutFail({ duration: patience, onTimeout: () => refusal(408, "error", "request body read timeout") }),
      Effect.map(() => Buffer.concat(pieces, size))
    )
  })

/** The body as a value, member names in the spelling of the Schema. Invalid UTF-8 becomes U+FFFD, as in Go. */
export const bodyOf = Effect.fnUntraced(
  function*(request: HttpServerRequest.HttpServerRequest, limit: number, schema: Schema.Schema.All) {
    const type = request.headers["content-type"] ?? ""
    const bytes = yield* bytesOf(request, limit)
    if (bytes.length === 0) return yield* Effect.fail(refusal(400, "validation", "request body is required"))
    if (!/^application\/json\s*(?:;|$)/.test(type)) {
      return yield* Effect.fail(
        refusal(415, "error", `validation failed: body: unknown content type: ${type}`)
      )
    }
    const value = parse(bytes.toString("utf8"))
    if (Either.isLeft(value)) {
      return yield* Effect.fail(refusal(400, "validation", `validation failed: body: ${value.left}`))
    }
    return normalised(schema.ast, value.right)
  }
)
