import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import * as Runtime from "effect/Runtime"

const number = (name: string): number | undefined => {
  const value = process.env[name]
  return value === undefined || value === "" ? undefined : Number(value)
}

/** Longer than a property takes on a busy machine; what goes on is shrinking, and stops. */
const limit = Math.max(300_000, (number("KATA_RUNS") ?? 0) * 2000)
export const propertyTimeout = limit + 20_000

/** Whether `property` succeeds for every value. KATA_RUNS says for how many, KATA_SEED for which: the same ones every time, unless it is set. */
export const forAll = <A, E, R>(
  arbitrary: FC.Arbitrary<A>,
  runs: number,
  property: (value: A) => Effect.Effect<void, E, R>
) =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.promise(() =>
      FC.assert(
        FC.asyncProperty(arbitrary, (value) => Runtime.runPromise(runtime)(property(value))),
        {
          numRuns: number("KATA_RUNS") ?? runs,
          seed: number("KATA_SEED") ?? 1,
          interruptAfterTimeLimit: limit,
          markInterruptAsFailure: true
        }
      )
    ))
