/** Suites of vitest that a layer runs to show that it keeps the contract of its port. The only module that needs @effect/vitest. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { DaemonClient } from "../client/DaemonClient.ts"
import type { Database } from "../database/Database.ts"
import type { Processes } from "../host/Processes.ts"
import type { From } from "../presence/discover.ts"
import type { Store } from "../store/Store.ts"
import { daemonContract } from "./daemonContract.ts"
import { layerFaultyFileSystem } from "./faults.ts"
import { fileContract } from "./fileContract.ts"
import type { Children } from "./processes.ts"
import { processesContract } from "./processesContract.ts"
import { storeContract } from "./storeContract.ts"
import { swapContract } from "./swapContract.ts"
import { viewContract } from "./viewContract.ts"

/** What kata takes for granted of a filesystem, and of the errors that it gives. */
export const describeFileSystem = (name: string, layer: Layer.Layer<FileSystem.FileSystem>): void => {
  describe(`${name}`, () => {
    for (const { name, run } of fileContract) {
      it.scopedLive(name, () => Effect.provide(run, layer))
    }
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

/** Every case on processes of its own. */
export const describeProcesses = (
  name: string,
  layer: Layer.Layer<Processes | Children, never, NodeContext.NodeContext>
): void => {
  describe(`${name}`, () => {
    for (const { name, run } of processesContract) {
      it.scopedLive(name, () => Effect.provide(run, Layer.provide(layer, NodeContext.layer)))
    }
  })
}

/** Every case on a store of its own, that the layer makes. */
export const describeStore = (
  name: string,
  layer: Layer.Layer<Store, unknown, FileSystem.FileSystem | Path.Path>
): void => {
  describe(`${name}`, () => {
    for (const { name, run } of storeContract) {
      it.scopedLive(name, () => Effect.provide(Effect.provide(run, layer), NodeContext.layer))
    }
  })
}

/** Every case on a new daemon: what it is found by, and the layer that finds it, until the scope closes. */
export const describeDaemonClient = <E>(
  name: string,
  daemon: Effect.Effect<{ readonly from: From; readonly layer: Layer.Layer<DaemonClient> }, E, Scope.Scope>
): void => {
  describe(`${name}`, () => {
    for (const { name, run } of daemonContract) {
      it.scopedLive(name, () => Effect.flatMap(daemon, ({ from, layer }) => Effect.provide(run(from), layer)), 300_000)
    }
  })
}
