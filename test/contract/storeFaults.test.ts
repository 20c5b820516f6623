/** Operations of the ledger on a store of which one call fails: a typed failure, and nothing of the operation is left. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { create } from "../../src/ledger/issues/create.ts"
import { Int64 } from "../../src/ledger/model.ts"
import { init } from "../../src/ledger/projects/bindings.ts"
import { one } from "../../src/ledger/query.ts"
import { Store } from "../../src/store/Store.ts"
import { layerFaultyStore, type StoreFault, type StoreOperation } from "../../src/testing/faultyStore.ts"
import { newStore } from "../store/kit.ts"

const issue = create({
  projectId: 1n,
  actor: "ann",
  title: "An issue",
  body: "",
  owner: "",
  priority: undefined,
  labels: ["bug"],
  links: [],
  forceNew: true,
  idempotencyKey: ""
})

const rowsIn = Effect.flatMap(Store, ({ read, sql }) =>
  read(
    one(Schema.Struct({ n: Int64 }))(sql`
    SELECT (SELECT count(*) FROM issues) + (SELECT count(*) FROM issue_labels) + (SELECT count(*) FROM events) AS n`)
  ))

const kinds = ["locked", "damaged", "io", "validation", "internal"] as const

layer(NodeContext.layer, { excludeTestServices: true })("one call of the store fails", (it) => {
  it.scoped("each call of the creation of an issue", () =>
    Effect.gen(function*() {
      const store = Layer.succeedContext(yield* Layer.build(newStore))
      const tried = (plan: ReadonlyArray<StoreFault>, observe?: (operation: StoreOperation) => void) =>
        Effect.either(Effect.provide(issue, Layer.provide(layerFaultyStore(plan, observe), store)))
      const count = Effect.map(Effect.provide(rowsIn, store), ({ n }) => n)
      yield* Effect.provide(init({ name: "alpha", reassign: false }), store)
      const calls: Array<StoreOperation> = []
      assert.isTrue(Either.isRight(yield* tried([], (operation) => void calls.push(operation))))
      assert.includeMembers(calls, ["write", "rows", "instanceUid"])
      const before = yield* count
      const counts = new Map<StoreOperation, number>()
      for (const [i, operation] of calls.entries()) {
        const call = (counts.get(operation) ?? 0) + 1
        counts.set(operation, call)
        const kind = kinds[i % kinds.length]!
        const result = yield* tried([{ operation, call, kind }])
        assert.deepInclude(Either.isLeft(result) ? result.left : result, { _tag: "StorageFailure", kind })
        assert.strictEqual(yield* count, before, `${operation} ${call}`)
      }
      // committed, and its answer lost: that is told as a failure too
      const late = yield* tried([{ operation: "write", call: 1, kind: "io", late: true }])
      assert.deepInclude(Either.isLeft(late) ? late.left : late, { _tag: "StorageFailure", kind: "io" })
      assert.isAbove(Number(yield* count), Number(before))
    }))
})
