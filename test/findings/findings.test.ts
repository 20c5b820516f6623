/** Every rule, broken: what an export says of it, what a verification and an import do, and what a repair leaves. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Export from "../../src/export/Export.ts"
import type { Finding } from "../../src/records/Finding.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { build, type Rules } from "../../src/testing/database.ts"
import { catalogue } from "../records/catalogue.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { base } from "./base.ts"
import { type Case, cases } from "./cases.ts"

const entries = new Map(catalogue.map((entry) => [`${entry.what} ${entry.says}`, entry]))
const titles = (findings: ReadonlyArray<Finding>) => findings.map(({ title }) => title)
/** What is not in a snapshot. The database without rules lacks nearly all of the schema. */
const ofSchema = ({ kind }: Finding) => kind === "schema"

it("every rule has its case, and every case a rule", () => {
  const broken = new Set(Object.values(cases).flatMap(({ after = [], gives }) => [...gives, ...after]))
  assert.deepStrictEqual([...broken].toSorted(), [...entries.keys()].toSorted())
})

/** The database that the cases begin with, made once for each of the two ways. */
const made = new Map<Rules, Uint8Array>()
const bytesOf = (rules: Rules) =>
  Effect.gen(function*() {
    const there = made.get(rules)
    if (there !== undefined) return there
    const path = `${yield* kit.temporary}/made.db`
    yield* build(path, base, { rules, journal: "delete" })
    const bytes = yield* kit.bytesOf(path)
    made.set(rules, bytes)
    return bytes
  })

const prepared = (path: string, rules: Rules, sql: string) =>
  Effect.gen(function*() {
    yield* kit.writeFile(path, yield* bytesOf(rules))
    if (sql !== "") yield* kit.change(path, sql)
  })

describe("nothing is odd", () => {
  it.scopedLive("about the database that the cases begin with", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      for (const rules of ["sound", "lawless"] as const) {
        yield* prepared(`${directory}/${rules}.db`, rules, "")
        const report = yield* Export.toFile({ database: `${directory}/${rules}.db`, output: `${directory}/out` })
        assert.deepStrictEqual(titles(report.findings.filter((one) => rules === "sound" || !ofSchema(one))), [])
      }
    }).pipe(Effect.provide(kit.services)))
})

describe("a database with", () => {
  /** Whose rules are broken: those of issues, of comments … */
  const kindOf = ([, { gives }]: readonly [what: string, one: Case]) => entries.get(gives[0]!)!.what.split(".")[0]
  for (
    const [what, { after = [], gives, sound = false, sql = "", text }] of some("cases", Object.entries(cases), kindOf)
  ) {
    const expected = gives.map((title) => entries.get(title)!)
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const [database, file, target] = [`${directory}/a.db`, `${directory}/a.jsonl`, `${directory}/b.db`]
        yield* prepared(database, sound ? "sound" : "lawless", sql)
        const blocks = expected.some(({ blocking }) => blocking)

        if (text === undefined) {
          const exported = yield* Export.toFile({ database, output: file })
          const found = exported.findings.filter((one) => sound || !ofSchema(one))
          assert.deepStrictEqual(titles(found).toSorted(), gives.toSorted(), "the export")
          for (const { blocking, title } of found) assert.strictEqual(blocking, entries.get(title)!.blocking, title)
          assert.strictEqual(exported.restorable, !blocks)
        } else {
          const before = yield* kit.exported(database, { plain: true })
          assert.notStrictEqual(text(before), before)
          yield* kit.writeFile(file, text(before))
        }

        const inFile = expected.filter(({ repair }) => repair !== "restores")
        const verified = yield* Effect.either(verify(file))
        if (verified._tag === "Left") return yield* Effect.fail(verified.left)
        assert.includeMembers(
          titles(verified.right.findings),
          inFile.map(({ says, what }) => `${what} ${says}`),
          "verify"
        )
        assert.strictEqual(verified.right.restorable, !blocks)

        const plainly = yield* kit.outcomeOf(kit.restore(file, `${directory}/c.db`, { dryRun: true }))
        assert.strictEqual(plainly.outcome, blocks ? "validation" : "ok", plainly.message)
        if (blocks) assert.match(plainly.message, /: line \d+: /)

        const { findings: done } = yield* kit.restore(file, target, { repair: true })
        // One line may tell of several rules that were broken together.
        for (const { repair, says, what } of inFile) {
          if (repair === "leaves" || after.includes(`${what} ${says}`)) continue
          const lines = done.filter(({ kind, outcome }) => what.startsWith(`${kind}.`) && outcome !== "carried")
          assert.isNotEmpty(lines, `${what} ${says}`)
          if (repair === "drops") assert.isTrue(lines.some(({ outcome }) => outcome === "dropped"), `${what} ${says}`)
        }
        const again = yield* Export.toFile({ database: target, output: `${directory}/b.jsonl` })
        const left = expected.filter(({ repair }) => repair === "leaves").map(({ says, what }) => `${what} ${says}`)
        for (const title of titles(again.findings)) assert.include([...left, ...after], title, "after the repair")
        assert.isTrue(again.restorable)
        assert.deepStrictEqual(yield* kit.complaints(target), [])
      }).pipe(Effect.provide(kit.services)))
  }
})
