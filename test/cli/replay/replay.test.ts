/** What Go kata's command line did, done again with ours against our API. Every difference is meant, and says why. */
import { describe, expect, it } from "vitest"
import { serving } from "../../daemon/replay/serve.ts"
import { differences } from "./differences.ts"
import { type Outcome, place, replay, type Result, scenario } from "./scenario.ts"

const matches = (a: unknown, b: unknown): boolean => {
  try {
    expect(a).toEqual(b)
    return true
  } catch {
    return false
  }
}

describe.each(Object.entries(differences))("%s", (name, { cases, throttle }) => {
  const differenceOf = (name: string | undefined) => cases.find(([pattern]) => pattern.test(name ?? ""))?.[1]
  let outcomes: ReadonlyArray<Outcome> = []

  it("does as recorded, or differs for a reason", async () => {
    outcomes = await place((root) =>
      serving({ tcp: true, ...(throttle === undefined ? {} : { throttle }) }, (_, { address }) =>
        replay(
          scenario(name),
          { root, url: "host" in address ? `http://${address.host}:${address.port}` : "" },
          (one) => differenceOf(one.name)?.skip === true
        ))
    )
    const wrong = outcomes.flatMap(({ argv, name, ours, recorded }) => {
      const meant = differenceOf(name)?.ours
      const wanted: Result = { ...recorded, ...(typeof meant === "function" ? meant(recorded) : meant) }
      return matches(ours, wanted)
        ? []
        : [`${name}: ${argv.join(" ")}\n  wanted ${JSON.stringify(wanted)}\n  ours   ${JSON.stringify(ours)}\n`]
    })
    expect(wrong.join("")).toBe("")
  }, 120_000)

  it("has no reason for a difference that is none", () => {
    const unused = cases.filter(([pattern, { skip }]) =>
      skip !== true &&
      outcomes.filter(({ name, ours, recorded }) =>
          differenceOf(name) === cases.find(([other]) => other === pattern)?.[1] && !matches(ours, recorded)
        ).length === 0
    )
    expect(unused.map(([pattern]) => pattern.source)).toEqual([])
  })
})
