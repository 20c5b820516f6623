/** How a command asks the daemon: a port, with a layer over HTTP, one inside of the daemon itself, and a faulty one for tests. */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { From } from "../presence/discover.ts"
import type { Server } from "../presence/Target.ts"
import type { DaemonUnreachable } from "./ClientError.ts"
import type { ConnectFailure } from "./connect.ts"

/** One request. */
export interface Message {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** The text of JSON. */
  readonly body?: string
  /** Called when the daemon says that it has the request and cannot answer yet. */
  readonly onWait?: () => void
}

/** One request with a body that is no text. */
export interface Upload extends Omit<Message, "body" | "onWait"> {
  /** The content type. */
  readonly type: string
}

/** The head of an answer, and the way to its body, which is read once. */
export interface Reply {
  readonly status: number
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The whole body. */
  readonly text: Effect.Effect<string, DaemonUnreachable>
  /** The body as it comes. */
  readonly bytes: Stream.Stream<Uint8Array, DaemonUnreachable>
}

/** A daemon that was found. */
export interface Connection {
  /** As messages name it. */
  readonly address: string
  /** Where it is a server elsewhere, of which the user is to know. */
  readonly server?: Server | undefined
  /** Whether an answer may fail to come; what is not asked over a connection comes, or is refused. */
  readonly mayHang: boolean
  /** For a request that the daemon did not hear, since it was about to stop: the one that follows it. */
  readonly again?: Effect.Effect<Connection, ConnectFailure, Scope.Scope>
  /** Sends the message and gives the answer when its head is there; its body ends with the scope. */
  readonly send: (message: Message) => Effect.Effect<Reply, DaemonUnreachable, Scope.Scope>
  /** The same with bytes as the body, sent as they come; the head of the answer may be there before they are all sent. */
  readonly upload: <E>(message: Upload, bytes: Stream.Stream<Uint8Array, E>) => Effect.Effect<
    Reply,
    E | DaemonUnreachable,
    Scope.Scope
  >
}

export class DaemonClient extends Context.Tag("kata/DaemonClient")<DaemonClient, {
  /** The daemon of a command, of the command's version; one is started where there is none. */
  readonly connect: (from: From) => Effect.Effect<Connection, ConnectFailure, Scope.Scope>
  /** The daemon that is there, of whatever version; none is started. */
  readonly find: (from: From) => Effect.Effect<Option.Option<Connection>, ConnectFailure, Scope.Scope>
}>() {}
