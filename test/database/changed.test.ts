/** A database that is read without a lock, and changed while it is read: what was read of it is not used. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { Database } from "../../src/database/Database.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Export from "../../src/export/Export.ts"
import * as Processes from "../../src/host/Processes.ts"
import { verifyAgainst } from "../../src/merge/Diff.ts"
import { version10 } from "../../src/records/kinds.ts"
import { type Fault, type FileCall, layerFaultyFileSystem } from "../../src/testing/faults.ts"
import * as kit from "../snapshot/kit.ts"

/** The directory is of somebody else: nothing may be made beside the database. */
const notOurs: Fault = { operation: "access", call: 1, code: "EACCES", onwards: true }

const services = (observe: (call: FileCall) => void = () => {}) =>
  Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(
    Layer.provideMerge(layerFaultyFileSystem([notOurs], observe)),
    Layer.provideMerge(NodeContext.layer)
  )

/** What somebody does to a database without asking SQLite. */
const changes: { readonly [what: string]: (path: string) => void } = {
  "is written to": (path) => fs.utimesSync(path, 1, 1),
  "grows": (path) => {
    const { atime, mtime } = fs.statSync(path)
    fs.appendFileSync(path, Buffer.alloc(4096))
    fs.utimesSync(path, atime, mtime)
  },
  "is replaced by another file of the same size and time": (path) => {
    const { atime, mtime } = fs.statSync(path)
    fs.copyFileSync(path, `${path}.other`)
    fs.utimesSync(`${path}.other`, atime, mtime)
    fs.renameSync(`${path}.other`, path)
  },
  "is removed": (path) => fs.rmSync(path),
  "gets a -wal": (path) => fs.writeFileSync(`${path}-wal`, "more"),
  "gets a -journal": (path) => fs.writeFileSync(`${path}-journal`, "more")
}

const outcome = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.either(effect), (result) =>
    Either.match(result, {
      onLeft: (error) => "reason" in error ? String(error.reason) : error._tag,
      onRight: () => "ok"
    }))

describe("what was read is not used when, meanwhile, the database", () => {
  for (const [what, change] of Object.entries(changes)) {
    it.scopedLive(what, () =>
      Effect.gen(function*() {
        const database = yield* kit.copyOf("small.db")
        const { confirm } = yield* (yield* Database).view(database, version10)
        assert.strictEqual(yield* outcome(confirm), "ok")
        change(database)
        assert.strictEqual(yield* outcome(confirm), "changed")
      }).pipe(Effect.provide(services())))
  }

  /** Changes the database just before the last look at it. */
  const changing = <A, E extends { readonly _tag: string }, R>(
    work: (database: string) => Effect.Effect<A, E, R>,
    change: (path: string) => void
  ) =>
    Effect.gen(function*() {
      const database = yield* kit.copyOf("small.db")
      const calls: Array<string> = []
      const real = yield* Database
      const confirming = Layer.succeed(Database, {
        ...real,
        view: (path, format) =>
          Effect.map(real.view(path, format), (view) => ({
            ...view,
            confirm: Effect.zipRight(
              Effect.sync(() => {
                calls.push("confirm")
                change(path)
              }),
              view.confirm
            )
          }))
      })
      return { calls, outcome: yield* outcome(Effect.provide(work(database), confirming)) }
    })
  const touch = (path: string) => fs.utimesSync(path, 1, 1)

  it.scopedLive("is written to: an export makes no file", () =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const output = `${directory}/out.jsonl`
      const toFile = (database: string) => Export.toFile({ database, output })
      assert.deepStrictEqual(yield* changing(toFile, touch), { calls: ["confirm"], outcome: "changed" })
      assert.deepStrictEqual(yield* kit.listing(directory), [])
      assert.deepStrictEqual(yield* changing(toFile, () => {}), { calls: ["confirm"], outcome: "ok" })
      assert.deepStrictEqual(yield* kit.listing(directory), ["out.jsonl"])
    }).pipe(Effect.provide(services())))

  it.scopedLive("is written to: the bytes of an export fail before they end", () =>
    Effect.gen(function*() {
      const stream = (database: string) => Stream.runDrain(Export.stream({ database }))
      assert.strictEqual((yield* changing(stream, touch)).outcome, "changed")
      assert.strictEqual((yield* changing(stream, () => {})).outcome, "ok")
    }).pipe(Effect.provide(services())))

  it.scopedLive("is written to: a comparison fails", () =>
    Effect.gen(function*() {
      const snapshot = kit.fixtureText("small.export.jsonl")
      const compare = (database: string) => verifyAgainst(kit.text(snapshot), database)
      assert.strictEqual((yield* changing(compare, touch)).outcome, "changed")
      assert.strictEqual((yield* changing(compare, () => {})).outcome, "ok")
    }).pipe(Effect.provide(services())))
})

describe("a copy of a database with a -wal", () => {
  /** Views it while `times` of the copies of the database are disturbed. */
  const copied = (times: number) =>
    Effect.gen(function*() {
      const directory = yield* kit.temporary
      const database = yield* kit.copyTo(`${directory}/kata.db`, "hot-wal/kata.db")
      yield* kit.copyTo(`${database}-wal`, "hot-wal/kata.db-wal")
      let copies = 0
      const disturb = ({ operation, path }: FileCall) => {
        if (operation !== "copyFile" || path !== `${database}-wal`) return
        copies++
        if (copies <= times) fs.utimesSync(database, copies, copies)
      }
      const view = Effect.scoped(Effect.flatMap(Database, (port) => port.view(database, version10)))
      return { outcome: yield* Effect.provide(outcome(view), services(disturb)), copies }
    }).pipe(Effect.provide(kit.services))

  it.scopedLive("is made again when it changes while it is copied", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* copied(0), { outcome: "ok", copies: 1 })
      assert.deepStrictEqual(yield* copied(3), { outcome: "ok", copies: 4 })
    }))

  it.scopedLive("is given up when it changes each time", () =>
    Effect.map(copied(4), (found) => assert.deepStrictEqual(found, { outcome: "changed", copies: 4 })))
})
