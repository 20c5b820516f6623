/** The names of temporary files and directories, which show whose they are, so that those of dead processes can be removed. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { randomBytes } from "node:crypto"
import { tmpdir, userInfo } from "node:os"
import { codeOf, fromPlatform } from "./FileError.ts"
import { nameOf, parentOf } from "./paths.ts"
import { ofTemporary } from "./temporary.ts"

/** Temporary files and directories of this process that are in use. */
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

/** A path beside the target that no file has, known as in use until the scope closes. */
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

const removeIfDead = (path: string, pid: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    if (yield* isDead(path, pid)) yield* fs.remove(path, { recursive: true })
  })

const namesIn = (directory: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readDirectory(directory), () => []))

/**
 * Removes what dead processes left beside a target. It never fails: what cannot be listed or removed harms nothing but the
 * space it takes, and the next time tries again.
 */
export const sweep = Effect.fn("leftovers.sweep")(function*(target: string) {
  const directory = parentOf(target)
  const prefix = prefixOf(target)
  for (const name of yield* namesIn(directory)) {
    const pid = name.startsWith(prefix) ? /^(\d{1,10})-[0-9a-f]+$/.exec(name.slice(prefix.length))?.[1] : undefined
    // Ignored: see above.
    if (pid !== undefined) yield* Effect.ignore(removeIfDead(`${directory}/${name}`, Number(pid)))
  }
})

/** The files that git makes in a working tree for the time of a merge, each under a name of its own. */
const ofGit = /^\.\.merge_file_\w+\.kata-(\d{1,10})-[0-9a-f]+$/

/** Removes the files of a directory that dead processes left; the name is to say of which, as the first group. Never fails. */
export const sweepMatching = Effect.fn("leftovers.sweepMatching")(function*(directory: string, name: RegExp) {
  for (const found of yield* namesIn(directory)) {
    const pid = name.exec(found)?.[1]
    if (pid !== undefined) yield* Effect.ignore(removeIfDead(`${directory}/${found}`, Number(pid)))
  }
})

/** Removes what dead processes left beside files that git has made for a merge, and taken away since. Never fails. */
export const sweepMerges = (target: string) => sweepMatching(parentOf(target), ofGit)

/** What a directory in the system's place for temporary files is for. */
export type Purpose = "spool" | "view" | "verify" | "import" | "upgrade" | "salvage" | "compare"

const privateName = /^kata-(?:spool|view|verify|import|upgrade|salvage|compare)-(\d{1,10})-\w{6}$/

/** A directory for the owner alone that goes with its scope, in the system's place for temporary files: its path, without links. */
export const privateDirectory = (purpose: Purpose, place = tmpdir()) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* Effect.acquireRelease(
      // 0700 by mkdtemp(3); the umask can only take away from that.
      Effect.tap(
        fs.makeTempDirectory({ prefix: `kata-${purpose}-${process.pid}-`, directory: place }),
        (path) => Effect.sync(() => ours.add(path))
      ),
      // Ignored: the work is done or has failed for its own reason, and the next run takes it away.
      (path) =>
        Effect.zipRight(
          Effect.ignore(fs.remove(path, { recursive: true, force: true })),
          Effect.sync(() => ours.delete(path))
        )
    )
    return yield* fs.realPath(directory)
  }).pipe(Effect.mapError((error) => ofTemporary(fromPlatform("create", place)(error), place)))

/** Removes the private directories of dead processes; only what is ours and no link, since others may write there too. Never fails. */
export const sweepPrivate = Effect.fn("leftovers.sweepPrivate")(function*() {
  for (const { path, pid } of yield* privateOnes) yield* Effect.ignore(removeIfDead(path, pid))
})

const privateOnes = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const found: Array<{ readonly path: string; readonly pid: number }> = []
  for (const name of yield* namesIn(tmpdir())) {
    const pid = privateName.exec(name)?.[1]
    if (pid === undefined) continue
    const path = `${tmpdir()}/${name}`
    const isLink = yield* Effect.isSuccess(fs.readLink(path))
    const info = yield* Effect.option(fs.stat(path))
    const isOurs = Option.exists(info, ({ type, uid }) => type === "Directory" && Option.contains(uid, userInfo().uid))
    if (!isLink && isOurs) found.push({ path, pid: Number(pid) })
  }
  return found
})

/** What dead processes left beside a target and in the place for temporary files. Nothing is removed, nothing fails. */
export const leftBehind = Effect.fn("leftovers.leftBehind")(function*(target: string) {
  const prefix = prefixOf(target)
  const beside = (yield* namesIn(parentOf(target))).flatMap((name) => {
    const pid = name.startsWith(prefix) ? /^(\d{1,10})-[0-9a-f]+$/.exec(name.slice(prefix.length))?.[1] : undefined
    return pid === undefined ? [] : [{ path: `${parentOf(target)}/${name}`, pid: Number(pid) }]
  })
  const dead: Array<string> = []
  for (const { path, pid } of [...beside, ...(yield* privateOnes)]) {
    if (yield* Effect.orElseSucceed(isDead(path, pid), () => false)) dead.push(path)
  }
  return dead
})
