/** A merge is taken back by its rows, and an undo of it too, whatever else was recorded meanwhile. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { assign } from "../../src/ledger/issues/assignment.ts"
import { add as comment } from "../../src/ledger/issues/comments.ts"
import * as Labels from "../../src/ledger/issues/labels.ts"
import { move } from "../../src/ledger/issues/move.ts"
import * as Links from "../../src/ledger/links/links.ts"
import { diff } from "../../src/merge/Diff.ts"
import { merge, type MergeOptions } from "../../src/merge/Merge.ts"
import { verify } from "../../src/snapshot/verify.ts"
import type { Store } from "../../src/store/Store.ts"
import type { CannotGoBack, WorkedOnSince } from "../../src/undo/Undo.ts"
import { born, gone, on, work } from "../merge/recorded.ts"
import * as kit from "../snapshot/kit.ts"
import { historyOf, list, restored, rich, small, undo } from "./kit.ts"

/** The rules that a snapshot of a database breaks, and how often. */
const findingsOf = (path: string) =>
  Effect.gen(function*() {
    const text = yield* kit.exported(path)
    const { findings } = yield* verify(yield* kit.writeFile(`${path}.jsonl`, text))
    return findings.map(({ count, field, kind, rule }) => `${kind} ${field}: ${rule} ${count}`)
  })

/** Two copies of one database, of which the other went on, and a snapshot of that. */
const two = (there: Effect.Effect<unknown, unknown, Store>) =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
    const other = yield* kit.copyTo(`${directory}/other.db`, "rich.db")
    const before = yield* kit.writeFile(`${directory}/before.jsonl`, yield* kit.exported(here))
    yield* work(other, there)
    const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
    return { here, before, snapshot, other }
  })

const mergeInto = (target: string, snapshot: string, options: Partial<MergeOptions> = {}) =>
  merge({ target, sources: [{ snapshot }], homes: kit.homes, actor: "ann", ...options })

const isSame = (a: string, b: string) =>
  Effect.map(diff({ a: { snapshot: a }, b: { database: b } }), ({ equal }) => equal)

const everything = Effect.gen(function*() {
  yield* comment({ ...on("k3vq"), body: "there" })
  yield* Labels.add({ ...on("k3vq"), label: "there" })
  yield* assign({ ...on("k3vq"), owner: "bob" })
  const issue = yield* born("there")
  yield* Links.add({ ...on(issue), type: "blocks", to: "k3vq", replace: false })
  yield* comment({ ...on(issue), body: "of the new one" })
})

const scoped = <A, E>(name: string, run: Effect.Effect<A, E, Scope.Scope | Layer.Layer.Success<typeof kit.services>>) =>
  it.scopedLive(name, () => Effect.provide(run, kit.services))

describe("a merge", () => {
  scoped(
    "is taken back, and the undo of it too",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      const { entry } = yield* mergeInto(here, snapshot)
      assert.isTrue(yield* isSame(snapshot, here))
      const [made] = (yield* list(here)).entries
      assert.deepInclude({ ...made }, { id: entry ?? "", what: "merge", by: "ann", state: "there" })

      const back = yield* undo(here)
      assert.strictEqual(back.undone[0]?.id, entry)
      assert.strictEqual(back.changes?.["issue"]?.gone, 1)
      assert.isTrue(yield* isSame(before, here))
      assert.isTrue((yield* verify(before)).restorable)

      yield* undo(here)
      assert.isTrue(yield* isSame(snapshot, here))
      yield* undo(here)
      assert.isTrue(yield* isSame(before, here))
      // and it can be merged anew
      assert.isFalse((yield* mergeInto(here, snapshot)).unchanged)
      assert.isTrue(yield* isSame(snapshot, here))
    })
  )

  scoped(
    "is taken back beside other work, which stays",
    Effect.gen(function*() {
      const { here, other, snapshot } = yield* two(everything)
      yield* mergeInto(here, snapshot)
      const later = yield* work(here, born("later"))
      const { events_since, written_since } = yield* undo(here)
      assert.isTrue(written_since)
      assert.strictEqual(events_since, 1)
      const report = yield* diff({ a: { database: other }, b: { database: here } })
      assert.isFalse(report.equal)
      const text = yield* kit.exported(here)
      assert.include(text, `"short_id":"${later}"`)
      assert.notInclude(text, "what there is")
      assert.deepStrictEqual(yield* findingsOf(here), yield* findingsOf(yield* kit.copyOf("rich.db")))
    })
  )

  scoped(
    "that was worked on is taken back only by force, which can be taken back",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      yield* mergeInto(here, snapshot)
      yield* work(here, comment({ ...on("k3vq"), body: "on the merged" }))
      const worked = yield* kit.writeFile(`${here}.worked.jsonl`, yield* kit.exported(here))
      const error = (yield* Effect.flip(undo(here))) as WorkedOnSince
      assert.strictEqual(error._tag, "WorkedOnSince")
      assert.include(error.message, "issue.commented by ann on app#k3vq: recorded since")
      const dry = yield* undo(here, { dryRun: true })
      assert.isTrue(dry.refused)
      assert.isAbove(dry.built_on_count, 0)
      assert.isTrue(yield* isSame(worked, here))

      yield* undo(here, { force: true })
      const text = yield* kit.exported(here)
      assert.deepStrictEqual(yield* findingsOf(here), yield* findingsOf(yield* kit.copyOf("rich.db")))
      assert.notInclude(text, "what there is")
      yield* undo(here)
      assert.isTrue(yield* isSame(worked, here))
      yield* undo(here, { to: (yield* list(here)).entries.at(-1)!.id, force: true })
      assert.isFalse(yield* isSame(before, here))
    })
  )

  scoped(
    "that purged brings back what it purged",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(gone("k3vq"))
      yield* mergeInto(here, snapshot, { applyPurges: true })
      assert.isFalse(yield* isSame(before, here))
      const { changes } = yield* undo(here)
      assert.isAbove(changes?.["issue"]?.new ?? 0, 0)
      assert.isTrue(yield* isSame(before, here))
      const found = yield* kit.query(here, "SELECT count(*) AS n FROM issues_fts WHERE issues_fts MATCH 'zzzz'")
      assert.strictEqual(Number(found[0]?.["n"]), 0)
    })
  )

  scoped(
    "into which somebody wrote between plan and commit is taken back by the numbers that it got",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      yield* work(here, born("first"))
      const own = yield* kit.writeFile(`${here}.own.jsonl`, yield* kit.exported(here))
      yield* mergeInto(here, snapshot)
      yield* undo(here)
      assert.isTrue(yield* isSame(own, here))
      assert.isFalse(yield* isSame(before, here))
    })
  )

  scoped(
    "that changes nothing leaves no entry, nor does a dry run",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      assert.isNull((yield* mergeInto(here, before)).entry)
      assert.isNull((yield* mergeInto(here, snapshot, { dryRun: true })).entry)
      const fs = yield* FileSystem.FileSystem
      assert.isFalse(yield* fs.exists(historyOf(here)))
    })
  )

  scoped(
    "whose rows are not what they were is not taken back",
    Effect.gen(function*() {
      const { here, snapshot } = yield* two(everything)
      const { entry } = yield* mergeInto(here, snapshot)
      const rows = `${historyOf(here)}/${entry}.rows`
      const bytes = yield* kit.bytesOf(rows)
      bytes[bytes.length - 1]! ^= 1
      yield* kit.writeFile(rows, bytes)
      const changed = (yield* Effect.flip(undo(here))) as CannotGoBack
      assert.deepInclude({ ...changed }, { reason: "changed" })
      const fs = yield* FileSystem.FileSystem
      yield* fs.remove(rows)
      assert.deepInclude({ ...(yield* Effect.flip(undo(here))) }, { reason: "gone" })
      assert.isTrue(yield* isSame(snapshot, here))
    })
  )

  scoped(
    "after a restore, and one before it, are taken back in one",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      const first = (yield* mergeInto(here, snapshot)).entry!
      const merged = yield* kit.writeFile(`${here}.merged.jsonl`, yield* kit.exported(here))
      const replaced = (yield* kit.restore(kit.text(small, "small.jsonl"), here, { force: true })).entry!
      assert.isFalse(yield* isSame(merged, here))
      yield* undo(here, { to: replaced })
      assert.isTrue(yield* isSame(merged, here))
      yield* undo(here)
      yield* undo(here, { to: first })
      assert.isTrue(yield* isSame(before, here))
      yield* undo(here)
      assert.isFalse(yield* isSame(before, here))
    })
  )

  scoped(
    "is taken back in no other database",
    Effect.gen(function*() {
      const { here, snapshot } = yield* two(everything)
      yield* mergeInto(here, snapshot)
      yield* kit.copyTo(here, "rich.db")
      const mine = yield* work(here, born("mine"))
      for (const force of [false, true]) {
        assert.deepInclude({ ...(yield* Effect.flip(undo(here, { force }))) }, { reason: "other" })
      }
      assert.include(yield* kit.exported(here), `"short_id":"${mine}"`)
    })
  )

  scoped(
    "is taken back although somebody has looked",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      yield* mergeInto(here, snapshot)
      yield* kit.change(here, "UPDATE project_aliases SET last_seen_at = '2027-01-01T00:00:00.000Z'")
      assert.strictEqual((yield* undo(here)).built_on_count, 0)
      const { changes } = yield* diff({ a: { snapshot: before }, b: { database: here } })
      assert.deepStrictEqual(changes.filter(({ kind }) => kind !== "project_alias"), [])
    })
  )

  scoped(
    "is not taken back where that would close a circle",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      const [a, b, c] = yield* work(here, Effect.all([born("a"), born("b"), born("c")]))
      const link = (from: string, to: string) => Links.add({ ...on(from), type: "blocks", to, replace: false })
      yield* work(here, link(a, b))
      const other = yield* kit.writeFile(`${directory}/other.db`, yield* kit.bytesOf(here))
      const [{ id }] = (yield* kit.query(
        other,
        `SELECT l.id FROM links l JOIN issues i ON i.id = l.from_issue_id WHERE i.short_id = '${a}'`
      )) as unknown as [{ readonly id: number }]
      yield* work(other, Links.remove({ ...on(a), linkId: BigInt(id) }))
      const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
      yield* mergeInto(here, snapshot)
      yield* work(here, Effect.zipRight(link(b, c), link(c, a)))
      const held = yield* kit.exported(here)
      const error = (yield* Effect.flip(undo(here, { force: true }))) as CannotGoBack
      assert.deepInclude({ ...error }, { reason: "circle" })
      assert.strictEqual(yield* kit.exported(here), held)
    })
  )

  scoped(
    "goes and comes in again where events have numbers that no entry can say",
    Effect.gen(function*() {
      const { before, here, snapshot } = yield* two(everything)
      yield* kit.change(
        here,
        `UPDATE events SET id = 9007199254740993 WHERE id = (SELECT max(id) FROM events);
         UPDATE sqlite_sequence SET seq = 9007199254740993 WHERE name = 'events'`
      )
      yield* mergeInto(here, snapshot)
      assert.isTrue((yield* mergeInto(here, snapshot)).unchanged)
      const merged = yield* kit.writeFile(`${here}.merged.jsonl`, yield* kit.exported(here))
      yield* undo(here)
      assert.isTrue(yield* isSame(before, here))
      yield* undo(here)
      assert.isTrue(yield* isSame(merged, here))
      yield* work(here, comment({ ...on("k3vq"), body: "of here" }))
      assert.strictEqual((yield* Effect.flip(undo(here)))._tag, "WorkedOnSince")
    })
  )

  scoped(
    "comes in again with a circle of links that it has brought",
    Effect.gen(function*() {
      const { here, other } = yield* two(everything)
      yield* kit.change(
        other,
        `INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author, created_at)
         SELECT i.project_id, j.id, i.id, j.uid, i.uid, 'blocks', 'ann', '2027-01-01T00:00:00.000Z'
         FROM issues i JOIN issues j ON i.title = 'there' AND j.short_id = 'k3vq' AND j.project_id = i.project_id`
      )
      const snapshot = yield* kit.writeFile(`${other}.jsonl`, yield* kit.exported(other))
      yield* mergeInto(here, snapshot)
      const merged = yield* kit.writeFile(`${here}.merged.jsonl`, yield* kit.exported(here))
      yield* undo(here)
      yield* undo(here)
      assert.isTrue(yield* isSame(merged, here))
    })
  )

  scoped(
    "whose name is another's by now is not brought in again, and it is said whose",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      const other = yield* kit.copyTo(`${directory}/other.db`, "small.db")
      const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
      const { projects } = yield* mergeInto(here, snapshot)
      yield* undo(here)
      const name = projects[0]!.name
      yield* kit.change(
        here,
        `INSERT INTO projects(uid, name, created_at) VALUES ('01KDVDNAZJPEEXJ1T6BJ7N0THR', '${name}', '2027-01-01T00:00:00.000Z')`
      )
      assert.deepInclude({ ...(yield* Effect.flip(undo(here, { dryRun: true }))) }, {
        reason: "taken",
        detail: `the project ${name}`
      })
    })
  )
})

describe("an undo", () => {
  scoped(
    "by force takes nothing with it that was there before, and says why",
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const here = yield* kit.copyTo(`${directory}/kata.db`, "rich.db")
      const other = yield* kit.copyTo(`${directory}/other.db`, "small.db")
      const mine = yield* work(here, born("mine"))
      const snapshot = yield* kit.writeFile(`${directory}/other.jsonl`, yield* kit.exported(other))
      const { projects: [came] } = yield* mergeInto(here, snapshot)
      yield* work(here, move({ ...on(mine), revision: 1n, toProjectUid: came!.uid }))
      const held = yield* kit.exported(here)
      assert.strictEqual((yield* Effect.flip(undo(here)))._tag, "WorkedOnSince")
      const error = (yield* Effect.flip(undo(here, { force: true }))) as CannotGoBack
      assert.deepInclude({ ...error }, { reason: "older" })
      assert.include(error.hint, "Move what was there before out of what came in")
      assert.strictEqual(yield* kit.exported(here), held)
      assert.strictEqual((yield* list(here)).entries.length, 1)
    })
  )

  scoped(
    "of several stops at the first that was worked on, and names those that it has taken back",
    Effect.gen(function*() {
      const { here, other, snapshot } = yield* two(everything)
      const first = (yield* mergeInto(here, snapshot)).entry!
      yield* work(other, comment({ ...on("k3vq"), body: "second" }))
      const again = yield* kit.writeFile(`${here}.again.jsonl`, yield* kit.exported(other))
      const second = (yield* mergeInto(here, again)).entry!
      // on what the first one brought, and not on what the second one did
      const [came] = yield* kit.query(here, "SELECT short_id FROM issues WHERE title = 'there'")
      yield* work(here, Labels.add({ ...on(String(came?.["short_id"])), label: "mine" }))
      const stopped = (yield* Effect.flip(undo(here, { to: first }))) as WorkedOnSince
      assert.deepInclude({ ...stopped }, { _tag: "WorkedOnSince", entry: first, done: [second] })
      assert.include(stopped.hint, `1 later entry taken back (${second}), this one was not`)
      assert.include(stopped.hint, `kata undo --to ${(yield* list(here)).entries[0]?.id} brings them back`)
      const text = yield* kit.exported(here)
      assert.notInclude(text, "\"second\"")
      assert.include(text, "of the new one")
    })
  )

  scoped(
    "of several is taken back as a whole by the entry that it names",
    Effect.gen(function*() {
      const { here, other, snapshot } = yield* two(everything)
      const first = (yield* mergeInto(here, snapshot)).entry!
      yield* work(other, comment({ ...on("k3vq"), body: "second" }))
      yield* mergeInto(here, yield* kit.writeFile(`${here}.again.jsonl`, yield* kit.exported(other)))
      const merged = yield* kit.writeFile(`${here}.merged.jsonl`, yield* kit.exported(here))
      const { entry } = yield* undo(here, { to: first })
      yield* undo(here, { to: entry! })
      assert.isTrue(yield* isSame(merged, here))
    })
  )

  scoped(
    "beside another one takes back what was asked for, once",
    Effect.gen(function*() {
      const { here, other, snapshot } = yield* two(everything)
      const first = (yield* mergeInto(here, snapshot)).entry!
      const between = yield* kit.writeFile(`${here}.between.jsonl`, yield* kit.exported(here))
      yield* work(other, comment({ ...on("k3vq"), body: "second" }))
      const again = yield* kit.writeFile(`${here}.again.jsonl`, yield* kit.exported(other))
      const second = (yield* mergeInto(here, again)).entry!
      const both = yield* Effect.all([Effect.either(undo(here)), Effect.either(undo(here))], {
        concurrency: "unbounded"
      })
      const done = both.flatMap((one) => one._tag === "Right" ? [one.right.undone.map(({ id }) => id)] : [])
      assert.deepStrictEqual(done, [[second]])
      const refused = both.flatMap((one) => one._tag === "Left" ? [one.left.kind] : [])
      assert.include(["conflict", "locked"], refused[0])
      assert.isTrue(yield* isSame(between, here))
      assert.deepStrictEqual(
        (yield* list(here)).entries.map(({ id, what }) => what === "undo" ? what : id),
        ["undo", second, first]
      )
    })
  )
})

describe("the same snapshot again", () => {
  scoped(
    "is known by the history, and by nothing else",
    Effect.gen(function*() {
      const { here, other, snapshot } = yield* two(everything)
      const first = yield* mergeInto(here, snapshot)
      const known = (report: typeof first) => report.notes.some(({ what }) => what === "merged before")
      const second = yield* mergeInto(here, snapshot)
      assert.isTrue(second.unchanged && known(second))
      assert.deepStrictEqual(
        second.projects.map(({ case: is, uid }) => [uid, is]),
        first.projects.map(({ uid }) => [uid, "same"])
      )
      // asked otherwise
      assert.isFalse(known(yield* mergeInto(here, snapshot, { applyPurges: true })))
      // the target went on
      yield* work(here, born("later"))
      const ahead = yield* mergeInto(here, snapshot)
      assert.isTrue(known(ahead))
      assert.isTrue(ahead.projects.some(({ case: is }) => is === "ahead"))
      // another content of the same length
      const text = yield* kit.exported(other)
      yield* kit.writeFile(snapshot, text.replace("of the new one", "of the old one"))
      const damaged = yield* Effect.flip(mergeInto(here, snapshot))
      assert.strictEqual(damaged._tag, "SnapshotDamaged")
      yield* kit.writeFile(snapshot, text)
      // taken back
      yield* undo(here, { force: true })
      const anew = yield* mergeInto(here, snapshot)
      assert.isFalse(anew.unchanged)
      // another database in its place
      assert.deepStrictEqual(
        (yield* kit.listing(here.slice(0, here.lastIndexOf("/")))).filter((name) => /-wal|-journal/.test(name)),
        []
      )
      yield* kit.copyTo(here, "rich.db")
      assert.isFalse((yield* mergeInto(here, snapshot)).unchanged)
    })
  )

  scoped(
    "after a restore is merged again",
    Effect.gen(function*() {
      const { path } = yield* restored
      const { snapshot } = yield* two(everything)
      yield* mergeInto(path, snapshot)
      yield* kit.restore(kit.text(rich, "rich.jsonl"), path, { force: true })
      assert.isFalse((yield* mergeInto(path, snapshot)).unchanged)
    })
  )
})
