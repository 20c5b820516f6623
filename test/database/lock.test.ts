import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Lock from "../../src/database/Lock.ts"
import * as Processes from "../../src/host/Processes.ts"
import { layerFaultyFileSystem } from "../../src/testing/faults.ts"
import { ProgramVersion } from "../../src/version.ts"

const sqlite = JSON.stringify(createRequire(import.meta.url).resolve("better-sqlite3"))

const child = (script: string, ...args: ReadonlyArray<string>): ChildProcess =>
  spawn(process.execPath, ["-e", script, "--", ...args], { stdio: ["ignore", "pipe", "inherit"] })

/** What another process prints, all of it or its first piece. */
const says = async (process: ChildProcess, all = true) => {
  const printed: Array<string> = []
  process.stdout?.on("data", (data) => printed.push(String(data)))
  if (all) await once(process, "close")
  else if (process.stdout !== null) await once(process.stdout, "data")
  return printed.join("").trim()
}

/** Takes the lock as kata does, and does nothing more until it is killed. */
const holding = `
  const db = new (require(${sqlite}))(process.argv[1], { timeout: 0 })
  db.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE; PRAGMA locking_mode = EXCLUSIVE; PRAGMA application_id = " + 0x6b617461)
  db.exec("DROP TABLE IF EXISTS holder; CREATE TABLE holder(pid INTEGER, process TEXT, purpose TEXT, started_at TEXT, version TEXT)")
  db.prepare("INSERT INTO holder VALUES (?, '', 'upgrade', '2026-05-04T00:21:07.000Z', '9.9.9')").run(process.pid)
  db.exec("COMMIT")
  console.log("has it")
  setInterval(() => db, 1000)`

/** Whether another process could take the lock now. */
const couldTake = (databasePath: string) =>
  Effect.promise(() =>
    says(child(
      `const db = new (require(${sqlite}))(process.argv[1], { timeout: 0 })
       try { db.exec("BEGIN EXCLUSIVE"); console.log("free") } catch (error) { console.log(error.code) }`,
      Lock.pathOf(databasePath)
    ))
  )

/** Another process that has the lock. */
const heldElsewhere = (databasePath: string) =>
  Effect.gen(function*() {
    const process = yield* Effect.acquireRelease(
      Effect.sync(() => child(holding, Lock.pathOf(databasePath))),
      (process) => Effect.sync(() => process.kill("SIGKILL"))
    )
    assert.strictEqual(yield* Effect.promise(() => says(process, false)), "has it")
    return {
      pid: process.pid,
      kill: Effect.promise(async () => {
        const gone = once(process, "exit")
        process.kill("SIGKILL")
        await gone
      })
    }
  })

const database = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/a b%20?.db`
  yield* fs.writeFileString(path, "")
  return path
})

const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), (info) => info.mode & 0o777))

layer(Layer.provideMerge(Processes.layer, NodeContext.layer), { excludeTestServices: true })(
  "the lock of a database",
  (it) => {
    it.scoped("found W13: goes with its scope where it was made for nothing; who waited for it has the next one", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* database
        yield* fs.remove(path)
        yield* Effect.scoped(Lock.acquire(path, "restore"))
        assert.isFalse(yield* fs.exists(Lock.pathOf(path)))
        // Taken away, and made anew by somebody else, between the look at the name and the lock.
        const scope = yield* Effect.scope
        let stolen = false
        const meanwhile = layerFaultyFileSystem([], ({ operation, path: at }) => {
          if (stolen || operation !== "chmod" || at !== Lock.pathOf(path)) return
          stolen = true
          rmSync(at)
          writeFileSync(at, "")
        })
        yield* Scope.extend(Effect.provide(Lock.acquire(path, "restore"), meanwhile), scope)
        assert.isTrue(stolen)
        assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
      }))

    it.scoped("is had by one, for as long as its scope", () =>
      Effect.gen(function*() {
        const path = yield* database
        const fs = yield* FileSystem.FileSystem
        assert.deepStrictEqual(yield* Lock.holder(path), Option.none())
        const scope = yield* Scope.make()
        yield* Lock.acquire(path, "restore").pipe(
          Scope.extend(scope),
          Effect.provideService(ProgramVersion, "1.2.3")
        )
        assert.strictEqual(yield* modeOf(Lock.pathOf(path)), 0o600)
        const had = Option.getOrThrow(yield* Lock.holder(path))
        assert.deepInclude(had, { purpose: "restore", pid: process.pid, version: "1.2.3" })
        assert.match(had.startedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

        const error = yield* Effect.flip(Effect.scoped(Lock.acquire(path, "merge")))
        assert.deepInclude(error, { _tag: "DatabaseLocked", kind: "locked", path })
        assert.strictEqual(error.message, `${path} is in use by a restore (pid ${process.pid}, since ${had.startedAt})`)
        assert.isNotEmpty(error.hint)

        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(yield* Lock.holder(path), Option.none())
        assert.deepStrictEqual(yield* fs.readDirectory(path.slice(0, path.lastIndexOf("/"))), [
          "a b%20?.db",
          "a b%20?.db.lock"
        ])
        yield* Effect.scoped(Lock.acquire(path, "daemon"))
      }))

    it.scoped("stays had while this process asks for it and about it", () =>
      Effect.gen(function*() {
        const path = yield* database
        yield* Lock.acquire(path, "restore")
        const asked = Effect.all([Effect.flip(Effect.scoped(Lock.acquire(path, "merge"))), Lock.holder(path)], {
          concurrency: "unbounded"
        })
        yield* Effect.all([asked, asked, asked], { concurrency: "unbounded" })
        assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
      }))

    it.scoped("is had by exactly one of many fibers that start at once", () =>
      Effect.gen(function*() {
        const path = yield* database
        const exits = yield* Effect.all(
          Array.from({ length: 5 }, () => Effect.exit(Lock.acquire(path, "merge"))),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
      }))

    it.scoped("is not let go of by a fiber that still looks at its file when another takes it", () =>
      Effect.gen(function*() {
        const path = yield* database
        const fs = yield* FileSystem.FileSystem
        yield* Effect.scoped(Lock.acquire(path, "restore"))
        let looks = 0
        const slow: FileSystem.FileSystem = {
          ...fs,
          open: (name, options) =>
            Effect.tap(fs.open(name, options), () => Effect.sleep(options?.flag === "r" && looks++ === 0 ? 300 : 0))
        }
        const exits = yield* Effect.all(
          [0, 50].map((delay) => Lock.acquire(path, "merge").pipe(Effect.delay(delay), Effect.exit)),
          { concurrency: "unbounded" }
        ).pipe(Effect.provideService(FileSystem.FileSystem, slow))
        assert.strictEqual(looks, 1)
        assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
        assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
      }))

    it.scoped("is a file of its owner only, from the first moment on", () =>
      Effect.gen(function*() {
        const path = yield* database
        const fs = yield* FileSystem.FileSystem
        const modes: Array<number> = []
        const watched: FileSystem.FileSystem = {
          ...fs,
          chmod: (name, mode) =>
            Effect.zipRight(Effect.map(fs.stat(name), (info) => modes.push(info.mode)), fs.chmod(name, mode))
        }
        yield* Effect.provideService(Lock.acquire(path, "restore"), FileSystem.FileSystem, watched)
        assert.deepStrictEqual(modes.map((mode) => mode & 0o077), [0])
      }))

    it.scoped("names a holder in another process, and is free when that is killed", () =>
      Effect.gen(function*() {
        const path = yield* database
        yield* Effect.scoped(Lock.acquire(path, "restore"))
        const other = yield* heldElsewhere(path)
        assert.deepInclude(Option.getOrThrow(yield* Lock.holder(path)), {
          purpose: "upgrade",
          pid: other.pid ?? 0,
          version: "9.9.9"
        })
        const error = yield* Effect.flip(Effect.scoped(Lock.acquire(path, "restore")))
        assert.strictEqual(
          error.message,
          `${path} is in use by an upgrade (pid ${other.pid}, since 2026-05-04T00:21:07.000Z)`
        )
        yield* other.kill
        assert.deepStrictEqual(yield* Lock.holder(path), Option.none())
        yield* Lock.acquire(path, "restore")
        assert.deepInclude(Option.getOrThrow(yield* Lock.holder(path)), { purpose: "restore", pid: process.pid })
      }))

    it.scoped("is locked by an unknown one as long as that has not said who it is", () =>
      Effect.gen(function*() {
        const path = yield* database
        const fs = yield* FileSystem.FileSystem
        yield* heldElsewhere(path)
        // another process that took a damaged file at the same moment has emptied it
        yield* fs.truncate(Lock.pathOf(path))
        assert.strictEqual(Option.getOrThrow(yield* Lock.holder(path)).purpose, "unknown")
        const error = yield* Effect.flip(Effect.scoped(Lock.acquire(path, "restore")))
        assert.strictEqual(error.message, `${path} is in use by another kata`)
        assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
      }))

    const damage = {
      "nothing at all": () => new Uint8Array(),
      "zeros": (lock: Uint8Array) => lock.map(() => 0),
      "its first page": (lock: Uint8Array) => lock.slice(0, 4096),
      "a broken first page": (lock: Uint8Array) => lock.map((byte, at) => at < 100 || at >= 4096 ? byte : 0xff),
      "a broken second page": (lock: Uint8Array) => lock.map((byte, at) => at < 4096 ? byte : 0xff)
    }
    describe("heals a file of which a power cut left", () => {
      for (const [left, make] of Object.entries(damage)) {
        it.scoped(left, () =>
          Effect.gen(function*() {
            const path = yield* database
            const fs = yield* FileSystem.FileSystem
            yield* Effect.scoped(Lock.acquire(path, "restore"))
            const before = yield* fs.stat(Lock.pathOf(path))
            yield* fs.writeFile(Lock.pathOf(path), make(yield* fs.readFile(Lock.pathOf(path))))
            assert.deepStrictEqual(yield* Lock.holder(path), Option.none())
            yield* Lock.acquire(path, "daemon")
            assert.deepInclude(Option.getOrThrow(yield* Lock.holder(path)), { purpose: "daemon", pid: process.pid })
            assert.strictEqual(yield* couldTake(path), "SQLITE_BUSY")
            assert.deepStrictEqual((yield* fs.stat(Lock.pathOf(path))).ino, before.ino)
          }))
      }
    })

    describe("leaves alone what is not its file", () => {
      const cases: Record<string, (lock: string) => Effect.Effect<unknown, unknown, FileSystem.FileSystem>> = {
        "a file that kata did not make": (lock) =>
          Effect.flatMap(FileSystem.FileSystem, (fs) => fs.writeFileString(lock, "4711\n")),
        "a directory": (lock) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(lock)),
        "a symbolic link": (lock) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.symlink("/nowhere", lock))
      }
      for (const [found, make] of Object.entries(cases)) {
        it.scoped(found, () =>
          Effect.gen(function*() {
            const path = yield* database
            const lock = Lock.pathOf(path)
            yield* make(lock)
            assert.deepStrictEqual(yield* Lock.holder(path), Option.none())
            const error = yield* Effect.flip(Effect.scoped(Lock.acquire(path, "restore")))
            assert.deepInclude(error, { _tag: "LockFileInTheWay", path: lock, found })
            assert.include(error.hint, lock)
          }))
      }
    })

    it.scoped("says which directory is missing", () =>
      Effect.gen(function*() {
        const path = `${yield* database}.none/x.db`
        const error = yield* Effect.flip(Effect.scoped(Lock.acquire(path, "restore")))
        assert.deepInclude(error, { _tag: "FileError", code: "ENOENT" })
      }))
  }
)
