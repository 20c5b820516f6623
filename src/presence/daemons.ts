/**
 * Which daemons serve a database. Ours hold its lock; Go kata's only leave a record with their number and address, and
 * it stays when they are killed; the newest has a lock of its own. What answers there, or is called kata, is left alone; it is no proof, see `proof.ts`.
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Lock from "../database/Lock.ts"
import type { FailureKind } from "../Failure.ts"
import { resolve, sameFile } from "../files/paths.ts"
import { Processes } from "../host/Processes.ts"
import { namespaceOf } from "./databasePath.ts"
import * as GoLock from "./goLock.ts"
import { ping, targetOf } from "./ping.ts"
import { doubtOf, isDaemonOf } from "./proof.ts"
import { filesIn, namesIn } from "./records.ts"

export const Daemon = Schema.Struct({
  pid: Schema.Int,
  /** `unix:///absolute/path` or `host:port`, as its record says; empty when there is none. */
  address: Schema.String,
  /** The file that names it: a lock or a record. */
  source: Schema.String
})
export type Daemon = typeof Daemon.Type

/** A daemon works with the database. What can be done about it depends on the command, which says it as a hint. */
export class DaemonRunning extends Schema.TaggedError<DaemonRunning>()("DaemonRunning", {
  path: Schema.String,
  daemons: Schema.Array(Daemon),
  hint: Schema.String
}) {
  readonly kind = "locked" satisfies FailureKind
  override get message() {
    const who = this.daemons.map(({ address, pid }) => `pid ${pid}${address === "" ? "" : ` at ${address}`}`)
    return `daemon is running for this database: ${this.path} (${who.join(", ")})`
  }
}

export interface Serving extends Daemon {
  /** The process of that number is this daemon and no other: it may be sent a signal. */
  readonly proven: boolean
  /** It has a lock of ours: it is no Go kata. */
  readonly ours: boolean
}

export interface Found {
  readonly running: ReadonlyArray<Serving>
  /** The process of a record is there, but nothing shows that it is a kata: most likely its number was given anew. */
  readonly unproven: ReadonlyArray<Daemon>
  /** Records of this file whose process is dead: a daemon that was killed left them. */
  readonly stale: ReadonlyArray<Daemon>
}

/**
 * The daemons of this file, by whatever path they were started with; never this process itself.
 *
 * It does not fail: what cannot be read is ignored. Who changes the database takes the lock all the same, and who
 * reads it gets one state, whoever writes.
 */
export const running = Effect.fn("daemons.running")(function*(of: {
  /** Absolute, as it was chosen: links in it are part of the name that a daemon has for it. */
  readonly databasePath: string
  /** The directory of state, and the user's home directory, which has another one in `.kata`. */
  readonly kataHome: string
  readonly userHome: string
}) {
  const { current } = yield* Processes
  const real = yield* Effect.orElseSucceed(resolve(of.databasePath), () => of.databasePath)
  const holder = Option.flatten(yield* Effect.option(Lock.holder(real)))
  const holding = yield* Effect.forEach(
    Option.toArray(holder).filter(({ purpose }) => purpose === "daemon"),
    ({ pid }) =>
      // The row of a holder before this one may still stand there: then the pid may be another process's.
      Effect.map(pid === null ? Effect.succeed(false) : isDaemonOf(real, pid), (proven) => ({ pid: pid ?? 0, proven }))
  )
  const namespaces = new Set([namespaceOf(of.databasePath), namespaceOf(real)])
  const records = yield* Effect.forEach(
    [...new Set([of.kataHome, `${of.userHome}/.kata`])].map((home) => `${home}/runtime`),
    recordsIn
  )
  const holders = new Set(holding.filter(({ proven }) => proven).map(({ pid }) => pid))
  const judged = yield* Effect.forEach(
    records.flat().filter(({ pid }) => pid !== current.pid),
    ({ address, pid, source, ...record }) =>
      Effect.map(
        judge({ address, pid, source, ...record }, real, namespaces, holders),
        (verdict) => ({ pid, address, source, verdict })
      ),
    { concurrency: 8 }
  )
  const ours = byPid([
    ...judged.flatMap(({ verdict, ...daemon }) =>
      verdict === "proven" || verdict === "running"
        ? [{ ...daemon, proven: verdict === "proven", ours: verdict === "proven" }]
        : []
    ),
    ...holding.filter(({ pid }) => pid !== current.pid).map((held) => ({
      ...held,
      ours: true,
      address: "",
      source: Lock.pathOf(real)
    }))
  ])
  const other = Option.flatMap(
    yield* GoLock.find(real),
    ({ holder, path }) => Option.map(holder, (pid) => ({ pid, address: "", source: path, proven: false, ours: false }))
  )
  const serving = byPid([...ours, ...Option.toArray(other)])
  const known = new Set(serving.map(({ pid }) => pid))
  const only = (verdict: Verdict) =>
    judged.filter((one) => one.verdict === verdict).map(({ address, pid, source }) => ({ pid, address, source }))
  return {
    running: serving,
    unproven: byPid(only("unproven").filter(({ pid }) => !known.has(pid))),
    stale: only("stale")
  } satisfies Found
})

/** The first of each process. */
const byPid = <D extends Daemon>(daemons: ReadonlyArray<D>): ReadonlyArray<D> =>
  Arr.dedupeWith(daemons, (one, other) => one.pid === other.pid)

// ---- records --------------------------------------------------------------------------------------------------------

interface RuntimeRecord extends Daemon {
  readonly namespace: string
  readonly databasePath: string
}

const recordsIn = Effect.fnUntraced(function*(runtime: string) {
  const records: Array<RuntimeRecord> = []
  for (const namespace of yield* namesIn(runtime)) {
    for (const { path, pid, record } of yield* filesIn(`${runtime}/${namespace}`)) {
      // Of one that cannot be read, the name of the file and of its directory still give its pid, and the database.
      const { address, db_path, pid: said } = Option.getOrElse(record, () => ({ pid, address: "", db_path: "" }))
      records.push({ namespace, source: path, pid: said, address, databasePath: db_path })
    }
  }
  return records
})

// ---- proof ----------------------------------------------------------------------------------------------------------

type Verdict = "unrelated" | "stale" | "unproven" | "running" | "proven"

const judge = Effect.fnUntraced(function*(
  record: RuntimeRecord,
  real: string,
  namespaces: ReadonlySet<string>,
  holders: ReadonlySet<number>
): Effect.fn.Return<Verdict, never, Processes | FileSystem.FileSystem | Path.Path> {
  const processes = yield* Processes
  const isThisFile = namespaces.has(record.namespace) || record.databasePath.startsWith("/") &&
      (yield* Effect.orElseSucceed(sameFile(record.databasePath, real), () => false))
  if (!isThisFile) return "unrelated"
  if (record.pid === 0 || !(yield* processes.isAlive(record.pid))) return "stale"
  if (holders.has(record.pid)) return "proven"
  // By another name of the file, which has a lock of its own.
  if (record.databasePath.startsWith("/") && (yield* isDaemonOf(record.databasePath, record.pid))) return "proven"
  const answer = yield* answerOf(record)
  const isKata = Option.contains(answer, undefined) || Option.contains(answer, record.pid) ||
    Option.contains(yield* processes.programOf(record.pid), "kata")
  return isKata ? "running" : "unproven"
})

/**
 * The number that a kata gives of itself at the address of a record, which it may leave out; none when no kata answers. Another user's
 * program is not asked.
 */
const answerOf = ({ address }: RuntimeRecord) =>
  Option.match(Option.filter(targetOf(address), (target) => doubtOf(target) === undefined), {
    onNone: () => Effect.succeed(Option.none<unknown>()),
    onSome: (target) =>
      Effect.map(
        ping(target),
        (pong) => Option.map(Option.filter(pong, ({ service }) => service === "kata"), ({ pid }) => pid)
      )
  })
