/**
 * `Bd` as a process of this machine. What it says goes into private files, not through pipes: nothing of it is lost when it ends before it is
 * read, nothing waits for a program that it has started and that holds a pipe open, and its size does not count in memory.
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { codeOf, fromPlatform } from "../files/FileError.ts"
import { readFile } from "../files/source.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import { ofTemporary } from "../files/temporary.ts"
import { Bd, type Call, type Ran, typed } from "./Bd.ts"
import { BdFailed } from "./errors.ts"

/** What is kept of stderr. */
const kept = 4096

/** Between asking it to end and killing it. */
const patience = "2 seconds"

/** How often it is looked whether it has said something. */
const look = "100 millis"

/** No second program that works on, one form of answers, no colours. */
const settings = {
  BEADS_NO_DAEMON: "1",
  BD_JSON_ENVELOPE: "0",
  NO_COLOR: "1",
  BD_DEBUG: undefined,
  BD_VERBOSE: undefined
}

/** How it ended. */
type End = { readonly code: number | null; readonly signal: string | null }

const unstarted = (call: Call, cause: unknown) => {
  const code = codeOf(cause)
  return new BdFailed({
    command: typed(call),
    what: `${call.program} cannot be run: ${
      code === "ENOENT"
        ? "what it needs to run, such as its interpreter, is not there (ENOENT)"
        : code === "EACCES"
        ? "permission denied (EACCES)"
        : cause instanceof Error
        ? cause.message
        : String(cause)
    }`,
    next: "is it the program for this machine, and may it be executed? --bd PATH names another one"
  })
}

const hung = (call: Call) =>
  new BdFailed({
    command: typed(call),
    what: "it has said nothing for too long, and was stopped",
    next:
      "does another bd hold the database (bd list --watch, a daemon), or does it wait for the network or a password?"
  })

interface Started {
  readonly child: ChildProcess
  readonly ended: Deferred.Deferred<End>
}

const start = (call: Call, stdout: number, stderr: number) =>
  Effect.flatMap(Deferred.make<End>(), (ended) =>
    Effect.async<Started, BdFailed>((resume) => {
      try {
        const child = spawn(call.program, call.args, {
          cwd: call.cwd,
          env: { ...call.env, ...settings },
          // a group of its own, so that what it starts ends with it
          detached: true,
          stdio: ["ignore", stdout, stderr]
        })
        child.once("error", (cause) => resume(Effect.fail(unstarted(call, cause))))
        child.once("exit", (code, signal) => Deferred.unsafeDone(ended, Effect.succeed({ code, signal })))
        child.once("spawn", () => resume(Effect.succeed({ child, ended })))
      } catch (cause) {
        resume(Effect.fail(unstarted(call, cause)))
      }
    }))

/** Whether the group got it. */
const signalled = ({ pid }: ChildProcess, name: "SIGTERM" | "SIGKILL") =>
  Effect.sync(() => {
    if (pid === undefined) return
    try {
      process.kill(-pid, name)
    } catch {
      // there is nobody in it any more
    }
  })

/** Ends what has not ended by itself, and what it has started. */
const stop = ({ child, ended }: Started) =>
  Effect.unless(
    signalled(child, "SIGTERM").pipe(
      Effect.zipRight(Effect.timeoutOption(Effect.interruptible(Deferred.await(ended)), patience)),
      Effect.zipRight(signalled(child, "SIGKILL")),
      Effect.zipRight(Deferred.await(ended))
    ),
    () => child.exitCode !== null || child.signalCode !== null
  )

const sizeOf = (fs: FileSystem.FileSystem, path: string) =>
  Effect.orElseSucceed(Effect.map(fs.stat(path), ({ size }) => Number(size)), () => 0)

/** Fails when the file has not grown for so long. */
const watched = (call: Call, fs: FileSystem.FileSystem, path: string) => {
  const quiet = Duration.toMillis(call.quiet)
  const step = Duration.toMillis(look)
  const from = (size: number, silent: number): Effect.Effect<never, BdFailed> =>
    silent > quiet ? Effect.fail(hung(call)) : Effect.sleep(look).pipe(
      Effect.zipRight(sizeOf(fs, path)),
      Effect.flatMap((now) => from(now, now === size ? silent + step : 0))
    )
  return Effect.suspend(() => from(0, 0))
}

const tailOf = (fs: FileSystem.FileSystem, path: string) =>
  Stream.runFold(
    Stream.provideService(readFile(path), FileSystem.FileSystem, fs),
    Buffer.alloc(0),
    (tail, piece) => Buffer.concat([tail, piece]).subarray(-kept)
  ).pipe(Effect.map((tail) => tail.toString("utf8")))

const run = (call: Call) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* privateDirectory("spool")
    const [out, err] = [`${directory}/stdout`, `${directory}/stderr`]
    const open = (path: string) =>
      Effect.mapError(fs.open(path, { flag: "wx", mode: 0o600 }), (error) =>
        ofTemporary(fromPlatform("write", path)(error)))
    const started = yield* Effect.scoped(
      Effect.flatMap(
        Effect.all([open(out), open(err)]),
        ([stdout, stderr]) =>
          start(call, Number(stdout.fd), Number(stderr.fd))
      )
    ).pipe((start) => Effect.acquireRelease(start, stop))
    const { code, signal } = yield* Effect.raceFirst(Deferred.await(started.ended), watched(call, fs, out))
    const stderr = yield* Effect.mapError(tailOf(fs, err), ofTemporary)
    if (code === null) {
      const first = stderr.split("\n").find((line) => line.trim() !== "")
      return yield* new BdFailed({
        command: typed(call),
        what: `${signal ?? "a signal"} has ended it${first === undefined ? "" : `: ${first}`}`
      })
    }
    const bytes = Stream.provideService(readFile(out), FileSystem.FileSystem, fs)
    return { code, stdout: { path: out, size: yield* sizeOf(fs, out), bytes }, stderr } satisfies Ran
  })

export const layer: Layer.Layer<Bd> = Layer.succeed(Bd, { run })
