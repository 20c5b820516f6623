/** What an export may not take the place of. */
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { gzipSync } from "node:zlib"
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
    "lock of a database that is gone": (directory) =>
      Effect.gen(function*() {
        const database = yield* kit.writeFile(`${directory}/gone.db`, "")
        yield* Effect.provide(Effect.scoped(Lock.acquire(database, "daemon")), kit.services)
        yield* Effect.flatMap(fs, (fs) => fs.remove(database))
        return "gone.db.lock"
      }),
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

describe("found L10: an export replaces a snapshot only by one that holds what it holds", () => {
  const { empty, rich, small } = {
    empty: "empty.export.jsonl",
    rich: "rich.export.jsonl",
    small: "small.export.jsonl"
  }
  const instance = "01M82VMAXEZXB9DG63TT2232T3"

  const instanceIn = (text: string) => /"instance_uid","value":"(\w+)/.exec(text)?.[1] ?? ""

  interface Case {
    readonly old: string | Uint8Array
    readonly database: string
    readonly options?: Omit<Export.FileOptions, "database" | "output">
    readonly output?: string
    readonly refused?: { readonly reason: Export.SnapshotKept["reason"]; readonly held: object }
  }
  const ofSmall = { instance, issues: 5, counted: true, changed: "2026-11-23T00:06:56.746Z" }
  const text = kit.fixtureText
  /** The text of one database in the name of another. */
  const withInstanceOf = (other: string, of: string) => text(of).replace(instanceIn(text(of)), instanceIn(text(other)))

  const aliases = Array.from({ length: 40_000 }, () => "{\"kind\":\"project_alias\",\"data\":{}}")

  const cases: { readonly [what: string]: Case } = {
    "of the same database": { old: text(small), database: "small.db" },
    "of another instance": { old: text(small), database: "rich.db", refused: { reason: "instance", held: ofSmall } },
    "of another instance, compressed": {
      old: gzipSync(text(small)),
      database: "rich.db",
      output: "kata.jsonl.gz",
      refused: { reason: "instance", held: ofSmall }
    },
    "of another instance, with CRLF": {
      old: text(small).replaceAll("\n", "\r\n"),
      database: "rich.db",
      refused: { reason: "instance", held: ofSmall }
    },
    "of another instance, cut": {
      old: text(small).slice(0, 3000),
      database: "rich.db",
      refused: { reason: "instance", held: { instance } }
    },
    "of another instance, of a version that kata does not know": {
      old: text(small).replace("\"value\":\"10\"", "\"value\":\"31\""),
      database: "rich.db",
      refused: { reason: "instance", held: ofSmall }
    },
    "of another instance that holds nothing": { old: text(empty), database: "small.db" },
    "with issues, by a database without any": {
      old: withInstanceOf(empty, small),
      database: "empty.db",
      refused: { reason: "empty", held: { issues: 5 } }
    },
    "with issues behind more than is looked at": {
      old: withInstanceOf(empty, small).split("\n").flatMap((line, n) => n === 4 ? [...aliases, line] : [line]).join(
        "\n"
      ),
      database: "empty.db",
      refused: { reason: "empty", held: { issues: 5, counted: true } }
    },
    "without a name, with issues, by a database without any": {
      old: text(small).replace(/.*instance_uid.*\n/, ""),
      database: "empty.db",
      refused: { reason: "empty", held: { instance: "", issues: 5 } }
    },
    "without a name, by a database with issues": {
      old: text(small).replace(/.*instance_uid.*\n/, ""),
      database: "rich.db"
    },
    "what is no snapshot": { old: "{\"kind\":\"meta\"}\n", database: "small.db" },
    "an empty file": { old: "", database: "small.db" }
  }
  for (const [what, { database, old, options, output = "kata.jsonl", refused }] of Object.entries(cases)) {
    it.scopedLive(`${what}: ${refused === undefined ? "replaced" : "kept, unless by force"}`, () =>
      Effect.gen(function*() {
        const path = yield* kit.writeFile(`${yield* kit.temporary}/${output}`, old)
        const to = { ...options, database: yield* kit.copyOf(database), output: path }
        if (refused !== undefined) {
          const error = yield* Effect.flip(Export.toFile(to))
          if (error._tag !== "SnapshotKept") throw error
          assert.deepStrictEqual([error.kind, error.output, error.reason], ["conflict", path, refused.reason])
          assert.deepInclude(error.held, refused.held)
          assert.isTrue(Buffer.from(old).equals(yield* kit.bytesOf(path)))
          assert.deepStrictEqual(yield* kit.listing(path.replace(/\/[^/]*$/, "")), [output])
        }
        yield* Export.toFile({ ...to, force: refused !== undefined })
        assert.isFalse(Buffer.from(old).equals(yield* kit.bytesOf(path)))
      }).pipe(Effect.provide(kit.services)))
  }

  it.scopedLive("of a whole database: not by one of some of its projects, nor by what is left of it", () =>
    Effect.gen(function*() {
      const output = `${yield* kit.temporary}/kata.jsonl`
      const database = yield* kit.copyOf("rich.db")
      yield* Export.toFile({ database, output })
      const before = yield* kit.bytesOf(output)
      const reasonOf = (options: Partial<Export.FileOptions>) =>
        Effect.map(
          Effect.flip(Export.toFile({ database, output, ...options })),
          (error) => error._tag === "SnapshotKept" ? error.reason : error
        )
      assert.strictEqual(yield* reasonOf({ projects: [{ name: "docs" }] }), "part")
      yield* kit.change(
        database,
        "UPDATE comments SET body = CAST(x'ff' AS TEXT) WHERE id = (SELECT min(id) FROM comments)"
      )
      assert.strictEqual(yield* reasonOf({ salvage: true }), "salvage")
      assert.isTrue(Buffer.from(before).equals(yield* kit.bytesOf(output)))
      assert.deepStrictEqual(yield* kit.listing(output.replace(/\/[^/]*$/, "")), ["kata.jsonl"])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("says in words what it held, and the way out", () =>
    Effect.gen(function*() {
      const output = yield* kit.writeFile(`${yield* kit.temporary}/kata.jsonl`, text(rich))
      const error = yield* Effect.flip(Export.toFile({ database: yield* kit.copyOf("empty.db"), output }))
      assert.match(
        error.message,
        /^\S+kata\.jsonl was not replaced: it is a snapshot of another database \(it holds \d+ issues, last changed 2026-\S+Z, instance \w{26}\)$/
      )
    }).pipe(Effect.provide(kit.services)))
})
