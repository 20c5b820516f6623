/** A snapshot as the body of a request: kept in a private file beside the database for as long as it is worked with. */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { IncomingMessage } from "node:http"
import { closed } from "../files/closeErrors.ts"
import { FileError, fromPlatform } from "../files/FileError.ts"
import { FreeSpace } from "../files/freeSpace.ts"
import { writeTo } from "../files/output.ts"
import { parentOf, resolve } from "../files/paths.ts"
import { sizeWords } from "../files/sizeWords.ts"
import { sweep, temporary } from "../files/staleFiles.ts"
import { hasBody } from "./body.ts"
import { envelope, json, Refusal, refusal } from "./responses.ts"

/** A client that sends nothing for so long is gone. */
const patience = "30 seconds"

/** Room that a body leaves on the filesystem of the database, whose daemon goes on writing there. */
const reserve = 64 * 1024 * 1024

/** After so many bytes it is looked how much room there is. */
const lookEvery = 16 * 1024 * 1024

const uploads = new WeakSet<IncomingMessage>()

/** Whether the request is one whose body may come for as long as it comes. */
export const isUpload = (incoming: IncomingMessage): boolean => uploads.has(incoming)

/** Answered, then disconnected. */
const stalled = () =>
  new Refusal({
    response: HttpServerResponse.setHeader(
      refusal("BodyTooSlow", "request body read timeout").response,
      "connection",
      "close"
    )
  })

const unreadable = () => refusal("InvalidRequest", "request body could not be read")

/** The bytes as they come. A request that is not read to its end stays open: node would take the connection away before the refusal is sent. */
const bytesOf = (request: HttpServerRequest.HttpServerRequest) => {
  const { source } = request
  const bytes = source instanceof IncomingMessage
    ? Stream.fromAsyncIterable<Uint8Array, Refusal>(source.iterator({ destroyOnReturn: false }), unreadable)
    : Stream.mapError(request.stream, unreadable)
  return Stream.timeoutFail(bytes, stalled, patience)
}

/** What is still sent is dropped, so that the end of the request is noticed. */
const dropped = ({ source }: HttpServerRequest.HttpServerRequest) =>
  Effect.sync(() => {
    if (source instanceof IncomingMessage) source.resume()
  })

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"])

/** The path and the size of the file, which goes with the scope. What keeps it from being there is the answer. */
export const received = Effect.fn("daemon.received")(
  function*(request: HttpServerRequest.HttpServerRequest, database: string) {
    if (!hasBody(request)) return yield* Effect.fail(refusal("InvalidRequest", "request body is required"))
    if (request.source instanceof IncomingMessage) uploads.add(request.source)
    const fs = yield* FileSystem.FileSystem
    const free = yield* FreeSpace
    const target = yield* resolve(database)
    const directory = parentOf(target)
    const name = `temporary files in ${directory}`
    const room = Effect.map(free(directory), (bytes) => bytes - reserve)
    const length = Number(request.headers["content-length"] ?? "0")
    const left = yield* room
    if (length > left) {
      return yield* Effect.fail(
        refusal("BodyTooLarge", `request body is too large: there is room for ${sizeWords(Math.max(0, left))}`)
      )
    }
    yield* sweep(target)
    const path = yield* temporary(target)
    // Ignored: what cannot be removed now is removed when this process is dead.
    yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path, { force: true })))
    let unseen = 0
    const look = (size: number) =>
      Effect.suspend(() => {
        unseen += size
        if (unseen < lookEvery) return Effect.void
        unseen = 0
        return Effect.flatMap(room, (bytes) => bytes > 0 ? Effect.void : noSpace(name))
      })
    const size = yield* fs.open(path, { flag: "wx", mode: 0o600 }).pipe(
      Effect.mapError(fromPlatform("write", name)),
      Effect.flatMap((file) => writeTo(file, name, bytesOf(request), look)),
      Effect.scoped,
      closed(name),
      // What answers a request is not interruptible by itself, and would be waited for.
      Effect.interruptible
    )
    if (size === 0) return yield* Effect.fail(refusal("InvalidRequest", "request body is required"))
    return { path, size }
  },
  (effect, request) =>
    effect.pipe(
      Effect.tapError(() => dropped(request)),
      Effect.mapError((error) => error instanceof FileError ? unkept(error) : error)
    )
)

/** The file could not be written. */
const unkept = ({ code, kind, message: what }: FileError): Refusal => {
  const message = `${what}; nothing was changed`
  return full.has(code)
    ? refusal("NoRoom", message)
    : new Refusal({ response: json(500, `${envelope(500, { code: "internal", message, data: { kind } })}\n`) })
}

const noSpace = (path: string) => new FileError({ path, operation: "write", code: "ENOSPC", detail: "" })
