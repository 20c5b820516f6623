/**
 * The daemon that serves a database on this machine, if one is there. Every command waits for this, so that a running daemon costs one
 * directory, one record, one look at the lock's file and one ping.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Processes } from "../host/Processes.ts"
import { namespaceOf } from "./databasePath.ts"
import { ping, targetOf } from "./ping.ts"
import { doubtOf, isDaemonOf, mayBeGo } from "./proof.ts"
import { type DaemonRecord, filesIn } from "./records.ts"
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
  /** A daemon that has to be started makes a database where there is none; only when this is true. */
  readonly create?: boolean
  /** Asked before a daemon is started or replaced: what fails anyway starts none. */
  readonly mayStart?: Effect.Effect<boolean>
}

/** A daemon that answers, as its record says and as it is reached. */
export interface Found {
  readonly target: Address
  readonly record: DaemonRecord
}

/** Any daemon that says ok is good enough then. */
export const skipsCheck = (from: From): boolean => from.variables["KATA_SKIP_DAEMON_VERSION_CHECK"] === "1"

/** Whether the daemon of a record, which is proven, answers at its address. Its version is what the record says: `/ping` may name another one, for others. */
export const answering = Effect.fn("discover.answering")(function*(record: DaemonRecord, anybody: boolean) {
  const target = targetOf(record.address)
  if (Option.isNone(target)) return Option.none<Found>()
  const pong = yield* ping(target.value)
  return Option.filter(
    Option.map(pong, () => ({ target: target.value, record })),
    () => anybody || Option.exists(pong, ({ pid, service }) => service === "kata" && pid === record.pid)
  )
})

/** The first daemon that is proven and answers among those whose records say that they serve the database by this name. */
export const here = Effect.fn("discover.here")(function*(from: From, accept: "same version" | "any version") {
  const { isAlive } = yield* Processes
  const any = accept === "any version" || skipsCheck(from)
  const files = yield* filesIn(`${from.kataHome}/runtime/${namespaceOf(from.databasePath)}`)
  for (const record of Arr.getSomes(files.map(({ record }) => record))) {
    if (!any && record.version !== from.version) continue
    const target = targetOf(record.address)
    if (Option.isNone(target) || !(yield* isAlive(record.pid))) continue
    const isTrusted = (yield* isDaemonOf(from.databasePath, record.pid))
      ? doubtOf(target.value) === undefined
      : any && (yield* mayBeGo(record.pid, target.value))
    if (!isTrusted) continue
    const found = yield* answering(record, any)
    if (Option.isSome(found)) return found
  }
  return Option.none<Found>()
})
