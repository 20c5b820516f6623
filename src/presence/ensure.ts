/** A daemon, whatever is there: one that starts is waited for, one that stops too, an older one of ours is replaced, else one is started. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { present } from "../database/absent.ts"
import type { FailureKind } from "../Failure.ts"
import * as Directories from "../files/directories.ts"
import { exists, resolve } from "../files/paths.ts"
import { DaemonStartFailed, launch, stopped } from "./background.ts"
import { running, type Serving } from "./daemons.ts"
import { answering, type Found, type From, here, skipsCheck } from "./discover.ts"
import * as GoLock from "./goLock.ts"
import * as Log from "./log.ts"
import { targetOf } from "./ping.ts"
import { Program } from "./Program.ts"
import { doubtOf, mayBeGo } from "./proof.ts"
import { read } from "./records.ts"
import { placesOf } from "./runtime.ts"
import { recordOf } from "./status.ts"
import { stopOne, unproven } from "./stop.ts"

/** A daemon serves the database that this program cannot ask. */
export class DaemonIncompatible extends Schema.TaggedError<DaemonIncompatible>()("DaemonIncompatible", {
  path: Schema.String,
  pid: Schema.Int,
  theirs: Schema.String,
  ours: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `a daemon of another kata (version ${
      this.theirs || "unknown"
    }, pid ${this.pid}) serves ${this.path}; this is version ${this.ours}`
  }
  get hint(): string {
    return "stop it (kata daemon stop), or set KATA_SKIP_DAEMON_VERSION_CHECK=1 to use it all the same"
  }
}

/** A daemon has the database and does not answer. */
export class DaemonSilent extends Schema.TaggedError<DaemonSilent>()("DaemonSilent", {
  path: Schema.String,
  pid: Schema.Int,
  /** Where it should answer; empty when nothing says it. */
  address: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    const where = this.address === "" ? "has no record here" : `does not answer at ${this.address}`
    return `the daemon of ${this.path} (pid ${this.pid}) ${where}`
  }
  get hint(): string {
    return this.address === ""
      ? "was it started with another KATA_HOME? kata daemon stop ends it, wherever it belongs"
      : "it may hang: kata daemon stop, then run the command again"
  }
}

/** A daemon has the database, and what is at its address may be another user's. */
export class DaemonUntrusted extends Schema.TaggedError<DaemonUntrusted>()("DaemonUntrusted", {
  path: Schema.String,
  pid: Schema.Int,
  address: Schema.String,
  /** What makes it so, as in "/tmp/x may be changed by others". */
  doubt: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `the daemon of ${this.path} (pid ${this.pid}) is not asked at ${this.address}: ${this.doubt}`
  }
  get hint(): string {
    return "mend that, then run kata daemon restart; or set XDG_RUNTIME_DIR to a directory that only you can change"
  }
}

/** No daemon has the database, and a program that only uses what runs asked for one. */
export class DaemonMissing extends Schema.TaggedError<DaemonMissing>()("DaemonMissing", { path: Schema.String }) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `no daemon serves ${this.path}, and this program starts none`
  }
  readonly hint = "start one: kata daemon start"
}

/** A daemon that is stopping answers what it is asked, for 10 s. */
const patience = 12_000
const step = "25 millis"

/** How often one is started while another process holds what it needs, most often a daemon that starts at the same moment, or stops it. */
const attempts = 3

const passes = (error: unknown) =>
  error instanceof DaemonStartFailed && (error.kind === "locked" || error.failed.tag === stopped)

/** Whether one version of ours comes before another; of what is none of ours nothing is known. */
export const isOlder = (theirs: string, ours: string): boolean => {
  const numbers = (version: string) => /^(\d+)\.(\d+)\.(\d+)$/.exec(version)?.slice(1).map(Number)
  const [a, b] = [numbers(theirs), numbers(ours)]
  const at = a?.findIndex((number, i) => number !== b?.[i]) ?? -1
  return a !== undefined && b !== undefined && at >= 0 && (a[at] ?? 0) < (b[at] ?? 0)
}

/** What can be done with a daemon that `here` did not find: use it, wait for it, or nothing. Only one that is proven is asked or stopped. */
const use = Effect.fnUntraced(function*(from: From, daemon: Serving) {
  const known = yield* recordOf(daemon, from.databasePath)
  // One with another directory of state has no record here; but its socket is where ours would be.
  const record = known.address === "" ? { ...known, address: `unix://${placesOf(from).socket}` } : known
  // It has no record, and nothing of ours will come of waiting for it.
  if (
    daemon.source === GoLock.pathOf(yield* Effect.orElseSucceed(resolve(from.databasePath), () => from.databasePath))
  ) {
    return yield* new DaemonIncompatible({
      path: from.databasePath,
      pid: daemon.pid,
      theirs: "a newer Go kata's",
      ours: from.version
    })
  }
  const target = targetOf(record.address)
  const skips = skipsCheck(from)
  const { address, pid, proven } = daemon
  const path = from.databasePath
  const incompatible = new DaemonIncompatible({ path, pid, theirs: record.version, ours: from.version })
  if (Option.isNone(target)) return Option.none<Found>()
  if (!proven) {
    if (skips && (yield* mayBeGo(pid, target.value))) return yield* answering(record, skips)
    // One of ours whose lock was taken away ends by itself, and its record goes first.
    const ends = record.version === from.version || Option.isNone(yield* read(daemon.source))
    return daemon.ours || address === "" || ends ? Option.none<Found>() : yield* incompatible
  }
  const doubt = doubtOf(target.value)
  // A daemon that starts has no socket yet.
  const isThere = "port" in target.value || (yield* exists(target.value.socketPath))
  if (doubt !== undefined && isThere) {
    return yield* new DaemonUntrusted({ path, pid, address: record.address, doubt })
  }
  const found = doubt === undefined ? yield* answering(record, skips) : Option.none<Found>()
  // A daemon of ours that has another name for the database, or another directory of state.
  if (Option.isNone(found) || record.version === from.version || skips) return found
  if (!isOlder(record.version, from.version)) return yield* incompatible
  yield* stopOne(path, daemon)
  return Option.none<Found>()
})

/** Why there is no daemon where none may be started. */
export const unstarted = Effect.fn("daemon.unstarted")(function*({ create, databasePath }: From) {
  if (create !== true) yield* present(databasePath)
  return yield* new DaemonMissing({ path: databasePath })
})

/** Options of the daemon, should one have to be started: flags of `kata daemon start`. */
export const ensure = Effect.fn("daemon.ensure")(function*(from: From, flags: ReadonlyArray<string> = []) {
  const began = yield* Clock.currentTimeMillis
  const [file, ...words] = yield* Program
  let launched = 0
  while (true) {
    const found = yield* here(from, "same version")
    if (Option.isSome(found)) return { ...found.value, started: false }
    const daemons = (yield* running(from)).running
    for (const daemon of daemons) {
      const usable = yield* use(from, daemon)
      if (Option.isSome(usable)) return { ...usable.value, started: false }
    }
    const [first] = daemons
    if (first !== undefined) {
      if ((yield* Clock.currentTimeMillis) - began > patience) {
        if (!first.proven) return yield* unproven(from.databasePath, first)
        return yield* new DaemonSilent({ path: from.databasePath, pid: first.pid, address: first.address })
      }
      yield* Effect.sleep(step)
      continue
    }
    // Neither the directory of state nor a lock is made for a database that is not there.
    if (from.create !== true) yield* present(from.databasePath)
    if (file === undefined) return yield* new DaemonMissing({ path: from.databasePath })
    yield* Directories.make(from.kataHome)
    // What steers git for one command must not steer it for all that the daemon serves.
    const kept = Record.filter(from.variables, (_, name) => !name.startsWith("GIT_"))
    const variables = { ...kept, KATA_HOME: from.kataHome, KATA_DB: from.databasePath }
    const argv = ["daemon", "start", "--foreground", ...(from.create === true ? [] : ["--create=false"]), ...flags]
    const record = yield* launch({ program: [file, ...words], argv, variables, log: Log.pathOf(from.kataHome) }).pipe(
      Effect.asSome,
      Effect.catchIf(
        (error) => passes(error) && ++launched < attempts,
        () => Effect.as(Effect.sleep(step), Option.none())
      )
    )
    const target = Option.flatMap(record, ({ address }) => targetOf(address))
    if (Option.isSome(record) && Option.isSome(target)) {
      return { target: target.value, record: record.value, started: true }
    }
  }
})
