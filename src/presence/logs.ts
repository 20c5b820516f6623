/** Logs of daemons, read: the last lines of several files, oldest first, and what is written from then on. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type FileError, fromPlatform } from "../files/FileError.ts"
import { namespaceOf } from "./databasePath.ts"
import * as Log from "./log.ts"

/** How often a followed file is looked at. */
const pause = "200 millis"

/** The files of a log with the oldest first; those that are not there are left out when they are read. */
export const daemonLog = (kataHome: string): ReadonlyArray<string> => {
  const path = Log.pathOf(kataHome)
  return [Log.olderOf(path), path]
}

/** The runs of hooks of a database, with what was rotated. */
export const hookRuns = Effect.fn("logs.hookRuns")(function*(kataHome: string, databasePath: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = `${kataHome}/hooks/${namespaceOf(databasePath)}`
  const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), (): ReadonlyArray<string> => [])
  const numbers = names.map((name) => Number(/^runs\.jsonl\.(\d+)$/.exec(name)?.[1])).filter((number) => number > 0)
  const rotated = numbers.toSorted((a, b) => b - a).map((number) => `${directory}/runs.jsonl.${number}`)
  return [...rotated, `${directory}/runs.jsonl`]
})

const missing = (error: FileError) => error.code === "ENOENT" || error.code === "ENOTDIR"

const linesOf = <R>(bytes: Stream.Stream<Uint8Array, FileError, R>) => Stream.splitLines(Stream.decodeText(bytes))

/** The lines from a place in a file; none when there is no file. */
const readFrom = (path: string, offset: number) =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) =>
      linesOf(Stream.mapError(fs.stream(path, { offset }), fromPlatform("read", path))).pipe(
        Stream.catchAll((error) =>
          missing(error) ? Stream.empty : Stream.fail(error)
        )
      ))
  )

const sizeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ size }) => Number(size)),
    Effect.orElseSucceed(() => 0)
  )

/** The last lines that are wanted, at most `limit`. */
export const last = (
  files: ReadonlyArray<string>,
  limit: number,
  wanted: (line: string) => boolean
): Effect.Effect<ReadonlyArray<string>, FileError, FileSystem.FileSystem> =>
  Stream.fromIterable(files).pipe(
    Stream.flatMap((path) => readFrom(path, 0)),
    Stream.filter(wanted),
    Stream.runFold([] as Array<string>, (kept, line) => {
      kept.push(line)
      // not after each line: the array would be moved for each
      if (kept.length >= 2 * limit) kept.splice(0, kept.length - limit)
      return kept
    }),
    Effect.map((kept) => kept.slice(-limit))
  )

/** The lines that are added to a file from now on, without end; also when it is rotated or emptied meanwhile. */
export const follow = (path: string): Stream.Stream<string, FileError, FileSystem.FileSystem> =>
  Stream.unwrap(Effect.map(Effect.all([sizeOf(path), FileSystem.FileSystem]), ([size, fs]) => {
    const added = Stream.paginateEffect(size, (from) =>
      Effect.map(Effect.delay(sizeOf(path), pause), (now) => {
        const start = now < from ? 0 : from
        const bytes = now === start ? Stream.empty : fs.stream(path, { offset: start, bytesToRead: now - start })
        return [Stream.mapError(bytes, fromPlatform("read", path)), Option.some(now)] as const
      }))
    return linesOf(Stream.flatten(added))
  }))
