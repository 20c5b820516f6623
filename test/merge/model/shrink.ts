/** A smaller history that fails in the same way. */
import * as Effect from "effect/Effect"
import { Wrong } from "./checks.ts"
import type { Config } from "./deeds.ts"
import type { History } from "./generator.ts"
import { play, type Tally } from "./play.ts"
import { Broken } from "./report.ts"
import type { Switches } from "./switches.ts"

/** What is wrong with the rules by this history; undefined when nothing is. */
export const verdict = (history: History, switches?: Switches, tally?: Tally): string | undefined => {
  try {
    for (const _ of play(history, { tally, switches }));
    return undefined
  } catch (error) {
    if (error instanceof Wrong || error instanceof Broken) return error.message
    throw error
  }
}

const kindOf = (failure: string): string => failure.split(" ").slice(0, 4).join(" ")

const simpler: ReadonlyArray<Partial<Config>> = [
  { skew: [0, 0, 0] },
  { replicas: 2 },
  { circles: false },
  { modern: false },
  { calm: true }
]

/** Steps are left out, half of them first, for as long as `fails` says the same and there is time. */
export const shrink = Effect.fnUntraced(function*<E, R>(
  history: History,
  failure: string,
  fails: (history: History) => Effect.Effect<string | undefined, E, R>,
  milliseconds: number
) {
  const wanted = kindOf(failure)
  const end = Date.now() + milliseconds
  const isSo = (tried: History) =>
    tried.steps.length === 0 || Date.now() > end
      ? Effect.succeed(false)
      : Effect.map(fails(tried), (found) => found !== undefined && kindOf(found) === wanted)
  let found = history
  for (const change of simpler) {
    const config = { ...found.config, ...change }
    const tried = { config, steps: found.steps.filter(({ by }) => by < config.replicas) }
    if (yield* isSo(tried)) found = tried
  }
  for (let n = Math.max(1, found.steps.length >> 1); n > 0; n >>= 1) {
    for (let i = 0; i < found.steps.length;) {
      const tried = { ...found, steps: found.steps.toSpliced(i, n) }
      if (yield* isSo(tried)) found = tried
      else i += n
    }
  }
  return found
})
