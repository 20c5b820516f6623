/** What a restore can be asked for, what it says afterwards, and what a killed one left. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Transform } from "../../src/snapshot/load.ts"
import * as kit from "../snapshot/kit.ts"

const rich = kit.fixtureText("rich.export.jsonl")
const base = kit.fixtureText("imports/base.jsonl")
const difference = (before: string, after: string) => {
  const [old, young] = [kit.lines(before), kit.lines(after)]
  return {
    lost: old.filter((line) => !young.includes(line)),
    gained: young.filter((line) => !old.includes(line))
  }
}

describe("a restore", () => {
  it.scopedLive("as a new instance changes the row of the instance in meta, and nothing else", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/kata.db`
      const report = yield* kit.restore(kit.text(rich), target, { newInstance: true })
      assert.match(report.instance_uid!, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
      const { gained, lost } = difference(rich, yield* kit.exportedAsGo(target))
      assert.deepStrictEqual(lost.map((line) => line.replace(/[0-9A-Z]{26}/, "UID")), [
        `{"kind":"meta","data":{"key":"instance_uid","value":"UID"}}`
      ])
      assert.deepStrictEqual(gained, [lost[0]!.replace(/[0-9A-Z]{26}/, report.instance_uid!)])
      assert.deepInclude(report, { new_instance: true, proof: "sum" })
      const other = yield* kit.restore(kit.text(rich), `${target}2`, { newInstance: true })
      assert.notStrictEqual(other.instance_uid, report.instance_uid)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that is only tried says the same and leaves nothing", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
      const dry = yield* kit.restore(kit.text(rich), target, { dryRun: true, force: true })
      assert.deepStrictEqual(yield* kit.listing(directory), ["kata.db"])
      assert.isTrue(kit.fixtureBytes("small.db").equals(yield* kit.bytesOf(target)))
      const wet = yield* kit.restore(kit.text(rich), target, { force: true })
      assert.deepStrictEqual({ ...dry }, { ...wet, dry_run: true, backup: null, entry: null })
      const absent = yield* kit.restore(kit.text(rich), `${directory}/none.db`, { dryRun: true })
      assert.deepInclude(absent, { dry_run: true, backup: null, only_in_old: null })
      const refused = yield* kit.outcomeOf(kit.restore(kit.text(rich), target, { dryRun: true }))
      assert.strictEqual(refused.outcome, "validation")
      assert.notInclude(yield* kit.listing(directory), "none.db")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("over a fuller database counts what only that one held", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const target = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      const docs = kit.fixtureText("rich.project-docs.jsonl")
      const uids = (text: string, kind: string) =>
        kit.lines(text).filter((line) => line.startsWith(`{"kind":"${kind}"`)).map((line) =>
          /"uid":"(.{26})"/.exec(line)?.[1]
        )
      const missing = (kind: string) => uids(rich, kind).filter((uid) => !uids(docs, kind).includes(uid)).length
      const { only_in_old } = yield* kit.restore(kit.text(docs), target, { force: true })
      assert.deepStrictEqual({ ...only_in_old }, {
        projects: missing("project"),
        issues: missing("issue"),
        events: missing("event")
      })
      const same = yield* kit.restore(kit.text(docs), target, { force: true })
      assert.deepStrictEqual({ ...same.only_in_old }, { projects: 0, issues: 0, events: 0 })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("removes what a killed one left, and no file of anybody else", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const fs = yield* FileSystem.FileSystem
      const target = yield* kit.copyTo(`${directory}/kata.db`, "small.db")
      for (const side of ["", "-journal", "-wal"]) {
        yield* kit.writeFile(`${directory}/.kata.db.kata-stage-0123456789ab${side}`, "dead")
      }
      yield* fs.link(target, `${target}.bak.20260101T000000Z`)
      const others = [
        ".other.db.kata-stage-0123456789ab",
        "kata.db.bak.20250101T000000Z",
        "kata.db.bak",
        "kata.db2",
        ".kata.db"
      ]
      for (const name of others) {
        yield* kit.writeFile(`${directory}/${name}`, name)
      }
      // Also by a restore that fails in the end.
      yield* Effect.flip(kit.restore(kit.text(base.slice(0, 500)), target, { force: true }))
      assert.deepStrictEqual(yield* kit.listing(directory), [...others, "kata.db", "kata.db.lock"].toSorted())
      assert.strictEqual(yield* kit.exportedAsGo(target), kit.fixtureText("small.export.jsonl"))
      for (const name of others) assert.strictEqual(yield* kit.textOf(`${directory}/${name}`), name)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of a file that is restored elsewhere at the same time is on its own", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const input = yield* kit.copyTo(`${directory}/backup.jsonl`, "rich.export.jsonl")
      const targets = ["a", "b", "c"].map((name) => `${directory}/${name}.db`)
      yield* Effect.forEach(targets, (target) => kit.restore(input, target), {
        concurrency: "unbounded",
        discard: true
      })
      for (const target of targets) assert.strictEqual(yield* kit.exportedAsGo(target), rich)
      const one = yield* Effect.forEach([1, 2, 3], () => kit.outcomeOf(kit.restore(input, `${directory}/one.db`)), {
        concurrency: "unbounded"
      })
      assert.strictEqual(one.filter(({ outcome }) => outcome === "ok").length, 1)
      assert.strictEqual(yield* kit.exportedAsGo(`${directory}/one.db`), rich)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("into a path with characters that mean something elsewhere", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const names = ["x?y.db", "h#1.db", "p%41.db", ":memory:", " blank ", "new\nline.db", "mode=ro&é.db", "-rf"]
      for (const name of names) {
        yield* kit.restore(kit.text(base), `${directory}/${name}`)
        assert.strictEqual(yield* kit.exportedAsGo(`${directory}/${name}`), base, name)
      }
      assert.deepStrictEqual(
        (yield* kit.listing(directory)).filter((name) => !name.endsWith(".lock")),
        names.toSorted()
      )
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("makes a file for the owner alone", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/kata.db`
      const fs = yield* FileSystem.FileSystem
      yield* kit.restore(kit.text(base), target)
      assert.strictEqual((yield* fs.stat(target)).mode & 0o777, 0o600)
    }).pipe(Effect.provide(kit.services)))
})

describe("a transform", () => {
  const cases: {
    readonly [what: string]: readonly [transform: Transform, lost: ReadonlyArray<string>, gained: ReadonlyArray<string>]
  } = {
    "that changes a record": [
      (kind, record) =>
        Option.some(kind.name === "comment" && record["id"] === 2 ? { ...record, body: "changed <é>" } : record),
      [`{"kind":"comment","data":{"id":2,"issue_id":2,"author":"bob","body":"another","created_at":"2026-01-01T00:00:00.011Z"}}`],
      [`{"kind":"comment","data":{"id":2,"issue_id":2,"author":"bob","body":"changed \\u003cé\\u003e","created_at":"2026-01-01T00:00:00.011Z"}}`]
    ],
    "that drops a record": [
      (kind, record) => kind.name === "issue_label" ? Option.none() : Option.some(record),
      [`{"kind":"issue_label","data":{"issue_id":1,"label":"bug","author":"bob","created_at":"2026-01-01T00:00:00.012Z"}}`],
      []
    ],
    "that makes a record that is equal": [(_, record) => Option.some({ ...record }), [], []]
  }
  for (const [what, [transform, lost, gained]] of Object.entries(cases)) {
    for (const sealed of [false, true]) {
      it.scopedLive(`${what} of ${sealed ? "a sealed" : "Go kata's"} file is told, and proven by the sum`, () =>
        Effect.gen(function*() {
          const directory = yield* kit.temporary
          yield* kit.restore(kit.text(base), `${directory}/base.db`)
          const input = sealed ? yield* kit.exported(`${directory}/base.db`) : base
          const report = yield* kit.restore(kit.text(input), `${directory}/kata.db`, { transform })
          assert.strictEqual(report.proof, "sum")
          assert.deepStrictEqual(difference(base, yield* kit.exportedAsGo(`${directory}/kata.db`)), {
            lost: [...lost],
            gained: [...gained]
          })
          const told = report.findings.filter(({ rule }) => rule === "transform")
          assert.strictEqual(told.length, Math.min(lost.length, 1))
          if (lost.length > 0) {
            assert.deepInclude(told[0], { count: lost.length, outcome: gained.length > 0 ? "repaired" : "dropped" })
            assert.isNumber(told[0]!.rows[0]!.line)
          }
        }).pipe(Effect.provide(kit.services)))
    }
  }

  it.scopedLive("that makes what is no record is refused, with the line and the field", () =>
    Effect.gen(function*() {
      const target = `${yield* kit.temporary}/kata.db`
      const transform: Transform = (kind, record) =>
        Option.some(kind.name === "comment" ? { ...record, body: undefined } : record)
      const error = yield* Effect.flip(kit.restore(kit.text(base), target, { transform }))
      assert.deepInclude(error, { _tag: "RecordRefused", line: 12, record: "comment 1", field: "body" })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that breaks a rule is refused like a file that does", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const transform: Transform = (kind, record) =>
        Option.some(kind.name === "issue" ? { ...record, priority: 9 } : record)
      const found = yield* kit.outcomeOf(kit.restore(kit.text(base), `${directory}/kata.db`, { transform }))
      assert.strictEqual(found.outcome, "validation")
      assert.include(found.message, "issue 1: priority must be 0 to 4")
      assert.deepStrictEqual(yield* kit.listing(directory), [])
    }).pipe(Effect.provide(kit.services)))
})
