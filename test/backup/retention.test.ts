import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FC from "effect/FastCheck"
import { policyOf, usual, type Words } from "../../src/backup/policy.ts"
import {
  before,
  type Candidate,
  counted,
  decide,
  type Decision,
  periods,
  type Policy
} from "../../src/backup/retention.ts"
import { model } from "./retentionModel.ts"

const now = Date.parse("2026-11-29T00:00:00Z")

/** `last 2, within-daily 7d`. */
const policy = (text: string) => {
  const words = { counts: {}, within: {} } as { -readonly [k in keyof Words]: Record<string, string> }
  for (const rule of text.split(", ")) {
    const [name = "", value = ""] = rule.split(" ")
    if (name.startsWith("within")) words.within[name.slice(7) || "all"] = value
    else words.counts[name] = value
  }
  return policyOf(words)
}

/** `a 2026-03-01T10:00Z`, with ` e9` for its events and `!` when it is damaged. */
const backup = (text: string): Candidate => {
  const [name = "", time = "", ...more] = text.split(" ")
  return {
    name,
    time: Date.parse(time),
    position: Number(more.find((word) => word.startsWith("e"))?.slice(1) ?? Date.parse(time) / 1000),
    group: "one",
    state: more.includes("!") ? "damaged" : "good"
  }
}

const stay = (decisions: ReadonlyArray<Decision<Candidate>>) =>
  decisions.filter(({ stays }) => stays).map(({ backup: { name } }) => name)

const reasonsOf = (decisions: ReadonlyArray<Decision<Candidate>>) =>
  Object.fromEntries(decisions.map(({ backup: { name }, reasons, stays }) => [name, [stays, ...reasons]]))

/** Section 4 of the design; what it gives as `b c` of one day are two times of it. */
const vectors: ReadonlyArray<readonly [n: number, backups: string, rule: string, stays: string]> = [
  [1, "a 2026-03-01T10:00Z, b 2026-03-01T11:00Z, c 2026-03-01T12:00Z, d 2026-03-02", "last 2", "d c"],
  [
    2,
    "a 2026-03-01T10:05Z, b 2026-03-01T10:55Z, c 2026-03-01T11:00Z, d 2026-03-01T14:30Z, e 2026-03-01T14:31Z",
    "hourly 2",
    "e c"
  ],
  [
    3,
    "a 2026-03-01, b 2026-03-02T01:00Z, c 2026-03-02T02:00Z, d 2026-03-10, e 2026-03-12T01:00Z, f 2026-03-12T02:00Z",
    "daily 3",
    "f d c"
  ],
  [4, "a 2026-03-01T10:00Z, b 2026-03-01T12:00Z, c 2026-03-02", "daily 7", "c b a"],
  [5, "a 2020-12-27, b 2020-12-28, c 2020-12-31, d 2021-01-03, e 2021-01-04", "weekly 2", "e d"],
  [6, "a 2026-01-31, b 2026-02-28, c 2026-03-01T00:00Z, d 2026-03-31", "monthly 2", "d b"],
  [7, "a 2023-12-31T23:59:59Z, b 2024-01-01T00:00Z, c 2024-12-31, d 2026-02-01", "yearly 2", "d c"],
  [
    8,
    "a 2026-03-01T11:59:59Z, b 2026-03-01T12:00:00Z, c 2026-03-01T12:00:01Z, d 2026-03-08T12:00:00Z",
    "within 7d",
    "d c b"
  ],
  [
    9,
    "a 2026-01-31, b 2026-02-27, c 2026-02-28, d 2026-03-01, e 2026-03-02T12:00Z, f 2026-03-02T18:00Z",
    "daily 2, monthly 3",
    "f d c a"
  ],
  [
    10,
    "a 2026-02-28T12:00Z, b 2026-03-01, c 2026-03-03T12:00:00Z, d 2026-03-03T12:00:01Z, e 2026-03-31T12:00Z",
    "within 1m",
    "e d c b a"
  ],
  [11, "a 2026-03-01, b 2026-03-02, c 2026-03-03, x 2031-01-01", "last 1", "x c"],
  [12, "a 2026-03-01 e5, b 2026-03-01 e9, c 2026-03-01 e9", "last 1", "c"],
  [13, "a 2026-03-01 e10, b 2026-03-02 e90, c 2026-03-03 e40, d 2026-03-04 e50", "last 1", "d b"],
  [14, "a 2026-03-01, b 2026-03-02, c 2026-03-03 !", "last 1", "c b"],
  [
    15,
    "a 2026-10-25T01:30+02:00, b 2026-10-25T02:30+02:00, c 2026-10-25T02:30+01:00, d 2026-10-25T03:30+01:00",
    "hourly 3",
    "d c b"
  ],
  [
    16,
    "a 2024-12-31T23:00Z, b 2025-01-01, c 2025-01-15, d 2025-01-31T23:59:59Z, e 2025-02-01, f 2025-02-03T08:00Z, " +
    "g 2025-02-03T20:00Z",
    "last 1, daily 2, weekly 2, monthly 2, yearly 2",
    "g e d a"
  ]
]

describe("what a policy keeps", () => {
  it.effect.each(vectors.map((vector) => ({ vector })))(
    "vector $vector.0: $vector.2",
    ({ vector }) =>
      Effect.gen(function*() {
        const [, backups, rule, stays] = vector
        const given = backups.split(", ").map(backup)
        const found = decide(given, yield* policy(rule), { now })
        assert.strictEqual(stay(found).join(" "), stays)
        assert.strictEqual(found.length, given.length)
        // the order in which a directory lists them says nothing
        assert.deepStrictEqual(decide(given.toReversed(), yield* policy(rule), { now }), found)
      })
  )

  it.effect("says why each of them stays", () =>
    Effect.gen(function*() {
      const given = [
        "a 2026-01-05 e10",
        "b 2026-01-06 e90",
        "c 2026-02-01 e40",
        "d 2026-02-02 e95",
        "e 2026-02-03 e99 !",
        "x 2027-01-01"
      ]
      const found = decide(given.map(backup), yield* policy("last 1, monthly 7, within 1d"), { now })
      assert.deepStrictEqual(reasonsOf(found), {
        x: [true, "dated in the future"],
        e: [true, "damaged"],
        d: [true, "newest", "last", "monthly", "within"],
        c: [true, "edge of within"],
        b: [true, "monthly", "ahead"],
        a: [true, "oldest monthly"]
      })
    }))

  it.effect("a branch that was left stays when later work has passed it, however often is pruned", () =>
    Effect.gen(function*() {
      const last = yield* policy("last 1")
      let left = ["a e10", "b e90", "c e40", "d e95"].map((text, i) => backup(text.replace(" ", ` 2026-03-0${i + 1} `)))
      for (let i = 0; i < 100; i++) {
        left = decide(left, last, { now }).filter(({ stays }) => stays).map(({ backup }) => backup)
        assert.includeMembers(left.map(({ name }) => name), ["b"])
        left.push({ ...backup("n 2026-04-01"), name: `n${i}`, time: now - (200 - i) * 1000, position: 96 + i })
      }
      assert.strictEqual(left.length, 4)
    }))

  it.effect("backups of several databases are not weighed against each other", () =>
    Effect.gen(function*() {
      const given = ["a 2026-03-01", "b 2026-03-02", "c 2026-03-03", "d 2026-03-04"].map(backup)
      const found = decide(
        given.map((one, i) => ({ ...one, group: i < 2 ? "one" : "two" })),
        yield* policy("last 1"),
        { now }
      )
      assert.deepStrictEqual(stay(found), ["b", "d"])
    }))

  it.effect("what is damaged goes only when that is asked, and when a later good one has its events", () =>
    Effect.gen(function*() {
      const last = yield* policy("last 9")
      const given = ["a 2026-03-01 e5", "b 2026-03-02 e7 !", "c 2026-03-03 e9", "d 2026-03-04 e12 !"].map(backup)
      const lying = { ...backup("l 2026-03-02 e6"), state: "lies" as const }
      const refused = { ...backup("r 2026-03-02 e6"), state: "refused" as const }
      const all = [...given, lying, refused]
      assert.deepStrictEqual(stay(decide(all, last, { now })).toSorted(), ["a", "b", "c", "d", "l", "r"])
      const found = decide(all, last, { now, damaged: true })
      assert.deepStrictEqual(stay(found).toSorted(), ["a", "c", "d", "l", "r"])
      assert.deepStrictEqual(reasonsOf(found)["b"], [false, "damaged, and c has its events"])
      // of another branch, the later one may lack what the damaged one has
      const branches = ["b 2026-03-02 e7 !", "c 2026-03-03 e4", "d 2026-03-04 e9"].map(backup)
      assert.deepStrictEqual(stay(decide(branches, last, { now, damaged: true })), ["d", "c", "b"])
    }))

  it("a month before 31 March is the end of February", () => {
    const month = { years: 0, months: 1, days: 0, hours: 0 }
    const at = (text: string, span: Parameters<typeof before>[1]) =>
      new Date(before(Date.parse(text), span)).toISOString()
    assert.strictEqual(at("2026-03-31T12:00:00Z", month), "2026-02-28T12:00:00.000Z")
    assert.strictEqual(at("2024-03-31T12:00:00Z", month), "2024-02-29T12:00:00.000Z")
    assert.strictEqual(at("2026-01-31T12:00:00Z", month), "2025-12-31T12:00:00.000Z")
    assert.strictEqual(at("2024-02-29T12:00:00Z", { ...month, years: 1, months: 0 }), "2023-02-28T12:00:00.000Z")
    assert.strictEqual(at("2026-03-31T12:00:00Z", { ...month, years: 1976 }), "0050-02-28T12:00:00.000Z")
    assert.isTrue(before(now, { years: 99999, months: 99999, days: 699_999, hours: 99999 }) < -1e15)
  })
})

describe("the words of a policy", () => {
  it.effect("are read", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* policy("last 2, daily unlimited, yearly 0, within-weekly 1y2m3w4d5h, within 0d"), {
        counts: { last: 2, daily: Infinity },
        within: { weekly: { years: 1, months: 2, days: 25, hours: 5 } }
      })
      const words = usual.split("--keep-").filter((word) => word !== "").map((word) => word.trim())
      assert.deepStrictEqual((yield* policy(words.join(", "))).counts, {
        last: 3,
        hourly: 24,
        daily: 14,
        weekly: 8,
        monthly: 12,
        yearly: 10
      })
    }))

  const refused: ReadonlyArray<readonly [words: string, says: string]> = [
    ["last -1", "--keep-last: a number or unlimited, got \"-1\""],
    ["daily 1.5", "--keep-daily: a number or unlimited, got \"1.5\""],
    ["daily ", "--keep-daily: a number or unlimited, got \"\""],
    ["within -7d", "--keep-within: a length of time such as 7d or 1y2m3w4d5h, got \"-7d\""],
    ["within-hourly 7", "--keep-within-hourly: a length of time such as 7d or 1y2m3w4d5h, got \"7\""],
    ["within 1d1d", "--keep-within: a length of time such as 7d or 1y2m3w4d5h, got \"1d1d\""],
    ["within 100000d", "--keep-within: a length of time such as 7d or 1y2m3w4d5h, got \"100000d\""],
    ["last 0, within 0h", "no rule says what stays"]
  ]
  it.effect.each(refused.map((one) => ({ one })))(
    "are refused: $one.0",
    ({ one: [text, says] }) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(policy(text))
        assert.deepInclude(error, { _tag: "RetentionRefused", kind: "usage", message: says })
        assert.include(error.hint, "nothing was removed")
      })
  )
})

/** Times close together and far apart, some of them the same, some to come. */
const times = FC.oneof(
  ...[3, 48, 24 * 40, 24 * 800, 24 * 9000].map((hours) =>
    FC.integer({ min: -1, max: hours * 6 }).map((steps) => now - steps * 600_000)
  ),
  FC.integer({ min: -1_000_000, max: 60 }).map((minutes) => now + minutes * 60_000),
  FC.integer({ min: 1, max: 2000 }).map((days) => now + days * 86_400_000),
  FC.constantFrom("2024-02-29T00:00:00Z", "2026-03-31T23:59:59Z", "2025-12-29T00:00:00Z").map((text) =>
    Date.parse(text)
  )
)

/** Most are of databases that only grew, as most databases do. */
const directories = FC.tuple(
  FC.array(
    FC.record({
      time: times,
      position: FC.oneof(FC.nat(12), FC.nat(1000)),
      group: FC.constantFrom("one", "one", "one", "two"),
      state: FC.constantFrom<Candidate["state"]>("good", "good", "good", "good", "good", "damaged", "refused", "lies")
    }),
    { maxLength: 40, size: "max" }
  ),
  FC.nat(9)
).map(([all, kind]) =>
  all.map((one, i): Candidate => ({
    ...one,
    name: `n${i}`,
    position: kind < 3 ? one.position : Math.floor(one.time / 1_000_000) + (one.position === 0 ? 5_000_000 : 0)
  }))
)

/** Values for a few of the rules. */
const some = <A>(rules: ReadonlyArray<string>, most: number, values: FC.Arbitrary<A>) =>
  FC.subarray([...rules], { maxLength: most }).chain((chosen) =>
    FC.record(Object.fromEntries(chosen.map((rule) => [rule, values])))
  )
const count = FC.oneof({ weight: 9, arbitrary: FC.integer({ min: 1, max: 6 }) }, {
  weight: 1,
  arbitrary: FC.constant(Infinity)
})
const span = FC.oneof(
  FC.record({ years: FC.nat(3), months: FC.nat(14), days: FC.nat(40), hours: FC.nat(30) }),
  FC.record({ years: FC.constant(0), months: FC.nat(2), days: FC.nat(9), hours: FC.nat(30) })
)
const policies: FC.Arbitrary<Policy> = FC.record({
  counts: some(counted, 3, count),
  within: some(["all", ...periods], 2, span)
})

const number = (name: string, otherwise: number) => Number(process.env[name] || otherwise)

describe("in any directory", () => {
  const parameters = { numRuns: number("KATA_RUNS", 500), seed: number("KATA_SEED", 1) }
  it("what stays is what the rules say, the last good one with it, and another prune removes nothing more", () => {
    let removed = 0
    FC.assert(
      FC.property(directories, policies, (backups, policy) => {
        const found = decide(backups, policy, { now })
        const left = found.filter(({ stays }) => stays).map(({ backup }) => backup)
        const expected = model(backups, policy, now)
        assert.deepStrictEqual(
          left.map(({ name }) => name).toSorted(),
          [...expected].map(({ name }) => name).toSorted()
        )
        removed += backups.length - left.length
        for (const group of ["one", "two"]) {
          const good = backups.filter((one) => one.group === group && one.state === "good" && one.time <= now + 600_000)
          if (good.length === 0) continue
          const newest = Math.max(...good.map(({ time }) => time))
          assert.isTrue(left.some((one) => good.includes(one) && one.time === newest))
          const most = Math.max(...good.map(({ position }) => position))
          assert.isTrue(left.some((one) => good.includes(one) && one.position === most))
        }
        for (const { backup, reasons, stays } of found) {
          if (backup.state !== "good" || backup.time > now + 600_000) assert.isTrue(stays)
          if (stays) assert.notStrictEqual(reasons.length, 0)
        }
        assert.isTrue(decide(left, policy, { now }).every(({ stays }) => stays))
      }),
      parameters
    )
    // or nothing was tried
    assert.isAbove(removed, parameters.numRuns)
  })
})
