/** A daemon as this process. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type { Failed } from "../../../daemon/background.ts"
import type { Place } from "../../../daemon/bind.ts"
import type { Settings } from "../../../daemon/config.ts"
import type { From } from "../../../daemon/discover.ts"
import { begin } from "../../../daemon/life.ts"
import * as Log from "../../../daemon/log.ts"
import { placesOf } from "../../../daemon/runtime.ts"
import { Processes } from "../../../database/Processes.ts"
import type { Failure } from "../../../Failure.ts"
import { Environment } from "../../Environment.ts"
import { Stdio } from "../../Stdio.ts"

/** For who waits: why it does not serve. An interruption and a bug are told by the end of the process alone. */
const lastWord = (cause: Cause.Cause<Failure>) =>
  Option.map(Cause.failureOption(cause), ({ _tag, hint, kind, message }): { readonly failed: typeof Failed.Type } => ({
    failed: { tag: _tag, kind, message, hint: hint ?? "" }
  }))

/** Serves until the process is told to stop; then it is done, which is no failure. Who calls this is not interruptible. */
export const foreground = (options: {
  readonly from: From
  readonly settings: Settings
  /** The Unix socket unless given. */
  readonly listen: Place | undefined
  readonly insecureReadonly: boolean
}) =>
  Effect.gen(function*() {
    const { hangups, notify, signal, variables, version } = yield* Environment
    const { stderr } = yield* Stdio
    const { current: { pid } } = yield* Processes
    const { databasePath, kataHome, userHome } = options.from
    const places = placesOf(options.from)
    const { KATA_AUTOSTART: started, KATA_PING_VERSION: pingVersion = "" } = variables
    const inBackground = started === "1"
    const serving = begin({
      databasePath,
      userHome,
      places,
      place: options.listen ?? { socketPath: places.socket },
      settings: options.settings,
      variables,
      insecureReadonly: options.insecureReadonly,
      version,
      pingVersion: pingVersion === "" ? version : pingVersion
    }, hangups)
    const life = Effect.gen(function*() {
      // Asked once: between two times a signal would be lost.
      const told = yield* Effect.forkScoped(Effect.interruptible(signal))
      const begun = Effect.interruptible(serving).pipe(
        Effect.tapErrorCause((cause) => Effect.flatten(Effect.map(lastWord(cause), notify)).pipe(Effect.ignore))
      )
      // Who loses is waited for: neither may be deaf.
      const record = yield* Effect.raceFirst(
        Effect.asSome(begun),
        Effect.interruptible(Effect.as(Fiber.join(told), Option.none()))
      )
      if (Option.isSome(record)) {
        if (options.listen !== undefined) yield* stderr.write(`kata daemon: listening on ${record.value.address}\n`)
        yield* notify({ ready: record.value })
      }
      yield* Effect.logDebug(`stopping: ${yield* Fiber.join(told)}`)
    })
    yield* Effect.scoped(life).pipe(
      Effect.zipRight(Effect.logDebug("stopped")),
      Logger.withMinimumLogLevel(inBackground ? LogLevel.Debug : LogLevel.Info),
      Log.to({ pid, write: stderr.write, path: inBackground ? Log.pathOf(kataHome) : undefined })
    )
  })
