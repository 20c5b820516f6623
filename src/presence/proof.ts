/**
 * Whom a daemon may be taken for: what proves one is that it has the lock of the database, never what something answers at an address. Where
 * that was a daemon's, another user's program may answer by now.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userInfo } from "node:os"
import * as Lock from "../database/Lock.ts"
import { notOnlyOurs } from "../files/ownership.ts"
import { resolve } from "../files/paths.ts"
import { Processes } from "../host/Processes.ts"
import type { Target } from "./ping.ts"

/**
 * Whether a process is the daemon of the database at that path: its own identity stands in the lock's file, which is ours. Of a file of
 * another user's, which root may meet, only its owner's processes are believed.
 */
export const isDaemonOf = Effect.fn("proof.isDaemonOf")(function*(databasePath: string, pid: number) {
  const { identityOf, ownerOf } = yield* Processes
  const identity = yield* identityOf(pid)
  if (Option.isNone(identity)) return false
  const real = yield* Effect.orElseSucceed(resolve(databasePath), () => databasePath)
  const owner = yield* Lock.daemonSigned(real, identity.value)
  if (Option.isNone(owner)) return false
  return owner.value === userInfo().uid || Option.contains(yield* ownerOf(pid), owner.value)
})

/** What keeps a target from being asked, in words; undefined when only this user can have made what is there. Ports have no owner. */
export const doubtOf = (target: Target): string | undefined =>
  "socketPath" in target ? notOnlyOurs(target.socketPath) : undefined

/**
 * Whether a process may be a daemon of Go kata, which has no lock, as far as that can be known: its program is called kata, it is this
 * user's, and its socket cannot be another user's.
 */
export const mayBeGo = Effect.fn("proof.mayBeGo")(function*(pid: number, target: Target) {
  const { ownerOf, programOf } = yield* Processes
  return "socketPath" in target && doubtOf(target) === undefined &&
    Option.contains(yield* programOf(pid), "kata") && Option.contains(yield* ownerOf(pid), userInfo().uid)
})
