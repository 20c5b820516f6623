/** Random histories of several databases that merge each other: the rules by themselves, and the product beside them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { services } from "../testing/services.ts"
import { history } from "./model/generator.ts"
import { verdict } from "./model/shrink.ts"
import type { Switch } from "./model/switches.ts"
import { playBoth } from "./real/game.ts"
import { nothingMet, seedsFrom, tryHistory } from "./real/property.ts"

const seeds = Array.from({ length: 400 }, (_, n) => n + 1)
/** A history by which a rule of the first design is seen to be wrong. */
const against = (rule: Switch) => seeds.find((seed) => verdict(history(seed), new Set([rule])) !== undefined)

describe("the model of the merge", () => {
  it("keeps what must be true of every merge, in any order, and ends with equal databases", () => {
    for (let seed = 1; seed <= 60; seed++) assert.strictEqual(verdict(history(seed)), undefined, `seed ${seed}`)
    for (let seed = 1; seed <= 20; seed++) {
      assert.strictEqual(verdict(history(seed, "issues")), undefined, `seed ${seed}`)
    }
  })

  for (const rule of ["rev", "updated", "ext", "owner"] as const satisfies ReadonlyArray<Switch>) {
    it(`finds that the rule ${rule} of the first design is wrong`, () => {
      assert.isDefined(against(rule))
    })
  }
})

describe("the merge", () => {
  it.scopedLive("gives what the model says, of every history, and ends with equal databases", () =>
    Effect.gen(function*() {
      const met = nothingMet()
      for (const seed of seedsFrom(1)) {
        if (met.histories === 5) break
        const failure = yield* tryHistory(seed, met)
        assert.isUndefined(failure, `seed ${seed}: ${failure}`)
      }
      assert.isAbove(met.merges, 20)
    }).pipe(Effect.provide(services)))

  for (
    const [seed, what] of [
      [14742, "links of the same two, made twice, of which a single issue knows one"],
      [15315, "an issue that comes in with a link to one that lacks its beginning"],
      [15365, "a project that goes again, from which something went elsewhere"]
    ] as const
  ) {
    it.scopedLive(`gives what the model says of ${what}`, () =>
      Effect.gen(function*() {
        assert.isUndefined(yield* tryHistory(seed, nothingMet()))
      }).pipe(Effect.provide(services)))
  }

  it.scopedLive("is held against the model: by another rule they part", () =>
    Effect.gen(function*() {
      const parted = yield* Effect.flip(
        playBoth(history(against("rev") ?? 0), { switches: new Set(["rev"]), checked: false })
      )
      assert.strictEqual(parted._tag, "Differs")
    }).pipe(Effect.provide(services)))
})
