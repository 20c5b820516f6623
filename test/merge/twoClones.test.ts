/**
 * Two databases that go on with their own work, and meet in a file: exported, merged as git does, and merged into each of them again. The
 * file is the same whichever side is called ours, and both databases become equal.
 */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assign, prioritise } from "../../src/ledger/issues/assignment.ts"
import { add as comment } from "../../src/ledger/issues/comments.ts"
import * as Labels from "../../src/ledger/issues/labels.ts"
import { remove } from "../../src/ledger/issues/removal.ts"
import * as Links from "../../src/ledger/links/links.ts"
import { diff } from "../../src/merge/Diff.ts"
import { merge } from "../../src/merge/Merge.ts"
import { verify } from "../../src/snapshot/verify.ts"
import type { Store } from "../../src/store/Store.ts"
import * as kit from "../snapshot/kit.ts"
import { type Files, merged, turned } from "./files.ts"
import { born, gone, on, work } from "./recorded.ts"

/** What the two do in each round, each on its own: other issues, other parts of the same issue, the same part of one. */
const rounds: ReadonlyArray<
  readonly [one: Effect.Effect<unknown, unknown, Store>, two: Effect.Effect<unknown, unknown, Store>]
> = [
  [
    Effect.gen(function*() {
      yield* comment({ ...on("k3vq"), body: "of one" })
      yield* Labels.add({ ...on("k3vq"), label: "one" })
      const parent = yield* born("first of one")
      yield* born("second of one", [{ type: "parent", to: parent, incoming: false }])
    }),
    Effect.gen(function*() {
      yield* comment({ ...on("k3vq"), body: "of two" })
      yield* comment({ ...on("k3vq"), body: "of two again" })
      yield* Labels.add({ ...on("k3vq"), label: "two" })
      yield* assign({ ...on("k3vq"), owner: "bob" })
      const other = yield* born("first of two")
      yield* Links.add({ ...on(other), type: "blocks", to: "k3vq", replace: false })
    })
  ],
  [
    Effect.gen(function*() {
      yield* Labels.remove({ ...on("k3vq"), label: "two" })
      yield* Links.add({ ...on("k3vq"), type: "related", to: yield* born("third of one"), replace: false })
    }),
    Effect.gen(function*() {
      yield* prioritise({ ...on("k3vq"), priority: 1n })
      yield* Labels.add({ ...on("k3vq"), label: "three" })
      const gone = yield* born("deleted by two")
      yield* remove({ ...on(gone), confirm: `DELETE app#${gone}` })
    })
  ],
  [
    gone("k3vq"),
    comment({ ...on("k3vq"), body: "to what is purged elsewhere" })
  ],
  [born("last of one"), born("last of two")]
]

it.scopedLive("two clones become equal by the file in which they meet", () =>
  Effect.gen(function*() {
    const directory = yield* kit.temporary
    const databases = yield* Effect.forEach(["one", "two"], (name) => kit.copyTo(`${directory}/${name}.db`, "rich.db"))
    const [one = "", two = ""] = databases
    const exported = (database: string, name: string) =>
      Effect.flatMap(kit.exported(database), (text) => kit.writeFile(`${directory}/${name}.jsonl`, text))
    let base = yield* exported(one, "base")
    for (const [n, deeds] of rounds.entries()) {
      const first = n % 2
      // who begins is the one that the other one's work comes into
      for (const at of [first, 1 - first]) {
        yield* work(databases[at]!, deeds[at]!)
      }
      const files: Files = {
        directory,
        base,
        ours: yield* exported(one, "ours"),
        theirs: yield* exported(two, "theirs")
      }
      const { path } = yield* merged(files, {}, `merged-${n}.jsonl`)
      const other = yield* merged(turned(files), {}, `turned-${n}.jsonl`)
      assert.strictEqual(yield* kit.textOf(other.path), yield* kit.textOf(path))
      assert.isTrue((yield* verify(path)).restorable)
      for (const target of databases) {
        yield* merge({ target, sources: [{ snapshot: path }], homes: kit.homes, applyPurges: true })
        const { changes } = yield* diff({ a: { snapshot: path }, b: { database: target } })
        // how much a purge took is said by each database for itself
        assert.deepEqual(changes.filter(({ kind }) => kind !== "purge_log"), [], `round ${n}`)
      }
      base = path
    }
    const { counts } = yield* diff({ a: { database: one }, b: { database: two } })
    assert.deepEqual(Object.keys(counts).filter((kind) => kind !== "purge_log"), [])
    const gone = yield* kit.query(two, "SELECT 1 FROM issues WHERE short_id = 'k3vq'")
    assert.deepEqual(gone, [])
  }).pipe(Effect.provide(kit.services)), 120_000)
