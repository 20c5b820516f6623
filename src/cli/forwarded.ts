/**
 * A command line of another process, run by the daemon: the same program with other layers. What is typed, and where, is the caller's; what
 * is printed is kept; nothing can be written. A command that wants more than that, or fails, is left to the one who typed it.
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Call, Inside, Printed } from "../api/CommandLine.ts"
import { DaemonClient } from "../client/DaemonClient.ts"
import { inProcess } from "../client/inProcess.ts"
import type { Environment } from "./Environment.ts"
import * as Main from "./Main.ts"
import { registry } from "./registry.ts"
import { Stdio, WriteFailed, type Writer } from "./Stdio.ts"

/** The words that only show something; the launcher asks for these. */
export const looks = ["show", "list", "ready", "search", "labels"] as const

type Look = Extract<typeof registry[number], { readonly name: typeof looks[number] }>

const shown = registry.filter((node): node is Look => looks.some((word) => word === node.name))

/** As much of an output as is kept, in characters. */
const limit = 4 * 1024 * 1024

const kept = (stream: "stdout" | "stderr", isTTY: boolean, columns: number) => {
  let text = ""
  const writer: Writer = {
    write: (data) =>
      Effect.suspend(() => {
        text += typeof data === "string" ? data : Buffer.from(data).toString("utf8")
        return text.length > limit ? new WriteFailed({ stream, code: "EFBIG" }) : Effect.void
      }),
    isTTY,
    columns: () => columns
  }
  return { writer, text: () => text }
}

const refused = () => Effect.dieMessage("this command has to run where it was typed")

/** For a command without a terminal: what would change a file is a defect, which ends the command. */
const readOnly = (fs: FileSystem.FileSystem): FileSystem.FileSystem => ({
  ...fs,
  chmod: refused,
  chown: refused,
  copy: refused,
  copyFile: refused,
  link: refused,
  makeDirectory: refused,
  makeTempDirectory: refused,
  makeTempDirectoryScoped: refused,
  makeTempFile: refused,
  makeTempFileScoped: refused,
  open: refused,
  remove: refused,
  rename: refused,
  sink: () => Sink.unwrap(refused()),
  symlink: refused,
  truncate: refused,
  utimes: refused,
  writeFile: refused,
  writeFileString: refused
})

/** Runs a command line of a caller of this build; `own` is what it has in common with this process. */
export const answer = Effect.fn("forwarded.answer")(function*(
  own: Environment["Type"],
  build: string,
  call: Call,
  daemon: Inside
) {
  const { HOME: userHome = "" } = call.variables
  if (build === "" || call.build !== build || userHome === "") return Option.none<Printed>()
  const fs = yield* FileSystem.FileSystem
  const found = yield* Effect.option(fs.stat(call.cwd))
  if (!Option.exists(found, (info) => `${info.dev}:${Option.getOrElse(info.ino, () => 0)}` === call.directory)) {
    return Option.none<Printed>()
  }
  const { start } = yield* CommandExecutor.CommandExecutor
  const [stdout, stderr] = [kept("stdout", call.terminal, Number(call.columns)), kept("stderr", false, 0)]
  const environment: Environment["Type"] = {
    ...own,
    variables: call.variables,
    cwd: call.cwd,
    userHome,
    stdin: Stream.empty,
    stdinIsTerminal: false,
    typedLine: Effect.succeed(""),
    signal: Effect.never,
    hangups: Stream.empty,
    notify: () => Effect.void
  }
  const files = readOnly(fs)
  const executor = CommandExecutor.makeExecutor((command) =>
    // Beside what this process has itself; git takes an empty one for none.
    start(Command.env(command, { XDG_CONFIG_HOME: "", ...call.variables }))
  )
  // This daemon is the one to ask, from within.
  const client = yield* inProcess(daemon).pipe(
    Effect.provideService(FileSystem.FileSystem, files),
    Effect.provideService(CommandExecutor.CommandExecutor, executor)
  )
  const services = Context.make(Stdio, { stdout: stdout.writer, stderr: stderr.writer }).pipe(
    Context.add(FileSystem.FileSystem, files),
    Context.add(CommandExecutor.CommandExecutor, executor),
    Context.add(DaemonClient, client)
  )
  const code = yield* Main.run(call.argv, shown, environment).pipe(
    Effect.provide(services),
    // Its spans are not read, and take time to make.
    Effect.withTracerEnabled(false)
  )
  return code === 0 ? Option.some({ stdout: stdout.text(), stderr: stderr.text() }) : Option.none()
})
