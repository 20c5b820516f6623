/** A daemon that outlives who starts it: a session of its own, nothing of the terminal's, and a word to the one who waits for it. */
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn } from "node:child_process"
import { exitCodes, type FailureKind } from "../Failure.ts"
import { phase } from "../Progress.ts"
import * as Log from "./log.ts"
import { type Listener, Notices } from "./Notices.ts"
import { DaemonRecord } from "./records.ts"

/** How long a start may take before the caller goes on without it. */
const patience = 30_000

/** And one that has told that it has much to do first. */
const longPatience = 3_600_000

const kinds = Object.keys(exitCodes) as [FailureKind, ...Array<FailureKind>]

/** What keeps it from serving, as it travels to the caller. */
export const Failed = Schema.Struct({
  tag: Schema.String,
  kind: Schema.Literal(...kinds),
  message: Schema.String,
  hint: Schema.String
})

/** What a daemon reports to its parent: what takes it long, lines for the user, and once, at the end, what came of it. */
export const Word = Schema.Union(
  Schema.Struct({ ready: DaemonRecord }),
  Schema.Struct({ failed: Failed }),
  Schema.Struct({ busy: Schema.String }),
  Schema.Struct({ told: Schema.String })
)

/** A daemon that was started does not serve, for the reason that it gave. */
export class DaemonStartFailed extends Schema.TaggedError<DaemonStartFailed>()("DaemonStartFailed", {
  failed: Failed
}) {
  get kind(): FailureKind {
    return this.failed.kind
  }
  override get message() {
    return this.failed.message
  }
  get hint(): string {
    return this.failed.hint
  }
}

/** The tag of one that ended in its start for no reason of its own. */
export const stopped = "Stopped"

const startFailed = (kind: FailureKind, message: string, log: string, tag = "") =>
  new DaemonStartFailed({ failed: { tag, kind, message, hint: `its log is ${log}` } })

const decode = Schema.decodeUnknownOption(Word)

export interface Launch {
  /** The interpreter, the program, and what comes before the words of the command line. */
  readonly program: readonly [file: string, ...words: ReadonlyArray<string>]
  /** `daemon start --foreground` and its flags. */
  readonly argv: ReadonlyArray<string>
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly log: string
}

const wait = (child: ChildProcess, log: string, run: (effect: Effect.Effect<void>) => void, tell: Listener["tell"]) =>
  Effect.async<DaemonRecord, DaemonStartFailed>((resume) => {
    let ended: { readonly kind: FailureKind; readonly how: string; readonly tag?: string } | undefined
    const leave = (result: Effect.Effect<DaemonRecord, DaemonStartFailed>) => {
      clearTimeout(timer)
      child.removeAllListeners()
      // an error of a process that we no longer speak to
      child.on("error", () => {})
      if (child.connected) child.disconnect()
      child.unref()
      resume(result)
    }
    const within = (time: number) =>
      setTimeout(
        () =>
          leave(startFailed(
            "daemon_unavailable",
            `the daemon (pid ${child.pid}) does not serve after ${time / 1000} s; it is still starting`,
            log
          )),
        time
      )
    let timer = within(patience)
    // Its last word may still be on the way when it has ended.
    const mute = () => {
      if (ended === undefined || child.connected) return
      leave(startFailed(ended.kind, `the daemon ended before it served (${ended.how})`, log, ended.tag))
    }
    child.on("message", (message) => {
      const word = decode(message)
      if (word._tag === "None") return
      if ("told" in word.value) return run(tell(word.value.told))
      if ("busy" in word.value) {
        clearTimeout(timer)
        timer = within(longPatience)
        return run(phase(word.value.busy))
      }
      leave("ready" in word.value ? Effect.succeed(word.value.ready) : new DaemonStartFailed(word.value))
    })
    child.on("disconnect", mute)
    child.on("exit", (code, signal) => {
      // a process that was killed, or asked to stop, has no bug
      ended = signal !== null
        ? { kind: "daemon_unavailable", how: signal, tag: stopped }
        : code === 0
        ? { kind: "daemon_unavailable", how: "it was told to stop", tag: stopped }
        : { kind: "internal", how: `exit ${code}` }
      mute()
    })
    child.on("error", (error) => leave(startFailed("io", `cannot start a daemon: ${error.message}`, log)))
    // It has no terminal whose closing it would notice.
    return Effect.sync(() => {
      clearTimeout(timer)
      child.kill("SIGTERM")
      child.unref()
    })
  })

/** Starts a daemon and waits until it serves, or says why it does not. The directory of the log exists. */
export const launch = Effect.fn("daemon.launch")(
  function*({ argv, log, program: [file, ...words], variables }: Launch) {
    const { fd } = yield* Log.open(log)
    const child = spawn(file, [...words, ...argv], {
      // no directory of the caller's is kept busy
      cwd: "/",
      detached: true,
      env: { ...variables, KATA_AUTOSTART: "1" },
      stdio: ["ignore", "ignore", fd, "ipc"]
    })
    const { tell } = yield* Notices
    const runtime = yield* Effect.runtime()
    return yield* wait(child, log, (effect) => void Runtime.runFork(runtime)(effect), tell)
  },
  Effect.scoped
)
