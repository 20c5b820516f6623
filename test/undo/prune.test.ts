/** Old entries go with their files when that is asked for, and nothing else does. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Lock from "../../src/database/Lock.ts"
import * as kit from "../snapshot/kit.ts"
import { historyOf, list, prune, restored, rich, stateOf, undo } from "./kit.ts"

const scoped = <A, E>(name: string, run: Effect.Effect<A, E, Scope.Scope | Layer.Layer.Success<typeof kit.services>>) =>
  it.scopedLive(name, () => Effect.provide(run, kit.services))

/** Four entries, the first of them of a hundred days ago. */
const four = Effect.gen(function*() {
  const { path, report: { entry } } = yield* restored
  const first = `${historyOf(path)}/${entry}.json`
  const at = new Date(Date.now() - 100 * 86_400_000).toISOString()
  yield* kit.writeFile(first, (yield* kit.textOf(first)).replace(/"at": "[^"]*"/, `"at": "${at}"`))
  for (let i = 0; i < 3; i++) yield* kit.restore(kit.text(rich), path, { force: true })
  return { path, entries: (yield* list(path)).entries }
})

const days = (n: number) => new Date(Date.now() - n * 86_400_000)
const namesBeside = (path: string) => kit.listing(path.slice(0, path.lastIndexOf("/")))

describe("prune", () => {
  const bounds = [
    [{ keep: 1 }, 3],
    [{ keep: 0 }, 4],
    [{ keep: 9 }, 0],
    [{ before: days(90) }, 1],
    [{ before: days(200) }, 0],
    [{ before: days(-1), keep: 2 }, 2],
    [{ before: days(90), keep: 4 }, 0],
    [{}, 0]
  ] as const
  for (const [bound, count] of bounds) {
    scoped(
      `removes ${count} of 4, with ${JSON.stringify(bound).replace(/\d{4}-[^"]*/, "a time")}`,
      Effect.gen(function*() {
        const { entries, path } = yield* four
        const before = yield* stateOf(path)
        const dry = yield* prune(path, { ...bound, dryRun: true })
        assert.deepStrictEqual(yield* stateOf(path), before)
        const report = yield* prune(path, bound)
        assert.deepStrictEqual({ ...report }, { ...dry, dry_run: false })
        const gone = entries.slice(4 - count)
        assert.deepStrictEqual(report.removed.map(({ id }) => id), gone.map(({ id }) => id))
        assert.deepStrictEqual(
          report.files.map(({ path }) => path).toSorted(),
          gone.map(({ backup }) => backup).toSorted()
        )
        assert.deepStrictEqual([report.kept, report.left], [[], 4 - count])
        assert.strictEqual(report.bytes, gone.reduce((sum, { bytes }) => sum + bytes, 0))
        assert.deepStrictEqual(
          (yield* list(path)).entries.map(({ id }) => id),
          entries.slice(0, 4 - count).map(({ id }) => id)
        )
        const names = yield* namesBeside(path)
        assert.strictEqual(names.filter((name) => name.includes(".bak.")).length, 4 - count)
        if (count < 4) yield* undo(path)
      })
    )
  }

  scoped(
    "never removes a file that no entry names, that another entry names, or that is not what was put there",
    Effect.gen(function*() {
      const { entries, path } = yield* four
      const [, second, third, first] = entries
      yield* kit.writeFile(`${path}.bak.20200101T000000Z`, "of before there was a history")
      yield* kit.writeFile(third?.backup ?? "", "somebody's")
      // two entries of one file
      const text = yield* kit.textOf(`${historyOf(path)}/${first?.id}.json`)
      const name = (file: string | undefined) => file?.slice(file.lastIndexOf("/") + 1) ?? ""
      yield* kit.writeFile(
        `${historyOf(path)}/${first?.id}.json`,
        text.replace(name(first?.backup), name(entries[0]?.backup))
      )
      const report = yield* prune(path, { keep: 1 })
      assert.deepStrictEqual(report.removed.length, 3)
      assert.deepStrictEqual(report.files.map(({ path }) => path), [second?.backup])
      assert.deepStrictEqual(report.kept.map(({ why }) => why).toSorted(), [
        "an entry that stays names it too",
        "it is not the file that was put there"
      ])
      const left = (yield* namesBeside(path)).filter((one) => one.includes(".bak."))
      assert.deepStrictEqual(
        left,
        [`kata.db.bak.20200101T000000Z`, ...[entries[0], third, first].map((entry) => name(entry?.backup))].toSorted()
      )
    })
  )

  scoped(
    "takes the side files of a damaged database with it",
    Effect.gen(function*() {
      const path = yield* kit.writeFile(`${yield* kit.temporary}/kata.db`, "no database")
      yield* kit.writeFile(`${path}-wal`, "its log")
      yield* kit.restore(kit.text(rich), path, { force: true })
      const report = yield* prune(path, { keep: 0 })
      assert.deepStrictEqual(report.files.map(({ bytes }) => bytes), [11, 7])
      assert.deepStrictEqual(yield* namesBeside(path), ["kata.db", "kata.db.history", "kata.db.lock"])
    })
  )

  scoped(
    "is refused while somebody has the lock, and heals what was killed in the middle",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { entries, path } = yield* four
      const error = yield* Effect.flip(
        Effect.scoped(Effect.zipRight(Lock.acquire(path, "restore"), prune(path, { keep: 0 })))
      )
      assert.strictEqual(error.kind, "locked")
      yield* fs.remove(entries[3]?.backup ?? "")
      assert.strictEqual((yield* list(path)).entries[3]?.state, "gone")
      const report = yield* prune(path, { keep: 1 })
      assert.deepStrictEqual([report.removed.length, report.files.length], [3, 2])
    })
  )
})
