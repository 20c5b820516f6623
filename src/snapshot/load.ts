/** The records of a file become rows of a stage. Rules are not enforced here but judged afterwards. */
import * as Channel from "effect/Channel"
import type * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import type { Stage } from "../database/Database.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { turn } from "../host/turn.ts"
import type { Kind } from "../records/Kind.ts"
import type { RecordRefused } from "./errors.ts"
import { Loader } from "./Loader.ts"
import type { LoadOptions } from "./loadOptions.ts"
import type { Batch } from "./read.ts"
import { settle } from "./upgrade.ts"

export type { LeaveOut, LoadOptions, Mending, Transform } from "./loadOptions.ts"

/**
 * Loads all records into the stage. Gives what came at their end; what was refused by UNIQUE constraints, dropped or mended; and what of that
 * is to be added to the sum of the records.
 */
export const load = <Done, E, R>(
  batches: Channel.Channel<Chunk.Chunk<Batch>, unknown, E, unknown, Done, unknown, R>,
  stage: Stage,
  file: string,
  options: LoadOptions
) =>
  Effect.gen(function*() {
    const loader = yield* stage.db.attempt("begin to store the records", (db) => new Loader(db, file, options))
    const join = (rank: number): Effect.Effect<void, RecordRefused | SqliteFailure> =>
      Effect.flatMap(
        stage.db.attempt("store the mended records", () => loader.joinUpTo(rank)),
        (some) =>
          some === undefined
            ? Effect.void
            : some.refused === undefined
            ? Effect.zipRight(turn, join(rank))
            : Effect.fail(some.refused)
      )
    const { upgrade } = loader
    const settled = (next: Kind | undefined) => upgrade === undefined ? Effect.void : settle(stage.db, upgrade, next)
    const { joined } = options
    const store = (batch: Batch) =>
      Effect.flatMap(
        stage.db.attempt(`store records of kind ${batch.kind.name}`, () => loader.batch(batch)),
        (refused) => refused === undefined ? Effect.void : Effect.fail(refused)
      )
    const insert = upgrade === undefined && joined === undefined
      ? store
      : (batch: Batch) =>
        // those of its own kind come behind it: where both want a number, the row that the snapshot refers to by it keeps it
        (joined === undefined ? Effect.void : join(joined.format.rank(batch.kind) - 1)).pipe(
          Effect.zipRight(settled(batch.kind)),
          Effect.zipRight(store(batch))
        )
    const done = yield* batches.pipe(
      Channel.mapOutEffect((some) => Effect.forEach(some, insert, { discard: true })),
      Channel.runDrain
    )
    if (joined !== undefined) yield* join(joined.format.kinds.length)
    yield* settled(undefined)
    return { ...(yield* stage.db.attempt("store the sequences", () => loader.end())), done }
  })
