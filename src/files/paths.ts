/** What a path means. Paths are used as they are; nothing in them is a pattern, an escape or a URL. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userInfo } from "node:os"
import { closed } from "./closeErrors.ts"
import { codeOf, FileError, fromPlatform } from "./FileError.ts"
import { identity } from "./fileIdentity.ts"

/** As many as Linux follows. */
const maxLinks = 40

/** These links have no text that could be followed: what is behind them may have no name at all. */
const descriptors = /^(?:\/proc\/\d+(?:\/task\/\d+)?\/fd|\/dev\/fd)$/

const failure = (path: string, code: string, detail = "", missing?: string) =>
  Effect.fail(
    new FileError({ path, operation: "resolve", code, detail, ...(missing === undefined ? {} : { missing }) })
  )

/** The directory of a path that `resolve` gave. */
export const parentOf = (real: string): string => real.slice(0, Math.max(1, real.lastIndexOf("/")))

/** The last name of a path that `resolve` gave. */
export const nameOf = (real: string): string => real.slice(real.lastIndexOf("/") + 1)

/** Where a link leads; none when there is no link, or nothing at all. */
const linkAt = (path: string, asked: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.readLink(path)).pipe(
    Effect.map((text) => ({ text: Option.some(text), exists: true })),
    Effect.catchAll((error) => {
      const failed = fromPlatform("resolve", asked)(error)
      if (failed.code === "EINVAL") return Effect.succeed({ text: Option.none<string>(), exists: true })
      return failed.code === "ENOENT"
        ? Effect.succeed({ text: Option.none<string>(), exists: false })
        : Effect.fail(failed)
    })
  )

/**
 * The absolute path of a file that may not exist yet, without symbolic links: also those of its directory, and a last
 * one that leads nowhere. Names are followed one by one, because `link/..` is not what it looks like, and because the
 * platform's realPath wants a file that exists.
 */
export const resolve = Effect.fn("paths.resolve")(function*(path: string) {
  if (path.includes("\0")) return yield* failure(path.replaceAll("\0", "\\0"), "EINVAL", "a path cannot contain NUL")
  if (path === "") return yield* failure(path, "ENOENT")
  const { resolve: from } = yield* Path.Path
  const here = path.startsWith("/") ? "" : yield* Effect.try(() => `${from(".")}/`).pipe(
    Effect.catchAll(() => failure(path, "", "the current directory was removed"))
  )
  const absolute = path.startsWith("/") ? path : `${here}${path}`
  const asNamed = (real: string) => absolute !== path && real.startsWith(here) ? real.slice(here.length) : real
  const rest = absolute.split("/").reverse()
  let real = ""
  let links = 0
  while (rest.length > 0) {
    const name = rest.pop()
    if (name === undefined || name === "" || name === ".") continue
    if (name === "..") {
      real = real.slice(0, Math.max(0, real.lastIndexOf("/")))
      continue
    }
    const next = `${real}/${name}`
    if (descriptors.test(real)) {
      real = next
      continue
    }
    const link = yield* linkAt(next, path)
    if (Option.isSome(link.text)) {
      links = links + 1
      if (links > maxLinks) return yield* failure(path, "ELOOP")
      // Node replaces what is not UTF-8 in a link, so its text would name another file.
      if (link.text.value.includes("\uFFFD")) return yield* failure(path, "EILSEQ", `the link ${next} is not UTF-8`)
      if (link.text.value.startsWith("/")) real = ""
      rest.push(...link.text.value.split("/").reverse())
      continue
    }
    if (!link.exists && rest.length > 0) return yield* failure(path, "ENOENT", "", asNamed(next))
    real = next
  }
  return real === "" ? "/" : real
})

/** Whether something is there; a link that leads nowhere is nothing. */
export const exists = Effect.fn("paths.exists")(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* fs.stat(path).pipe(
    Effect.as(true),
    Effect.mapError(fromPlatform("stat", path)),
    Effect.catchIf((error) => error.code === "ENOENT" || error.code === "ENOTDIR", () => Effect.succeed(false))
  )
})

/**
 * Whether two paths are one file, by whatever links. Of two that do not exist yet, whether they would be. (An inode number
 * above 2^53 is rounded: two files might then be taken for one, never one for two.)
 */
export const sameFile = Effect.fn("paths.sameFile")(function*(a: string, b: string) {
  const [one, other] = [yield* identity(a), yield* identity(b)]
  if (Option.isSome(one) && Option.isSome(other)) {
    return one.value.dev === other.value.dev && one.value.ino === other.value.ino
  }
  return Option.isNone(one) && Option.isNone(other) && (yield* resolve(a)) === (yield* resolve(b))
})

/**
 * Fails for a file that this user could not replace: one that may not be written, or of another user in a directory where only owners
 * rename (the sticky bit). It is better known before anything is made beside it that could not be removed any more.
 */
export const replaceable = Effect.fn("paths.replaceable")(function*(real: string) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.mapError(fs.access(real, { writable: true }), fromPlatform("write", real))
  const [file, directory] = yield* Effect.mapError(
    Effect.all([fs.stat(real), fs.stat(parentOf(real))]),
    fromPlatform("stat", real)
  )
  const { uid } = userInfo()
  const isOurs = [file, directory].some((info) => Option.contains(info.uid, uid)) || uid <= 0
  if ((directory.mode & 0o1000) !== 0 && !isOurs) {
    const detail = "only its owner may replace it"
    return yield* new FileError({ path: real, operation: "rename", code: "EPERM", detail })
  }
})

/** What a filesystem that cannot sync directories answers; there is nothing more that could be done on it. */
const unsupported = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])

/** Confirms that the names in a directory are on disk: a new name or a rename is only durable after it. */
export const syncDirectory = Effect.fn("paths.syncDirectory")(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  yield* fs.open(directory, { flag: "r" }).pipe(
    Effect.flatMap((handle) =>
      Effect.catchIf(handle.sync, (error) => unsupported.has(codeOf(error.cause)), () => Effect.void)
    ),
    Effect.scoped,
    Effect.mapError(fromPlatform("sync", directory)),
    closed(directory)
  )
})

/** A path as a word of a command line that a message shows. */
export const quoted = (path: string): string =>
  /^[\w./:@%+,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
