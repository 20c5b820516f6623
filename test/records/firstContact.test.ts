/** Which findings stop the newest Go kata: every rule that is named is one, and its times are those of its list. */
import { describe, expect, it } from "@effect/vitest"
import { crossRules, rowRules } from "../../src/database/rules.ts"
import { Finding } from "../../src/records/Finding.ts"
import { firstContact, isItsTime, leftOut, refused, taken } from "../../src/records/firstContact.ts"
import { kinds } from "../../src/records/kinds.ts"
import { uniqueRule } from "../../src/records/Rule.ts"

const rules = new Map<string, boolean>(
  kinds.flatMap((kind) =>
    [...rowRules(kind), ...crossRules(kind), ...kind.unique.map(uniqueRule)]
      .map((rule) => [`${kind.name} ${rule.field} ${rule.rule}`, rule.blocking] as const)
  )
)
const of = ([kind, field, rule]: readonly [string, string, string]) =>
  new Finding({
    kind,
    field,
    rule,
    says: "is odd",
    outcome: "carried",
    blocking: rules.get(`${kind} ${field} ${rule}`) ?? false,
    count: 1,
    rows: []
  })

it("every rule that it treats in another way is a rule of a kind, blocks where that is said, and is named once", () => {
  const all = [...leftOut, ...taken, ...refused].map((named) => named.join(" "))
  expect(all.filter((named) => !rules.has(named))).toEqual([])
  expect(new Set(all).size).toBe(all.length)
  expect(leftOut.map(of).map(({ blocking }) => blocking)).not.toContain(false)
  expect(taken.map(of).map(({ blocking }) => blocking)).not.toContain(false)
  expect(refused.map(of).map(({ blocking }) => blocking)).not.toContain(true)
})

it("what is said to stop it is among them", () => {
  const said = kinds.flatMap((kind) =>
    [...rowRules(kind), ...crossRules(kind)].filter(({ says }) => says.includes("newest Go kata"))
      .map(({ field, rule }) => [kind.name, field, rule] as const)
  )
  expect(said.length).toBeGreaterThan(10)
  expect(said.filter((named) => firstContact(of(named)) !== "stops")).toEqual([])
})

it("what blocks a restore stops it, but for the orphans that it knows and what it has no more", () => {
  expect(firstContact(of(["issue", "recurrence_id", "foreign key"]))).toBe("stops")
  expect(firstContact(of(["import_mapping", "comment_id", "foreign key"]))).toBe("stops")
  expect(firstContact(of(["comment", "issue_id", "foreign key"]))).toBe("leaves out")
  expect(firstContact(of(["link", "to_issue_id", "cross-project link"]))).toBe("goes on")
  expect(firstContact(of(["issue", "owner", "nobody"]))).toBe("goes on")
})

describe("its times", () => {
  it.each([
    "",
    "2026-05-04T00:21:07Z",
    "2026-05-04T00:21:07.123456789Z",
    "2026-05-04T00:21:07,5+02:00",
    "2026-05-04 00:21:07",
    "2026-05-04 00:21:07.25",
    "2026-05-04 00:21:07.25-07:30",
    "2026-05-04 00:21:07.123 +0000 UTC",
    "2024-02-29 23:59:59 +0000 UTC",
    "0001-01-01T00:00:00Z"
  ])("%j is one", (text) => expect(isItsTime(text)).toBe(true))
  it.each([
    " ",
    "2026-05-04",
    "2026-05-04T00:21:07",
    "2026-05-04T00:21Z",
    "2026-05-04 00:21",
    "2026-05-04 00:21:07Z",
    "2026-05-04t00:21:07z",
    "2026-05-04T00:21:60Z",
    "2026-05-04T24:00:00Z",
    "2026-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-05-04 00:21:07 +0200 CEST",
    "2026-05-04T00:21:07+0000",
    "1777854067",
    "not a date"
  ])("%j is none", (text) => expect(isItsTime(text)).toBe(false))
})
