/** What Go kata's command line did, done again with ours against our API. Every difference is meant, and says why. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inside } from "../../server/replay/serve.ts"
import { differences } from "./differences.ts"
import { comparable } from "./rows.ts"
import { type Case, type Outcome, place, replay, scenario } from "./scenario.ts"

/** Texts that are ours to write. */
const placeholder = /<(?:help text|the instruction text|usage)>/

/** What the recording says, with ours in the place of a text that is ours to write. */
const filled = (recorded: unknown, ours: unknown): unknown => {
  if (typeof recorded === "string" && typeof ours === "string" && placeholder.test(recorded)) {
    const [before = ""] = recorded.split(placeholder)
    return ours.startsWith(before) && ours.length > before.length ? ours : recorded
  }
  if (typeof recorded !== "object" || recorded === null || Array.isArray(recorded)) return recorded
  const other: Readonly<Record<string, unknown>> = typeof ours === "object" && ours !== null ? { ...ours } : {}
  return Object.fromEntries(Object.entries(recorded).map(([key, value]) => [key, filled(value, other[key])]))
}

/** Commands that have a test of their own, or that this version does not have. */
const elsewhere = new Set(["daemon", "health", "export", "import", "audit", "digest"])
const isElsewhere = ({ argv = [] }: Case) => elsewhere.has(argv.find((word) => !word.startsWith("-")) ?? "")

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

  it.scopedLive("does as recorded, or differs for a reason", () =>
    Effect.gen(function*() {
      const root = yield* place
      const daemon = yield* inside(throttle === undefined ? {} : { throttle })
      const done = yield* replay(
        scenario(name),
        { root, daemon },
        {
          skip: (one) => isElsewhere(one) || differenceOf(one.name)?.skip === true,
          asked: ({ argv = [], name }) => differenceOf(name)?.asked?.(argv) ?? argv
        }
      )
      outcomes = done.map(comparable)
      const wrong = outcomes.flatMap(({ argv, name, ours, recorded }) => {
        const meant = differenceOf(name)?.ours
        const wanted = filled({ ...recorded, ...(typeof meant === "function" ? meant(recorded) : meant) }, ours)
        return matches(ours, wanted)
          ? []
          : [`${name}: ${argv.join(" ")}\n  wanted ${JSON.stringify(wanted)}\n  ours   ${JSON.stringify(ours)}\n`]
      })
      expect(wrong.join("")).toBe("")
    }))

  it("has no reason for a difference that is none", () => {
    const unused = cases.filter(([pattern, { asked, skip }]) =>
      skip !== true && asked === undefined &&
      outcomes.filter(({ name, ours, recorded }) =>
          differenceOf(name) === cases.find(([other]) => other === pattern)?.[1] && !matches(ours, recorded)
        ).length === 0
    )
    expect(unused.map(([pattern]) => pattern.source)).toEqual([])
  })
})
