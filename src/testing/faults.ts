/** A filesystem on which chosen calls fail, to be put in the place of the real one. */
import { SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"

/** Calls by their method; those of an open file, and of `writeFile`, are read, write and sync. Close fails as a defect does. */
export type FaultyOperation =
  | "open"
  | "read"
  | "write"
  | "sync"
  | "close"
  | "fstat"
  | "rename"
  | "link"
  | "chmod"
  | "remove"
  | "stat"
  | "access"
  | "realPath"
  | "readLink"
  | "readDirectory"
  | "makeDirectory"
  | "makeTempDirectory"
  | "copyFile"

export interface Fault {
  readonly operation: FaultyOperation
  /** Which call of the operation, from 1. */
  readonly call: number
  /** The errno, such as ENOSPC. */
  readonly code?: string
  /** Instead of failing at once: `torn` does half of a write before, `hang` never returns, `late` fails when it is done. */
  readonly how?: "torn" | "hang" | "late"
  /** All later calls too, as on a full disk. */
  readonly onwards?: boolean
  /** Counts only calls on paths that hold this text. */
  readonly path?: string
}

export interface FileCall {
  readonly operation: FaultyOperation
  readonly path: string
}

const reasons: Record<string, SystemErrorReason> = {
  EACCES: "PermissionDenied",
  EBUSY: "Busy",
  EEXIST: "AlreadyExists",
  EISDIR: "BadResource",
  ELOOP: "BadResource",
  ENOENT: "NotFound",
  ENOTDIR: "BadResource"
}

/** An error as the Node layer gives it: errno is in the cause. */
export const systemError = (method: string, path: string, code: string): SystemError =>
  new SystemError({
    reason: reasons[code] ?? "Unknown",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: `${code}: injected, ${method} '${path}'`,
    cause: Object.assign(new Error(`${code}: injected`), { code })
  })

/** The real filesystem, but for the faults of the plan; `observe` sees each call before it happens. */
export const layerFaultyFileSystem = (
  plan: ReadonlyArray<Fault>,
  observe: (call: FileCall) => void = () => {}
): Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem> =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (real) => {
      const counts = plan.map(() => 0)

      /** The fault that this call meets, if any; counts it. */
      const meets = (operation: FaultyOperation, path: string): Fault | undefined => {
        observe({ operation, path })
        return plan.filter((fault, index) => {
          if (fault.operation !== operation || !path.includes(fault.path ?? "")) return false
          const count = (counts[index] ?? 0) + 1
          counts[index] = count
          return count === fault.call || (fault.onwards === true && count > fault.call)
        })[0]
      }

      const decorated = <A, E>(
        operation: FaultyOperation,
        path: string,
        effect: Effect.Effect<A, E>,
        half: Effect.Effect<unknown, E> = Effect.void
      ): Effect.Effect<A, E | SystemError> =>
        Effect.suspend(() => {
          const fault = meets(operation, path)
          if (fault === undefined) return effect
          const failure = Effect.fail(systemError(operation, path, fault.code ?? "EIO"))
          if (fault.how === "hang") return Effect.never
          if (fault.how === "torn") return Effect.zipRight(half, failure)
          return fault.how === "late" ? Effect.zipRight(effect, failure) : failure
        })

      /** A proxy, because the platform's File has private fields and getters that a copy would lose. */
      const decoratedFile = (file: FileSystem.File, path: string): FileSystem.File =>
        new Proxy(file, {
          get: (target, key) => {
            const half = (bytes: Uint8Array) => target.writeAll(bytes.subarray(0, bytes.length >> 1))
            switch (key) {
              case "sync":
                return decorated("sync", path, target.sync)
              case "stat":
                return decorated("fstat", path, target.stat)
              case "write":
                return (bytes: Uint8Array) => decorated("write", path, target.write(bytes), half(bytes))
              case "writeAll":
                return (bytes: Uint8Array) => decorated("write", path, target.writeAll(bytes), half(bytes))
              case "read":
                return (buffer: Uint8Array) => decorated("read", path, target.read(buffer))
              case "readAlloc":
                return (size: FileSystem.SizeInput) => decorated("read", path, target.readAlloc(size))
              default: {
                const value: unknown = Reflect.get(target, key, target)
                return typeof value === "function" ? value.bind(target) : value
              }
            }
          }
        })

      return FileSystem.make({
        ...real,
        open: (path, options) =>
          Effect.gen(function*() {
            const scope = yield* Effect.scope
            const opening = Effect.provideService(real.open(path, options), Scope.Scope, scope)
            const file = yield* decorated("open", path, opening)
            // The Node layer dies when closing fails, and so does this.
            yield* Effect.addFinalizer(() => Effect.orDie(decorated("close", path, Effect.void)))
            return decoratedFile(file, path)
          }),
        writeFile: (path, bytes, options) =>
          decorated(
            "write",
            path,
            real.writeFile(path, bytes, options),
            real.writeFile(path, bytes.subarray(0, bytes.length >> 1), options)
          ),
        readFile: (path) => decorated("read", path, real.readFile(path)),
        rename: (from, to) => decorated("rename", from, real.rename(from, to)),
        link: (from, to) => decorated("link", from, real.link(from, to)),
        chmod: (path, mode) => decorated("chmod", path, real.chmod(path, mode)),
        remove: (path, options) => decorated("remove", path, real.remove(path, options)),
        stat: (path) => decorated("stat", path, real.stat(path)),
        access: (path, options) => decorated("access", path, real.access(path, options)),
        realPath: (path) => decorated("realPath", path, real.realPath(path)),
        readLink: (path) => decorated("readLink", path, real.readLink(path)),
        readDirectory: (path, options) => decorated("readDirectory", path, real.readDirectory(path, options)),
        makeDirectory: (path, options) => decorated("makeDirectory", path, real.makeDirectory(path, options)),
        makeTempDirectory: (options) =>
          decorated("makeTempDirectory", options?.directory ?? "", real.makeTempDirectory(options)),
        copyFile: (from, to) => decorated("copyFile", from, real.copyFile(from, to))
      })
    })
  )
