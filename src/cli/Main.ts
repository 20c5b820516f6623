/** From the words of the command line to the exit code. */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Failure, FailureKind } from "../Failure.ts"
import { exitCodes } from "../Failure.ts"
import { Notices } from "../presence/Notices.ts"
import { Progress } from "../Progress.ts"
import * as Argv from "./Argv.ts"
import * as version from "./commands/version.ts"
import { Environment } from "./Environment.ts"
import type { Signal } from "./Environment.ts"
import { Globals } from "./Globals.ts"
import type { GlobalValues } from "./Globals.ts"
import * as Help from "./Help.ts"
import { advised } from "./hints.ts"
import * as Output from "./Output.ts"
import * as ProgressBar from "./ProgressBar.ts"
import { Stdio, WriteFailed } from "./Stdio.ts"
import { singleLine } from "./terminal.ts"
import type { AnyNode, Group, Services } from "./Tree.ts"
import { Tree } from "./Tree.ts"

/** What a command gets from here; everything else that it needs is left to the caller. */
export type Provided = Output.Output | Globals | Environment | Tree

interface State {
  globals: Pick<GlobalValues, "mode">
  word: string
}

const isClosedPipe = (error: Failure) =>
  error instanceof WriteFailed && error.stream === "stdout" && error.code === "EPIPE"

/** Every path of a command begins there; a shell stays in a directory that is removed. */
export class LostDirectory extends Schema.TaggedError<LostDirectory>()("LostDirectory", {}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return "the current directory does not exist any more"
  }
  get hint() {
    return "cd to one that does"
  }
}

const bug = (cause: Cause.Cause<unknown>): Failure => {
  const defect = Cause.squash(cause)
  return {
    _tag: "Bug",
    kind: "internal",
    message: `this is a bug in kata: ${(defect instanceof Error ? defect.message : String(defect)).slice(0, 500)}`,
    hint: "set KATA_DEBUG=1 to see where it happened"
  }
}

const stopped = (signal: Signal | undefined): Failure => ({
  _tag: "Stopped",
  kind: signal === "SIGTERM" ? "terminated" : "interrupted",
  message: signal === "SIGTERM" ? "terminated" : "interrupted"
})

const program = <R>(argv: ReadonlyArray<string>, root: Group<R>, state: State, exitCode: Ref.Ref<number>) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio
    const { stderr, stdout } = stdio
    const environment = yield* Environment
    const { globals, path, request } = yield* Argv.read(root, argv)
    state.globals = globals
    state.word = path[1]?.name ?? root.name
    const bar = yield* ProgressBar.make({
      enabled: globals.mode === "human" && !globals.quiet && environment.variables["TERM"] !== "dumb"
    })
    const output = Output.make(globals, stdio, bar.erase, exitCode, environment.variables)
    switch (request._tag) {
      case "Refused":
        return yield* request.error
      case "Help":
        return yield* request.unknownTopic === undefined
          ? stdout.write(Help.render(path, request.command))
          : stderr.write(
            `Unknown help topic [\`${request.unknownTopic}\`]\nRun "${root.name} help" for the commands.\n`
          )
      case "Version":
        return yield* globals.mode === "human"
          ? stdout.write(`${environment.name} ${environment.version}\n`)
          : Effect.flatMap(version.report, (report) => output.print(version.format, report))
      case "Run": {
        if (environment.cwd === "") return yield* new LostDirectory()
        const services = Context.make(Globals, globals).pipe(
          Context.add(Output.Output, output),
          Context.add(Tree, root),
          Context.add(Progress, bar.listener),
          Context.add(Notices, {
            // Where stderr cannot be written to, the log of the daemon has it too.
            tell: (line) => Effect.zipRight(bar.erase, Effect.ignore(stderr.write(`kata: ${singleLine(line)}\n`)))
          })
        )
        return yield* Effect.provide(request.run, services)
      }
    }
  }).pipe(Effect.scoped)

/** The exit code of a run that ended so; a failure is printed. */
const conclude = Effect.fn("Main.conclude")(function*(
  exit: Exit.Exit<void, Failure>,
  { globals, word }: State,
  signal: Signal | undefined,
  exitCode: Ref.Ref<number>
) {
  if (Exit.isSuccess(exit)) return yield* Ref.get(exitCode)
  const { stderr } = yield* Stdio
  const { variables } = yield* Environment
  const { cause } = exit
  const failure = Option.getOrElse(
    Cause.failureOption(cause),
    () => Cause.isInterruptedOnly(cause) ? stopped(signal) : bug(cause)
  )
  if (isClosedPipe(failure)) return yield* Ref.get(exitCode)
  const debug = Cause.isDie(cause) && (variables["KATA_DEBUG"] ?? "") !== "" ? `${Cause.pretty(cause)}\n` : ""
  // Where stderr cannot be written to, the exit code is all that can be given.
  yield* Effect.ignore(stderr.write(Output.renderFailure(globals, word, advised(failure)) + debug))
  return exitCodes[failure.kind]
})

/**
 * Runs the command that `argv` (without the program) names and gives the exit code. Everything is written when it ends.
 * When `environment.signal` ends first, the command is interrupted, its finalizers run, and the code is 130 or 143,
 * unless the command was already done.
 */
export const run = <const Nodes extends ReadonlyArray<AnyNode>>(
  argv: ReadonlyArray<string>,
  registry: Nodes,
  environment: Environment["Type"]
): Effect.Effect<number, never, Stdio | Exclude<Services<Nodes[number]>, Provided>> =>
  Effect.gen(function*() {
    const { stderr } = yield* Stdio
    const root: Extract<AnyNode, { readonly children: unknown }> = {
      name: environment.name,
      summary: "A local-first issue ledger for people and coding agents.",
      children: registry
    }
    const state: State = { globals: { mode: "human" }, word: root.name }
    const exitCode = yield* Ref.make(0)
    // The default logger writes to stdout, which is for results.
    const logger = Logger.map(
      Logger.logfmtLogger,
      (line) => void Effect.runFork(Effect.ignore(stderr.write(`${line}\n`)))
    )
    const logged = Effect.locallyWith(
      program(argv, root, state, exitCode),
      FiberRef.currentLoggers,
      (loggers) => HashSet.add(HashSet.remove(loggers, Logger.defaultLogger), logger)
    )
    // Each command says how far it can be interrupted: a signal after its point of no return must not say that nothing was done.
    // Born uninterruptible: at the end of an uninterruptible region within it, what had been done would be taken for interrupted.
    const fiber = yield* Effect.uninterruptible(
      Effect.fork(logged)
    )
    const signal = yield* Ref.make<Signal | undefined>(undefined)
    const watch = environment.signal.pipe(
      Effect.tap((name) => Ref.set(signal, name)),
      Effect.zipRight(Fiber.interrupt(fiber)),
      // also for a caller who is not
      Effect.interruptible,
      Effect.fork
    )
    // A command that the daemon runs gets none.
    const watching = environment.signal === Effect.never ? undefined : yield* watch
    const exit = yield* Fiber.await(fiber)
    if (watching !== undefined) yield* Fiber.interrupt(watching)
    return yield* conclude(exit, state, yield* Ref.get(signal), exitCode)
  }).pipe(Effect.provideService(Environment, environment))
