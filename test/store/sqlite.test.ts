/** The store on real SQLite files: what its client does when SQLite says no at an odd moment. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Handle from "../../src/database/Handle.ts"
import { openClient } from "../../src/store/client.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { Store } from "../../src/store/Store.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { newDatabase } from "./kit.ts"

const insert = (n: number, how = "INSERT") =>
  Effect.flatMap(
    Store,
    ({ rows, sql }) =>
      rows(
        sql`${sql.literal(how)} INTO projects(uid, name) VALUES (${`01ARZ3NDEKTSV4RRFF${
          String(n).padStart(8, "0")
        }`}, ${`p${n}`})`
      )
  )

const names = Effect.flatMap(Store, ({ read, rows, sql }) => read(rows(sql`SELECT name FROM projects ORDER BY id`)))

/** The store of a new database, and another connection to it. */
const opened = Effect.gen(function*() {
  const path = yield* newDatabase
  const store = yield* Layer.build(SqliteStore.layer(path))
  return { path, store, other: yield* Handle.open(path, "write") }
})

layer(NodeContext.layer, { excludeTestServices: true })("the store on SQLite", (it) => {
  it.scoped("a COMMIT that fails is a typed failure, and the connection goes on", () =>
    Effect.gen(function*() {
      const { store } = yield* opened
      yield* Effect.gen(function*() {
        const { rows, sql, write } = yield* Store
        const orphan = Effect.gen(function*() {
          yield* insert(1)
          yield* rows(sql`PRAGMA defer_foreign_keys = 1`)
          yield* rows(sql`INSERT INTO issue_labels(issue_id, label, author) VALUES (99, 'bug', 'ann')`)
        })
        const error = yield* Effect.flip(write(orphan))
        assert.deepInclude(error, {
          _tag: "StorageFailure",
          kind: "validation",
          operation: "commit",
          code: "SQLITE_CONSTRAINT_FOREIGNKEY"
        })
        assert.deepStrictEqual(yield* names, [])
        yield* write(insert(2))
        assert.deepStrictEqual(yield* names, [{ name: "p2" }])
      }).pipe(Effect.provide(store))
    }))

  it.scoped("a transaction that SQLite rolled back by itself gives the error that made it do so", () =>
    Effect.gen(function*() {
      const { store } = yield* opened
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        yield* write(insert(1))
        const error = yield* Effect.flip(write(Effect.zipRight(insert(2), insert(1, "INSERT OR ROLLBACK"))))
        assert.deepInclude(error, {
          kind: "validation",
          code: "SQLITE_CONSTRAINT_UNIQUE",
          operation: "use the database"
        })
        yield* write(insert(3))
        assert.deepStrictEqual(yield* names, [{ name: "p1" }, { name: "p3" }])
      }).pipe(Effect.provide(store))
    }))

  it.scoped("a COMMIT after SQLite's own ROLLBACK, by who goes on all the same, is a failure", () =>
    Effect.gen(function*() {
      const { store } = yield* opened
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        yield* write(insert(1))
        const error = yield* Effect.flip(
          write(Effect.zipRight(insert(2), Effect.ignore(insert(1, "INSERT OR ROLLBACK"))))
        )
        assert.deepInclude(error, { kind: "internal", operation: "commit" })
        assert.deepStrictEqual(yield* names, [{ name: "p1" }])
      }).pipe(Effect.provide(store))
    }))

  it.scoped("interrupted in the middle of a transaction, it is rolled back before anybody else is served", () =>
    Effect.gen(function*() {
      const { other, store } = yield* opened
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        const there = yield* Deferred.make<void>()
        const middle = Effect.zipRight(Deferred.succeed(there, undefined), Effect.never)
        const fiber = yield* Effect.fork(write(Effect.zipRight(insert(1), middle)))
        yield* Deferred.await(there)
        const next = yield* Effect.fork(write(insert(2)))
        yield* Fiber.interrupt(fiber)
        yield* Fiber.join(next)
        assert.deepStrictEqual(yield* other.all("look", "SELECT name FROM projects"), [{ name: "p2" }])
        // No transaction is left open on the connection: another one can write at once.
        yield* other.exec("write", "PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; COMMIT")
      }).pipe(Effect.provide(store))
    }))

  it.scoped("another program that writes is waited for", () =>
    Effect.gen(function*() {
      const { other, store } = yield* opened
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        yield* other.exec("hold the database", "BEGIN IMMEDIATE")
        const waiting = yield* Effect.fork(write(insert(1)))
        yield* Effect.sleep("80 millis")
        yield* other.exec("give it free", "COMMIT")
        yield* Fiber.join(waiting)
        assert.deepStrictEqual(yield* names, [{ name: "p1" }])
      }).pipe(Effect.provide(store))
    }))

  it.scoped("a file that was moved away is not written to", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const { path, store } = yield* opened
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        yield* fs.rename(path, `${path}.moved`)
        const error = yield* Effect.flip(write(insert(1)))
        assert.deepInclude(error, {
          _tag: "StorageFailure",
          storage: path,
          kind: "io",
          code: "SQLITE_READONLY_DBMOVED"
        })
        assert.match(error.hint ?? "", /look at the file/)
        yield* fs.rename(`${path}.moved`, path)
        assert.deepStrictEqual(yield* names, [])
      }).pipe(Effect.provide(store))
    }))

  it.scoped("what cannot be opened is a typed error", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* temporaryDirectory
      const refusal = (path: string) =>
        Effect.map(Effect.flip(Effect.scoped(Layer.build(SqliteStore.layer(path)))), (error) =>
          "reason" in error ? [error._tag, error.reason] : [error._tag])
      yield* fs.writeFileString(`${directory}/text`, "no database".repeat(99))
      yield* fs.writeFileString(`${directory}/torn`, "SQLite format 3\0".padEnd(8192, "damaged"))
      yield* fs.writeFileString(`${directory}/empty`, "")
      const found = yield* Effect.forEach(["none", "none/kata.db", "text", "torn", "empty", "."], (name) =>
        refusal(`${directory}/${name}`))
      assert.deepStrictEqual(found, [
        ["OpenError", "missing"],
        ["FileError"],
        ["OpenError", "foreign"],
        ["OpenError", "foreign"],
        ["OpenError", "empty"],
        ["OpenError", "directory"]
      ])
    }))

  it.scoped("the client alone: a file or directory that is not there is no defect", () =>
    Effect.gen(function*() {
      const directory = yield* temporaryDirectory
      for (const name of ["none", "none/kata.db"]) {
        const error = yield* Effect.flip(Effect.scoped(openClient(`${directory}/${name}`)))
        assert.deepInclude(error, { _tag: "SqliteFailure", code: "SQLITE_CANTOPEN" })
        assert.isFalse(Handle.isOpen(`${directory}/${name}`))
      }
    }))

  it.scoped("when it is closed, the log is folded in and the file is nobody's", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* newDatabase
      yield* Effect.gen(function*() {
        const { write } = yield* Store
        yield* write(insert(1))
        assert.isTrue(Handle.isOpen(path))
      }).pipe(Effect.provide(SqliteStore.layer(path)))
      assert.isFalse(Handle.isOpen(path))
      assert.isFalse(yield* fs.exists(`${path}-wal`))
    }))

  it.scoped("a database without an instance gets one that stays", () =>
    Effect.gen(function*() {
      const path = yield* newDatabase
      yield* Effect.scoped(
        Effect.flatMap(Handle.open(path, "write"), (db) =>
          db.exec("forget", "DELETE FROM meta WHERE key = 'instance_uid'"))
      )
      const uid = Effect.provide(
        Effect.flatMap(Store, ({ instanceUid }) =>
          instanceUid),
        SqliteStore.layer(path)
      )
      const made = yield* uid
      assert.match(made, /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
      assert.strictEqual(yield* uid, made)
    }))
})
