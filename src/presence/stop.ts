/** Ending and waking daemons: only processes that are proven to be what their record or lock says. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Processes } from "../host/Processes.ts"
import { running, type Serving } from "./daemons.ts"
import { until } from "./until.ts"

/** Its requests have 10 s, its hooks as much. */
const patience = 25_000

/** Something serves the database, and nothing proves which process it is. */
export class DaemonUnproven extends Schema.TaggedError<DaemonUnproven>()("DaemonUnproven", {
  path: Schema.String,
  pid: Schema.Int,
  source: Schema.String
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return `a daemon serves ${this.path}, but that it is process ${this.pid}, as ${this.source} says, cannot be proven: it was sent nothing`
  }
  get hint(): string {
    return `look at the process (ps -p ${this.pid}), and stop it by hand, or with the kata that started it`
  }
}

/** It was asked to stop, and is still there. */
export class DaemonStays extends Schema.TaggedError<DaemonStays>()("DaemonStays", {
  path: Schema.String,
  pid: Schema.Int,
  refused: Schema.Boolean
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    return this.refused
      ? `the daemon of ${this.path} (pid ${this.pid}) is another user's, and cannot be stopped`
      : `the daemon of ${this.path} (pid ${this.pid}) was told to stop, and still runs after ${patience / 1000} s`
  }
  get hint(): string {
    return this.refused
      ? "ask its owner"
      : `it may hang: kill -9 ${this.pid} loses nothing that it has answered, and the next start cleans up`
  }
}

/** That a daemon is not proven, as an error. */
export const unproven = (path: string, { pid, source }: Serving) => new DaemonUnproven({ path, pid, source })

interface Of {
  readonly databasePath: string
  readonly kataHome: string
  readonly userHome: string
}

/** The daemons of a database that may be sent a signal; fails when there is one whose process is not known. */
export const proven = Effect.fn("daemon.proven")(function*(of: Of) {
  const found = yield* running(of)
  const doubtful = found.running.find((daemon) => !daemon.proven)
  return doubtful === undefined ? found.running : yield* unproven(of.databasePath, doubtful)
})

/** Stops one daemon and waits until its process is gone. */
export const stopOne = Effect.fn("daemon.stopOne")(function*(databasePath: string, { pid }: Serving) {
  const processes = yield* Processes
  const identity = yield* processes.identityOf(pid)
  const isThere = Option.isNone(identity)
    ? processes.isAlive(pid)
    : Effect.map(processes.identityOf(pid), Option.contains(identity.value))
  const sent = yield* processes.signal(pid, "SIGTERM")
  if (sent === "refused") return yield* new DaemonStays({ path: databasePath, pid, refused: true })
  const gone = yield* until(Effect.map(isThere, (there) => !there), patience)
  if (!gone) return yield* new DaemonStays({ path: databasePath, pid, refused: false })
})

/** Stops every daemon of the database, and gives their numbers. When it returns, none of them is left. */
export const stop = Effect.fn("daemon.stop")(function*(of: Of) {
  const daemons = yield* proven(of)
  yield* Effect.forEach(daemons, (daemon) => stopOne(of.databasePath, daemon), { concurrency: "unbounded" })
  return daemons.map(({ pid }) => pid)
})

/** Makes every daemon of the database read its settings again, and gives their pids. */
export const wake = Effect.fn("daemon.wake")(function*(of: Of) {
  const processes = yield* Processes
  const daemons = yield* proven(of)
  return yield* Effect.filter(
    daemons.map(({ pid }) => pid),
    (pid) => Effect.map(processes.signal(pid, "SIGHUP"), (sent) => sent === "sent")
  )
})
