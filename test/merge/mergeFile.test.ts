/** Two snapshots that come from one: what comes of them, whichever is called ours, and that ours stays as it is where nobody has decided. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { gunzipSync, gzipSync } from "node:zlib"
import { diff } from "../../src/merge/Diff.ts"
import { mergeFile } from "../../src/merge/MergeFile.ts"
import { verify } from "../../src/snapshot/verify.ts"
import * as kit from "../snapshot/kit.ts"
import { did, edited, issue, merged, owned, prioritised, stateOf, three, titled, turned } from "./files.ts"

const title = "Target keeps its short id"

describe("two snapshots that come from one", () => {
  it.scopedLive("become one with the work of both, the same file whichever is called ours", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob") + titled("Ours", title), prioritised(2))
      const { path, report } = yield* merged(files)
      assert.deepInclude(yield* stateOf(path), { title: "Ours", owner: "bob", priority: 2n })
      assert.deepInclude(report, { written: true, base: true, ours_events: 2, theirs_events: 1, decided: 0 })
      const { sealed, restorable } = yield* verify(path)
      assert.deepEqual({ sealed, restorable }, { sealed: true, restorable: true })
      const other = yield* merged(turned(files), {}, "other.jsonl")
      assert.deepInclude(other.report, { ours_events: 1, theirs_events: 2 })
      assert.strictEqual(yield* kit.textOf(other.path), yield* kit.textOf(path))
      // once more there is nothing to do
      const again = yield* merged({ ...files, ours: path }, {}, "again.jsonl")
      assert.isFalse(again.report.written)
      assert.strictEqual(yield* kit.textOf(again.path), yield* kit.textOf(path))
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of a project are without what one side has moved out of it, unless the other has worked on it", () =>
    Effect.gen(function*() {
      const other = "(SELECT id FROM projects WHERE name = 'other')"
      const before =
        `INSERT INTO projects(uid, name, created_at) VALUES ('01KDVDNAZJPEEXJ1T6BJ7N0THR', 'other', '2027-01-01T00:00:00.000Z');
        DELETE FROM links WHERE '${issue}' IN (from_issue_uid, to_issue_uid)`
      const moved = did("issue.moved", { from_project_uid: "", to_project_uid: "" }, `project_id = ${other}`)
      const elsewhere = "UPDATE projects SET metadata = '{\"seen\":1}' WHERE name = 'app'"
      const app = { projects: [{ name: "app" }] }
      const files = yield* three(moved, elsewhere, before, app)
      assert.include(yield* kit.textOf(files.theirs), title)
      for (const [which, name] of [[files, "one.jsonl"], [turned(files), "two.jsonl"]] as const) {
        const { path, report } = yield* merged(which, {}, name)
        assert.deepStrictEqual(report.notes.filter(({ what }) => what === "kept"), [])
        assert.notInclude(yield* kit.textOf(path), `"title":"${title}"`)
        assert.isTrue((yield* verify(path)).restorable)
      }
      const worked = yield* three(moved, prioritised(2), before, app)
      const { path, report } = yield* merged(worked, {}, "worked.jsonl")
      assert.include(yield* kit.textOf(path), `"title":"${title}"`)
      assert.deepStrictEqual(report.notes.map(({ of, what }) => [what, of]), [["kept", issue]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("stay as they are when both have changed the same, and it is said by whom", () =>
    Effect.gen(function*() {
      const files = yield* three(titled("Ours", title), titled("Theirs", title))
      const before = yield* kit.textOf(files.ours)
      const error = yield* Effect.flip(mergeFile({ ...files, name: "snapshot.jsonl" }))
      assert.strictEqual(error._tag, "FileConflicts")
      assert.strictEqual(error.kind, "conflict")
      assert.match(
        error.message,
        /^snapshot\.jsonl: 1 conflict: .*\n- title of app#k3vq\n {4}ours {3}Ours \(ann, 2027-.*\)\n {4}theirs Theirs \(ann, 2027-.*\)$/
      )
      assert.strictEqual(yield* kit.textOf(files.ours), before)
      assert.deepEqual((yield* kit.listing(files.directory)).filter((name) => name.includes(".kata-")), [])
      const other = yield* Effect.flip(mergeFile({ ...turned(files), name: "snapshot.jsonl" }))
      assert.match(other.message, /ours {3}Theirs .*\n {4}theirs Ours /)
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("are decided by a preference, which is an event that the other side takes over", () =>
    Effect.gen(function*() {
      const files = yield* three(titled("Ours", title), titled("Theirs", title))
      for (const [prefer, wanted] of [["ours", "Ours"], ["theirs", "Theirs"]] as const) {
        const { path, report } = yield* merged(files, { prefer }, `for-${prefer}.jsonl`)
        assert.strictEqual(report.decided, 1)
        assert.deepInclude(yield* stateOf(path), { title: wanted })
        // the same decision is the same event
        const other = yield* merged(turned(files), { prefer: prefer === "ours" ? "theirs" : "ours" }, "turned.jsonl")
        assert.strictEqual(yield* kit.textOf(other.path), yield* kit.textOf(path))
        for (const ours of [files.ours, files.theirs]) {
          const back = yield* merged({ ...files, ours, theirs: path }, {}, "back.jsonl")
          assert.deepInclude(yield* stateOf(back.path), { title: wanted })
        }
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("keep the new name of a project, of which no event tells", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob") + "UPDATE projects SET name = 'core' WHERE name = 'app';", prioritised(2))
      const { path } = yield* merged(files)
      const other = yield* merged(turned(files), {}, "other.jsonl")
      assert.strictEqual(yield* kit.textOf(other.path), yield* kit.textOf(path))
      assert.deepEqual((yield* verify(path)).projects.map(({ name }) => name), ["core", "docs", "old", "ops"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("stay what they were: compressed, without a seal, of one project, without what was deleted", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob"), prioritised(2))
      const packed = yield* kit.writeFile(`${files.directory}/packed`, gzipSync(yield* kit.bytesOf(files.ours)))
      yield* mergeFile({ ...files, ours: packed })
      const { path } = yield* merged(files)
      assert.strictEqual(gunzipSync(yield* kit.bytesOf(packed)).toString(), yield* kit.textOf(path))

      const plain = yield* merged(yield* three(owned("bob"), prioritised(2), "", { plain: true }))
      assert.isFalse((yield* verify(plain.path)).sealed)
      assert.deepInclude(yield* stateOf(plain.path), { owner: "bob", priority: 2n })

      const one = yield* three(owned("bob"), prioritised(2), "", { projects: [{ name: "app" }] })
      const ofOne = yield* verify((yield* merged(one)).path)
      assert.deepEqual(ofOne.scope, (yield* verify(one.ours)).scope)
      assert.deepInclude(yield* stateOf(`${one.directory}/result.jsonl`), { owner: "bob", priority: 2n })
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("without what was deleted do not bring it back", () =>
    Effect.gen(function*() {
      const gone = did("issue.soft_deleted", {}, "deleted_at = '2027-02-01T00:00:00.000Z'")
      const elsewhere = "UPDATE projects SET metadata = '{\"x\":1}' WHERE name = 'docs';"
      const files = yield* three(gone, elsewhere, "", { includeDeleted: false })
      for (const [name, side] of [["a", files], ["b", turned(files)]] as const) {
        const { path } = yield* merged(side, {}, `${name}.jsonl`)
        assert.isTrue((yield* verify(path)).live_only)
        assert.isUndefined(yield* stateOf(path))
      }
      const changed = yield* three(gone, prioritised(2), "", { includeDeleted: false })
      const { path, report } = yield* merged(changed)
      assert.deepInclude(yield* stateOf(path), { priority: 2n })
      assert.deepEqual(report.notes.map(({ of, what }) => [what, of]), [["kept", issue]])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("of which one has more are as much as both have", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob"), prioritised(2))
      const part = yield* three(owned("bob"), prioritised(2), "", { projects: [{ name: "app" }] })
      const { path } = yield* merged({ ...files, ours: part.ours })
      assert.strictEqual((yield* verify(path)).scope, "database")
      const other = yield* merged({ ...files, theirs: part.ours, ours: files.theirs }, {}, "other.jsonl")
      assert.isTrue((yield* diff({ a: { snapshot: path }, b: { snapshot: other.path } })).equal)
    }).pipe(Effect.provide(kit.services)))
})

describe("a file that is no whole snapshot", () => {
  it.scopedLive("is refused as ours or theirs, and nothing is written", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob"), prioritised(2))
      const text = yield* kit.textOf(files.theirs)
      const bad = {
        cut: text.slice(0, -200),
        "cut without a seal": kit.lines(yield* kit.textOf(files.base)).slice(0, 90).join("\n"),
        changed: text.replace("Target", "Tarxet"),
        marked: `<<<<<<< ours\n${text}`,
        none: "hello\n"
      }
      for (const [name, content] of Object.entries(bad)) {
        const path = yield* kit.writeFile(`${files.directory}/bad.jsonl`, content)
        for (const sides of [{ ...files, ours: path }, { ...files, theirs: path }]) {
          const before = yield* kit.textOf(sides.ours)
          const error = yield* Effect.flip(mergeFile({ ...sides, name: "s.jsonl" }))
          assert.include(["damaged", "validation"], error.kind, name)
          assert.match(error.message, /^s\.jsonl \((?:ours|theirs)\)/, name)
          assert.strictEqual(yield* kit.textOf(sides.ours), before)
        }
      }
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is no base: merged without, and said so; an empty one is none", () =>
    Effect.gen(function*() {
      const files = yield* three(owned("bob"), prioritised(2))
      const bad = yield* kit.writeFile(`${files.directory}/bad.jsonl`, "hello\n")
      const { report } = yield* merged(files, { base: bad })
      assert.isFalse(report.base)
      assert.deepEqual(report.notes.map(({ what }) => what), ["merged without the base"])
      const empty = yield* kit.writeFile(`${files.directory}/empty.jsonl`, "")
      assert.deepInclude((yield* merged(files, { base: empty })).report, { base: false, notes: [] })
    }).pipe(Effect.provide(kit.services)))
})

describe("what both come from", () => {
  it.scopedLive("tells which of them an event of Go kata has changed, which does not say it", () =>
    Effect.gen(function*() {
      const files = yield* three(edited("title = 'Ours'"), edited("body = 'Theirs'"))
      for (const [name, side] of [["a", files], ["b", turned(files)]] as const) {
        const { path } = yield* merged(side, {}, `${name}.jsonl`)
        assert.deepInclude(yield* stateOf(path), { title: "Ours", body: "Theirs", owner: null })
      }
      const error = yield* Effect.flip(mergeFile({ ...files, base: undefined }))
      assert.strictEqual(error._tag, "FileConflicts")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("does not hide that both have changed the same, also back to what it was", () =>
    Effect.gen(function*() {
      const both = yield* three(edited("title = 'Ours'"), edited("title = 'Theirs'"))
      assert.strictEqual((yield* Effect.flip(mergeFile(both)))._tag, "FileConflicts")
      // it says that it is the title: it was changed, and changed back
      const back = yield* three(titled("Between", title) + titled(title, "Between"), edited("title = 'Theirs'"))
      assert.strictEqual((yield* Effect.flip(mergeFile(back)))._tag, "FileConflicts")
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("is none when both know more of it: an old value is no untouched one", () =>
    Effect.gen(function*() {
      const older = yield* three("", "")
      // both know that it became Known; ours has made it again what the older one says
      const files = yield* three(edited(`title = '${title}'`), edited("title = 'Theirs'"), edited("title = 'Known'"))
      assert.strictEqual((yield* Effect.flip(mergeFile({ ...files, base: older.base })))._tag, "FileConflicts")
      const ahead = yield* three(edited("body = 'Ours'"), edited("owner = 'bob'"))
      assert.strictEqual((yield* Effect.flip(mergeFile({ ...ahead, base: ahead.ours })))._tag, "FileConflicts")
    }).pipe(Effect.provide(kit.services)))
})
