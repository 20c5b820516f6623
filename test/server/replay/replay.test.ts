/** What Go kata's daemon was asked and answered, asked again. Every difference is meant, and says why. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execute } from "../sql.ts"
import { differences } from "./differences.ts"
import { replay, scenario } from "./scenario.ts"
import { serving } from "./serve.ts"

describe.each(Object.keys(differences))("%s", (name) => {
  const { options = {}, steps = {}, waits } = differences[name] ?? {}
  it.live.skipIf(waits !== undefined)("is answered as recorded, or differs for a reason", () =>
    Effect.gen(function*() {
      const recorded = scenario(name)
      const outcomes = yield* serving(
        options,
        (send, { address, database, directory }) =>
          replay(recorded, send, {
            directory: `${directory}/files`,
            address,
            skip: (step) => step.rawBodyNote !== undefined || steps[step.name]?.skip === true,
            replaced: (step) => steps[step.name]?.ours !== undefined && typeof steps[step.name]?.ours !== "function",
            unnumbered: (step) => steps[step.name]?.unnumbered === true,
            after: async (step) => {
              const sql = steps[step.name]?.afterwards
              if (sql !== undefined) execute(database, sql)
            }
          })
      )
      const wrong = outcomes.flatMap(({ ours, recorded, step }) => {
        const meant = steps[step.name]?.ours
        const wanted = typeof meant === "function" ? meant(recorded) : meant ?? recorded
        return matches(ours, wanted)
          ? []
          : [
            `${step.name}: ${step.method} ${step.path}\n  wanted ${JSON.stringify(wanted)}\n  ours   ${
              JSON.stringify(ours)
            }\n`
          ]
      })
      expect(wrong.join("")).toBe("")
    }))
})

const matches = (a: unknown, b: unknown): boolean => {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}
