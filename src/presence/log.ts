/** What daemons in the background say: one file for a directory of state, of which each keeps the size small. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Runtime from "effect/Runtime"
import { type FileError, fromPlatform } from "../files/FileError.ts"

export const pathOf = (kataHome: string): string => `${kataHome}/daemon.log`

/** The file before it, beside it. */
export const olderOf = (path: string): string => `${path}.1`

/** Of each of the two. */
const limit = 1024 * 1024
/** After so much it is asked again how large the file is. */
const between = 64 * 1024

/**
 * Moves the content into the older file when it has become large. The file itself stays, since its writers have it open and write at its
 * end; a line that one of them writes in this moment may be lost.
 */
export const bound = Effect.fn("log.bound")(function*(path: string, most = limit) {
  const fs = yield* FileSystem.FileSystem
  const { size } = yield* Effect.mapError(fs.stat(path), fromPlatform("stat", path))
  if (size <= most) return
  const older = olderOf(path)
  yield* Effect.mapError(fs.copyFile(path, older), fromPlatform("write", older))
  yield* Effect.mapError(fs.chmod(older, 0o600), fromPlatform("chmod", older))
  yield* Effect.mapError(fs.truncate(path), fromPlatform("write", path))
})

/** The file for appending, for this user only, open until the scope closes. */
export const open = Effect.fn("log.open")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* Effect.mapError(fs.open(path, { flag: "a", mode: 0o600 }), fromPlatform("open", path))
  yield* Effect.mapError(fs.chmod(path, 0o600), fromPlatform("chmod", path))
  yield* bound(path)
  return file
})

/** What an entry is about, on its line; where it happened is for the entries of bugs. */
const because = (cause: Cause.Cause<unknown>): string => {
  if (Cause.isEmpty(cause) || Cause.isInterruptedOnly(cause)) return ""
  const error = Cause.squash(cause)
  return `: ${(error instanceof Error ? `${error.name}: ${error.message}` : String(error)).replace(/\s+/g, " ")}`
}

/**
 * Runs with a log whose lines say when, and which of several daemons, and with no other. `path` is the file that `write` ends up in, where
 * there is one.
 */
export const to = (options: {
  readonly pid: number
  readonly write: (line: string) => Effect.Effect<void, unknown>
  readonly path: string | undefined
}) =>
<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | FileSystem.FileSystem> =>
  Effect.flatMap(Effect.runtime<FileSystem.FileSystem>(), (runtime) => {
    const { path, pid } = options
    const runFork = Runtime.runFork(runtime)
    const shorten: Effect.Effect<void, FileError, FileSystem.FileSystem> = path === undefined
      ? Effect.void
      : bound(path)
    let written = 0
    const logger = Logger.make<unknown, void>(({ cause, date, logLevel, message }) => {
      const text = (Array.isArray(message) ? message : [message]).map(String).join(" ") + because(cause)
      const level = LogLevel.greaterThan(logLevel, LogLevel.Info) ? `${logLevel.label.toLowerCase()}: ` : ""
      const line = `kata-daemon[${pid}]: ${date.toISOString()} ${level}${text}\n`
      written += line.length
      const large = written >= between
      if (large) written = 0
      // Ignored: there is no other place to say that this one cannot be written to.
      runFork(Effect.ignore(Effect.zipRight(options.write(line), large ? shorten : Effect.void)))
    })
    return Effect.locally(effect, FiberRef.currentLoggers, HashSet.make<[Logger.Logger<unknown, unknown>]>(logger))
  })
