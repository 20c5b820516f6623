/** The whole API on one database, as an app that any server serves. */
import type * as HttpApp from "@effect/platform/HttpApp"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Api } from "../api/Api.ts"
import { document as openapi } from "../api/openapi.ts"
import * as SqliteStore from "../store/sqlite.ts"
import type { StorageFailure } from "../store/StorageFailure.ts"
import type { Store } from "../store/Store.ts"
import { Daemon } from "./Daemon.ts"
import * as Guards from "./guards.ts"
import { changesHandlers } from "./handlers/changes.ts"
import { databasesHandlers, turns } from "./handlers/databases.ts"
import { eventsHandlers } from "./handlers/events.ts"
import { importsHandlers } from "./handlers/imports.ts"
import { issuesHandlers } from "./handlers/issues.ts"
import { type Machine, projectsHandlers } from "./handlers/projects.ts"
import { recurrencesHandlers } from "./handlers/recurrences.ts"
import { reportsHandlers } from "./handlers/reports.ts"
import { systemHandlers } from "./handlers/system.ts"
import { serve } from "./Router.ts"

export interface AppOptions extends Omit<Context.Tag.Service<Daemon>, "app"> {
  /** Empty: everybody who reaches the socket is a friend. */
  readonly token: string
  readonly insecureReadonly: boolean
  /** Hears of a damage of the database, after which every request fails with it. */
  readonly damaged?: (failure: StorageFailure) => Effect.Effect<void>
}

/** Opens the database, whose lock the caller holds, until the scope closes. */
export const make = Effect.fn("daemon.app")(function*(
  { damaged, insecureReadonly, token, ...daemon }: AppOptions
) {
  const store = yield* Layer.build(SqliteStore.layer(daemon.databasePath, damaged))
  const taken = yield* turns
  const routes = serve<Store | Daemon | Machine | Scope.Scope>(
    Api,
    {
      ...systemHandlers,
      ...projectsHandlers,
      ...issuesHandlers,
      ...changesHandlers,
      ...recurrencesHandlers,
      ...eventsHandlers,
      ...importsHandlers(taken),
      ...databasesHandlers(taken),
      ...reportsHandlers
    },
    [
      Guards.origin,
      Guards.host({ token, insecureReadonly }),
      Guards.contentType,
      Guards.auth({ token, insecureReadonly })
    ],
    new Map([["/openapi.json", openapi]])
  )
  // Each request has a scope of its own.
  const machine = Context.omit(Scope.Scope)(yield* Effect.context<Machine | Scope.Scope>())
  // A command that runs within has a log of its own; what goes wrong here is for this one.
  const loggers = yield* FiberRef.get(FiberRef.currentLoggers)
  const app: HttpApp.Default<never, Scope.Scope> = Effect.suspend(() => answering)
  const services = Context.add(store, Daemon, { ...daemon, app }).pipe(Context.merge(machine))
  const answering = routes.pipe(Effect.provide(services), Effect.locally(FiberRef.currentLoggers, loggers))
  return app
})
