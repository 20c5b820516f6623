/** Random damages of databases, each salvaged and judged by a reader of pages that knows nothing of kata: `npm run salvage` tries many. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as kit from "../snapshot/kit.ts"
import { bases, type Counts, kinds, nothing, type Trial, trial } from "./trial.ts"

const count = Number(process.env["KATA_TRIALS"] ?? 20)
const seed = Number(process.env["KATA_SEED"] ?? 7)
const most = 100_000

const plus = (a: Counts, b: Counts): Counts => ({
  carried: a.carried + b.carried,
  raw: a.raw + b.raw,
  told: a.told + b.told,
  changed: a.changed + b.changed
})

/** A line of a table for each kind of damage. */
const lineOf = (kind: string, trials: ReadonlyArray<Trial>): string => {
  const of = trials.filter((one) => one.kind === kind)
  const ended = (outcome: Trial["outcome"]) => of.filter((one) => one.outcome === outcome).length
  const rows = of.map(({ rows }) => rows).reduce(plus, nothing)
  const broken = of.filter(({ violations }) => violations.length > 0).length
  const cells = [
    ended("everything"),
    ended("not whole"),
    ended("refused"),
    rows.carried,
    rows.raw,
    rows.told,
    rows.changed
  ]
  return `| ${[kind, of.length, ...cells, broken].join(" | ")} |`
}

it.scopedLive(
  "every row that a page still has is carried or raw, and no row is lost without a line",
  () =>
    Effect.gen(function*() {
      const all = yield* bases
      const trials: Array<Trial> = []
      for (let i = 0; i < count; i++) {
        const number = seed * most + i
        const one = yield* trial(all, number)
        trials.push(one)
        for (const violation of one.violations) console.log(`${number} (${one.kind}; ${one.base}): ${violation}`)
      }
      console.log(
        [
          `${count} damages, seed ${seed}`,
          "| damage | tried | everything | not whole | refused | rows carried | raw | only named | changed unseen | broken promises |",
          "|---|---|---|---|---|---|---|---|---|---|",
          ...kinds.map((kind) => lineOf(kind, trials))
        ].join("\n")
      )
      assert.deepStrictEqual(trials.flatMap(({ violations }) => violations), [])
      assert.isAbove(trials.filter(({ outcome }) => outcome === "not whole").length, 0)
    }).pipe(Effect.provide(kit.services)),
  7_200_000
)
