/**
 * The life of a daemon: upgrade, lock, open, bind, publish, serve until asked to stop, and everything back in the reverse order. A process that
 * finds its record can be served; one that does not get the lock changes nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { present } from "../database/absent.ts"
import { Database } from "../database/Database.ts"
import { damageIn } from "../database/integrity.ts"
import * as Lock from "../database/Lock.ts"
import { OpenError, openError } from "../database/OpenError.ts"
import { watched } from "../files/fileIdentity.ts"
import { exists, resolve } from "../files/paths.ts"
import { Processes } from "../host/Processes.ts"
import { DaemonRunning, running } from "../presence/daemons.ts"
import * as GoLock from "../presence/goLock.ts"
import * as Runtime from "../presence/runtime.ts"
import * as Config from "../presence/settings.ts"
import { version10 } from "../records/kinds.ts"
import type { AppOptions } from "./app.ts"
import type { Place } from "./bind.ts"
import { createMissing } from "./create.ts"

/** What takes a start long, or a line about what it has done. */
export type Heard = { readonly busy: string } | { readonly told: string }

export interface Options {
  /** Absolute, as it was named. */
  readonly databasePath: string
  readonly userHome: string
  readonly places: Runtime.Places
  /** The Unix socket of the places, unless given. */
  readonly place: Place
  readonly settings: Config.Settings
  /** To read the settings again. */
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly insecureReadonly: boolean
  /** Make a database where there is none; unless this is false. */
  readonly create?: boolean
  /** Hears what the user should know of a start that does more than to start. */
  readonly told?: (word: Heard) => Effect.Effect<void>
  /** Of this program. */
  readonly version: string
  /** What `/ping` says, which clients of Go kata compare with their own. */
  readonly pingVersion: string
}

/** How often it looks whether it can still be found: often enough that a command which waits for it gets another one. */
const lookTime = "5 seconds"

const stopHint = "stop it first: kata daemon stop"

/** Reads the settings again, and says in the log what came of it. A file that cannot be used changes nothing. */
const reload = (options: Options, throttle: { enabled: boolean; window: number }) =>
  Config.load(options.places.home, options.variables).pipe(
    Effect.flatMap((settings) => {
      const later = [
        ...(settings.listen === options.settings.listen ? [] : ["listen"]),
        ...(settings.token === options.settings.token ? [] : ["auth.token"])
      ]
      Object.assign(throttle, settings.throttle)
      const now = settings.throttle.enabled ? `on, window ${settings.throttle.window} ms` : "off"
      const restart = later.length === 0 ? "" : `; a restart is needed for ${later.join(", ")}`
      return Effect.logInfo(`config reload ok: close throttle ${now}${restart}`)
    }),
    Effect.catchAll((error) => Effect.logError(`config reload failed: ${error.message} (keeping the previous config)`))
  )

/**
 * Waits until something by which the daemon is found is gone, and says what: without its lock there could be a second one, without its
 * record or socket it cannot be reached, and what it serves is not the database any more.
 */
const astray = (paths: ReadonlyArray<string>) =>
  Effect.map(watched(paths), (gone) => {
    const look: Effect.Effect<string> = Effect.sleep(lookTime).pipe(
      Effect.zipRight(gone),
      Effect.flatMap(([path]) => path === undefined ? look : Effect.succeed(`${path} is gone, or another file`))
    )
    return look
  })

/** After a damage the whole database is looked at before it is served again: a restore has put that right. */
const soundAgain = Effect.fnUntraced(function*(real: string, lock: Lock.Held) {
  if (lock.damage === "") return
  const found = (yield* exists(real)) ? yield* damageIn(real) : undefined
  if (found !== undefined) return yield* openError(real, "damaged", found)
  yield* lock.note("")
})

/** A database of an older version is upgraded first, in the open: whoever waits for the daemon hears of it, and its log. */
const upgradeOlder = Effect.fnUntraced(function*({ databasePath, places, told, userHome }: Options) {
  const { view } = yield* Database
  // Any other reason not to open it is told by who opens it to serve it.
  const older = yield* Effect.scoped(view(databasePath, version10)).pipe(
    Effect.as(undefined),
    Effect.catchAll((error) =>
      Effect.succeed(error instanceof OpenError && error.reason === "older" ? error : undefined)
    )
  )
  if (older === undefined) return
  const hear = (word: Heard) => told?.(word) ?? Effect.void
  const { upgrade } = yield* Effect.promise(() => import("../import/Upgrade.ts"))
  yield* Effect.zipRight(Effect.logInfo(`${older.message}; upgrading it`), hear({ busy: "upgrading the database" }))
  const report = yield* upgrade({ database: databasePath, homes: { kataHome: places.home, userHome } })
  for (const line of report.briefly) yield* Effect.zipRight(Effect.logInfo(line), hear({ told: line }))
})

/**
 * A daemon that serves when this returns, until the scope closes; `lost` ends when it can be of no use any more. What keeps it from
 * serving is an error, and then nothing is left of it but directories and, where there was no database, perhaps an empty one.
 */
export const begin = Effect.fn("daemon.begin")(function*(options: Options, reloads: Stream.Stream<void>) {
  const began = yield* Clock.currentTimeMillis
  const { databasePath, places, userHome, version } = options
  const { current: { pid } } = yield* Processes
  // Not at the top: what serves is loaded when something is to be served.
  const [{ make }, { serve }] = yield* Effect.promise(() => Promise.all([import("./app.ts"), import("./Server.ts")]))
  yield* Runtime.makeState(places)
  if ("socketPath" in options.place) yield* Runtime.makeSocketDirectory(places)
  // Before the lock, which would be left beside nothing.
  if (options.create === false) yield* present(databasePath)
  const real = yield* resolve(databasePath)
  if (yield* exists(real)) yield* upgradeOlder(options)
  const lock = yield* Lock.acquire(real, "daemon")
  // Those that know nothing of our lock.
  const found = yield* running({ databasePath, kataHome: places.home, userHome })
  if (found.running.length > 0) {
    return yield* new DaemonRunning({ path: databasePath, daemons: found.running, hint: stopHint })
  }
  const theirs = yield* GoLock.find(real)
  if (Option.isSome(theirs)) {
    yield* Effect.logWarning(
      `${theirs.value.path} is there: a newer Go kata works with this database, or did; use one program`
    )
  }
  yield* soundAgain(real, lock)
  const created = options.create === false
    ? yield* Effect.as(present(databasePath), false)
    : yield* createMissing(real)
  const startedAt = yield* Runtime.now
  const throttle = { ...options.settings.throttle }
  const app = yield* make(
    {
      databasePath,
      version: options.pingVersion,
      pid,
      startedAt,
      throttle,
      token: options.settings.token,
      insecureReadonly: options.insecureReadonly,
      damaged: ({ code, detail }) =>
        Effect.logError(`${detail} (${code})`).pipe(Effect.zipRight(Effect.ignore(lock.note(detail))))
    } satisfies AppOptions
  )
  const address = yield* serve(options.place, app)
  yield* Effect.forkScoped(Stream.runForEach(reloads, () => reload(options, throttle)))
  yield* Runtime.sweep(places.records)
  const record = { pid, address, db_path: databasePath, version, started_at: startedAt }
  const path = yield* Runtime.publish(places.records, record)
  const socket = "socketPath" in options.place ? [options.place.socketPath] : []
  const lost = yield* astray([...new Set([databasePath, real]), Lock.pathOf(real), ...socket, path])
  const took = (yield* Clock.currentTimeMillis) - began
  yield* Effect.logDebug(
    `serving ${databasePath}${created ? ", which is new," : ""} at ${address}, version ${version}, after ${took} ms`
  )
  return { record, lost }
})
