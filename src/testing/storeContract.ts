/** What the ledger takes for granted of its storage, whatever engine it is: each case runs on a new store without projects. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { strict as assert } from "node:assert"
import type { StorageFailure } from "../store/StorageFailure.ts"
import { Store } from "../store/Store.ts"

export interface StoreCase {
  readonly name: string
  /** Fails, or dies of an assertion, when the contract is broken. */
  readonly run: Effect.Effect<void, StorageFailure, Store | Scope.Scope>
}

const uidOf = (n: number) => `01ARZ3NDEKTSV4RRFF${String(n).padStart(8, "0")}`

/** Makes a project, inside of a transaction. */
const project = (n: number, name = `p${n}`) =>
  Effect.flatMap(Store, ({ rows, sql }) => rows(sql`INSERT INTO projects(uid, name) VALUES (${uidOf(n)}, ${name})`))

const names = Effect.flatMap(Store, ({ read, rows, sql }) => read(rows(sql`SELECT name FROM projects ORDER BY id`)))

const holds = (...expected: ReadonlyArray<string>) =>
  Effect.map(names, (found) => assert.deepEqual(found, expected.map((name) => ({ name }))))

const kindOf = (effect: Effect.Effect<unknown, StorageFailure, Store>, kind: StorageFailure["kind"]) =>
  Effect.map(Effect.flip(effect), (error) => {
    assert.equal(error._tag, "StorageFailure")
    assert.equal(error.kind, kind)
    assert.match(error.message, /cannot /)
  }).pipe(Effect.catchAll((value) => Effect.dieMessage(`nothing failed: ${JSON.stringify(value)}`)))

const undone = (name: string, work: Effect.Effect<unknown, unknown, Store>): StoreCase => ({
  name: `nothing is left of a write that ${name}, and the next one works`,
  run: Effect.gen(function*() {
    const { write } = yield* Store
    const exit = yield* Effect.exit(write(Effect.zipRight(project(1), work)))
    assert.equal(Exit.isFailure(exit), true)
    yield* holds()
    yield* write(project(2))
    yield* holds("p2")
  })
})

export const storeContract: ReadonlyArray<StoreCase> = [
  {
    name: "what a write did, a read sees, each value as it was",
    run: Effect.gen(function*() {
      const { read, rows, sql, write } = yield* Store
      const name = "Größe 日本語 \u{10ffff} '); DROP TABLE projects; --"
      yield* write(project(1, name))
      yield* holds(name)
      const most = 9223372036854775807n
      const [row] = yield* read(rows(sql`SELECT ${most} AS n, ${null} AS none, ${"text"} AS word`))
      assert.deepEqual(row, { n: most, none: null, word: "text" })
    })
  },
  {
    name: "a write gives what its work gives, and fails as its work fails",
    run: Effect.gen(function*() {
      const { read, write } = yield* Store
      assert.equal(yield* write(Effect.succeed(1)), 1)
      assert.equal(yield* Effect.catchAll(write(Effect.fail("no" as const)), Effect.succeed), "no")
      assert.equal(yield* read(Effect.succeed(2)), 2)
      assert.equal(yield* Effect.catchAll(read(Effect.fail("no" as const)), Effect.succeed), "no")
    })
  },
  undone("fails", Effect.fail("changed my mind")),
  undone("dies", Effect.die("a bug")),
  undone("is interrupted by itself", Effect.interrupt),
  undone("breaks a rule of the tables", project(1)),
  {
    name: "nothing is left of a write that is interrupted from outside in its middle",
    run: Effect.gen(function*() {
      const { write } = yield* Store
      const there = yield* Deferred.make<void>()
      const middle = Effect.zipRight(Deferred.succeed(there, undefined), Effect.never)
      const fiber = yield* Effect.fork(write(Effect.zipRight(project(1), middle)))
      yield* Deferred.await(there)
      yield* Fiber.interrupt(fiber)
      yield* holds()
      yield* write(project(2))
      yield* holds("p2")
    })
  },
  {
    name: "a write that waits for another one can be interrupted",
    run: Effect.gen(function*() {
      const { write } = yield* Store
      const [there, go] = yield* Effect.all([Deferred.make<void>(), Deferred.make<void>()])
      const first = yield* Effect.fork(
        write(Effect.zipRight(project(1), Effect.zipRight(Deferred.succeed(there, undefined), Deferred.await(go))))
      )
      yield* Deferred.await(there)
      const second = yield* Effect.fork(write(project(2)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(second)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(first)
      yield* holds("p1")
    })
  },
  {
    name: "writes at once are one after the other",
    run: Effect.gen(function*() {
      const { read, rows, sql, write } = yield* Store
      yield* write(project(1, "0"))
      const next = Effect.gen(function*() {
        const [row] = yield* rows(sql`SELECT name FROM projects`)
        yield* Effect.yieldNow()
        const name = typeof row === "object" && row !== null ? Number(Reflect.get(row, "name")) : Number.NaN
        yield* rows(sql`UPDATE projects SET name = ${String(name + 1)}`)
      })
      yield* Effect.forEach(Array.from({ length: 20 }), () => write(next), { concurrency: "unbounded", discard: true })
      assert.deepEqual(yield* read(rows(sql`SELECT name FROM projects`)), [{ name: "20" }])
    })
  },
  {
    name: "a read sees one state, whoever writes meanwhile",
    run: Effect.gen(function*() {
      const { read, rows, sql, write } = yield* Store
      yield* write(project(1))
      const count = rows(sql`SELECT count(*) AS n FROM projects`)
      const [counts, writer] = yield* read(Effect.gen(function*() {
        const before = yield* count
        const writer = yield* Effect.fork(write(project(2)))
        yield* Effect.yieldNow()
        return [[before, yield* count], writer] as const
      }))
      assert.deepEqual(counts, [[{ n: 1n }], [{ n: 1n }]])
      yield* Fiber.join(writer)
      yield* holds("p1", "p2")
    }).pipe(Effect.scoped)
  },
  {
    name:
      "a rule of the tables that is broken is a failure of the kind validation, a wrong statement one of the kind internal",
    run: Effect.gen(function*() {
      const { read, rows, sql, write } = yield* Store
      yield* write(project(1))
      yield* kindOf(write(project(1)), "validation")
      yield* kindOf(write(rows(sql`INSERT INTO projects(uid, name) VALUES ('short', 'x')`)), "validation")
      yield* kindOf(read(rows(sql`SELECT nothing FROM nowhere`)), "internal")
      yield* holds("p1")
    })
  },
  {
    name: "a statement that failed can be made good in the same write by whoever catches it, or nothing is committed",
    run: Effect.gen(function*() {
      const { write } = yield* Store
      const exit = yield* Effect.exit(write(Effect.gen(function*() {
        yield* project(1)
        yield* Effect.ignore(project(1))
        yield* project(2)
      })))
      yield* Exit.isSuccess(exit) ? holds("p1", "p2") : holds()
    })
  },
  {
    name: "whoever watches is woken by what was committed, and by nothing else",
    run: Effect.gen(function*() {
      const { read, write, writes } = yield* Store
      const told = yield* Queue.unbounded<number>()
      yield* Effect.forkScoped(Stream.runForEach(writes.changes, (count) => Queue.offer(told, count)))
      const begin = yield* Queue.take(told)
      yield* read(Effect.void)
      yield* Effect.exit(write(Effect.zipRight(project(1), Effect.fail("no"))))
      assert.equal(yield* writes.get, begin)
      yield* write(project(2))
      assert.notEqual(yield* Queue.take(told), begin)
      yield* holds("p2")
    })
  },
  {
    name: "the instance is one that events can be written for, and stays the same",
    run: Effect.gen(function*() {
      const { instanceUid } = yield* Store
      const uid = yield* instanceUid
      assert.equal(uid.length, 26)
      assert.equal(yield* instanceUid, uid)
    })
  }
]
