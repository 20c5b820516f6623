/** An issue that was purged comes back out of an older snapshot, when it is named and that is asked for. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { add as comment } from "../../src/ledger/issues/comments.ts"
import * as Labels from "../../src/ledger/issues/labels.ts"
import { purge, remove } from "../../src/ledger/issues/removal.ts"
import * as Links from "../../src/ledger/links/links.ts"
import { diff } from "../../src/merge/Diff.ts"
import { merge, type MergeOptions } from "../../src/merge/Merge.ts"
import { verify } from "../../src/snapshot/verify.ts"
import { undo } from "../../src/undo/Undo.ts"
import * as kit from "../snapshot/kit.ts"
import { born, gone, on, work } from "./recorded.ts"

/** A database with an issue that others are linked with, and Monday's backup of it. */
const monday = Effect.gen(function*() {
  const directory = yield* kit.temporary
  const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
  const wrong = yield* work(
    here,
    Effect.gen(function*() {
      const ref = yield* born("the wrong one")
      const other = yield* born("another")
      yield* comment({ ...on(ref), body: "of Monday" })
      yield* Labels.add({ ...on(ref), label: "monday" })
      yield* Links.add({ ...on(ref), type: "blocks", to: "k3vq", replace: false })
      yield* Links.add({ ...on(other), type: "parent", to: ref, replace: false })
      return ref
    })
  )
  const snapshot = yield* kit.writeFile(`${directory}/monday.jsonl`, yield* kit.exported(here))
  const bring = (options: Partial<MergeOptions> = {}) =>
    merge({ target: here, sources: [{ snapshot }], homes: kit.homes, issues: [`app#${wrong}`], ...options })
  return { bring, directory, here, snapshot, wrong }
})

const isSame = (a: string, b: string) =>
  Effect.map(diff({ a: { snapshot: a }, b: { database: b } }), ({ changes }) => changes)

const searched = (path: string) =>
  Effect.map(
    kit.query(path, "SELECT count(*) AS n FROM issues_fts WHERE issues_fts MATCH 'wrong'"),
    ([row]) => Number(row?.["n"])
  )

describe("a purged issue", () => {
  it.scopedLive("comes back whole when that is asked for by name, with its links and all events that told of it", () =>
    Effect.gen(function*() {
      const { bring, here, snapshot, wrong } = yield* monday
      yield* work(here, gone(wrong))
      const purged = yield* kit.exported(here)

      const without = yield* bring()
      assert.isTrue(without.unchanged)
      assert.deepStrictEqual(without.notes.map(({ detail, of, what }) => [what, of, detail]), [
        ["purged here", `app#${wrong}`, "--restore-purged brings it back"]
      ])
      const dry = yield* bring({ restorePurged: true, dryRun: true })
      assert.strictEqual(yield* kit.exported(here), purged)

      const { counts } = yield* bring({ restorePurged: true })
      assert.deepStrictEqual(counts, dry.counts)
      assert.deepStrictEqual({ ...counts["issue"] }, { new: 1, gone: 0, changed: 0 })
      assert.strictEqual(counts["purge_log"]?.gone, 1)
      assert.deepStrictEqual(yield* isSame(snapshot, here), [])
      assert.isTrue((yield* verify(yield* kit.writeFile(`${here}.jsonl`, yield* kit.exported(here)))).restorable)
      assert.strictEqual(yield* searched(here), 1)
      assert.isTrue((yield* bring({ restorePurged: true })).unchanged)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that came back is as it was before the purge in what others wrote since, and goes again by undo", () =>
    Effect.gen(function*() {
      const { bring, directory, here, wrong } = yield* monday
      yield* work(here, Effect.zipRight(gone(wrong), comment({ ...on("k3vq"), body: "of Tuesday" })))
      const tuesday = yield* kit.writeFile(`${directory}/tuesday.jsonl`, yield* kit.exported(here))
      yield* bring({ restorePurged: true })
      const text = yield* kit.exported(here)
      assert.include(text, "of Monday")
      assert.include(text, "of Tuesday")
      yield* undo({ database: here, homes: kit.homes })
      assert.deepStrictEqual(yield* isSame(tuesday, here), [])
      assert.strictEqual(yield* searched(here), 0)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that came back is purged again by a copy that is asked to spread its purges, and by no other", () =>
    Effect.gen(function*() {
      const { bring, directory, here, wrong } = yield* monday
      yield* work(here, gone(wrong))
      const purged = yield* kit.writeFile(`${directory}/purged.jsonl`, yield* kit.exported(here))
      yield* bring({ restorePurged: true })
      const back = yield* merge({ target: here, sources: [{ snapshot: purged }], homes: kit.homes })
      assert.isTrue(back.unchanged)
      assert.strictEqual(back.purged_there, 1)
      yield* merge({ target: here, sources: [{ snapshot: purged }], homes: kit.homes, applyPurges: true })
      assert.deepStrictEqual(yield* isSame(purged, here), [])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of a copy that has more to tell is purged, comes back, is counted, and is purged, whatever was merged before", () =>
    Effect.gen(function*() {
      const { bring, directory, here, wrong } = yield* monday
      const there = yield* kit.writeFile(`${directory}/there.db`, yield* kit.bytesOf(here))
      yield* work(there, Effect.zipRight(gone(wrong), comment({ ...on("k3vq"), body: "of there" })))
      const purged = yield* kit.writeFile(`${directory}/there.jsonl`, yield* kit.exported(there))
      const mergeAll = (applyPurges: boolean) =>
        merge({ target: here, sources: [{ snapshot: purged }], homes: kit.homes, applyPurges })
      assert.strictEqual((yield* mergeAll(false)).purged_there, 1)
      assert.strictEqual((yield* mergeAll(false)).purged_there, 1)
      yield* work(here, gone(wrong))
      assert.strictEqual((yield* mergeAll(false)).purged_there, 0)
      yield* bring({ restorePurged: true })
      for (const _ of [1, 2]) {
        yield* mergeAll(true)
        assert.deepStrictEqual(yield* isSame(purged, here), [])
        yield* bring({ restorePurged: true })
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("comes back again when it is purged again, also where the same backup was merged before", () =>
    Effect.gen(function*() {
      const { bring, here, snapshot, wrong } = yield* monday
      const issues = [`app#${wrong}`, "app#k3vq"]
      yield* work(here, Effect.zipRight(gone(wrong), gone("k3vq")))
      yield* bring({ issues, restorePurged: true })
      for (const ref of [wrong, "k3vq"]) {
        yield* work(here, gone(ref))
        const { counts } = yield* bring({ issues, restorePurged: true })
        assert.strictEqual(counts["issue"]?.new, 1, ref)
        assert.deepStrictEqual(yield* isSame(snapshot, here), [], ref)
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("comes back alone: another one that was purged and is not named stays purged", () =>
    Effect.gen(function*() {
      const { bring, here, wrong } = yield* monday
      yield* work(here, Effect.zipRight(gone(wrong), gone("k3vq")))
      yield* bring({ restorePurged: true })
      const text = yield* kit.exported(here)
      assert.include(text, "the wrong one")
      assert.notInclude(text, `"short_id":"k3vq","uid"`)
      const rows = yield* kit.query(
        here,
        "SELECT (SELECT count(*) FROM purge_log WHERE short_id = 'k3vq') AS purged, (SELECT count(*) FROM issues WHERE short_id = 'k3vq') AS there"
      )
      assert.deepStrictEqual(rows.map(({ purged, there }) => [Number(purged), Number(there)]), [[1, 0]])
      assert.isTrue((yield* verify(yield* kit.writeFile(`${here}.jsonl`, text))).restorable)
    }).pipe(Effect.provide(kit.services)))
})

it.scopedLive("each issue of a database with everything comes back as it was", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
    const snapshot = yield* kit.writeFile(`${directory}/monday.jsonl`, yield* kit.exported(here))
    const issues = yield* kit.query(
      here,
      `SELECT i.uid, i.short_id AS ref, i.project_id AS project, p.name FROM issues i JOIN projects p ON p.id = i.project_id
       WHERE p.deleted_at IS NULL ORDER BY i.id`
    )
    assert.isAbove(issues.length, 5)
    for (const { name, project, ref, uid } of issues) {
      yield* work(
        here,
        purge({ projectId: BigInt(String(project)), ref: String(ref), actor: "ann", confirm: `PURGE ${name}#${ref}` })
      )
      yield* merge({
        target: here,
        sources: [{ snapshot }],
        homes: kit.homes,
        issues: [String(uid)],
        restorePurged: true
      })
      assert.deepStrictEqual(yield* isSame(snapshot, here), [], `${name}#${ref}`)
    }
  }).pipe(Effect.provide(kit.services)))

it.scopedLive("an issue that was deleted does not come back by a merge, and it is said how it does", () =>
  Effect.gen(function*() {
    const { bring, here, wrong } = yield* monday
    yield* work(here, remove({ ...on(wrong), confirm: `DELETE app#${wrong}` }))
    const { notes, unchanged } = yield* bring({ restorePurged: true })
    assert.isTrue(unchanged)
    assert.deepStrictEqual(notes.map(({ detail, of, what }) => [what, of, detail]), [
      ["deleted here", `app#${wrong}`, "kata restore brings it back"]
    ])
  }).pipe(Effect.provide(kit.services)))
