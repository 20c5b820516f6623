/** A daemon as this process. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { closeInherited } from "../../../files/inherited.ts"
import { Processes } from "../../../host/Processes.ts"
import type { From } from "../../../presence/discover.ts"
import * as Log from "../../../presence/log.ts"
import { placesOf } from "../../../presence/runtime.ts"
import type { Settings } from "../../../presence/settings.ts"
import type { Place } from "../../../server/bind.ts"
import { begin } from "../../../server/lifecycle.ts"
import { Environment, type Signal } from "../../Environment.ts"
import { Stdio } from "../../Stdio.ts"

/** Serves until the process is told to stop; then it is done, which is no failure. Who calls this is not interruptible. */
export const foreground = (options: {
  readonly from: From
  readonly settings: Settings
  /** The Unix socket unless given. */
  readonly listen: Place | undefined
  readonly insecureReadonly: boolean
  /** Make a database where there is none. */
  readonly create: boolean
}) =>
  Effect.gen(function*() {
    const { hangups, notify, signal, variables, version } = yield* Environment
    const { stderr } = yield* Stdio
    const { current: { pid } } = yield* Processes
    const { databasePath, kataHome, userHome } = options.from
    const places = placesOf(options.from)
    const { KATA_AUTOSTART: started, KATA_PING_VERSION: pingVersion = "" } = variables
    const inBackground = started === "1"
    // Of whoever ran the command that needed a daemon: a lock of theirs, or a pipe that never ends.
    if (inBackground) closeInherited()
    const serving = begin({
      databasePath,
      userHome,
      places,
      place: options.listen ?? { socketPath: places.socket },
      settings: options.settings,
      variables,
      insecureReadonly: options.insecureReadonly,
      create: options.create,
      told: notify,
      version,
      pingVersion: pingVersion === "" ? version : pingVersion
    }, hangups)
    const life = Effect.gen(function*() {
      const first = yield* Deferred.make<
        Signal | Effect.Effect.Success<typeof serving>,
        Effect.Effect.Error<typeof serving>
      >()
      const end = yield* Deferred.make<Effect.Effect<void>>()
      // Neither is a child of this fiber: it is interrupted by the same signal, which must not make a failure of what serves.
      yield* Effect.forkScoped(
        Effect.interruptible(
          Effect.tap(signal, (name) =>
            Effect.zipRight(Deferred.succeed(first, name), Deferred.succeed(end, Effect.logDebug(`stopping: ${name}`))))
        )
      )
      const beginning = yield* Effect.forkScoped(Effect.intoDeferred(Effect.interruptible(serving), first))
      const came = yield* Deferred.await(first)
      if (typeof came === "string") {
        yield* Fiber.interrupt(beginning)
        return yield* Effect.flatten(Deferred.await(end))
      }
      const { lost, record } = came
      if (options.listen !== undefined) {
        yield* stderr.write(`kata daemon: listening on ${record.address}\n`)
      }
      yield* notify({ ready: record })
      yield* Effect.forkScoped(
        Effect.interruptible(Effect.flatMap(lost, (what) =>
          Deferred.succeed(end, Effect.logWarning(`stopping: ${what}`))))
      )
      yield* Effect.flatten(Deferred.await(end))
    })
    yield* Effect.scoped(life).pipe(
      Effect.zipRight(Effect.logDebug("stopped")),
      Logger.withMinimumLogLevel(inBackground ? LogLevel.Debug : LogLevel.Info),
      Log.to({ pid, write: stderr.write, path: inBackground ? Log.pathOf(kataHome) : undefined })
    )
  })
