/** One HTTP exchange over node:http, which is all that a command may load for it. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { Agent, type ClientRequest, type IncomingMessage, request } from "node:http"
import { BlockList, isIP } from "node:net"
import { codeOf, reasonOf } from "../files/FileError.ts"
import { unnamed } from "../presence/ping.ts"
import { nameOf, type Target } from "../presence/Target.ts"
import { DaemonUnreachable } from "./ClientError.ts"
import type { Message, Reply, Upload } from "./DaemonClient.ts"

const isLoopback = (host: string) => {
  const family = isIP(host)
  if (family === 0) return false
  const loopback = new BlockList()
  loopback.addSubnet("127.0.0.0", 8, "ipv4")
  loopback.addAddress("::1", "ipv6")
  return loopback.check(host, family === 6 ? "ipv6" : "ipv4")
}

const isSecure = (target: Target) => "secure" in target && target.secure === true

/** Rare, and much to load. */
const tls = () => import("./tls.ts")

/** The token leaves this machine only enciphered. */
const maySee = (target: Target) => "socketPath" in target || isSecure(target) || isLoopback(target.host)

/** Node takes one character for one byte. */
const bytesOf = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(value, "utf8").toString("latin1")])
  )

/** The headers of a message as they go over the wire. */
export const headersOf = (target: Target, { body, headers }: Message): Readonly<Record<string, string>> =>
  bytesOf({
    ...("socketPath" in target ? { host: "kata.invalid" } : {}),
    ...(target.token !== undefined && target.token !== "" && maySee(target)
      ? { authorization: `Bearer ${target.token}` }
      : {}),
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }),
    ...headers
  })

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "the connection broke",
  EHOSTUNREACH: "no way to the host",
  ENOTFOUND: "no such host",
  EPIPE: "the connection broke"
}

/** What the system said of a connection, as an error of the daemon. */
export const unreachable = (target: Target, method: string, sent: boolean) => (cause: unknown) => {
  const code = codeOf(cause)
  // What could not be written whole is not done: a request is done when its body is there.
  const isDone = sent && code !== "EPIPE"
  const what = words[code] ?? reasonOf(code) ?? (cause instanceof Error ? cause.message : String(cause))
  return new DaemonUnreachable({
    address: nameOf(target),
    what: code === "" ? what : `${what} (${code})`,
    next: "",
    mayBeDone: isDone && method !== "GET",
    mayBeRepeated: !isDone || method === "GET"
  })
}

/** Connections that are used again, closed with the scope. */
export const connections = (target: Target): Effect.Effect<Agent, never, Scope.Scope> =>
  Effect.acquireRelease(
    isSecure(target)
      ? Effect.map(Effect.promise(tls), ({ agent }): Agent => agent())
      : Effect.sync(() => new Agent({ keepAlive: true })),
    (agent) => Effect.sync(() => agent.destroy())
  )

const ask = (target: Target, agent: Agent, message: Message): Effect.Effect<ClientRequest, DaemonUnreachable> =>
  Effect.tryPromise({
    try: async () => {
      const options = { method: message.method, path: message.path, headers: headersOf(target, message) }
      if ("socketPath" in target) return request({ ...options, ...unnamed, agent, socketPath: target.socketPath })
      const { host, port } = target
      if (!isSecure(target)) return request({ ...options, ...unnamed, agent, host, port })
      const { request: securely, secured } = await tls()
      return securely({ ...options, ...secured(host), agent, host, port })
    },
    // Such as a control character in a header.
    catch: unreachable(target, message.method, false)
  })

/** Asks to be told when an answer takes its time: with 102, which clients of Go kata do not expect. */
const toldOfWaiting = { "x-kata-wait": "102" }

/** The head of the answer; `begin` sends what there is to send. */
const answered = (asked: ClientRequest, target: Target, method: string, begin: () => void) =>
  Effect.async<IncomingMessage, DaemonUnreachable>((resume) => {
    let sent = false
    asked.once("socket", (socket) => {
      if (!socket.connecting) sent = true
      else socket.once("connect", () => sent = true)
    })
    asked.once("response", (answer) => resume(Effect.succeed(answer)))
    // Stays on: a connection that breaks later reports it through the body.
    asked.on("error", (cause) => resume(Effect.fail(unreachable(target, method, sent)(cause))))
    begin()
  })

/** The whole body of an answer. */
const textOf = (answer: IncomingMessage, broken: (cause: unknown) => DaemonUnreachable) =>
  Effect.async<string, DaemonUnreachable>((resume) => {
    const chunks: Array<Buffer> = []
    answer.on("data", (chunk: Buffer) => chunks.push(chunk))
    answer.once("end", () => resume(Effect.sync(() => Buffer.concat(chunks).toString("utf8"))))
    answer.on("error", (cause) => resume(Effect.fail(broken(cause))))
  })

const replyOf = (target: Target, method: string, answer: IncomingMessage): Reply => {
  const broken = unreachable(target, method, true)
  return {
    status: answer.statusCode ?? 0,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(", ") : value])
    ),
    text: textOf(answer, broken),
    bytes: NodeStream.fromReadable(() => answer, broken)
  }
}

const opened = (target: Target, agent: Agent, message: Message) =>
  Effect.acquireRelease(ask(target, agent, message), (asked) => Effect.sync(() => asked.destroy()))

/** Sends the message and waits for the head of the answer; its body ends with the scope. No redirect is followed. */
export const send = (
  target: Target,
  agent: Agent,
  message: Message
): Effect.Effect<Reply, DaemonUnreachable, Scope.Scope> =>
  Effect.suspend(() => {
    const { headers, onWait } = message
    return opened(
      target,
      agent,
      onWait === undefined ? message : { ...message, headers: { ...toldOfWaiting, ...headers } }
    )
  }).pipe(
    Effect.flatMap((asked) => {
      const { body, method, onWait } = message
      if (onWait !== undefined) asked.on("information", onWait)
      // Bytes: before text, Node would write the head in the text's encoding too.
      return answered(asked, target, method, () => void asked.end(body === undefined ? undefined : Buffer.from(body)))
    }),
    Effect.map((answer) => replyOf(target, message.method, answer))
  )

/** A piece of a body that the other side does not take for so long is taken by nobody. */
const piecePatience = "1 minute"

/** The same with bytes as the body. What answers before they are all sent does not want the rest. */
export const upload = <E>(
  target: Target,
  agent: Agent,
  { headers, method, path, type }: Upload,
  bytes: Stream.Stream<Uint8Array, E>
): Effect.Effect<Reply, E | DaemonUnreachable, Scope.Scope> =>
  Effect.gen(function*() {
    const asked = yield* opened(target, agent, { method, path, headers: { ...headers, "content-type": type } })
    const failed = unreachable(target, method, false)
    // A body that is not whole was not acted on.
    const silent = () =>
      new DaemonUnreachable({ address: nameOf(target), what: "it takes nothing any more", next: "", mayBeDone: false })
    const write = (piece: Uint8Array) =>
      Effect.async<void, DaemonUnreachable>((resume) => {
        asked.write(piece, (cause) => resume(cause ? Effect.fail(failed(cause)) : Effect.void))
      }).pipe(Effect.timeoutFail({ duration: piecePatience, onTimeout: silent }))
    const sending = Stream.runForEach(Stream.filter(bytes, (piece) => piece.length > 0), write).pipe(
      Effect.zipRight(Effect.sync(() => void asked.end())),
      Effect.zipRight(Effect.never)
    )
    // Whoever loses has to end, also where the caller cannot be interrupted.
    const answer = yield* Effect.raceFirst(
      Effect.interruptible(answered(asked, target, method, () => asked.flushHeaders())),
      Effect.interruptible(sending)
    )
    return replyOf(target, method, answer)
  })
