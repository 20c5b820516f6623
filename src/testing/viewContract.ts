/** The contract of `Database.view`: what it refuses and why, that it reads one state, that it changes nothing. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { strict as assert } from "node:assert"
import { execFileSync } from "node:child_process"
import { Database } from "../database/Database.ts"
import { open } from "../database/Handle.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { version10 } from "../records/kinds.ts"
import { type Case, contentOf, filesIn, refusedAs, tampered, temporary, uidOf } from "./contractKit.ts"
import { build } from "./database.ts"
import { neighbour } from "./neighbour.ts"

const view = (path: string) => Effect.scoped(Effect.flatMap(Database, (database) => database.view(path, version10)))

/** A file that is made in a new directory is refused for that reason. */
const refused = (
  what: string,
  reason: string,
  make: (path: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>
): Case => ({
  name: `refuses ${what} as ${reason}`,
  run: Effect.gen(function*() {
    const directory = yield* temporary
    yield* make(`${directory}/kata.db`)
    const before = yield* filesIn(directory)
    yield* refusedAs(view(`${directory}/kata.db`), reason)
    assert.deepEqual(yield* filesIn(directory), before, "nothing is made or changed")
  })
})

const file = (content: string | Uint8Array) => (path: string) =>
  Effect.flatMap(
    FileSystem.FileSystem,
    (fs) => fs.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content)
  )

const changed = (what: string, reason: string, sql: string): Case => ({
  name: `refuses ${what} as ${reason}`,
  run: Effect.flatMap(tampered(sql), (path) => refusedAs(view(path), reason))
})

const carried = (what: string, sql: string, says: RegExp): Case => ({
  name: `reads ${what}, with a finding`,
  run: Effect.gen(function*() {
    const path = yield* tampered(sql)
    const { findings } = yield* Effect.flatMap(Database, (database) => database.view(path, version10))
    assert.equal(findings.length, 1)
    assert.match(findings[0]?.line ?? "", says)
    assert.equal(findings[0]?.blocking, false)
  })
})

const utf16 = (path: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* fs.writeFile(path, new Uint8Array())
    yield* Effect.scoped(Effect.flatMap(open(path, "write"), (db) =>
      db.exec("make", "PRAGMA encoding = 'UTF-16le'; CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL)")))
  })

/** Names that mean something to a shell, a URI, SQLite or a careless program, and here only themselves. */
const names = [
  "a?mode=memory",
  "a#b",
  "%41",
  "100%",
  ":memory:",
  "file:x",
  "trailing ",
  "line\nend\n",
  " ",
  "-wal",
  "größe 日本語 🙂 e\u0301",
  "back\\slash'quote\"",
  "n".repeat(200)
]

const paths: Case = {
  name: "a path means itself",
  run: Effect.gen(function*() {
    const directory = yield* temporary
    for (const [i, name] of names.entries()) yield* build(`${directory}/${name}`, contentOf(`database ${i}`))
    const before = yield* filesIn(directory)
    for (const [i, name] of names.entries()) {
      assert.equal(yield* uidOf(`${directory}/${name}`), `database ${i}`, JSON.stringify(name))
    }
    assert.deepEqual(yield* filesIn(directory), before)
  })
}

const count = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const { count } = yield* (yield* Database).view(path, version10)
    return (yield* count(wholeDatabase)).get("meta")
  }))

const add = (key: string) => `INSERT INTO meta(key, value) VALUES ('${key}', 'x')`

const oneState = (journal: "wal" | "delete"): Case => ({
  name: `reads one state while another process writes (${journal})`,
  run: Effect.gen(function*() {
    const path = yield* tampered("", { journal })
    const other = yield* neighbour(path)
    // The other one has its -wal open already.
    yield* other.run(add("before"))
    yield* Effect.scoped(Effect.gen(function*() {
      const { count, db } = yield* (yield* Database).view(path, version10)
      const first = yield* count(wholeDatabase)
      const answer = yield* other.run(add("while"))
      // With a rollback journal a writer is refused while there is a reader.
      if (journal === "delete") assert.equal(answer, "SQLITE_BUSY")
      else assert.equal(answer, 1)
      assert.deepEqual(yield* count(wholeDatabase), first)
      assert.equal((yield* db.all("read", "SELECT key FROM meta WHERE key = 'while'")).length, 0)
    }))
    if (journal === "wal") assert.equal(yield* count(path), 4)
    else assert.equal(yield* other.run(add("after")), 1)
  })
})

const hotWal: Case = {
  name: "reads what is only in the WAL of a killed process, and leaves both files as they are",
  run: Effect.gen(function*() {
    const path = yield* tampered("", { journal: "wal" })
    const other = yield* neighbour(path)
    yield* other.run(`PRAGMA wal_autocheckpoint = 0; ${add("only in the WAL")}`)
    yield* other.kill
    const before = yield* filesIn(path.slice(0, -8))
    assert.ok(before["kata.db-wal"] !== undefined, "there is a WAL")
    assert.equal(yield* count(path), 3)
    const { "kata.db-shm": _, ...after } = yield* filesIn(path.slice(0, -8))
    const { "kata.db-shm": __, ...rest } = before
    assert.deepEqual(after, rest)
  })
}

/** Makes a journal that must be rolled back: its process was killed when half of a transaction was in the file. */
export const crash = (path: string) =>
  Effect.gen(function*() {
    const other = yield* neighbour(path)
    yield* other.run("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN IMMEDIATE")
    yield* other.run("INSERT OR REPLACE INTO meta(key, value) VALUES ('instance_uid', 'never committed')")
    for (let i = 0; i < 30; i++) {
      yield* other.run(`INSERT INTO meta(key, value) VALUES ('key ${i}', hex(randomblob(20000)))`)
    }
    yield* other.kill
  })

const hotJournal: Case = {
  name: "reads the state before a transaction that was killed, without rolling it back in place",
  run: Effect.gen(function*() {
    const path = yield* tampered("")
    yield* crash(path)
    const before = yield* filesIn(path.slice(0, -8))
    assert.ok(before["kata.db-journal"] !== undefined, "there is a journal")
    assert.equal(yield* uidOf(path), "old")
    assert.equal(yield* count(path), 2)
    assert.deepEqual(yield* filesIn(path.slice(0, -8)), before)
  })
}

const truncated: Case = {
  name: "a file that was cut is damaged, when it is opened or when it is read",
  run: Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* tampered("")
    const whole = yield* fs.readFile(path)
    for (const size of [50, 700, 4096, 4097, 40_000]) {
      yield* fs.writeFile(path, whole.subarray(0, size))
      const error = yield* Effect.flip(count(path))
      assert.equal(error.kind, "damaged", `${size} bytes: ${error.message}`)
    }
  })
}

/** As in another user's directory: nothing may be made beside the file. */
const notOurs: Case["faults"] = [{ operation: "access", call: 1, code: "EACCES", onwards: true }]

const foreign: ReadonlyArray<Case> = [
  {
    name: "reads where it may not write, and says when the file was changed meanwhile",
    faults: notOurs,
    run: Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* tampered("")
      const before = yield* filesIn(path.slice(0, -8))
      const { confirm, count } = yield* (yield* Database).view(path, version10)
      assert.equal((yield* count(wholeDatabase)).get("meta"), 2)
      yield* confirm
      assert.deepEqual(yield* filesIn(path.slice(0, -8)), before)
      yield* fs.utimes(path, 1, 1)
      yield* refusedAs(confirm, "changed")
    })
  },
  {
    name: "reads the WAL where it may not write, from a copy",
    faults: notOurs,
    run: Effect.gen(function*() {
      const path = yield* tampered("", { journal: "wal" })
      const other = yield* neighbour(path)
      yield* other.run(`PRAGMA wal_autocheckpoint = 0; ${add("only in the WAL")}`)
      yield* other.kill
      const before = yield* filesIn(path.slice(0, -8))
      assert.equal(yield* count(path), 3)
      assert.deepEqual(yield* filesIn(path.slice(0, -8)), before)
    })
  }
]

export const viewContract: ReadonlyArray<Case> = [
  refused("a name that is not there", "missing", () => Effect.void),
  refused(
    "a link that leads nowhere",
    "missing",
    (path) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.symlink(`${path}.nowhere`, path))
  ),
  {
    name: "refuses a name in a directory that is not there as missing",
    run: Effect.flatMap(temporary, (directory) => refusedAs(view(`${directory}/no/kata.db`), "missing"))
  },
  refused("a directory", "directory", (path) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(path))),
  refused("a pipe", "special", (path) => Effect.sync(() => execFileSync("mkfifo", [path]))),
  refused("zero bytes", "empty", file("")),
  refused("a text", "foreign", file("{\"kind\":\"meta\"}\n".repeat(500))),
  refused("a few bytes", "foreign", file("SQLite")),
  refused("another encoding", "encoding", utf16),
  truncated,
  changed("a database without meta", "schema", "DROP TABLE meta"),
  changed("a database without one of the tables", "schema", "DROP TABLE purge_log"),
  changed("a database without one of the columns", "schema", "ALTER TABLE purge_log DROP COLUMN reason"),
  changed("an older one", "older", "UPDATE meta SET value = '9' WHERE key = 'schema_version'"),
  changed("a newer one", "newer", "UPDATE meta SET value = '11' WHERE key = 'schema_version'"),
  changed("a version in words", "version", "UPDATE meta SET value = 'ten' WHERE key = 'schema_version'"),
  changed("version zero", "version", "UPDATE meta SET value = '0' WHERE key = 'schema_version'"),
  changed("a database without version", "version", "DELETE FROM meta WHERE key = 'schema_version'"),
  changed("data in a table that it does not know", "unknown", "CREATE TABLE more(a); INSERT INTO more VALUES (1)"),
  changed("data in a column that it does not know", "unknown", "ALTER TABLE meta ADD COLUMN more DEFAULT 1"),
  carried("an empty table that it does not know", "CREATE TABLE more(a)", /more is a table/),
  carried(
    "an empty column that it does not know",
    "ALTER TABLE issues ADD COLUMN more",
    /column that kata does not know/
  ),
  paths,
  oneState("wal"),
  oneState("delete"),
  hotWal,
  hotJournal,
  ...foreign
]
