/** Processes that are only told of, and how a test gets one to ask about: real ones, or those. */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { userInfo } from "node:os"
import { Processes } from "../host/Processes.ts"

export interface Child {
  readonly pid: number
  /** Ends it at once, and waits until it has ended. */
  readonly end: Effect.Effect<void>
  /** Waits until it has ended. */
  readonly ended: Effect.Effect<void>
}

export class Children extends Context.Tag("kata/testing/Children")<Children, {
  /** Starts a process whose program has that name, which lives until it is told to end, or until the scope closes. */
  readonly start: (program: string) => Effect.Effect<Child, never, Scope.Scope>
}>() {}

/** Real ones: `sleep`, under another name. What the system does not do is a defect of the test. */
export const layerChildren: Layer.Layer<Children, never, FileSystem.FileSystem | CommandExecutor.CommandExecutor> =
  Layer.effect(
    Children,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const executor = yield* CommandExecutor.CommandExecutor
      return {
        start: (program) =>
          Effect.gen(function*() {
            const path = `${yield* fs.makeTempDirectoryScoped()}/${program}`
            yield* fs.copyFile("/bin/sleep", path)
            yield* fs.chmod(path, 0o755)
            // a test that cannot start one has nothing to test: see orDie below
            const child = yield* executor.start(Command.make(path, "600"))
            // how it ended does not matter here: an end by a signal is what fails
            const ended = Effect.ignore(child.exitCode)
            return { pid: child.pid, ended, end: Effect.zipRight(Effect.ignore(child.kill("SIGKILL")), ended) }
          }).pipe(Effect.orDie)
      }
    })
  )

/**
 * Exactly these processes of this user, by the names of their programs, null for one of which nothing tells; and those that are started. A signal
 * ends whom it is sent to; `observe` sees each.
 */
export const layerRecorded = (
  programs: { readonly [pid: number]: string | null },
  current = 1,
  observe: (pid: number, name: "SIGTERM" | "SIGHUP") => void = () => {}
): Layer.Layer<Processes | Children> =>
  Layer.suspend(() => {
    const living = new Map<number, string | null>([
      [current, null],
      ...Object.entries(programs).map(([pid, program]) => [Number(pid), program] as const)
    ])
    const end = (pid: number) => Effect.sync(() => void living.delete(pid))
    return Layer.succeedContext(
      Context.make(Processes, {
        current: { pid: current },
        isAlive: (pid) => Effect.sync(() => living.has(pid)),
        programOf: (pid) => Effect.sync(() => Option.fromNullable(living.get(pid))),
        identityOf: (pid) => Effect.sync(() => living.has(pid) ? Option.some(`process ${pid}`) : Option.none()),
        ownerOf: (pid) => Effect.sync(() => living.has(pid) ? Option.some(userInfo().uid) : Option.none()),
        signal: (pid, name) =>
          Effect.sync(() => {
            if (!living.has(pid)) return "gone"
            observe(pid, name)
            living.delete(pid)
            return "sent"
          })
      }).pipe(Context.add(Children, {
        start: (program) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const pid = Math.max(...living.keys()) + 1
              living.set(pid, program)
              return { pid, end: end(pid), ended: Effect.void }
            }),
            (child) => child.end
          )
      }))
    )
  })
