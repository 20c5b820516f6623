/** Backups: their names, what stays when one cannot be made, and what undoing one does with side files. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestContext from "effect/TestContext"
import * as fs from "node:fs"
import * as previous from "../../src/database/previous.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"

const cases: ReadonlyArray<
  readonly [what: string, before: Record<string, string>, begun: boolean, after: Record<string, string>]
> = [
  [
    "side files that are gone from beside the target go back",
    { "t.db": "old", b: "old", "b-wal": "its WAL", "b-journal": "its journal" },
    true,
    { "t.db": "old", "t.db-wal": "its WAL", "t.db-journal": "its journal" }
  ],
  [
    "where another side file is there by now, the backup stays",
    { "t.db": "old", "t.db-wal": "somebody's", b: "old", "b-wal": "its WAL" },
    true,
    { "t.db": "old", "t.db-wal": "somebody's", b: "old", "b-wal": "its WAL" }
  ],
  [
    "without the backup of a target that is there, nothing is touched",
    { "t.db": "new", "b-wal": "its WAL" },
    true,
    { "t.db": "new", "b-wal": "its WAL" }
  ],
  [
    "before anything was taken away from the target, the backup goes",
    { "t.db": "old", "t.db-wal": "its WAL", b: "old", "b-wal": "its WAL" },
    false,
    { "t.db": "old", "t.db-wal": "its WAL" }
  ]
]

layer(NodeContext.layer, { excludeTestServices: true })("undoing a backup", (it) => {
  for (const [what, before, begun, after] of cases) {
    it.scoped(what, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        for (const [name, text] of Object.entries(before)) fs.writeFileSync(`${directory}/${name}`, text)
        yield* previous.undo(`${directory}/t.db`, `${directory}/b`, begun)
        const names = fs.readdirSync(directory)
        assert.deepStrictEqual(
          Object.fromEntries(names.map((name) => [name, fs.readFileSync(`${directory}/${name}`, "utf8")])),
          after
        )
      }))
  }
})

layer(NodeContext.layer, { excludeTestServices: true })("a backup", (it) => {
  const before = { "t.db": "old", "t.db-wal": "its WAL", "t.db-journal": "its journal" }
  const made = Effect.gen(function*() {
    const directory = yield* kit.temporary
    for (const [name, text] of Object.entries(before)) fs.writeFileSync(`${directory}/${name}`, text)
    return directory
  })
  const contents = (directory: string) =>
    Object.fromEntries(fs.readdirSync(directory).map((name) => [name, fs.readFileSync(`${directory}/${name}`, "utf8")]))
  const ways = {
    copy: { make: previous.copy, operation: "rename", after: before },
    link: { make: previous.link, operation: "link", after: before },
    moveSides: { make: previous.moveSides, operation: "rename", after: { "t.db": "old" } }
  } as const

  for (const [way, { after, make, operation }] of Object.entries(ways)) {
    it.scoped(`has the time as its name, and a number where that is taken: ${way}`, () =>
      Effect.gen(function*() {
        const directory = yield* made
        const target = `${directory}/t.db`
        const taken = `${target}.bak.19700101T000000Z`
        assert.strictEqual(yield* make(target), taken)
        for (const side of ["-wal", "-journal"]) {
          const { mode } = fs.statSync(taken + side)
          if (way === "copy") assert.strictEqual(mode & 0o777, 0o600)
          assert.strictEqual(fs.readFileSync(taken + side, "utf8"), before[`t.db${side}` as keyof typeof before])
        }
        assert.deepInclude(contents(directory), after)
        for (const [name, text] of Object.entries(before)) fs.writeFileSync(`${directory}/${name}`, text)
        assert.strictEqual(yield* make(target), `${taken}-2`)
        assert.strictEqual(yield* make(target), `${taken}-3`)
      }).pipe(Effect.provide(TestContext.TestContext)))

    for (const call of way === "moveSides" ? [1, 2] : [1, 2, 3]) {
      it.scoped(`is none when one of its files cannot be made: ${way}, ${call}`, () =>
        Effect.gen(function*() {
          const directory = yield* made
          const failed = yield* Effect.flip(
            Effect.provide(make(`${directory}/t.db`), layerFaultyFileSystem([{ operation, call, code: "EIO" }]))
          )
          assert.strictEqual(failed.code, "EIO")
          assert.deepStrictEqual(contents(directory), before)
        }))
    }
  }

  it.scoped("is on disk before it has its name", () =>
    Effect.gen(function*() {
      const directory = yield* made
      for (const call of [1, 2, 3]) {
        const failed = yield* Effect.flip(
          Effect.provide(
            previous.copy(`${directory}/t.db`),
            layerFaultyFileSystem([{ operation: "sync", call, code: "EIO" }])
          )
        )
        assert.strictEqual(failed.code, "EIO")
        assert.deepStrictEqual(contents(directory), before)
      }
    }))
})
