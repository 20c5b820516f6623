/** `Bd` as a process of this machine. */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { spool } from "../files/Spool.ts"
import { Bd, type Call, type Ran, typed } from "./Bd.ts"
import { BdFailed } from "./errors.ts"

/** What is kept of stderr. */
const kept = 4096

/** Between asking it to end and killing it. */
const patience = "2 seconds"

/** What it has started may hold its stdout open: what it said itself is there by then. */
const echo = "5 seconds"

/** No second program that works on, one answer of one form, no colours. */
const environment = {
  BEADS_NO_DAEMON: "1",
  BD_JSON_ENVELOPE: "0",
  NO_COLOR: "1",
  BD_DEBUG: "",
  BD_VERBOSE: ""
}

const unstarted = (call: Call) => (error: PlatformError) =>
  new BdFailed({
    command: typed(call),
    what: `${call.program} cannot be run: ${
      error._tag === "SystemError" && error.reason === "NotFound"
        ? "what it needs to run, such as its interpreter, is not there (ENOENT)"
        : error._tag === "SystemError" && error.reason === "PermissionDenied"
        ? "permission denied (EACCES)"
        : error.message
    }`,
    next: "is it the program for this machine, and may it be executed? --bd PATH names another one"
  })

const ended = (call: Call, stderr: Effect.Effect<string>) => (error: PlatformError) =>
  Effect.flatMap(stderr, (text) =>
    new BdFailed({
      command: typed(call),
      what: `${/SIG[A-Z0-9]+/.exec(error.message)?.[0] ?? "a signal"} has ended it${
        text.trim() === "" ? "" : `: ${text.trim().split("\n")[0]}`
      }`
    }))

const hung = (call: Call) =>
  new BdFailed({
    command: typed(call),
    what: "it has said nothing for too long, and was stopped",
    next:
      "does another bd hold the database (bd list --watch, a daemon), or does it wait for the network or a password?"
  })

const tailOf = (bytes: Stream.Stream<Uint8Array, PlatformError>) =>
  Stream.runFold(bytes, Buffer.alloc(0), (tail, piece) => Buffer.concat([tail, piece]).subarray(-kept)).pipe(
    Effect.map((tail) => tail.toString("utf8")),
    Effect.orElseSucceed(() => "")
  )

const run = (executor: CommandExecutor.CommandExecutor) => (call: Call) =>
  Effect.gen(function*() {
    const command = Command.make(call.program, ...call.args).pipe(
      Command.workingDirectory(call.cwd),
      Command.env(environment),
      Command.feed("")
    )
    const process = yield* Effect.mapError(executor.start(command), unstarted(call))
    yield* Effect.addFinalizer(() =>
      Effect.whenEffect(
        process.kill("SIGTERM").pipe(
          Effect.interruptible,
          Effect.timeout(patience),
          Effect.orElse(() => process.kill("SIGKILL")),
          Effect.ignore
        ),
        Effect.orElseSucceed(process.isRunning, () => false)
      )
    )
    const tail = yield* Effect.forkScoped(tailOf(process.stderr))
    const over = Effect.zipRight(Effect.exit(process.exitCode), Effect.sleep(echo))
    const stdout = yield* process.stdout.pipe(
      Stream.mapError((error) => new BdFailed({ command: typed(call), what: error.message })),
      Stream.timeoutFail(() => hung(call), call.quiet),
      Stream.interruptWhen(over),
      spool
    )
    const stderr = Fiber.join(tail).pipe(Effect.timeout(echo), Effect.orElseSucceed(() => ""))
    const code = yield* process.exitCode.pipe(
      Effect.catchAll(ended(call, stderr)),
      Effect.timeoutFail({ duration: call.quiet, onTimeout: () => hung(call) })
    )
    return { code, stdout, stderr: yield* stderr } satisfies Ran
  })

export const layer: Layer.Layer<Bd, never, CommandExecutor.CommandExecutor> = Layer.effect(
  Bd,
  Effect.map(CommandExecutor.CommandExecutor, (executor) => ({ run: run(executor) }))
)
