/**
 * The daemon that serves a database on this machine, if one is there. Every command waits for this, so that a running daemon costs one
 * directory, one record and one ping.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Processes } from "../host/Processes.ts"
import { namespaceOf } from "./databasePath.ts"
import { ping, targetOf } from "./ping.ts"
import { type DaemonRecord, recordsIn } from "./runtime.ts"
import type { Address } from "./Target.ts"

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
/** What a kata says of itself when it is asked whether it is there. */
export const decodePong = Schema.decodeOption(Pong)

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
