/** Suites of vitest that a layer runs to show that it keeps the contract of its port. The only module that needs vitest. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Database } from "../database/Database.ts"
import { layerFaultyFileSystem } from "./faults.ts"
import { fileContract } from "./fileContract.ts"
import { swapContract } from "./swapContract.ts"
import { viewContract } from "./viewContract.ts"

/** What kata takes for granted of a filesystem, and of the errors that it gives. */
export const describeFileSystem = (name: string, layer: Layer.Layer<FileSystem.FileSystem>): void => {
  describe(`${name}`, () => {
    for (const { name, run } of fileContract) it.scopedLive(name, () => Effect.provide(run, layer))
  })
}

/** Every case on a filesystem that is the real one, but for the faults of the case. */
export const describeDatabase = (
  name: string,
  layer: Layer.Layer<Database, never, FileSystem.FileSystem | Path.Path>
): void => {
  const suite = { view: viewContract, "stage and swap": swapContract }
  describe(`${name}`, () => {
    for (const [part, cases] of Object.entries(suite)) {
      describe(`${part}`, () => {
        for (const { faults, name, run } of cases) {
          const files = Layer.provideMerge(layerFaultyFileSystem(faults ?? []), NodeContext.layer)
          it.scopedLive(name, () => Effect.provide(run, Layer.provideMerge(layer, files)))
        }
      })
    }
  })
}
