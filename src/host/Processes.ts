/** What the operating system says of a process that left its number behind: it may be another process's by now. */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { posix } from "node:path"
import { codeOf } from "../files/FileError.ts"

export class Processes extends Context.Tag("kata/host/Processes")<Processes, {
  readonly current: { readonly pid: number }
  /** Whether there is a process of that number, whichever user owns it; one that is dead, and was not waited for, is none. */
  readonly isAlive: (pid: number) => Effect.Effect<boolean>
  /** The name of its program without directories; of an interpreter, that of its script. None when it is not known. */
  readonly programOf: (pid: number) => Effect.Effect<Option.Option<string>>
  /**
   * What distinguishes a process from every other that ever has its number: none when there is no such process, when it is dead and was
   * not waited for, or when it is not known.
   */
  readonly identityOf: (pid: number) => Effect.Effect<Option.Option<string>>
  /** The number of the user whose process it is; none when there is no such process, or when it is not known. */
  readonly ownerOf: (pid: number) => Effect.Effect<Option.Option<number>>
  /** Whether it was sent; `gone` when there is no such process, `refused` when it is another user's. */
  readonly signal: (pid: number, name: "SIGTERM" | "SIGHUP") => Effect.Effect<"sent" | "gone" | "refused">
}>() {}

const isAlive = (pid: number) =>
  Effect.sync(() => {
    try {
      return process.kill(pid, 0)
    } catch (error) {
      // it is there, and another user's
      return codeOf(error) === "EPERM"
    }
  })

const signal = (pid: number, name: "SIGTERM" | "SIGHUP") =>
  Effect.sync(() => {
    try {
      process.kill(pid, name)
      return "sent"
    } catch (error) {
      return codeOf(error) === "EPERM" ? "refused" : "gone"
    }
  })

const named = (path: string | undefined): Option.Option<string> =>
  Option.filter(Option.some(posix.basename(path ?? "")), (name) => name !== "")

const isInterpreter = (name: string) => /^(?:node|nodejs|bun|deno)$/.test(name)

/** The words of a command line, in which a program that is read by an interpreter is the first that is no option. */
const nameIn = (program: string | undefined, words: ReadonlyArray<string>): Option.Option<string> =>
  Option.flatMap(
    named(program),
    (name) => isInterpreter(name) ? named(words.slice(1).find((word) => !word.startsWith("-"))) : Option.some(name)
  )

const fromProc = (fs: FileSystem.FileSystem, pid: number) =>
  Effect.all([
    // the link of another user's process cannot be read, its command line can
    Effect.option(fs.readLink(`/proc/${pid}/exe`)),
    Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/cmdline`), () => "")
  ]).pipe(Effect.map(([exe, line]) => {
    const words = line.split("\0")
    // of a program that was replaced while it runs
    const program = Option.map(exe, (path) => path.replace(/ \(deleted\)$/, ""))
    return nameIn(Option.getOrElse(program, () => words[0]), words)
  }))

/** The first letters of `stat` for what has ended. */
const isDead = (state: string) => /^[ZX]/.test(state)

/** The state and what follows it in `/proc/<pid>/stat`: the name of the program stands before it in brackets, and may hold anything. */
const stateIn = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")

/** When it began, in ticks since the machine did, and which beginning of the machine that was. */
const beginningFromProc = (fs: FileSystem.FileSystem, pid: number) =>
  Effect.all([
    Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/stat`), () => ""),
    Effect.orElseSucceed(fs.readFileString("/proc/sys/kernel/random/boot_id"), () => "")
  ]).pipe(Effect.map(([stat, boot]) => {
    const [state = "", ...fields] = stateIn(stat)
    const start = fields[18] ?? ""
    return start === "" || isDead(state) ? Option.none() : Option.some(`${boot.trim()} ${start}`)
  }))

const ps = (executor: CommandExecutor.CommandExecutor, pid: number, column: string) =>
  executor.string(Command.make("ps", "-o", `${column}=`, "-p", String(pid))).pipe(
    Effect.timeout("1 second"),
    Effect.option,
    Effect.map(Option.map((printed) => printed.trim()))
  )

const beginningFromPs = (executor: CommandExecutor.CommandExecutor, pid: number) =>
  Effect.zipWith(
    ps(executor, pid, "stat"),
    ps(executor, pid, "lstart"),
    (state, start) => Option.exists(state, isDead) ? Option.none() : start
  ).pipe(Effect.map(Option.filter((start) => start !== "")))

const ownerFromPs = (executor: CommandExecutor.CommandExecutor, pid: number) =>
  Effect.map(
    ps(executor, pid, "uid"),
    Option.flatMap((uid) => /^\d+$/.test(uid) ? Option.some(Number(uid)) : Option.none())
  )

/** Of a process that may not be looked into the directory is root's: its state names the user. */
const ownerFromProc = (fs: FileSystem.FileSystem, pid: number) =>
  Effect.map(
    Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/status`), () => ""),
    (status) => Option.map(Option.fromNullable(/^Uid:\t(\d+)/m.exec(status)?.[1]), Number)
  )

/** Linux shows it in /proc, others through `ps`. */
export const layer: Layer.Layer<Processes, never, FileSystem.FileSystem | CommandExecutor.CommandExecutor> = Layer
  .effect(
    Processes,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const executor = yield* CommandExecutor.CommandExecutor
      const hasProc = yield* Effect.orElseSucceed(fs.exists(`/proc/${process.pid}/cmdline`), () => false)
      return {
        current: { pid: process.pid },
        isAlive: (pid) =>
          Effect.flatMap(isAlive(pid), (alive) =>
            alive && hasProc
              ? Effect.map(fs.readFileString(`/proc/${pid}/stat`), (stat) => !isDead(stateIn(stat)[0] ?? ""))
                .pipe(Effect.orElseSucceed(() => true))
              : Effect.succeed(alive)),
        programOf: (pid) => hasProc ? fromProc(fs, pid) : Effect.map(ps(executor, pid, "comm"), Option.flatMap(named)),
        ownerOf: (pid) => hasProc ? ownerFromProc(fs, pid) : ownerFromPs(executor, pid),
        identityOf: (pid) => hasProc ? beginningFromProc(fs, pid) : beginningFromPs(executor, pid),
        signal
      }
    })
  )
