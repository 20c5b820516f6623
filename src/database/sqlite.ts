/** `Database` on SQLite files, which are looked at through the filesystem of the layer. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { heal } from "./backup.ts"
import { Database } from "./Database.ts"
import { salvage } from "./salvage.ts"
import { stage } from "./stage.ts"
import { swap } from "./swap.ts"
import { view } from "./view.ts"

export const layer = Layer.effect(
  Database,
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (all) => {
    // Only these: a scope around the layer would take the place of the scope that a view or a stage is opened in.
    const context = Context.pick(FileSystem.FileSystem, Path.Path)(all)
    return {
      view: (path) => Effect.provide(view(path), context),
      salvage: (path) => Effect.provide(salvage(path), context),
      stage: (target) => Effect.provide(stage(target), context),
      heal: (target) => Effect.provide(heal(target), context),
      swap: (from, target, force) => Effect.provide(swap(from, target, force), context)
    }
  })
)
