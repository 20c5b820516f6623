/** A file is replaced whole, or not at all. */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { closed } from "./closeErrors.ts"
import { DurabilityNotConfirmed, type FileError, fromPlatform, NotAFile } from "./FileError.ts"
import { writeSynced } from "./output.ts"
import { parentOf, resolve, syncDirectory } from "./paths.ts"
import { isDescriptor, writeDirectly } from "./specialFiles.ts"
import { spool } from "./Spool.ts"
import { sweep, temporary } from "./staleFiles.ts"

export interface WriteOptions<E = never, R = never> {
  /** For the owner alone (0600), whatever the umask and the old file say, unless this is false: then both are followed. */
  readonly private?: boolean
  /** Looks at the complete file, which is on disk, before it takes effect; its failure leaves everything as it was. */
  readonly verify?: (staged: string) => Effect.Effect<void, E, R>
}

export interface Written {
  readonly bytes: number
  /** The file that was written: where the links lead. */
  readonly path: string
}

/** A file that is complete, on disk, and not in place yet; it disappears with its scope unless it is put there. */
export interface Prepared extends Written {
  /**
   * Puts it in place. A rename is not interrupted: a caller in an uninterruptible region learns truly whether it was done. What
   * has no name to be renamed over is written now, and that may wait for a reader, so it can always be interrupted.
   */
  readonly commit: Effect.Effect<void, FileError | DurabilityNotConfirmed, FileSystem.FileSystem | Path.Path>
}

export type WriteError = FileError | NotAFile | DurabilityNotConfirmed

/** What a filesystem without permissions answers, when they are set on a file that we have just made. */
const keepsNoModes = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])

/** What a filesystem without hard links answers. */
const noLinks = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"])

/** Permissions that do not depend on the umask. */
const setMode = (file: FileSystem.File, temp: string, path: string, mode: number) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const info = yield* Effect.mapError(file.stat, fromPlatform("stat", path))
    if ((info.mode & 0o7777) === mode) return
    yield* fs.chmod(temp, mode).pipe(
      Effect.mapError(fromPlatform("chmod", path)),
      Effect.catchIf((error) => keepsNoModes.has(error.code), () => Effect.void)
    )
  })

/** Fills the temporary file; when this returns it is on disk and closed. */
const fill = <E, R>(temp: string, path: string, bytes: Stream.Stream<Uint8Array, E, R>, mode: Option.Option<number>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const openMode = Option.isSome(mode) ? 0o600 : 0o666
    const file = yield* Effect.mapError(fs.open(temp, { flag: "wx", mode: openMode }), fromPlatform("write", path))
    if (Option.isSome(mode)) yield* setMode(file, temp, path, mode.value)
    return yield* writeSynced(file, path, bytes)
  }).pipe(Effect.scoped, closed(path))

const replace = <E, R, E2, R2>(
  path: string,
  bytes: Stream.Stream<Uint8Array, E, R>,
  mode: Option.Option<number>,
  verify: (staged: string) => Effect.Effect<void, E2, R2>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* sweep(path)
    const temp = yield* temporary(path)
    let renamed = false
    // Registered before there is anything to remove. Ignored: the failure that led here is the one to report, and what
    // cannot be removed now is removed by the next write, when this process is dead.
    yield* Effect.addFinalizer(() => renamed ? Effect.void : Effect.ignore(fs.remove(temp, { force: true })))
    const size = yield* fill(temp, path, bytes, mode)
    yield* verify(temp)
    // An interruption in here would leave open which of the two files is there.
    const commit = Effect.uninterruptible(Effect.gen(function*() {
      yield* Effect.mapError(fs.rename(temp, path), fromPlatform("rename", path))
      renamed = true
      yield* Effect.mapError(
        syncDirectory(parentOf(path)),
        (error) => new DurabilityNotConfirmed({ path, code: error.code })
      )
    }))
    return { bytes: size, path, commit } satisfies Prepared
  })

/** A pipe or a device has no name to be renamed over: everything is there before the first byte goes out. */
const writeThrough = <E, R, E2, R2>(
  target: string,
  path: string,
  type: FileSystem.File.Type,
  bytes: Stream.Stream<Uint8Array, E, R>,
  verify: (staged: string) => Effect.Effect<void, E2, R2>
) =>
  Effect.gen(function*() {
    const spooled = yield* spool(bytes)
    yield* verify(spooled.path)
    const commit = Effect.interruptible(Effect.asVoid(writeDirectly(path, type, spooled.bytes, target)))
    return { bytes: spooled.size, path, commit } satisfies Prepared
  })

/** `write` up to the moment before it takes effect, which is `commit`. */
export const prepare = <E, R, E2 = never, R2 = never>(
  target: string,
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: WriteOptions<E2, R2> = {}
): Effect.Effect<
  Prepared,
  E | E2 | WriteError,
  R | R2 | FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const verify = options.verify ?? (() => Effect.void)
    const path = yield* resolve(target)
    const old = yield* fs.stat(path).pipe(
      Effect.asSome,
      Effect.mapError(fromPlatform("stat", target)),
      Effect.catchIf((error) => error.code === "ENOENT", () => Effect.succeedNone)
    )
    const type = Option.match(old, { onNone: () => "File" as const, onSome: (info) => info.type })
    if (type === "Directory" || /\/\.{0,2}$/.test(target)) {
      return yield* new NotAFile({ path: target, found: "a directory" })
    }
    if (type === "Socket" && !isDescriptor(path)) return yield* new NotAFile({ path: target, found: "a socket" })
    if (type !== "File" || isDescriptor(path)) return yield* writeThrough(target, path, type, bytes, verify)
    const mode = options.private === false ? Option.map(old, (info) => info.mode & 0o7777) : Option.some(0o600)
    return yield* replace(path, bytes, mode, verify)
  }).pipe(Effect.withSpan("Atomic.prepare"))

/**
 * Writes a file so that at every instant its name gives the whole old content or the whole new one. A failure or an
 * interruption leaves the old file as it was, and nothing beside it. Only `DurabilityNotConfirmed` means that the new one
 * is in place. Links are followed, also one that leads to nothing yet; what is no regular file is written as it is.
 */
export const write = <E, R, E2 = never, R2 = never>(
  target: string,
  bytes: Stream.Stream<Uint8Array, E, R>,
  options: WriteOptions<E2, R2> = {}
): Effect.Effect<
  Written,
  E | E2 | WriteError,
  R | R2 | FileSystem.FileSystem | Path.Path
> =>
  prepare(target, bytes, options).pipe(
    Effect.flatMap(({ bytes, commit, path }) => Effect.as(commit, { bytes, path })),
    Effect.scoped,
    Effect.withSpan("Atomic.write")
  )

/** A complete file that is on disk and has no name yet; it disappears with its scope unless it gets one. */
export interface Nameless {
  readonly bytes: number
  /** Where it is until then. */
  readonly staged: string
  /**
   * Gives it a name in its directory that nothing has. Fails with EEXIST, and changes nothing, when something has it. Only
   * `DurabilityNotConfirmed` means that it has the name now.
   */
  readonly name: (name: string) => Effect.Effect<void, FileError | DurabilityNotConfirmed, FileSystem.FileSystem>
}

/** Without hard links: who has made the name may replace it. */
const reserveAndRename = (staged: string, path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 })).pipe(
      Effect.mapError(fromPlatform("create", path)),
      closed(path)
    )
    yield* fs.rename(staged, path).pipe(
      Effect.mapError(fromPlatform("rename", path)),
      // Ignored: the failure is the one to report, and what stays is empty.
      Effect.tapError(() => Effect.ignore(fs.remove(path)))
    )
  })

/**
 * Writes a file for the owner alone whose name is only known when it is complete. `stem` is what temporary files in this directory are named
 * after, so that the next one removes what a dead process has left. Nothing is ever replaced.
 */
export const prepareNew = <E, R>(
  directory: string,
  stem: string,
  bytes: Stream.Stream<Uint8Array, E, R>
): Effect.Effect<Nameless, E | FileError, R | FileSystem.FileSystem | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${directory}/${stem}`
    yield* sweep(path)
    const staged = yield* temporary(path)
    // Ignored: what cannot be removed now is removed by the next one, when this process is dead.
    yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(staged, { force: true })))
    const size = yield* fill(staged, directory, bytes, Option.some(0o600))
    const name = (name: string) =>
      Effect.uninterruptible(Effect.gen(function*() {
        const target = `${directory}/${name}`
        yield* fs.link(staged, target).pipe(
          Effect.mapError(fromPlatform("link", target)),
          Effect.catchIf(({ code }) => noLinks.has(code), () => reserveAndRename(staged, target))
        )
        yield* Effect.mapError(
          syncDirectory(directory),
          (error) => new DurabilityNotConfirmed({ path: target, code: error.code })
        )
      }))
    return { bytes: size, staged, name } satisfies Nameless
  }).pipe(Effect.withSpan("Atomic.prepareNew"))
