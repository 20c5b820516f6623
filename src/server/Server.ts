/** The app on a real server, which is taken down in order: what is being answered is answered, streams end, then everybody has to go. */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as FileSystem from "@effect/platform/FileSystem"
import * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createServer, type ServerResponse } from "node:http"
import { Server as NetServer, type Socket } from "node:net"
import { until } from "../presence/until.ts"
import { bind, type Place } from "./bind.ts"
import { isUpload } from "./upload.ts"

const settings = {
  headersTimeout: 10_000,
  /** Ours is below: a snapshot may come for as long as it comes. */
  requestTimeout: 0,
  connectionsCheckingInterval: 1000,
  /** Go's client lets a connection go after 90 s. Who lets go second never cuts off a request that is on its way. */
  keepAliveTimeout: 120_000
}

/** The last word for a request that never ends; the router is stricter with bodies that it reads. */
const requestTime = 60_000

/** Milliseconds after which who has asked for that is told that the answer takes its time: it may have to wait for a merge. */
const waitTime = 1000

/** For what clients have sent, or send at once, when the daemon is asked to stop; in the end node reads what has come. */
const readTime = "10 millis"
const read = Effect.zipRight(
  Effect.sleep(readTime),
  Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))
)
/** For the first request of a connection that was just made. */
const firstTime = 1000
/** For what is being answered when the daemon is asked to stop. */
const drainTime = 10_000
/** For the requests whose connections were cut after that. */
const interruptTime = 1000

type App<R> = Effect.Effect<HttpServerResponse.HttpServerResponse, never, R>

/** Ends an event stream when the server stops. */
const endingWith = (stop: Deferred.Deferred<void>) => (response: HttpServerResponse.HttpServerResponse) => {
  const { body } = response
  return body._tag === "Stream"
    ? HttpServerResponse.setBody(
      response,
      HttpBody.stream(Stream.interruptWhenDeferred(body.stream, stop), body.contentType, body.contentLength)
    )
    : response
}

/** Serves until the scope closes, and gives the address for the record. */
export const serve = Effect.fn("daemon.serve")(
  function*<R>(place: Place, app: App<R | HttpServerRequest.HttpServerRequest>) {
    const stop = yield* Deferred.make<void>()
    const fs = yield* FileSystem.FileSystem
    let answering = 0
    /** What is at the path of the socket is ours. */
    let isBound = false
    const counted = Effect.acquireUseRelease(
      Effect.sync(() => answering++),
      () => Effect.map(app, endingWith(stop)),
      () => Effect.sync(() => answering--)
    )
    // Request fibers are born with the flags of this one, and must be interruptible.
    const handler = yield* Effect.interruptible(NodeHttpServer.makeHandler(counted))
    const server = createServer(settings)
    // An error after it listens, such as too many open files, concerns one connection, which is lost.
    server.on("error", () => {})
    let state: "open" | "closing" | "closed" = "open"
    const connections = new Map<Socket, Set<ServerResponse>>()
    /** Those that have asked nothing yet. */
    const fresh = new Set<Socket>()
    /** A client that is told `connection: close` sends nothing more on it, whose outcome would be unknown. */
    const release = (socket: Socket, answers: ReadonlySet<ServerResponse>) => {
      if (state === "closed" && answers.size === 0) socket.destroy()
      if (state !== "open") {
        for (const answer of answers) if (!answer.headersSent) answer.setHeader("connection", "close")
      }
    }
    server.on("connection", (socket) => {
      connections.set(socket, new Set())
      fresh.add(socket)
      socket.once("close", () => {
        connections.delete(socket)
        fresh.delete(socket)
      })
    })
    server.on("request", (request, response) => {
      const { socket } = request
      const answers = connections.get(socket) ?? new Set()
      answers.add(response)
      fresh.delete(socket)
      release(socket, answers)
      if (request.headers["content-length"] !== undefined || request.headers["transfer-encoding"] !== undefined) {
        const endless = setTimeout(() => request.complete || isUpload(request) || socket.destroy(), requestTime)
        request.once("close", () => clearTimeout(endless))
      }
      if (request.headers["x-kata-wait"] === "102") {
        const waiting = setInterval(() => response.headersSent || response.writeProcessing(), waitTime)
        response.once("close", () => clearInterval(waiting))
      }
      response.once("close", () => {
        answers.delete(response)
        release(socket, answers)
      })
      handler(request, response)
    })
    yield* Effect.addFinalizer(() =>
      Effect.gen(function*() {
        state = "closing"
        for (const [socket, answers] of connections) release(socket, answers)
        // The socket cannot be found any more; connections made before wait in its queue, which closing would drop.
        if (isBound && "socketPath" in place) yield* Effect.ignore(fs.remove(place.socketPath))
        yield* read
        // No new connections. The server's own `close` would cut off what was sent and is not read yet.
        NetServer.prototype.close.call(server)
        yield* read
        yield* until(Effect.sync(() => fresh.size === 0), firstTime)
        state = "closed"
        server.close()
        yield* Deferred.succeed(stop, undefined)
        for (const [socket, answers] of connections) release(socket, answers)
        const drained = yield* until(Effect.sync(() => connections.size === 0), drainTime)
        if (drained) return
        yield* Effect.logWarning(`${connections.size} connection(s) cut: their requests took longer than 10 s`)
        server.closeAllConnections()
        yield* until(Effect.sync(() => answering === 0), interruptTime)
      })
    )
    return yield* Effect.tap(bind(server, place), () => Effect.sync(() => void (isBound = true)))
  }
)
