/** Words of the process in, exit code of the process out: the only module that knows layers and `process`. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { homedir } from "node:os"
import { isatty } from "node:tty"
import { CommandLine } from "./api/CommandLine.ts"
import type { Environment, Signal } from "./cli/Environment.ts"
import * as Main from "./cli/Main.ts"
import { registry } from "./cli/registry.ts"
import { fromStreams, Stdio } from "./cli/Stdio.ts"
import { layerHttp } from "./client/overHttp.ts"
import * as Sqlite from "./database/sqlite.ts"
import { fromErrno } from "./files/FileError.ts"
import { boundHeap } from "./host/heap.ts"
import * as Processes from "./host/Processes.ts"
import { Program } from "./presence/Program.ts"
import * as Worker from "./server/Worker.ts"
import { ProgramVersion, version } from "./version.ts"

/** Node's, loaded with what starts processes in Node when the first one is started: most commands start none. */
const commandExecutor = Layer.effect(
  CommandExecutor.CommandExecutor,
  Effect.gen(function*() {
    const fileSystem = yield* Effect.context<FileSystem.FileSystem>()
    const node = yield* Effect.cached(
      Effect.flatMap(
        Effect.promise(() => import("@effect/platform-node/NodeCommandExecutor")),
        ({ layer }) => Effect.scoped(Layer.build(layer))
      ).pipe(Effect.map(Context.get(CommandExecutor.CommandExecutor)), Effect.provide(fileSystem))
    )
    return CommandExecutor.makeExecutor((command) => Effect.flatMap(node, ({ start }) => start(command)))
  })
)
const platform = Layer.mergeAll(NodePath.layer, Layer.provideMerge(commandExecutor, NodeFileSystem.layer))
const program = Layer.sync(Program, () => [process.execPath, ...process.execArgv, ...process.argv.slice(1, 2)])
const machine = Layer.mergeAll(
  Sqlite.layer,
  Processes.layer,
  Layer.sync(Stdio, () => fromStreams(process)),
  Layer.succeed(ProgramVersion, version),
  program,
  Layer.provide(Layer.suspend(() => Worker.layer(process.env)), program)
).pipe(Layer.provideMerge(platform))
const services = Layer.provideMerge(layerHttp, machine)

/** A caller that asks after the signal came gets it as well. */
const signal = (): Effect.Effect<Signal> => {
  const came = new Promise<Signal>((resolve) => {
    // Once: a second signal has no handler and ends the process at once.
    for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => resolve(name))
  })
  return Effect.promise(() => came)
}

const hangups = Stream.asyncPush<void>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const listener = () => void emit.single(undefined)
      process.on("SIGHUP", listener)
      return listener
    }),
    (listener) => Effect.sync(() => process.off("SIGHUP", listener))
  ), { bufferSize: 1, strategy: "sliding" })

const notify = (word: unknown) =>
  Effect.async<void>((resume) => {
    if (process.send === undefined || !process.connected) return resume(Effect.void)
    // Whether it arrived is of no use to us.
    process.send(word, undefined, undefined, () => resume(Effect.void))
  })

const stdin = (options?: { readonly chunkSize: number }) =>
  NodeStream.fromReadable(() => process.stdin, fromErrno("read", "stdin"), options)

/** Of a directory that was removed nothing but the shell knows the name; empty where it does not say it. */
const currentDirectory = (): string => {
  try {
    return process.cwd()
  } catch {
    const { PWD: name = "" } = process.env
    return name.startsWith("/") ? name : ""
  }
}

const environment = (): Environment["Type"] => ({
  name: "kata",
  version,
  runtime: `node ${process.versions.node}`,
  os: process.platform,
  arch: process.arch,
  variables: process.env,
  cwd: currentDirectory(),
  userHome: homedir(),
  stdin: stdin({ chunkSize: 1024 * 1024 }),
  stdinIsTerminal: isatty(0),
  // Not in chunks of a size, which would be waited for.
  typedLine: stdin().pipe(
    Stream.decodeText(),
    Stream.splitLines,
    Stream.runHead,
    Effect.map(Option.getOrElse(() => ""))
  ),
  signal: signal(),
  hangups,
  notify
})

/** Runs one command line; what the launcher calls. `build` distinguishes this program from others of its version. */
export const main = (argv: ReadonlyArray<string>, build = ""): Promise<number> => {
  // Node would end while nothing but a fiber waits.
  const alive = setInterval(() => {}, 2 ** 30)
  const unbound = boundHeap()
  const own = environment()
  const program = Effect.gen(function*() {
    const machine = yield* Effect.context<Layer.Layer.Success<typeof services>>()
    const commandLine: CommandLine["Type"] = (call, daemon) =>
      Effect.promise(() => import("./cli/forwarded.ts")).pipe(
        Effect.flatMap(({ answer }) => answer(own, build, call, daemon)),
        Effect.provide(machine)
      )
    return yield* Effect.provideService(Main.run(argv, registry, own), CommandLine, commandLine)
  })
  return Effect.runPromise(Effect.provide(program, services)).finally(() => {
    clearInterval(alive)
    unbound()
  })
}
