/** A transaction of another process beside a daemon: what it leaves in the files. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { existsSync, readFileSync, statSync } from "node:fs"
import { Database } from "../../src/database/Database.ts"
import * as SqliteStore from "../../src/store/sqlite.ts"
import { Store } from "../../src/store/Store.ts"
import * as kit from "../snapshot/kit.ts"

/** More pages than SQLite lets a log grow to by itself. */
const large = "UPDATE projects SET metadata = json_object('x', printf('%.*c', 8000000, 'x'))"

const changed = (path: string) =>
  Effect.flatMap(Database, ({ change }) => change(path, undefined, (db) => db.exec("write", large)))

describe("a change of the rows of a database", () => {
  it.scopedLive("that a daemon serves is in the log alone, so that the file is not one that somebody has written over", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("rich.db")
      const told: Array<unknown> = []
      const context = yield* Layer.build(
        SqliteStore.layer(path, (failure) => Effect.sync(() => void told.push(failure)))
      )
      const { read, rows, sql, write } = yield* Effect.provide(Store, context)
      yield* write(rows(sql`UPDATE projects SET metadata = '{}'`))
      const before = readFileSync(path)
      const { mtimeMs } = statSync(path)
      yield* changed(path)
      assert.isTrue(readFileSync(path).equals(before))
      assert.strictEqual(statSync(path).mtimeMs, mtimeMs)
      assert.isAbove(statSync(`${path}-wal`).size, 8_000_000)
      const [row] = yield* read(rows(sql`SELECT length(metadata) AS n FROM projects LIMIT 1`))
      assert.deepStrictEqual(row, { n: 8000008n })
      yield* write(rows(sql`UPDATE projects SET metadata = '{}'`))
      assert.deepStrictEqual(told, [])
    }).pipe(Effect.provide(kit.services)))

  it.scopedLive("that nobody serves is in the file, and no log is left", () =>
    Effect.gen(function*() {
      const path = yield* kit.copyOf("rich.db")
      yield* changed(path)
      assert.isFalse(existsSync(`${path}-wal`))
      const rows = yield* kit.query(path, "SELECT length(metadata) AS n FROM projects LIMIT 1")
      assert.deepStrictEqual(rows, [{ n: 8000008n }])
    }).pipe(Effect.provide(kit.services)))
})
