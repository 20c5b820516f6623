/** What else can be asked of an import or a verification, asked of files of older versions. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { verifyAgainst } from "../../src/merge/Diff.ts"
import { verify } from "../../src/snapshot/verify.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import * as old from "./kit.ts"

const rich = (n: number) => old.fixture(`v${n}/rich.own-export.jsonl`)
const instances = (lines: ReadonlyArray<string>) => [
  ...new Set(lines.flatMap((line) => [...line.matchAll(/instance_uid","value":"(\w+)"/g)].map(([, uid]) => uid))),
  ...new Set(lines.flatMap((line) => [...line.matchAll(/"origin_instance_uid":"(\w+)"/g)].map(([, uid]) => uid)))
]

describe.each(some("versions", old.versions))("version %i", (n) => {
  it.scopedLive("is verified: what is in it, by which version, and what became of what", () =>
    Effect.gen(function*() {
      const report = yield* verify(kit.text(rich(n), "old.jsonl"))
      assert.strictEqual(report.version, n)
      assert.isTrue(report.restorable)
      assert.isFalse(report.sealed)
      assert.strictEqual(report.lines, kit.lines(rich(n)).length)
      assert.deepStrictEqual(report.notes, [
        `the file is of version ${n}; its records are read as those of version 10`,
        "the file is not sealed: whether it is whole can only be guessed from its end"
      ])
      const lines = kit.lines(rich(n))
      const told = new Map(
        report.findings.filter(({ outcome }) => outcome === "upgraded").map((
          one
        ) => [`${one.kind}.${one.field}`, one.count])
      )
      const issues = lines.filter((line) => line.startsWith(`{"kind":"issue"`)).length
      assert.strictEqual(told.get("issue.number"), n < 8 ? issues : undefined)
      assert.strictEqual(told.get("issue.metadata"), issues)
      assert.strictEqual(told.get("project.identity"), n < 7 ? 3 : undefined)
      assert.strictEqual(told.get("purge_log.issue_number"), n < 3 ? 7 : n < 8 ? 3 : undefined)
      assert.strictEqual(told.get("event.uid"), n < 3 ? 65 : undefined)
      assert.isTrue(report.findings.every(({ blocking }) => !blocking))
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is restored twice to the same, and compared with that", () =>
    Effect.gen(function*() {
      const [one, two] = [yield* old.restored(rich(n), "old.jsonl"), yield* old.restored(rich(n), "old.jsonl")]
      assert.deepStrictEqual(old.sameInstance(two.lines, one.lines), one.lines)
      const compared = yield* verifyAgainst(kit.text(rich(n), "old.jsonl"), one.path)
      // Files of versions 1 and 2 do not say whose they are: every reading makes that up anew.
      assert.strictEqual(compared.equal, n > 2)
      for (const { fields } of compared.changes) {
        assert.deepStrictEqual(fields.map(({ field }) => field), ["origin_instance_uid"])
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("gets another identity when that is asked", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = `${directory}/new.db`
      const report = yield* kit.restore(kit.text(rich(n), "old.jsonl"), target, { newInstance: true })
      const lines = kit.lines(yield* kit.exportedAsGo(target))
      const [own, ...origins] = instances(lines)
      assert.strictEqual(report.instance_uid, own)
      assert.notInclude(rich(n), String(own))
      // Events stay with who made them; of those of nobody, it is the new database.
      assert.deepStrictEqual(origins, n < 3 ? [own] : [/"instance_uid","value":"(\w+)"/.exec(rich(n))![1]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is mended, and salvaged: what can be read of a damaged one is what a whole one becomes", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const whole = yield* old.restored(rich(n), "old.jsonl")
      const source = kit.lines(rich(n))
      const comment = source.findIndex((line) => line.startsWith(`{"kind":"comment"`))
      const label = source.findIndex((line) => line.startsWith(`{"kind":"issue_label"`))
      const damaged = source.map((line, i) => i === comment ? line.slice(0, 40) : line)
        .filter((_, i) => i !== 0).map((line, i) =>
          i + 1 === label ? line.replace("\"label\":\"", "\"label\":\"B!") : line
        )
      const target = `${directory}/new.db`
      const report = yield* kit.restore(kit.text(`${damaged.join("\n")}\n`, "old.jsonl"), target, { salvage: true })
      assert.strictEqual(report.version, n)
      assert.strictEqual(report.salvage?.rejected, 1)
      assert.deepStrictEqual(yield* kit.complaints(target), [])
      const lines = old.sameInstance(kit.lines(yield* kit.exportedAsGo(target)), whole.lines)
      const gone = whole.lines.filter((line) => !lines.includes(line))
      assert.deepStrictEqual(gone.map((line) => /"kind":"(\w+)"/.exec(line)?.[1]), ["comment", "issue_label"])
      const came = lines.filter((line) => !whole.lines.includes(line))
      assert.deepStrictEqual(came.map((line) => /"label":"([^"]*)"/.exec(line)?.[1]?.slice(0, 2)), ["b-"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("a transform is given records of version 10", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const seen = new Set<string>()
      const { proof } = yield* kit.restore(kit.text(rich(n), "old.jsonl"), `${directory}/new.db`, {
        transform: (kind, record) => {
          for (const key of Object.keys(record)) {
            if (!kind.fields.some((field) => field.key === key)) seen.add(`${kind.name}.${key}`)
          }
          return Option.some(kind.name === "comment" ? { ...record, author: "somebody" } : record)
        }
      })
      assert.strictEqual(proof, "sum")
      assert.deepStrictEqual([...seen], [])
      const comments = kit.lines(yield* kit.exportedAsGo(`${directory}/new.db`)).filter((line) =>
        line.includes("\"kind\":\"comment\"")
      )
      assert.isTrue(comments.every((line) => line.includes("\"author\":\"somebody\"")))
    }).pipe(Effect.provide(kit.services)))
})

describe.each([1, 2, 3, 4, 6] as const)("version %i, exported by a newer kata,", (n) => {
  it.scopedLive("says the name of the project in the place of its identity, and becomes the same", () =>
    Effect.gen(function*() {
      const projects = new Map(
        kit.lines(rich(n)).flatMap((line) => {
          const [, identity = "", name = ""] = /"identity":("[^"]*"),"name":("[^"]*")/.exec(line) ?? []
          return identity === "" ? [] : [[identity, name] as const]
        })
      )
      const newer = rich(n).replace(/"project_identity":("[^"]*")/g, (whole, identity: string) => {
        const name = projects.get(identity)
        return name === undefined ? whole : `"project_name":${name}`
      })
      assert.notInclude(newer, "project_identity")
      const expected = kit.lines(old.fixture(`v${n}/rich.imported.jsonl`))
      const { lines, report } = yield* old.restored(newer, "newer.jsonl")
      assert.deepStrictEqual(old.sameInstance(lines, expected), expected)
      assert.isFalse(report.findings.some(({ field }) => field === "project_identity" || field === "project_name"))
    }).pipe(Effect.provide(kit.services)))
})

it.scopedLive("a project's name with a # is refused with what to do, and mended when that is asked", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const text = rich(7).replace("\"name\":\"app\"", "\"name\":\"C# tools\"")
    const { message } = yield* kit.outcomeOf(kit.restore(kit.text(text, "old.jsonl"), `${directory}/a.db`))
    assert.include(message, "line 5: project 1: name must not contain #: \"C# tools\"")
    yield* kit.restore(kit.text(text, "old.jsonl"), `${directory}/b.db`, { repair: true })
    assert.include(yield* kit.exported(`${directory}/b.db`), "\"name\":\"C- tools\"")
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("every new name of a project is told, with its line", () =>
  Effect.gen(function*() {
    const file = yield* old.database("v6/duplicate-names", (db) => old.exportOf(db, 6))
    const { report } = yield* old.restored(file, "old.jsonl")
    const renamed = report.findings.find(({ field, kind }) => kind === "project" && field === "name")
    // Go kata says nothing of names that were blank.
    const told = old.fixture("v6/duplicate-names.upgrade-stderr.txt").split("\n").flatMap((line) => {
      const [, id, before, after] = /^note: project #(\d+) renamed from "(.*)" to "(.*)" during/.exec(line) ?? []
      return id === undefined ? [] : [`${id}: ${before} → ${after}`]
    })
    const ours = renamed?.rows.map(({ row, value }) => `${row}: ${value}`) ?? []
    assert.strictEqual(told.length, 4)
    assert.includeMembers(ours.map((line) => line.replace(/: .* → (project-6-2)$/, ": project-6 → $1")), told)
    assert.isTrue(renamed?.rows.every(({ line }) => line !== undefined))
  }).pipe(Effect.provide(kit.services)))
