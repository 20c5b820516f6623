/** The names of temporary files, which tell whose they are, so that those of dead processes can be removed. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { randomBytes } from "node:crypto"
import { codeOf } from "./FileError.ts"
import { nameOf, parentOf } from "./paths.ts"

/** Temporary files of this process that are in use. */
const ours = new Set<string>()

/** What remains of 255 bytes for the name, beside a process id of ten digits and the random part. */
const nameBytes = 225

/** As much of a name as fits, without half a character. */
const shortened = (name: string): string => {
  if (Buffer.byteLength(name) <= nameBytes) return name
  let short = ""
  let size = 0
  for (const character of name) {
    size += Buffer.byteLength(character)
    if (size > nameBytes) break
    short += character
  }
  return short
}

const prefixOf = (target: string) => `.${shortened(nameOf(target))}.kata-`

/** A path beside the target that nobody has, known as in use until the scope closes. */
export const temporary = (target: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = `${parentOf(target)}/${prefixOf(target)}${process.pid}-${randomBytes(6).toString("hex")}`
      ours.add(path)
      return path
    }),
    (path) => Effect.sync(() => ours.delete(path))
  )

/** Whether a process lives; one that we may not signal does. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return codeOf(error) !== "ESRCH"
  }
}

/** Whether the file is from before this process, which then has the number of a dead one: usual in containers. */
const isOlderThanUs = (path: string) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)),
    (info) => Option.exists(info.mtime, (time) => time.getTime() < Date.now() - process.uptime() * 1000 - 1000)
  )

const isDead = (path: string, pid: number) =>
  pid === process.pid
    ? ours.has(path) ? Effect.succeed(false) : isOlderThanUs(path)
    : Effect.sync(() => !isAlive(pid))

/**
 * Removes what dead processes left beside a target. It never fails: what cannot be listed or removed harms nothing but the
 * space it takes, and the next time tries again.
 */
export const sweep = Effect.fn("leftovers.sweep")(function*(target: string) {
  const fs = yield* FileSystem.FileSystem
  const directory = parentOf(target)
  const prefix = prefixOf(target)
  // Ignored: see above.
  const names = yield* Effect.orElseSucceed(fs.readDirectory(directory), () => [])
  yield* Effect.forEach(names, (name) => {
    const pid = name.startsWith(prefix) ? /^(\d{1,10})-[0-9a-f]+$/.exec(name.slice(prefix.length))?.[1] : undefined
    const path = `${directory}/${name}`
    return pid === undefined ? Effect.void : isDead(path, Number(pid)).pipe(
      Effect.flatMap((dead) => dead ? fs.remove(path) : Effect.void),
      // Ignored: see above.
      Effect.ignore
    )
  }, { discard: true })
})
