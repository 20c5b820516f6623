/** The daemon over HTTP: at its socket here, or on another machine. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { nameOf, type Target } from "../presence/Target.ts"
import { connect, type ConnectServices, find } from "./connect.ts"
import { type Connection, DaemonClient } from "./DaemonClient.ts"
import { connections, send, upload } from "./transport.ts"

/** A connection to this target, whether or not a daemon listens there; closed with the scope. */
export const overHttp = (target: Target): Effect.Effect<Connection, never, Scope.Scope> =>
  Effect.map(connections(target), (agent) => ({
    address: nameOf(target),
    server: target.server,
    mayHang: true,
    send: (message) => send(target, agent, message),
    upload: (message, bytes) => upload(target, agent, message, bytes)
  }))

/** The daemon is found by its record or by the configuration, and started where there is none. */
export const layerHttp: Layer.Layer<DaemonClient, never, ConnectServices> = Layer.effect(
  DaemonClient,
  Effect.map(Effect.context<ConnectServices>(), (context) => ({
    connect: (from) => {
      const found = Effect.flatMap(Effect.provide(connect(from), context), overHttp)
      // A server elsewhere has none that follows it.
      return Effect.map(found, (connection) => connection.server ? connection : { ...connection, again: found })
    },
    find: (from) =>
      Effect.flatMap(
        Effect.provide(find(from), context),
        Option.match({
          onNone: () => Effect.succeedNone,
          onSome: (target) => Effect.asSome(overHttp(target))
        })
      )
  }))
)
