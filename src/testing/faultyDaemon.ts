/** Daemons of which a test says what becomes of requests and answers. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { DaemonUnreachable } from "../client/ClientError.ts"
import { type Connection, DaemonClient, type Reply } from "../client/DaemonClient.ts"

/** No daemon is there, and none can be started. */
export const layerNoDaemon: Layer.Layer<DaemonClient> = Layer.succeed(DaemonClient, {
  connect: ({ databasePath }) =>
    new DaemonUnreachable({ address: databasePath, what: "none is running", next: "", mayBeDone: false }),
  find: () => Effect.succeedNone
})

/** What a test does to the requests that come next. A request is spent on the first of these that is still due. */
export class DaemonFaults extends Context.Tag("kata/testing/DaemonFaults")<DaemonFaults, {
  /** So many requests do not reach the daemon. */
  readonly failNext: (requests: number) => Effect.Effect<void>
  /** The daemon does what so many requests ask; their answers break off after so many bytes of the body. */
  readonly disconnectNext: (requests: number, bytes: number) => Effect.Effect<void>
  /** From now on requests wait before they are sent, the oldest first in line. */
  readonly hold: Effect.Effect<void>
  /** Lets so many requests go. */
  readonly advance: (requests: number) => Effect.Effect<void>
}>() {}

/** The first so many bytes, and then the break; also where there are no more. */
const cutOff = (bytes: Reply["bytes"], after: number, broken: DaemonUnreachable): Reply["bytes"] =>
  bytes.pipe(
    Stream.mapAccum(after, (left, part) => [left - part.length, part.subarray(0, Math.max(0, left))] as const),
    Stream.takeUntil((part) => part.length === 0),
    Stream.concat(Stream.fail(broken))
  )

/** The daemon of the layer below, until a test makes faults. */
export const layerFaulty: Layer.Layer<DaemonClient | DaemonFaults, never, DaemonClient> = Layer.effectContext(
  Effect.gen(function*() {
    const real = yield* DaemonClient
    const gate = yield* Effect.makeSemaphore(0)
    let isHeld = false
    let failures = 0
    let breaks = { requests: 0, bytes: 0 }

    const faulty = ({ address, send, upload }: Connection): Connection => {
      const spent = <E, R>(method: string, sent: Effect.Effect<Reply, E | DaemonUnreachable, R>) =>
        Effect.gen(function*() {
          if (isHeld) yield* gate.take(1)
          if (failures > 0) {
            failures--
            return yield* new DaemonUnreachable({ address, what: "connection refused", next: "", mayBeDone: false })
          }
          const reply = yield* sent
          if (breaks.requests === 0) return reply
          breaks = { ...breaks, requests: breaks.requests - 1 }
          const bytes = cutOff(
            reply.bytes,
            breaks.bytes,
            new DaemonUnreachable({ address, what: "the connection broke", next: "", mayBeDone: method !== "GET" })
          )
          return { ...reply, bytes, text: Stream.mkString(Stream.decodeText(bytes)) }
        })
      return {
        address,
        mayHang: true,
        send: (message) => spent(message.method, send(message)),
        upload: (message, bytes) => spent(message.method, upload(message, bytes))
      }
    }

    return Context.make(DaemonClient, {
      connect: (from) => Effect.map(real.connect(from), faulty),
      find: (from) => Effect.map(real.find(from), Option.map(faulty))
    }).pipe(Context.add(DaemonFaults, {
      failNext: (requests) => Effect.sync(() => void (failures = requests)),
      disconnectNext: (requests, bytes) => Effect.sync(() => void (breaks = { requests, bytes })),
      hold: Effect.sync(() => void (isHeld = true)),
      advance: (requests) => Effect.asVoid(gate.release(requests))
    }))
  })
)
