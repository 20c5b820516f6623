/** Bytes that say something at their end, and a sink that takes a stream. */
import * as Channel from "effect/Channel"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Bytes } from "../snapshot/write.ts"

/**
 * Runs the bytes into the sink. Gives what the sink makes of them and what they have come to, which there is only when the sink has taken
 * all of them.
 */
export const through = <Done, E, R, A, E2, R2>(
  bytes: Bytes<Done, E, R>,
  sink: (bytes: Stream.Stream<Uint8Array, E, R>) => Effect.Effect<A, E2, R2>
): Effect.Effect<readonly [A, Done], E2, R2> =>
  Effect.gen(function*() {
    const end = yield* Deferred.make<Done>()
    const result = yield* sink(
      Stream.fromChannel(Channel.flatMap(bytes, (done) => Channel.fromEffect(Deferred.succeed(end, done))))
    )
    const reached = yield* Deferred.poll(end)
    // A defect: a sink that stops earlier has no file, and is a mistake of who wrote it.
    if (Option.isNone(reached)) return yield* Effect.dieMessage("the sink did not read the snapshot to its end")
    return [result, yield* reached.value] as const
  })
