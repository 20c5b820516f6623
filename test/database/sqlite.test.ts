/** What kata's promises take for granted of better-sqlite3 and SQLite; docs/decisions/0018 says what they rest on. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import { createRequire } from "node:module"
import * as Handle from "../../src/database/Handle.ts"
import type { NamedParams, Param } from "../../src/database/Session.ts"

const { resolve } = createRequire(import.meta.url)

/** A new database of some name, in a directory of its own. */
const made = (sql: string, name = "a.db") =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* fs.makeTempDirectoryScoped()}/${name}`
    yield* fs.writeFile(path, new Uint8Array())
    const db = yield* Handle.open(path, "write", { busyTimeout: 0 })
    db.execute(sql)
    return db
  })

/** The only row, as an array. */
const row = (db: Handle.Handle, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  Object.values(db.prepare(sql).get(...params) ?? {})

/** The code of what SQLite answers, or the message of what better-sqlite3 does. */
const refusal = (work: () => unknown): string => {
  try {
    work()
  } catch (cause) {
    return cause instanceof Error ? "code" in cause ? String(cause.code) : cause.message : String(cause)
  }
  return "nothing"
}

const problems = (db: Handle.Handle, pragma: string) => db.prepare(`PRAGMA ${pragma}`).all().map(Object.values).flat()

const test = (name: string, body: Effect.Effect<void, unknown, FileSystem.FileSystem | Scope.Scope>) =>
  it.scoped(name, () => Effect.provide(body, NodeContext.layer))

describe("the engine", () => {
  test(
    "is the one that was looked through",
    Effect.gen(function*() {
      const db = yield* made("")
      assert.deepStrictEqual(row(db, "SELECT sqlite_version()"), ["3.54.1"])
    })
  )

  test(
    "takes a URI for a name, once SQLITE_USE_URI says so",
    Effect.gen(function*() {
      const path = (yield* made("CREATE TABLE t(a)", " 100%?#&mode=ro;ü \n ")).path
      const other = (value: string) =>
        spawnSync(
          process.execPath,
          ["-p", `new (require(process.argv[1]))(process.argv[2]).prepare("SELECT count(*) FROM t").pluck().get()`]
            .concat(resolve("better-sqlite3"), `file://${path.split("/").map(encodeURIComponent).join("/")}?mode=ro`),
          { encoding: "utf8", env: { ...process.env, SQLITE_USE_URI: value } }
        )
      assert.strictEqual(other("1").stdout, "0\n")
      assert.include(other("0").stderr, "SQLITE_CANTOPEN")
    })
  )

  test(
    "reads a file as it lies there with immutable=1, whatever its WAL and its locks",
    Effect.gen(function*() {
      const db = yield* made("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE t(a)")
      db.execute("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO t VALUES (1)")
      const beside = yield* Handle.open(db.path, "immutable")
      assert.deepStrictEqual(row(beside, "SELECT count(*) FROM t"), [0n])
      assert.strictEqual(refusal(() => beside.execute("DELETE FROM t")), "SQLITE_READONLY")
      const held = yield* made("CREATE TABLE t(a); PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      const reader = yield* Handle.open(held.path, "read", { busyTimeout: 0 })
      assert.strictEqual(refusal(() => row(reader, "SELECT * FROM t")), "SQLITE_BUSY")
      assert.deepStrictEqual(row(yield* Handle.open(held.path, "immutable"), "SELECT count(*) FROM t"), [0n])
    })
  )

  test(
    "gives integers as bigint and takes a number as REAL",
    Effect.gen(function*() {
      const db = yield* made("")
      const most = 2n ** 63n - 1n
      assert.deepStrictEqual(row(db, "SELECT ?, 1 AS one, 1.0, 9007199254740993", most), [
        most,
        1n,
        1,
        9007199254740993n
      ])
      assert.deepStrictEqual(row(db, "SELECT ? || '', json_array(?), typeof(?)", 3, 3, 3n), ["3.0", "[3.0]", "integer"])
      assert.strictEqual(
        refusal(() => row(db, "SELECT ?", most + 1n)),
        "The bound string, buffer, or bigint is too big"
      )
      assert.deepStrictEqual(
        row(db, "SELECT json_quote(1e400), 0.1 || '', 1e23 || '', 5e-324 || ''"),
        ["9.0e+999", "0.1", "1.0e+23", "4.9406564584124654e-324"]
      )
    })
  )

  test(
    "keeps text behind a NUL, which most of its functions do not see",
    Effect.gen(function*() {
      const db = yield* made("")
      assert.deepStrictEqual(
        row(db, "SELECT @t, length(@t), octet_length(@t), @t || 'x', @t = 'ab', json_quote(@t), substr(@t, 4)", {
          t: "ab\0cd"
        }),
        ["ab\0cd", 2n, 5n, "ab\0cdx", 0n, "\"ab\\u0000cd\"", ""]
      )
    })
  )

  test(
    "makes U+FFFD of half a surrogate pair, and keeps bytes that are no UTF-8",
    Effect.gen(function*() {
      const db = yield* made("CREATE TABLE t(a TEXT UNIQUE); INSERT INTO t VALUES (CAST(x'61EDA080FF' AS TEXT))")
      assert.deepStrictEqual(row(db, "SELECT hex(?)", "a\ud800b"), ["61EFBFBD62"])
      assert.deepStrictEqual(row(db, "SELECT hex(a), typeof(a) FROM t"), ["61EDA080FF", "text"])
      db.prepare("INSERT INTO t VALUES (?)").run("\ud800")
      assert.strictEqual(
        refusal(() => db.prepare("INSERT INTO t VALUES (?)").run("\udc00")),
        "SQLITE_CONSTRAINT_UNIQUE"
      )
    })
  )

  test(
    "takes JSON as it is",
    Effect.gen(function*() {
      const db = yield* made("")
      assert.deepStrictEqual(
        row(db, "SELECT json(@j), @j ->> '$.a', json_valid(@j), json_valid('{a:1}'), json('{a:1}')", {
          j: "{\"a\":1.10,\"a\":-0}"
        }),
        ["{\"a\":1.10,\"a\":-0}", 1.1, 1n, 0n, "{\"a\":1}"]
      )
      assert.deepStrictEqual(
        row(
          db,
          "SELECT json_group_array(key ORDER BY key DESC), group_concat(key, '' ORDER BY key) FROM json_each('[0,0,0]')"
        ),
        ["[2,1,0]", "012"]
      )
    })
  )

  test(
    "knows no time after 24:00:00",
    Effect.gen(function*() {
      const db = yield* made("")
      const sql = "SELECT datetime('2026-12-31T24:00:00Z'), datetime('2026-12-31T24:00:01Z'), datetime('2026-02-30')"
      assert.deepStrictEqual(row(db, sql), ["2027-01-01 00:00:00", null, "2026-03-02 00:00:00"])
    })
  )
})

describe("its refusals", () => {
  test(
    "have the extended codes that kata tells the kinds of failure by",
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const db = yield* made(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE t(a NOT NULL UNIQUE CHECK (a <> 0), p REFERENCES p(id));" +
          "INSERT INTO t VALUES (1, NULL); CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no'); END"
      )
      const code = (sql: string) => refusal(() => db.execute(sql))
      assert.strictEqual(code("INSERT INTO t VALUES (1, NULL)"), "SQLITE_CONSTRAINT_UNIQUE")
      assert.strictEqual(code("INSERT INTO t VALUES (0, NULL)"), "SQLITE_CONSTRAINT_CHECK")
      assert.strictEqual(code("INSERT INTO t VALUES (NULL, NULL)"), "SQLITE_CONSTRAINT_NOTNULL")
      assert.strictEqual(code("INSERT INTO t VALUES (2, 2)"), "SQLITE_CONSTRAINT_FOREIGNKEY")
      assert.strictEqual(code("DELETE FROM t"), "SQLITE_CONSTRAINT_TRIGGER")
      assert.strictEqual(code("SELECT json('{')"), "SQLITE_ERROR")
      assert.strictEqual(code("SELECT zeroblob(600000000)"), "SQLITE_TOOBIG")
      assert.strictEqual(code("PRAGMA max_page_count = 6; INSERT INTO t VALUES (zeroblob(99999), NULL)"), "SQLITE_FULL")
      yield* fs.rename(db.path, `${db.path}.moved`)
      assert.strictEqual(code("INSERT INTO t VALUES (3, NULL)"), "SQLITE_READONLY_DBMOVED")
      const opened = (mode: Handle.Mode) =>
        Effect.map(
          Effect.flip(Handle.open(db.path, mode)),
          (error) => error._tag === "SqliteFailure" ? error.code : error._tag
        )
      assert.deepStrictEqual(yield* Effect.all([opened("read"), opened("write")]), [
        "SQLITE_CANTOPEN",
        "SQLITE_CANTOPEN"
      ])
      yield* fs.writeFileString(db.path, "no database".repeat(99))
      const foreign = yield* Handle.open(db.path, "read")
      assert.strictEqual(refusal(() => row(foreign, "SELECT * FROM sqlite_schema")), "SQLITE_NOTADB")
    })
  )

  test(
    "tell a lock that is held from a state that is old",
    Effect.gen(function*() {
      const one = yield* made("PRAGMA journal_mode = WAL; CREATE TABLE t(a)")
      const two = yield* Handle.open(one.path, "write", { busyTimeout: 0 })
      two.execute("BEGIN; SELECT * FROM t")
      one.execute("BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
      assert.strictEqual(refusal(() => two.execute("INSERT INTO t VALUES (2)")), "SQLITE_BUSY")
      one.execute("COMMIT")
      assert.strictEqual(refusal(() => two.execute("INSERT INTO t VALUES (2)")), "SQLITE_BUSY_SNAPSHOT")
    })
  )

  test(
    "keep the schema of a file from being written, unless it is opened as damaged",
    Effect.gen(function*() {
      const sql = "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE INDX i ON t(a)' WHERE name = 'i'"
      const db = yield* made("CREATE TABLE t(a); CREATE INDEX i ON t(a); INSERT INTO t VALUES (1)")
      assert.strictEqual(refusal(() => db.execute(sql)), "SQLITE_ERROR")
      const open = yield* Handle.open(db.path, "write", { damaged: true })
      open.execute(sql)
      const count = (damaged: boolean) =>
        Effect.map(Handle.open(db.path, "read", { damaged }), (db) =>
          refusal(() => {
            db.execute("PRAGMA writable_schema = 1")
            throw new Error(String(row(db, "SELECT count(*) FROM t NOT INDEXED")))
          }))
      assert.deepStrictEqual(yield* Effect.all([count(false), count(true)]), ["SQLITE_CORRUPT", "1"])
    })
  )

  test(
    "let one read while rows come, and nobody write",
    Effect.gen(function*() {
      const db = yield* made("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)")
      const seen: Array<unknown> = []
      for (const { a } of db.prepare("SELECT a FROM t").iterate()) {
        seen.push(a, ...row(db, "SELECT count(*) FROM t"), refusal(() => db.execute("DELETE FROM t")))
      }
      const busy = "This database connection is busy executing a query"
      assert.deepStrictEqual(seen, [1n, 2n, busy, 2n, 2n, busy])
    })
  )

  test(
    "name the way out where node forbids the code that makes rows",
    Effect.gen(function*() {
      const db = yield* made("")
      const forbidden = () => {
        throw new EvalError("Code generation from strings disallowed for this context")
      }
      const { hint } = yield* Effect.flip(db.attempt("read", forbidden))
      assert.include(hint, "--disallow-code-generation-from-strings")
    })
  )
})

describe("its checks", () => {
  test(
    "find a broken CHECK only where they may write, and a broken reference only by a check of its own",
    Effect.gen(function*() {
      const db = yield* made(
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE t(a CHECK (a > 0), p REFERENCES p(id));" +
          "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; INSERT INTO t VALUES (0, 7)"
      )
      assert.deepStrictEqual(problems(db, "integrity_check"), ["ok"])
      db.execute("PRAGMA ignore_check_constraints = OFF")
      assert.deepStrictEqual(problems(db, "integrity_check"), ["CHECK constraint failed in t"])
      assert.deepStrictEqual(problems(db, "quick_check"), ["CHECK constraint failed in t"])
      const reader = yield* Handle.open(db.path, "read")
      assert.deepStrictEqual(problems(reader, "integrity_check"), ["ok"])
      assert.deepStrictEqual(problems(reader, "foreign_key_check"), ["t", 1n, "p", 0n])
    })
  )

  test(
    "know the words of a search index without content, and a word too many",
    Effect.gen(function*() {
      const db = yield* made(
        "CREATE VIRTUAL TABLE f USING fts5(a, content='', tokenize='unicode61 remove_diacritics 2');" +
          "INSERT INTO f(rowid, a) VALUES (1, 'Häuser Ǆ_x'), (2, 'naïve'); INSERT INTO f(f) VALUES ('integrity-check')"
      )
      const found = (word: string) =>
        db.prepare("SELECT rowid AS id FROM f WHERE f MATCH ?").all(word).map(({ id }) => id)
      assert.deepStrictEqual(["hauser", "NAIVE", "haus*", "ǆ", "strasse"].map(found), [[1n], [2n], [1n], [1n], []])
      assert.strictEqual(refusal(() => found("\"")), "SQLITE_ERROR")
      db.execute("CREATE VIRTUAL TABLE g USING fts5(a); INSERT INTO g VALUES ('x y')")
      const open = yield* Handle.open(db.path, "write", { damaged: true })
      open.execute("DELETE FROM g_content")
      assert.deepStrictEqual(problems(open, "quick_check"), ["malformed inverted index for FTS5 table main.g"])
      assert.strictEqual(
        refusal(() => open.execute("INSERT INTO g(g) VALUES ('integrity-check')")),
        "SQLITE_CORRUPT_VTAB"
      )
    })
  )
})
