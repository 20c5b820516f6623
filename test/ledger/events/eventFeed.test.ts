/** Many followers of one ledger: how often it is read for them, and that each learns what it should. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { follow, type News, poll } from "../../../src/ledger/events/eventFeed.ts"
import * as SqliteStore from "../../../src/store/sqlite.ts"
import { StorageFailure } from "../../../src/store/StorageFailure.ts"
import { Store } from "../../../src/store/Store.ts"
import { temporaryDirectory } from "../../files/temp.ts"
import { create } from "../../server/replay/serve.ts"
import { execute } from "../../server/sql.ts"

/** A ledger of two projects that counts its readings, and may fail at the next ones. */
const ledger = Effect.gen(function*() {
  const path = `${yield* temporaryDirectory}/kata.db`
  yield* create(path)
  execute(
    path,
    "INSERT INTO projects(uid, name) VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', 'alpha'), ('01ARZ3NDEKTSV4RRFFQ69G5FAW', 'beta')"
  )
  const store = yield* Effect.provide(Store, yield* Layer.build(SqliteStore.layer(path)))
  const counted = { reads: 0, fails: false }
  const failure = new StorageFailure({ storage: path, kind: "io", operation: "read", detail: "injected", code: "X" })
  const counting = Store.of({
    ...store,
    read: (work) =>
      Effect.suspend(() => {
        counted.reads++
        return counted.fails ? failure : store.read(work)
      })
  })
  const { sql } = store
  let serial = 0
  /** So many events of a project in one write. */
  const happen = (projectId: number, events = 1, payload = "{}") =>
    store.write(Effect.forEach(Array.from({ length: events }), () =>
      store.rows(sql`
        INSERT INTO events(uid, origin_instance_uid, project_id, project_name, type, actor, payload)
        VALUES (${`01HZZZZZZZZZZZZZZZZZ${String(serial++).padStart(6, "0")}`}, '01HZZZZZZZZZZZZZZZZZZZZZZZ',
          ${projectId}, 'alpha', 'project.removed', 'ann', ${payload})`)))
  /** As after the purge of an issue of a project. */
  const purge = (projectId: number, after: number) =>
    store.write(Effect.zipRight(
      store.rows(sql`UPDATE sqlite_sequence SET seq = ${after} WHERE name = 'events'`),
      store.rows(sql`
      INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, project_name, issue_title, issue_author,
        comment_count, link_count, label_count, event_count, purge_reset_after_event_id, actor)
      VALUES ('01HYYYYYYYYYYYYYYYYYYYYYYY', '01HZZZZZZZZZZZZZZZZZZZZZZZ', ${projectId}, 1, 'x', 'x', 'x', 0, 0, 0, 1, ${after}, 'ann')`)
    ))
  /** What a follower is told, as it comes: ids, and resets as negative ones. */
  const follower = (projectId: bigint | undefined, after = 0n, slow: Effect.Effect<void> = Effect.void) =>
    Effect.gen(function*() {
      const told: Array<number> = []
      const note = (news: News) =>
        Effect.zipRight(
          slow,
          Effect.sync(() => told.push("resetAfter" in news ? -Number(news.resetAfter) : Number(news.event_id)))
        )
      const stream = yield* Effect.provideService(follow({ projectId, after }), Store, counting)
      const fiber = yield* Effect.forkScoped(Stream.runForEach(stream, note))
      return { told, fiber }
    })
  return { store: counting, counted, happen, purge, follower }
})

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

/** Waits until it is so; that it never is, is known by the time of the test. */
const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => holds() ? Effect.void : Effect.zipRight(Effect.sleep("1 millis"), until(holds)))

/** Whatever can run has run: for what must not happen. */
const settled = Effect.zipRight(Effect.sleep("20 millis"), Effect.repeatN(Effect.yieldNow(), 1000))

type Ledger = Effect.Effect.Success<typeof ledger>

const test = (name: string, use: (given: Ledger) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.scopedLive(name, () => Effect.provide(Effect.flatMap(ledger, use), NodeContext.layer))

describe("found S7: those who follow", () => {
  test("are read for once at each write, however many they are", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      const all = yield* Effect.forEach(range(1, 50), (i) => follower(i % 2 === 0 ? undefined : 1n))
      yield* settled
      counted.reads = 0
      for (let i = 1; i <= 20; i++) {
        yield* happen(1)
        yield* until(() => all.every(({ told }) => told.length === i))
      }
      expect(counted.reads).toBe(20)
      for (const { told } of all) expect(told).toEqual(range(1, 20))
    }))

  test("one project learn nothing of another, and are not read for again when that was long", ({ follower, happen }) =>
    Effect.gen(function*() {
      const [alpha, beta, both] = [yield* follower(1n), yield* follower(2n), yield* follower(undefined)]
      for (let i = 0; i < 100; i++) {
        yield* happen(1)
        if (i % 10 === 0) yield* settled
      }
      yield* happen(2)
      yield* happen(1)
      yield* until(() => alpha.told.length === 101 && beta.told.length === 1 && both.told.length === 102)
      expect(alpha.told).toEqual([...range(1, 100), 102])
      expect(beta.told).toEqual([101])
      expect(both.told).toEqual(range(1, 102))
    }))

  test("slowly, or from far behind, or join in between, get each event once and in order", ({ follower, happen }) =>
    Effect.gen(function*() {
      yield* happen(1, 300)
      const slow = yield* follower(1n, 0n, Effect.sleep("1 millis"))
      const far = yield* follower(undefined, 10n)
      const here = yield* follower(1n, 300n)
      yield* happen(1, 500)
      yield* happen(2, 70)
      const late = yield* follower(1n, 799n)
      yield* happen(1, 1)
      yield* until(() => [slow, far, here, late].every(({ told }) => told.at(-1) === 871))
      expect(slow.told).toEqual([...range(1, 800), 871])
      expect(far.told).toEqual(range(11, 871))
      expect(here.told).toEqual([...range(301, 800), 871])
      expect(late.told).toEqual([800, 871])
    }))

  test("get events whose payloads are too long to be remembered", ({ follower, happen }) =>
    Effect.gen(function*() {
      const one = yield* follower(1n)
      yield* settled
      const payload = JSON.stringify({ old_body: "x".repeat(700_000) })
      yield* happen(1, 3, payload)
      yield* happen(1, 1, JSON.stringify({ old_body: "x".repeat(1_100_000) }))
      yield* until(() => one.told.length === 4)
      expect(one.told).toEqual([1, 2, 3, 4])
    }))

  test("and are less than 64 events and a MiB of payloads behind, are not read for", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      const first = yield* follower(undefined)
      yield* settled
      /** Of one who comes: the first reading is where it stands. */
      const readsOf = (after: number, upTo: number) =>
        Effect.gen(function*() {
          yield* until(() => first.told.at(-1) === upTo)
          counted.reads = 0
          const late = yield* follower(undefined, BigInt(after))
          yield* until(() => late.told.at(-1) === upTo)
          expect(late.told).toEqual(range(after + 1, upTo))
          return counted.reads
        })
      yield* happen(1, 100)
      expect([yield* readsOf(36, 100), yield* readsOf(35, 100)]).toEqual([1, 2])
      const sized = (length: number) => JSON.stringify({ old_body: "x".repeat(length - "{'old_body':''}".length) })
      const half = 512 * 1024
      yield* happen(1, 2, sized(half))
      expect([yield* readsOf(100, 102), yield* readsOf(99, 102)]).toEqual([1, 2])
      yield* happen(1, 1, sized(half + 1))
      expect([yield* readsOf(102, 103), yield* readsOf(101, 103)]).toEqual([1, 2])
    }))

  test("a project of which something was purged begin anew, those of another one go on", ({ follower, happen, purge }) =>
    Effect.gen(function*() {
      yield* happen(1, 2)
      const [alpha, beta, both] = [yield* follower(1n), yield* follower(2n), yield* follower(undefined)]
      yield* until(() => alpha.told.length === 2 && both.told.length === 2)
      yield* settled
      yield* purge(1, 3)
      yield* Fiber.join(alpha.fiber)
      yield* Fiber.join(both.fiber)
      expect([alpha.told, beta.told, both.told]).toEqual([[1, 2, -3], [], [1, 2, -3]])
      yield* happen(2)
      yield* until(() => beta.told.length === 1)
      expect(beta.told).toEqual([4])
    }))

  test("learn that the ledger cannot be read, and who comes again is served", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      const [one, other] = [yield* follower(1n), yield* follower(undefined)]
      yield* settled
      counted.fails = true
      yield* happen(1)
      for (const { fiber } of [one, other]) {
        expect(yield* Effect.flip(Fiber.join(fiber))).toMatchObject({ _tag: "StorageFailure", code: "X" })
      }
      counted.fails = false
      const again = yield* follower(1n)
      yield* settled
      yield* happen(1)
      yield* until(() => again.told.length === 2)
      expect(again.told).toEqual([1, 2])
    }))

  test("learn it also when they were busy at that moment", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      const taken = yield* Deferred.make<void>()
      const done = yield* Deferred.make<void>()
      const busy = yield* follower(1n, 0n, Effect.zipRight(Deferred.succeed(taken, undefined), Deferred.await(done)))
      const idle = yield* follower(1n)
      yield* settled
      yield* happen(1)
      yield* Deferred.await(taken)
      counted.fails = true
      yield* happen(1)
      yield* Effect.flip(Fiber.join(idle.fiber))
      yield* Deferred.succeed(done, undefined)
      expect(yield* Effect.flip(Fiber.join(busy.fiber))).toMatchObject({ _tag: "StorageFailure", code: "X" })
      expect(busy.told).toEqual([1])
    }))

  test("are read for once also when more than one thing happened", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      const { told } = yield* follower(undefined)
      yield* settled
      for (const [more, all] of [[3, 3], [2, 5], [64, 69]] as const) {
        counted.reads = 0
        yield* happen(1, more)
        yield* until(() => told.length === all)
        yield* settled
        expect(counted.reads).toBe(1)
      }
    }))

  test("are read for no more when they are gone", ({ counted, follower, happen }) =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.zipRight(follower(1n), settled))
      yield* settled
      counted.reads = 0
      yield* happen(1)
      yield* settled
      expect(counted.reads).toBe(0)
    }))
})

describe("found W28: a cursor that no event has reached", () => {
  test("is told to begin anew at the highest id that there is", ({ follower, happen, purge, store }) =>
    Effect.gen(function*() {
      const polled = (after: bigint, projectId?: bigint) =>
        Effect.map(
          Effect.provideService(poll({ projectId, after }, 100n), Store, store),
          ({ next_after_id, reset_after_id, reset_required }) => [reset_required, reset_after_id, next_after_id]
        )
      expect(yield* polled(0n)).toEqual([false, undefined, 0n])
      expect(yield* polled(1n)).toEqual([true, 0n, 0n])
      yield* happen(1, 5)
      expect(yield* polled(5n)).toEqual([false, undefined, 5n])
      expect(yield* polled(6n)).toEqual([true, 5n, 5n])
      // an id of a whole ledger, whatever the project
      expect(yield* polled(5n, 2n)).toEqual([false, undefined, 5n])
      expect(yield* polled(6n, 2n)).toEqual([true, 5n, 5n])
      const [beyond, newest] = [yield* follower(1n, 900n), yield* follower(1n, 5n)]
      yield* settled
      yield* Fiber.join(beyond.fiber)
      expect([beyond.told, newest.told]).toEqual([[-5], []])
      // an id that a purge has reserved has been reached
      yield* purge(1, 6)
      expect(yield* polled(6n)).toEqual([false, undefined, 6n])
      expect(yield* polled(7n)).toEqual([true, 6n, 6n])
    }))
})
