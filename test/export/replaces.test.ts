/** What an export may not take the place of. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import * as Lock from "../../src/database/Lock.ts"
import * as Export from "../../src/export/Export.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"

const fs = FileSystem.FileSystem

/** Everything in a directory, by name. */
const contents = (directory: string) =>
  Effect.flatMap(
    kit.listing(directory),
    (names) =>
      Effect.forEach(names, (name) =>
        Effect.map(kit.bytesOf(`${directory}/${name}`), (bytes) =>
          [name, Buffer.from(bytes).toString("hex")] as const))
  )

/** Makes a file in the directory; its name. */
type Make = (directory: string) => Effect.Effect<string, unknown, Effect.Effect.Context<ReturnType<typeof kit.copyOf>>>

const named = (name: string, content: string | Uint8Array): Make => (directory) =>
  Effect.as(kit.writeFile(`${directory}/${name}`, content), name)

const fixture = (name: string, from = "small.db") => named(name, kit.fixtureBytes(from))

describe("found L9: an export replaces no", () => {
  const files: { readonly [what: string]: Make } = {
    "other database": fixture("other.db"),
    "other database, whatever its name is": fixture("backup.jsonl"),
    "other database, through a link": (directory) =>
      Effect.zipRight(
        fixture("other.db")(directory),
        Effect.flatMap(fs, (fs) => Effect.as(fs.symlink("other.db", `${directory}/link.jsonl`), "link.jsonl"))
      ),
    "database of another program": named("places.sqlite", Buffer.from(`SQLite format 3\0${"\0".repeat(84)}`, "latin1")),
    "-wal of a database that is gone": fixture("other.db-wal", "hot-wal/kata.db-wal"),
    "-shm": fixture("moved.shm", "hot-wal/kata.db-shm"),
    "hot -journal": named("moved.journal", Buffer.from("d9d505f920a163d700000001", "hex")),
    "place of a -wal that another database does not have yet": (directory) =>
      Effect.as(fixture("other.db")(directory), "other.db-wal"),
    "place of the lock of another database": (directory) => Effect.as(fixture("other.db")(directory), "other.db.lock"),
    "lock": (directory) =>
      Effect.as(Effect.scoped(Lock.acquire(`${directory}/gone.db`, "daemon")), "gone.db.lock").pipe(
        Effect.provide(kit.services)
      ),
    "backup of a replaced database": named("kata.db.bak.20260504T002107Z", "damaged"),
    "second backup of a replaced database": named("kata.db.bak.20260504T002107Z-2", ""),
    "-wal of such a backup": named("kata.db.bak.20260504T002107Z-wal", "damaged"),
    ".kata.toml": named(".kata.toml", "version = 1\n"),
    ".kata.local.toml": named(".kata.local.toml", ""),
    "config.toml": named("config.toml", "listen = \"\"\n"),
    "hooks.toml": named("hooks.toml", ""),
    "runtime record": named("daemon.4711.json", "{}"),
    "file of what a salvage left out": named("rescued.jsonl.rejected.jsonl", "{}\n")
  }
  for (const [what, make] of Object.entries(files)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const directory = yield* kit.temporary
        const database = yield* kit.copyOf("small.db")
        const output = `${directory}/${yield* make(directory)}`
        const before = yield* contents(directory)
        const error = yield* Effect.flip(Export.toFile({ database, output }))
        assert.deepInclude(error, { _tag: "OutputProtected", kind: "validation", path: output })
        assert.deepStrictEqual(yield* contents(directory), before)
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("database that came while it was written", () =>
    Effect.gen(function*() {
      const output = `${yield* kit.temporary}/backup.jsonl`
      const database = yield* kit.copyOf("small.db")
      let began = false
      const files = layerFaultyFileSystem([], ({ operation, path }) => {
        if (began || operation !== "open" || !path.includes(".backup.jsonl.kata-")) return
        began = true
        writeFileSync(output, kit.fixtureBytes("rich.db"))
      })
      const error = yield* Effect.flip(Effect.provide(Export.toFile({ database, output }), files))
      assert.deepInclude(error, { _tag: "OutputProtected", what: "database" })
      assert.isTrue(kit.fixtureBytes("rich.db").equals(yield* kit.bytesOf(output)))
      assert.deepStrictEqual(yield* kit.listing(output.replace(/\/[^/]*$/, "")), ["backup.jsonl"])
    }).pipe(Effect.provide(kit.services)))
})
