/** A `Store` on which chosen calls fail, to be put in the place of the real one. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { StorageFailure } from "../store/StorageFailure.ts"
import { Store } from "../store/Store.ts"

/** A method of the port. */
export type StoreOperation = "read" | "write" | "rows" | "instanceUid"

export interface StoreFault {
  readonly operation: StoreOperation
  /** Which call of the operation, from 1. */
  readonly call: number
  readonly kind: StorageFailure["kind"]
  /** Does its work before it fails: a write that is committed, and whose answer is lost. */
  readonly late?: boolean
  /** All later calls too, as on a full disk. */
  readonly onwards?: boolean
}

/** The store of the layer below, but for the faults of the plan; `observe` sees each call before it happens. */
export const layerFaultyStore = (
  plan: ReadonlyArray<StoreFault>,
  observe: (operation: StoreOperation) => void = () => {}
): Layer.Layer<Store, never, Store> =>
  Layer.effect(
    Store,
    Effect.map(Store, (real) => {
      const counts = plan.map(() => 0)
      const decorated = <A, E, R>(
        operation: StoreOperation,
        effect: Effect.Effect<A, E, R>
      ): Effect.Effect<A, E | StorageFailure, R> =>
        Effect.suspend(() => {
          observe(operation)
          const fault = plan.filter((fault, index) => {
            if (fault.operation !== operation) return false
            const count = (counts[index] ?? 0) + 1
            counts[index] = count
            return count === fault.call || (fault.onwards === true && count > fault.call)
          })[0]
          if (fault === undefined) return effect
          const failure = new StorageFailure({
            storage: real.name,
            kind: fault.kind,
            operation: `do call ${fault.call} of ${operation}`,
            detail: "injected",
            code: "INJECTED"
          })
          return fault.late === true ? Effect.zipRight(effect, failure) : failure
        })
      return Store.of({
        ...real,
        instanceUid: decorated("instanceUid", real.instanceUid),
        rows: (statement) => decorated("rows", real.rows(statement)),
        read: (work) => decorated("read", real.read(work)),
        write: (work) => decorated("write", real.write(work))
      })
    })
  )
