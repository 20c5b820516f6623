/** `Database` on SQLite files, which are looked at through the filesystem of the layer. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Database } from "./Database.ts"
import { stage } from "./stage.ts"
import { heal, swap } from "./swap.ts"
import { view } from "./view.ts"

export const layer = Layer.effect(
  Database,
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (context) => ({
    view: (path) => Effect.provide(view(path), context),
    stage: (target) => Effect.provide(stage(target), context),
    heal: (target) => Effect.provide(heal(target), context),
    swap: (from, target, force) => Effect.provide(swap(from, target, force), context)
  }))
)
