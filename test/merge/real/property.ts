/** The merge and its model, held against each other on random histories: for `npm test` and `npm run fuzz -- merge`. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type History, history, type Mode } from "../model/generator.ts"
import type { Tally } from "../model/play.ts"
import { shrink, verdict } from "../model/shrink.ts"
import { playBoth } from "./game.ts"

/** What was met, in how many histories; the number of merges and conflicts. */
export interface Met {
  histories: number
  merges: number
  conflicts: number
  contested: number
  moved: number
  purged: number
}

export const nothingMet = (): Met => ({ histories: 0, merges: 0, conflicts: 0, contested: 0, moved: 0, purged: 0 })

const all = (tally: Tally, name: string) => (tally.get(name) ?? 0) + (tally.get(`${name} at the end`) ?? 0)
const isContested = (tally: Tally) => all(tally, "contested") > 0
const isUprooted = (tally: Tally) => tally.has("move") || tally.has("purge")

const add = (met: Met, tally: Tally): void => {
  const has = (name: string) => tally.has(name) ? 1 : 0
  met.histories++
  met.merges += all(tally, "merges")
  met.conflicts += all(tally, "conflicts")
  met.contested += isContested(tally) ? 1 : 0
  met.moved += has("move")
  met.purged += has("purge")
}

/** In turns: everything; merged projects; single issues, or snapshots of projects, beside whole databases. */
const modes: ReadonlyArray<Mode> = ["all", "projects", "issues", "files"]

const historyOf = (seed: number) => history(seed, modes[seed % modes.length])

/** Of each ten histories in at least so many both sides touch one facet, and so many move or purge an issue. */
const wanted = { of: 10, contested: 3, uprooted: 2 }

/** Seeds from the first on, without those that would leave too few of the wanted ones in their ten: the model alone tells what happens. */
export function* seedsFrom(first: number): Generator<number, never> {
  let seed = first
  for (;;) {
    let [left, contested, uprooted] = [wanted.of, wanted.contested, wanted.uprooted]
    while (left > 0) {
      const tally: Tally = new Map()
      // what is wrong with it is met again by who plays it
      verdict(historyOf(seed), undefined, tally)
      const [c, u] = [
        Math.max(0, contested - Number(isContested(tally))),
        Math.max(0, uprooted - Number(isUprooted(tally)))
      ]
      if (Math.max(c, u) < left) {
        yield seed
        left--
        contested = c
        uprooted = u
      }
      seed++
    }
  }
}

/** What is wrong with a history, if anything. */
const failureOf = (history: History, tally: Tally) =>
  Effect.map(
    Effect.exit(playBoth(history, { tally })),
    (exit) => Exit.isSuccess(exit) || Cause.isInterruptedOnly(exit.cause) ? undefined : Cause.pretty(exit.cause)
  )

/** Plays the history of a seed; what is wrong with it, if anything. */
export const tryHistory = Effect.fn("Property.tryHistory")(
  function*(seed: number, met: Met) {
    const tally: Tally = new Map()
    const failure = yield* failureOf(historyOf(seed), tally)
    add(met, tally)
    return failure
  }
)

/** How long a smaller history is looked for. */
const patience = 120_000

/** The failure of a smaller history, and its steps. */
const smaller = Effect.fnUntraced(function*(seed: number, failure: string) {
  const fails = (tried: History) => failureOf(tried, new Map())
  const found = yield* shrink(historyOf(seed), failure, fails, patience)
  const steps = found.steps.map(({ a, b, by, c, k, name }) => `    ${k} ${by < 0 ? "all" : by}: ${name} ${a} ${b} ${c}`)
  return [(yield* fails(found)) ?? failure, JSON.stringify(found.config), ...steps].join("\n")
})

const told = (met: Met): string =>
  `${met.histories} histories, ${met.merges} merges, ${met.conflicts} with conflicts; histories in which both sides touched` +
  ` one facet ${met.contested}, that moved an issue ${met.moved}, that purged one ${met.purged}`

interface Extent {
  readonly seconds: number
  readonly count: number | undefined
}

/** The program of `npm run fuzz -- merge`; gives its exit code. */
export const merges = Effect.fn("Property.merges")(
  function*(first: number, { count, seconds }: Extent, say: (line: string) => void) {
    const met = nothingMet()
    const end = Date.now() + seconds * 1000
    let broken = 0
    for (const seed of seedsFrom(first)) {
      if (count === undefined ? Date.now() >= end : met.histories >= count) break
      const failure = yield* tryHistory(seed, met)
      if (failure === undefined) continue
      broken++
      say(`\nBROKEN: seed ${seed}: ${failure.slice(0, 2000)}`)
      say(`  again: npm run fuzz -- merge --seed ${seed} --count 1`)
      say(`  smaller: ${(yield* smaller(seed, failure)).slice(0, 6000)}`)
    }
    say(told(met))
    say(broken === 0 ? "no history was broken" : `${broken} histories were broken`)
    return broken === 0 ? 0 : 1
  }
)
