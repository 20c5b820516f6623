/** The store within a transaction of somebody else: it keeps the contract, and what it has done is done when that is. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Handle from "../../src/database/Handle.ts"
import { Store } from "../../src/store/Store.ts"
import { within } from "../../src/store/within.ts"
import { describeStore } from "../../src/testing/contracts.ts"
import { newDatabase } from "./kit.ts"

const begun = Effect.gen(function*() {
  const path = yield* newDatabase
  const db = yield* Handle.open(path, "write")
  yield* db.exec("begin", "BEGIN IMMEDIATE")
  return { path, db, store: yield* within(db) }
})

describeStore("a store within a transaction", Layer.scoped(Store, Effect.map(begun, ({ store }) => store)))

const project = ({ rows, sql }: Store["Type"]) =>
  rows(sql`INSERT INTO projects(uid, name) VALUES (${"01ARZ3NDEKTSV4RRFF00000001"}, ${"app"})`)

describe("what a store within a transaction has written", () => {
  it.scopedLive("nobody else sees before that is committed, and nobody at all when it is taken back", () =>
    Effect.gen(function*() {
      for (const end of ["COMMIT", "ROLLBACK"]) {
        const { db, path, store } = yield* begun
        yield* store.write(project(store))
        const other = yield* Handle.open(path, "read")
        const count = Effect.map(other.get("count", "SELECT count(*) AS n FROM projects"), (row) => row?.["n"])
        assert.strictEqual(yield* count, 0n)
        yield* db.exec("end", end)
        assert.strictEqual(yield* count, end === "COMMIT" ? 1n : 0n)
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("a statement with what SQLite does not know is a failure, and no defect", () =>
    Effect.gen(function*() {
      const { store } = yield* begun
      const failed = yield* Effect.flip(store.read(store.rows(store.sql`SELECT ${true}`)))
      assert.deepInclude({ ...failed }, { _tag: "StorageFailure", kind: "internal" })
    }).pipe(Effect.provide(NodeContext.layer)))
})
