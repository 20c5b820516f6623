/** A process of this program that does the work; it lives no longer than somebody reads what it says. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { write } from "../records/json.ts"
import { type Task, taskVariable } from "./task.ts"
import { WorkerFailed } from "./WorkerFailed.ts"

export interface Limits {
  /** How long it may take. */
  readonly time: Duration.DurationInput
  /** For what was asked to end; then it is killed. */
  readonly grace: Duration.DurationInput
}

const limits: Limits = { time: "1 hour", grace: "5 seconds" }

/** As much of stderr as is told. */
const mostSaid = 2000

type Ended = { readonly code: number | null; readonly signal: string | null } | { readonly error: Error }

interface Running {
  readonly child: ChildProcess
  readonly ended: Deferred.Deferred<Ended>
  /** The end of what it wrote to stderr. */
  readonly said: () => string
}

/** How this program is started. */
export interface Start {
  /** The words of `Program`. */
  readonly program: ReadonlyArray<string>
  /** Of the daemon: the process is to find the same directories. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

const started = ({ program: [file = "", ...words], variables }: Start, task: Task): Effect.Effect<Running> =>
  Effect.gen(function*() {
    const ended = yield* Deferred.make<Ended>()
    const tell = (end: Ended) => void Deferred.unsafeDone(ended, Effect.succeed(end))
    const child = spawn(file, [...words, "daemon", "work"], {
      env: { ...variables, [taskVariable]: write(task) },
      stdio: ["pipe", "pipe", "pipe"]
    })
    let said = ""
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-mostSaid)
    })
    // What is written to a process that is gone is nothing to us: its end is told.
    child.stdin?.on("error", () => {})
    child.on("error", (error) => tell({ error }))
    child.on("exit", (code, signal) => tell({ code, signal }))
    return { child, ended, said: () => said }
  })

/** It ends by itself when stdin does; one that does not is killed, which leaves the database as before or as after. */
const stop = ({ child, ended }: Running, grace: Duration.DurationInput) =>
  Effect.gen(function*() {
    if (yield* Deferred.isDone(ended)) return
    child.stdin?.destroy()
    child.kill("SIGTERM")
    const inTime = yield* Effect.timeoutOption(Effect.interruptible(Deferred.await(ended)), grace)
    if (inTime._tag === "Some") return
    child.kill("SIGKILL")
    yield* Deferred.await(ended)
  })

/** The lines that a process of this program writes until it ends. */
export const lines = (start: Start, task: Task, { grace, time }: Limits = limits) => {
  const { operation } = task
  const failed = (reason: WorkerFailed["reason"], detail: string) => new WorkerFailed({ operation, reason, detail })
  if (start.program.length === 0) return Stream.fail(failed("missing", "cannot be started by this daemon"))
  return Stream.unwrapScoped(Effect.gen(function*() {
    const running = yield* Effect.acquireRelease(started(start, task), (running) => stop(running, grace))
    const { child, ended, said } = running
    const atEnd = Effect.flatMap(Deferred.await(ended), (end) => {
      if ("error" in end) return failed("start", `could not be started: ${end.error.message}`)
      if (end.code === 0) return Effect.void
      const how = end.signal ?? `exit ${end.code}`
      return failed(
        "ended",
        `ended before it had said what came of it (${how})${said() === "" ? "" : `: ${said().trim()}`}`
      )
    })
    const told = NodeStream.fromReadable<WorkerFailed>(
      () => child.stdout!,
      (cause) => failed("ended", `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
    )
    const late = Effect.zipRight(
      Effect.sleep(time),
      failed("time", `took longer than ${Duration.format(time)} and was ended`)
    )
    return told.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.concat(Stream.drain(Stream.fromEffect(atEnd))),
      Stream.interruptWhen(late)
    )
  }))
}
