/** `Database` on SQLite files, which are looked at through the filesystem of the layer. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database } from "./Database.ts"

export const layer = Layer.effect(
  Database,
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (all) => {
    // Only these: a scope around the layer would take the place of the scope that a view or a stage is opened in.
    const context = Context.pick(FileSystem.FileSystem, Path.Path)(all)
    // Loaded when they are asked for: most commands need none of them.
    const lazily = <Args extends ReadonlyArray<unknown>, A, E, R>(
      load: () => Promise<(...args: Args) => Effect.Effect<A, E, R | FileSystem.FileSystem | Path.Path>>
    ) =>
    (...args: Args) => Effect.flatMap(Effect.promise(load), (run) => Effect.provide(run(...args), context))
    return {
      view: lazily(() => import("./view.ts").then(({ view }) => view)),
      salvage: lazily(() => import("./salvage.ts").then(({ salvage }) => salvage)),
      stage: lazily(() => import("./stage.ts").then(({ stage }) => stage)),
      together: lazily(() => import("./together.ts").then(({ together }) => together)),
      alone: lazily(() => import("./together.ts").then(({ alone }) => alone)),
      change: (path, plan, work) =>
        Effect.flatMap(Effect.promise(() => import("./change.ts")), ({ change }) => change(path, plan, work)),
      cleanUp: lazily(() => import("./previous.ts").then(({ cleanUp }) => cleanUp)),
      contentStamp: lazily(() => import("./swap.ts").then(({ contentStamp }) => contentStamp)),
      swap: lazily(() => import("./swap.ts").then(({ swap }) => swap))
    }
  })
)
