/** What is true of every value: tried on a few by `npm test`, on as many as there is time for by `npm run fuzz`. */
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import type * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import type { services } from "../testing/services.ts"

/** The promises of `docs/reliability.md`. Constant memory is measured by `test/process/hostile.test.ts`. */
export const promises = {
  whole: "validate, stage, verify, then one rename: what fails leaves everything as it was",
  content: "content, not counts: what is in the database is what was in the file",
  lines: "nothing disappears without a line",
  clear: "bad input gets one clear error, and a next step",
  bytes: "the same database gives the same bytes"
} as const

export interface Search {
  readonly seed: number
  /** Of a counterexample: that value alone is tried. */
  readonly path?: string
  readonly runs: number
}

/** A value for which it is not so. */
export interface Counterexample {
  readonly seed: number
  readonly path: string
  readonly value: string
  readonly error: string
}

export interface Property {
  readonly promise: keyof typeof promises
  readonly name: string
  /** How many values `npm test` tries. */
  readonly runs: number
  readonly search: (search: Search) => Effect.Effect<Counterexample | undefined, never, Services>
}

type Services = Layer.Layer.Success<typeof services>

/** A smaller counterexample is looked for no longer than this: there may always be a smaller one. */
const shrinkTime = 60_000

const reported = (error: unknown): string => error instanceof Error ? error.stack ?? error.message : String(error)

export const property = <A>(
  promise: Property["promise"],
  name: string,
  runs: number,
  values: FC.Arbitrary<A>,
  holds: (value: A) => Effect.Effect<void, unknown, Services | Scope.Scope>
): Property => ({
  promise,
  name,
  runs,
  search: ({ path, runs, seed }) =>
    Effect.gen(function*() {
      const run = Runtime.runPromise(yield* Effect.runtime<Services>())
      const check = (options: FC.Parameters<[A]>) =>
        Effect.promise(() => FC.check(FC.asyncProperty(values, (value) => run(Effect.scoped(holds(value)))), options))
      const found = yield* check({ seed, numRuns: runs, endOnFailure: true, ...(path === undefined ? {} : { path }) })
      if (!found.failed) return undefined
      const shrunk = path === undefined
        ? yield* check({
          seed,
          path: found.counterexamplePath ?? "",
          numRuns: 1,
          interruptAfterTimeLimit: shrinkTime
        })
        : found
      const { counterexample, counterexamplePath, errorInstance } = shrunk.failed ? shrunk : found
      return {
        seed,
        path: counterexamplePath ?? "",
        value: FC.stringify(counterexample?.[0]),
        error: reported(errorInstance)
      }
    })
})
