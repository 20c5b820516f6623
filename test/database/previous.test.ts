/** What undoing a backup does with side files, by what is beside the target meanwhile. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as previous from "../../src/database/previous.ts"
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
