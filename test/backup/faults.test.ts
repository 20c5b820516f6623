/**
 * Every call of a run on the filesystem fails once: what was whole stays whole, and the next run heals. The kit turns the clock of
 * "effect/TestClock".
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Backup from "../../src/backup/Backup.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"
import { some } from "../testing/some.ts"
import { at, site, work } from "./kit.ts"

/** A database with two backups and an event that is in none. */
const prepared = Effect.gen(function*() {
  yield* at(0)
  const place = yield* site()
  yield* place.run()
  yield* work(place.database)
  yield* at(1)
  yield* place.run()
  yield* work(place.database)
  yield* at(2)
  return place
})

/** The same place again and again: each time with copies of what was there. */
const again = Effect.map(prepared, (place) => {
  const saved = `${place.root}.saved`
  cpSync(place.root, saved, { recursive: true, preserveTimestamps: true })
  const reset = () => {
    for (const name of readdirSync(place.root)) rmSync(`${place.root}/${name}`, { recursive: true })
    cpSync(saved, place.root, { recursive: true, preserveTimestamps: true })
  }
  return { ...place, reset, remove: () => rmSync(saved, { recursive: true }) }
})

/** One fault for each call, by its operation and the how many-th of it; a disk that is full stays so. */
const faultsOf = (calls: ReadonlyArray<FileCall>): ReadonlyArray<Fault> => {
  const counts = new Map<string, number>()
  return calls.flatMap(({ operation }) => {
    const call = (counts.get(operation) ?? 0) + 1
    counts.set(operation, call)
    const eio: Fault = { operation, call, code: "EIO" }
    return operation === "write"
      ? [eio, { operation, call, code: "ENOSPC", how: "torn", onwards: true } satisfies Fault]
      : [eio]
  })
}

describe("a run on a disk that fails", () => {
  it.scoped(
    "at any call leaves every backup whole, says that it is saved only when it is, and heals",
    () =>
      Effect.gen(function*() {
        const { contents, directory, names, remove, reset, run, where } = yield* again
        yield* Effect.addFinalizer(() => Effect.sync(remove))
        reset()
        const calls: Array<FileCall> = []
        yield* Effect.provide(run(), layerFaultyFileSystem([], (call) => calls.push(call)))
        const faults = some("faults", faultsOf(calls), ({ operation }) => operation)
        assert.isAbove(faultsOf(calls).length, 50)
        const outcomes = { saved: 0, failed: 0 }
        for (const fault of faults) {
          const what = JSON.stringify(fault)
          reset()
          const before = contents()
          const exit = yield* Effect.exit(Effect.provide(run(), layerFaultyFileSystem([fault])))
          for (const [name, bytes] of before) assert.isTrue(contents().get(name)?.equals(bytes), `${what}: ${name}`)
          if (Exit.isSuccess(exit)) {
            outcomes.saved += 1
            assert.strictEqual(exit.value.outcome, "saved", what)
            assert.strictEqual(names().length, 3, what)
          } else {
            outcomes.failed += 1
            assert.strictEqual(exit.cause._tag, "Fail", `${what}: ${exit.cause}`)
            // the one that is in place, and of which the directory was not confirmed to be on disk
            const isThere = exit.cause._tag === "Fail" && exit.cause.error._tag === "DurabilityNotConfirmed"
            assert.strictEqual(names().length, isThere ? 3 : 2, what)
          }
          const all = yield* Backup.verifyBackups({ ...where, all: true })
          assert.strictEqual(all.damaged, 0, what)
          const { file } = yield* run()
          assert.strictEqual(names().at(-1), file, what)
          assert.strictEqual(names().length, 3, what)
          const left = readdirSync(directory).filter((name) => name.startsWith(".run"))
          // a lock that nobody holds is harmless, and what could not be removed goes when its process is dead
          if (fault.operation !== "remove") assert.deepStrictEqual(left, [], what)
        }
        // some calls only look, and a run goes on without them
        for (const count of Object.values(outcomes)) assert.isAbove(count, faults.length / 5)
      }).pipe(Effect.provide(kit.services)),
    600_000
  )

  it.scoped("that gives back other bytes than were written: nothing gets a name", () =>
    Effect.gen(function*() {
      const { contents, run } = yield* prepared
      const before = contents()
      let opened = 0
      const lying = layerFaultyFileSystem([], ({ operation, path }) => {
        if (operation !== "open" || !path.includes("/.run.kata-")) return
        opened += 1
        if (opened !== 2) return
        const bytes = readFileSync(path)
        bytes[bytes.length >> 1]! ^= 1
        writeFileSync(path, bytes)
      })
      const error = yield* Effect.flip(Effect.provide(run(), lying))
      assert.deepInclude(error, { _tag: "NotReadBack", kind: "damaged" })
      assert.deepStrictEqual(contents(), before)
      assert.deepInclude(yield* run(), { outcome: "saved" })
    }).pipe(Effect.provide(kit.services)))

  it.scoped("that gives back another snapshot, which is whole: nothing gets a name either", () =>
    Effect.gen(function*() {
      const { contents, directory, names, run } = yield* prepared
      const before = contents()
      let opened = 0
      const lying = layerFaultyFileSystem([], ({ operation, path }) => {
        if (operation !== "open" || !path.includes("/.run.kata-")) return
        opened += 1
        if (opened === 2) copyFileSync(`${directory}/${names()[0]!}`, path)
      })
      const error = yield* Effect.flip(Effect.provide(run(), lying))
      assert.deepInclude(error, { _tag: "NotReadBack", reason: "its content is not what was written" })
      assert.deepStrictEqual(contents(), before)
    }).pipe(Effect.provide(kit.services)))

  it.scoped("that knows no hard links: the name is taken, and then replaced by who has taken it", () =>
    Effect.gen(function*() {
      const { directory, names, run, where } = yield* prepared
      const unlinkable = layerFaultyFileSystem([{ operation: "link", call: 1, code: "EPERM", onwards: true }])
      const { file } = yield* Effect.provide(run(), unlinkable)
      assert.strictEqual(names().at(-1), file)
      assert.strictEqual((yield* Backup.verifyBackups({ ...where, all: true })).whole, 3)
      // the same second again
      const again = yield* Effect.provide(run({ always: true }), unlinkable)
      assert.notStrictEqual(again.file, file)
      assert.strictEqual(names().length, 4)
      assert.deepStrictEqual(readdirSync(directory).filter((name) => name.startsWith(".")), [])
    }).pipe(Effect.provide(kit.services)))
})
