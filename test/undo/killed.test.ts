/** When an entry is written, and what is made of one whose work was killed on one of the two sides of the rename. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { Database } from "../../src/database/Database.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import { FileError } from "../../src/files/FileError.ts"
import * as Processes from "../../src/host/Processes.ts"
import { filesIn, staged } from "../../src/testing/contractKit.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"
import { contentOf, historyOf, list, restored, rich, small, stateOf, undo } from "./kit.ts"

const scoped = <A, E>(name: string, run: Effect.Effect<A, E, Scope.Scope | Layer.Layer.Success<typeof kit.services>>) =>
  it.scopedLive(name, () => Effect.provide(run, kit.services))

const watching = (faults: ReadonlyArray<Fault>, observe: (call: FileCall) => void) =>
  Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(
    Layer.provideMerge(layerFaultyFileSystem(faults, observe)),
    Layer.provideMerge(NodeContext.layer)
  )

const noLinks: Fault = { operation: "link", call: 1, code: "EPERM", onwards: true }

const before: { readonly [what: string]: { readonly bytes: Uint8Array; readonly faults: ReadonlyArray<Fault> } } = {
  "a sound database": { bytes: kit.fixtureBytes("small.db"), faults: [] },
  "a sound database, without hard links": { bytes: kit.fixtureBytes("small.db"), faults: [noLinks] },
  "a damaged database": { bytes: Buffer.from("no database"), faults: [] },
  "a damaged database, without hard links": { bytes: Buffer.from("no database"), faults: [noLinks] }
}

describe("the entry of what replaces", () => {
  for (const [what, { bytes, faults }] of Object.entries(before)) {
    scoped(
      `${what} is on disk before the rename, and complete after it`,
      Effect.gen(function*() {
        const path = yield* kit.writeFile(`${yield* kit.temporary}/kata.db`, bytes)
        const calls: Array<string> = []
        const observe = ({ operation, path: at }: FileCall) => {
          if (operation !== "rename" && operation !== "sync" && operation !== "remove") return
          const name = at === path.slice(0, path.lastIndexOf("/"))
            ? "directory"
            : at === historyOf(path)
            ? "history"
            : /kata-stage/.test(at)
            ? "stage"
            : /\.history\/.*\.(pending|json)/.exec(at)?.[1] ?? "other"
          if (name !== "other") calls.push(`${operation} ${name}`)
        }
        yield* Effect.provide(kit.restore(kit.text(rich), path, { force: true }), watching(faults, observe))
        const swap = calls.lastIndexOf("rename stage")
        const around = calls.slice(calls.indexOf("sync pending"))
        assert.deepStrictEqual(around.slice(0, 3), ["sync pending", "rename pending", "sync history"])
        assert.isBelow(calls.indexOf("sync history"), swap)
        // the name of the history too
        assert.include(calls.slice(calls.indexOf("sync history"), swap), "sync directory")
        assert.deepStrictEqual(calls.slice(swap).filter((call) => /json|pending/.test(call)), [
          "sync json",
          "rename json",
          "remove pending"
        ])
      })
    )

    scoped(
      `${what} cannot be written: then nothing is replaced, and nothing is left`,
      Effect.gen(function*() {
        const path = yield* kit.writeFile(`${yield* kit.temporary}/kata.db`, bytes)
        // a swap that fails leaves a database that was in WAL mode in another one
        if (bytes.length > 100) yield* kit.change(path, "PRAGMA journal_mode = DELETE")
        const state = yield* stateOf(path)
        for (const operation of ["makeDirectory", "write", "sync", "rename"] as const) {
          const full: Fault = { operation, call: 1, code: "ENOSPC", path: ".history", onwards: true }
          const error = yield* Effect.flip(
            Effect.provide(kit.restore(kit.text(rich), path, { force: true }), watching([...faults, full], () => {}))
          )
          assert.strictEqual(error.kind, "io", error.message)
          assert.deepStrictEqual(yield* stateOf(path), state, operation)
        }
      })
    )
  }

  scoped(
    "is asked of who swaps as the last step before: its failure undoes what was done",
    Effect.gen(function*() {
      const path = yield* kit.copyTo(`${yield* kit.temporary}/kata.db`, "small.db")
      const state = yield* filesIn(path.slice(0, path.lastIndexOf("/")))
      const asked: Array<string> = []
      const error = yield* Effect.flip(Effect.scoped(Effect.gen(function*() {
        const stage = yield* staged(path, "new")
        return yield* (yield* Database).swap(stage, path, true, undefined, (backup) => {
          asked.push(backup)
          return new FileError({ path: backup, operation: "write", code: "ENOSPC", detail: "" })
        })
      })))
      assert.strictEqual(error._tag, "FileError")
      assert.match(asked.join(), /^\/\S+\/kata\.db\.bak\.\d{8}T\d{6}Z$/)
      const after = yield* filesIn(path.slice(0, path.lastIndexOf("/")))
      // the header says that it is no longer in WAL mode
      assert.deepStrictEqual(Object.keys(after), Object.keys(state))
      assert.strictEqual(yield* contentOf(path), "small")
    })
  )
})

/** As a kill leaves it right after the rename: the entry is pending, without the digest. */
const killedAfter = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const { path, report } = yield* restored
  const json = `${historyOf(path)}/${report.entry}.json`
  const text = (yield* kit.textOf(json)).replace(/"pages": "[0-9a-f]{64}"(?=\s*}\s*}\s*$)/, "\"pages\": null")
  yield* kit.writeFile(`${historyOf(path)}/${report.entry}.pending`, text)
  yield* fs.remove(json)
  return { path, report, pending: `${report.entry}.pending`, complete: `${report.entry}.json` }
})

/** As a kill leaves it right before the rename: the backup is a second name of the database, or a copy of it. */
const killedBefore = (way: "link" | "copy") =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { path, pending, report } = yield* killedAfter
    const backup = report.backup ?? ""
    yield* fs.remove(path)
    if (way === "link") yield* fs.link(backup, path)
    else yield* fs.copyFile(backup, path)
    return { path, pending, backup }
  })

describe("killed after the rename", () => {
  scoped(
    "it counts as done: it is listed, can be taken back, and the next work completes the entry",
    Effect.gen(function*() {
      const { complete, path, pending, report } = yield* killedAfter
      assert.deepStrictEqual((yield* list(path)).entries.map(({ id }) => id), [report.entry])
      assert.isFalse((yield* undo(path, { dryRun: true })).refused)
      assert.deepStrictEqual(yield* kit.listing(historyOf(path)), [pending])
      const done = yield* undo(path)
      assert.strictEqual(yield* contentOf(path), "small")
      assert.deepStrictEqual(yield* kit.listing(historyOf(path)), [complete, `${done.entry}.json`].toSorted())
      assert.match(yield* kit.textOf(`${historyOf(path)}/${complete}`), /"pages": "[0-9a-f]{64}"\s*}\s*}\s*$/)
    })
  )

  scoped(
    "a restore completes it too, and takes away what a kill left while it was written",
    Effect.gen(function*() {
      const { complete, path, report } = yield* killedAfter
      const half = `.${report.entry}.json.kata-4194305-0123456789ab`
      yield* kit.writeFile(`${historyOf(path)}/${half}`, "{\"half")
      const { entry } = yield* kit.restore(kit.text(small), path, { force: true })
      assert.deepStrictEqual(yield* kit.listing(historyOf(path)), [complete, `${entry}.json`].toSorted())
    })
  )

  scoped(
    "and completed, but not yet rid of the pending one: it is one entry",
    Effect.gen(function*() {
      const { path, report } = yield* restored
      const text = yield* kit.textOf(`${historyOf(path)}/${report.entry}.json`)
      yield* kit.writeFile(`${historyOf(path)}/${report.entry}.pending`, text)
      assert.strictEqual((yield* list(path)).entries.length, 1)
      const done = yield* undo(path)
      assert.deepStrictEqual(
        yield* kit.listing(historyOf(path)),
        [`${report.entry}.json`, `${done.entry}.json`].toSorted()
      )
    })
  )
})

describe("killed before the rename", () => {
  for (const way of ["link", "copy"] as const) {
    scoped(
      `it counts as not done (${way}): it is told, cannot be taken back, and goes with the next work`,
      Effect.gen(function*() {
        const { path, pending } = yield* killedBefore(way)
        const { entries, interrupted } = yield* list(path)
        assert.deepStrictEqual([entries, interrupted], [[], [pending]])
        assert.strictEqual((yield* Effect.flip(undo(path)))._tag, "NothingToUndo")
        const { entry } = yield* kit.restore(kit.text(rich), path, { force: true })
        assert.deepStrictEqual(yield* kit.listing(historyOf(path)), [`${entry}.json`])
        yield* undo(path)
        assert.strictEqual(yield* contentOf(path), "small")
      })
    )
  }

  scoped(
    "a dry run leaves it where it is",
    Effect.gen(function*() {
      const { path } = yield* killedBefore("link")
      const state = yield* stateOf(path)
      yield* kit.restore(kit.text(rich), path, { force: true, dryRun: true })
      assert.deepStrictEqual(yield* stateOf(path), state)
    })
  )
})
