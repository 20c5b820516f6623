/**
 * The daemon of a command: the one on another machine that the configuration names, else the one that serves the database here, else a new
 * one. Every command waits for this, so that a running daemon costs one directory, one record and one ping; everything else is loaded when
 * there is none.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Processes } from "../host/Processes.ts"
import { type Remote, remote } from "../workspace/remoteServer.ts"
import { namespaceOf } from "./databasePath.ts"
import { ping, targetOf } from "./ping.ts"
import { type DaemonRecord, recordsIn } from "./runtime.ts"
import * as Config from "./settings.ts"
import type { Address, Target } from "./Target.ts"

export interface From {
  readonly databasePath: string
  readonly kataHome: string
  readonly userHome: string
  /** Of this program: a daemon of another one is not used. */
  readonly version: string
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The directory of `--workspace`, else the current one. */
  readonly cwd: string
}

/** The configuration names a daemon elsewhere, which does not answer. There is no other one to use then. */
export class ServerSilent extends Schema.TaggedError<ServerSilent>()("ServerSilent", {
  url: Schema.String,
  source: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `kata server not responding: ${this.url} (${this.source})`
  }
  get hint(): string {
    return "start it, or take the setting away to work with the database on this machine"
  }
}

/** A daemon that answers, as its record says and as it is reached. */
export interface Found {
  readonly target: Address
  readonly record: DaemonRecord
}

const Pong = Schema.parseJson(Schema.Struct({
  ok: Schema.Literal(true),
  service: Schema.optional(Schema.Unknown),
  pid: Schema.optional(Schema.Unknown)
}))
const decodePong = Schema.decodeOption(Pong)

/** Any daemon that says ok is good enough then. */
export const skipsCheck = (from: From): boolean => from.variables["KATA_SKIP_DAEMON_VERSION_CHECK"] === "1"

/** Whether the daemon of a record answers at its address. Its version is what the record says: `/ping` may name another one, for others. */
export const answering = Effect.fn("discover.answering")(function*(record: DaemonRecord, anybody: boolean) {
  const target = targetOf(record.address)
  if (Option.isNone(target)) return Option.none<Found>()
  const pong = Option.flatMap(yield* ping(target.value), decodePong)
  return Option.filter(
    Option.map(pong, () => ({ target: target.value, record })),
    () => anybody || Option.exists(pong, ({ pid, service }) => service === "kata" && pid === record.pid)
  )
})

/** The first daemon that answers among those whose records say that they serve the database by this name. */
export const here = Effect.fn("discover.here")(function*(from: From, accept: "same version" | "any version") {
  const { isAlive } = yield* Processes
  const any = accept === "any version" || skipsCheck(from)
  for (const record of yield* recordsIn(`${from.kataHome}/runtime/${namespaceOf(from.databasePath)}`)) {
    if (!any && record.version !== from.version) continue
    if (!(yield* isAlive(record.pid))) continue
    const found = yield* answering(record, any)
    if (Option.isSome(found)) return found
  }
  return Option.none<Found>()
})

const there = Effect.fnUntraced(function*({ address, source, url }: Remote) {
  const { request } = address.secure === true
    ? yield* Effect.promise(() => import("node:https"))
    : { request: undefined }
  const pong = Option.flatMap(yield* ping(address, request), decodePong)
  return Option.isSome(pong) ? address : yield* new ServerSilent({ url, source })
})

/** The token belongs to every target; the client keeps it from those that must not see it. */
const tokenOf = (from: From) => Effect.map(Config.load(from.kataHome, from.variables), ({ token }) => token)

/** The daemon to ask, of whatever version; none is started. */
export const find = Effect.fn("discover.find")(function*(from: From) {
  const token = yield* tokenOf(from)
  const elsewhere = yield* remote({ variables: from.variables, start: from.cwd })
  if (Option.isSome(elsewhere)) {
    return Option.some<Target>({ ...(yield* there(elsewhere.value)), token })
  }
  return Option.map(yield* here(from, "any version"), ({ target }): Target => ({ ...target, token }))
})

/** The daemon to ask, of this version; one is started where there is none. */
export const connect = Effect.fn("discover.connect")(function*(from: From) {
  // What a daemon would refuse too is refused before one is started.
  const token = yield* tokenOf(from)
  const elsewhere = yield* remote({ variables: from.variables, start: from.cwd })
  if (Option.isSome(elsewhere)) return { ...(yield* there(elsewhere.value)), token } satisfies Target
  const found = yield* here(from, "same version")
  if (Option.isSome(found)) return { ...found.value.target, token } satisfies Target
  const { ensure } = yield* Effect.promise(() => import("./ensure.ts"))
  return { ...(yield* ensure(from)).target, token } satisfies Target
})

export type DaemonFailure = Effect.Effect.Error<ReturnType<typeof connect>>
