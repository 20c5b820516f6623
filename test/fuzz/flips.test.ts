/** A few of the flips that `npm run fuzz` makes, and every place at which a small file can be cut. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { sealed } from "../hostile/make.ts"
import * as kit from "../snapshot/kit.ts"
import { flips, samples, tally, truncations } from "./flips.ts"

const small = samples("small.jsonl", sealed)
const rich = samples("rich.jsonl", kit.fixtureText("rich.sealed-d2.jsonl"))

it.live("a sealed file with a bit flipped is never taken", () =>
  Effect.gen(function*() {
    const all = tally()
    yield* flips(
      [...small, ...rich],
      Number(process.env["KATA_RUNS"] ?? 300),
      Number(process.env["KATA_SEED"] ?? 1),
      all
    )
    assert.deepStrictEqual(all.violations, [])
    assert.isAbove(all.outcomes.get("damaged") ?? 0, all.flips / 2)
  }).pipe(Effect.provide(kit.services)), 600_000)

it.live("a sealed file that is cut, after whatever byte, is never taken", () =>
  Effect.gen(function*() {
    const all = tally()
    yield* truncations(small, all)
    assert.deepStrictEqual(all.violations, [])
    assert.strictEqual(all.truncations, small.reduce((sum, { bytes }) => sum + bytes.length, 0))
    assert.deepStrictEqual([...all.outcomes.keys()], ["damaged"])
  }).pipe(Effect.provide(kit.services)))
