/**
 * The storage of one open ledger, as a port: what the operations of `ledger/` need of a database, and nothing that only one engine has.
 * It is open for as long as its layer, and closed by its end. `storeContract` of kata/testing says what every layer of it keeps.
 */
import type { SqlError } from "@effect/sql/SqlError"
import type { Constructor } from "@effect/sql/Statement"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Subscribable from "effect/Subscribable"
import type { StorageFailure } from "./StorageFailure.ts"

/** Built by `sql`, and run by `rows`: what the driver says of it means something to its layer alone. */
export type Statement = Effect.Effect<ReadonlyArray<unknown>, SqlError>

export class Store extends Context.Tag("kata/Store")<Store, {
  /** What people call it: of a file its real path. */
  readonly name: string
  /** Where its events come from. */
  readonly instanceUid: Effect.Effect<string, StorageFailure>
  /** Builds statements; values become parameters. */
  readonly sql: Constructor
  /** Runs a statement, inside of `read` or `write`. Integers are bigint, all other cells text, floating numbers or null. */
  readonly rows: (statement: Statement) => Effect.Effect<ReadonlyArray<unknown>, StorageFailure>
  /** One state, for everything that is read in there. Transactions do not nest: one inside of another would wait for ever. */
  readonly read: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageFailure, R>
  /**
   * All or nothing, also when it fails or is interrupted; one write at a time. What was answered is on disk. When it is committed, whoever
   * waits for events is woken.
   */
  readonly write: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | StorageFailure, R>
  /** Counts the writes. A change says only that there may be something new: what there is, the tables say. */
  readonly writes: Subscribable.Subscribable<number>
  /**
   * Looks whether somebody else has written, such as a merge in another process, and counts that too. It happens by itself, only later:
   * for who knows that there is something. Never fails.
   */
  readonly look: Effect.Effect<void>
}>() {}
