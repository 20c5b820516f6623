/** What the store on SQLite does when its file is written to by others, or damaged, while it is open. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as NodeFs from "node:fs"
import { dirname } from "node:path"
import * as Handle from "../../src/database/Handle.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { StorageFailure } from "../../src/store/StorageFailure.ts"
import { Store } from "../../src/store/Store.ts"
import { temporaryDirectory } from "../files/temp.ts"
import { newDatabase } from "./kit.ts"

const uidOf = (n: number) => `01ARZ3NDEKTSV4RRFF${String(n).padStart(8, "0")}`
/** Long, so that one write does not write all pages. */
const nameOf = (n: number) => `p${n}.`.padEnd(3000, ".")
const numbersOf = (rows: ReadonlyArray<unknown>) =>
  rows.map((row) => (row as { readonly name: string }).name.replace(/\.+$/, ""))

/** A store that can be closed, and what it told of damage. */
const opened = (path: string) =>
  Effect.gen(function*() {
    const told: Array<StorageFailure> = []
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer(() => Scope.close(scope, Exit.void))
    const context = yield* Layer.buildWithScope(
      SqliteStore.layer(path, (failure) => Effect.sync(() => void told.push(failure))),
      scope
    )
    const { read, rows, sql, write } = yield* Effect.provide(Store, context)
    return {
      told,
      close: Scope.close(scope, Exit.void),
      insert: (n: number) => write(rows(sql`INSERT INTO projects(uid, name) VALUES (${uidOf(n)}, ${nameOf(n)})`)),
      names: Effect.map(read(rows(sql`SELECT name FROM projects ORDER BY id`)), numbersOf)
    }
  })

/** What another process finds there; in this one a connection to it is still open. */
const namesIn = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const copy = `${yield* temporaryDirectory}/kata.db`
    for (const side of ["", "-wal"]) if (NodeFs.existsSync(path + side)) NodeFs.copyFileSync(path + side, copy + side)
    const handle = yield* Handle.open(copy, "write")
    return yield* handle.attempt("read", () => numbersOf(handle.prepare("SELECT name FROM projects ORDER BY id").all()))
  }))

/** As `cp` does it, which keeps the file and asks SQLite nothing; the time is another one whatever the clock's steps are. */
const overwrite = (path: string, bytes: Buffer) =>
  Effect.sync(() => {
    NodeFs.writeFileSync(path, bytes)
    NodeFs.utimesSync(path, new Date(), new Date(Date.now() + 5_000))
  })

/** The time of the last change, so many seconds ahead: other than any that a write of now gives. */
const overwriteTime = (path: string, seconds: number) =>
  Effect.sync(() => NodeFs.utimesSync(path, new Date(), new Date(Date.now() + seconds * 1_000)))

const overwritten = /^the file was written to by a program that knows nothing of databases; .* accepts no change$/

const beside = (path: string) => NodeFs.readdirSync(dirname(path)).toSorted()

/** A database of two states: with a project, and with 41, whose pages do not fit together. */
const twoStates = Effect.gen(function*() {
  const path = yield* newDatabase
  const fill = (from: number, to: number) =>
    Effect.scoped(
      Effect.flatMap(opened(path), ({ insert }) =>
        Effect.forEach(
          Array.from({ length: to - from }, (_, n) => from + n),
          insert,
          { discard: true }
        ))
    )
  yield* fill(0, 1)
  const old = NodeFs.readFileSync(path)
  yield* fill(1, 41)
  return { path, old }
})

layer(NodeContext.layer, { excludeTestServices: true })("an open database", (it) => {
  it.scoped("that is overwritten takes nothing more, says so once, and keeps its log apart", () =>
    Effect.gen(function*() {
      const { old, path } = yield* twoStates
      const { close, insert, names, told } = yield* opened(path)
      yield* insert(41)
      assert.deepStrictEqual((yield* names).length, 42)
      yield* overwrite(path, old)
      const failure = yield* Effect.flip(insert(42))
      assert.deepInclude(failure, { _tag: "StorageFailure", storage: path, kind: "damaged", code: "SQLITE_CORRUPT" })
      assert.match(failure.detail, overwritten)
      assert.match(failure.hint ?? "", /kata doctor; kata export --salvage/)
      assert.deepStrictEqual(yield* Effect.flip(names), failure)
      assert.deepStrictEqual(yield* Effect.flip(insert(43)), failure)
      assert.deepStrictEqual(told, [failure])
      yield* close
      assert.isTrue(NodeFs.readFileSync(path).equals(old))
      assert.deepStrictEqual(
        beside(path).map((name) => name.replace(/bak\.\w+/, "bak")),
        ["kata.db", "kata.db.bak-wal"]
      )
      assert.deepStrictEqual(yield* namesIn(path), ["p0"])
    }))

  it.scoped("that is overwritten with what fits its log keeps the log", () =>
    Effect.gen(function*() {
      const { path } = yield* twoStates
      const { close, insert, told } = yield* opened(path)
      yield* insert(41)
      yield* overwrite(path, NodeFs.readFileSync(path))
      assert.match((yield* Effect.flip(insert(42))).detail, overwritten)
      yield* close
      assert.deepStrictEqual(told.length, 1)
      assert.deepStrictEqual(beside(path).filter((name) => name.includes("bak")), [])
      assert.deepStrictEqual((yield* namesIn(path)).length, 42)
    }))

  it.scoped("that is overwritten while nothing is asked is known by its end", () =>
    Effect.gen(function*() {
      const { old, path } = yield* twoStates
      const { close, insert, told } = yield* opened(path)
      yield* insert(41)
      yield* overwrite(path, old)
      yield* close
      assert.deepStrictEqual(told.map(({ kind }) => kind), ["damaged"])
      assert.isTrue(NodeFs.readFileSync(path).equals(old))
    }))

  it.scoped("may be written to by another program of SQLite's, and is watched still", () =>
    Effect.gen(function*() {
      const path = yield* newDatabase
      const { insert, names, told } = yield* opened(path)
      yield* insert(0)
      const other = yield* Handle.open(path, "write")
      for (const n of [1, 2]) {
        yield* other.attempt("write", () => {
          other.prepare("INSERT INTO projects(uid, name) VALUES (?, ?)").run(uidOf(n), nameOf(n))
          other.execute("PRAGMA wal_checkpoint(PASSIVE)")
        })
        yield* overwriteTime(path, n)
        assert.deepStrictEqual((yield* names).length, n + 1)
      }
      yield* insert(3)
      assert.deepStrictEqual(told, [])
      yield* overwrite(path, NodeFs.readFileSync(path))
      assert.match((yield* Effect.flip(insert(4))).detail, overwritten)
    }))

  it.scoped("knows its own writes, also when they are folded in", () =>
    Effect.gen(function*() {
      const path = yield* newDatabase
      const { close, insert, names, told } = yield* opened(path)
      const { size } = NodeFs.statSync(path)
      // more than the thousand pages after which SQLite folds the log in
      yield* Effect.forEach(Array.from({ length: 300 }, (_, n) => n), insert, { discard: true })
      assert.isAbove(NodeFs.statSync(path).size, size)
      assert.deepStrictEqual((yield* names).length, 300)
      assert.deepStrictEqual(told, [])
      yield* close
      assert.deepStrictEqual(beside(path), ["kata.db"])
    }))

  it.scoped("whose pages are damaged takes nothing more, and its log stays with it", () =>
    Effect.gen(function*() {
      const { path } = yield* twoStates
      const [page] = yield* Effect.scoped(Effect.flatMap(Handle.open(path, "read"), (handle) =>
        handle.attempt("read", () =>
          handle.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'projects'").all().map((row) =>
            Number(row["rootpage"])
          ))))
      const { close, insert, names, told } = yield* opened(path)
      yield* Effect.scoped(Effect.flatMap(Handle.open(path, "write"), (handle) =>
        handle.exec("write to the log", "INSERT INTO meta(key, value) VALUES ('a', 'b')")))
      const whole = NodeFs.readFileSync(path)
      // as a disk does it: nothing tells of it but the page
      const { atime, mtime } = NodeFs.statSync(path)
      const damaged = Buffer.from(whole)
      damaged.fill(7, ((page ?? 0) - 1) * 4096, (page ?? 0) * 4096)
      NodeFs.writeFileSync(path, damaged)
      NodeFs.utimesSync(path, atime, mtime)
      assert.deepInclude(yield* Effect.flip(names), { kind: "damaged", code: "SQLITE_CORRUPT", storage: path })
      const [failure] = told
      assert.deepInclude(failure, { kind: "damaged", code: "SQLITE_CORRUPT", storage: path })
      assert.match(failure?.detail ?? "", /malformed; the daemon does nothing more with it, and accepts no change$/)
      NodeFs.writeFileSync(path, whole)
      assert.deepStrictEqual(yield* Effect.flip(insert(99)), failure)
      assert.deepStrictEqual(told, [failure])
      NodeFs.writeFileSync(path, damaged)
      yield* close
      assert.isTrue(NodeFs.readFileSync(path).equals(damaged))
      assert.include(beside(path), "kata.db-wal")
    }))

  it.scoped("is not at its end for what a statement gets wrong", () =>
    Effect.gen(function*() {
      const path = yield* newDatabase
      const { close, insert, names, told } = yield* opened(path)
      yield* insert(0)
      assert.deepInclude(yield* Effect.flip(insert(0)), { kind: "validation" })
      assert.deepStrictEqual(yield* names, ["p0"])
      yield* close
      assert.deepStrictEqual(told, [])
    }))
})
