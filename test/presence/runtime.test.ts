import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, layer } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import { tmpdir, userInfo } from "node:os"
import * as Directories from "../../src/files/directories.ts"
import * as Processes from "../../src/host/Processes.ts"
import * as Log from "../../src/presence/log.ts"
import * as Logs from "../../src/presence/logs.ts"
import * as Records from "../../src/presence/records.ts"
import * as Runtime from "../../src/presence/runtime.ts"

const temp = Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeTempDirectoryScoped({ prefix: "k-" }))
const modeOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.map(fs.stat(path), ({ mode }) => (mode & 0o777).toString(8)))

/** Those of a directory that can be read. */
const recordsIn = (directory: string) =>
  Effect.map(Records.filesIn(directory), (files) => Arr.getSomes(files.map(({ record }) => record)))

layer(Layer.provideMerge(Processes.layer, NodeContext.layer), { excludeTestServices: true })(
  "the places of a daemon",
  (it) => {
    it.effect("follow from the spelling of the path, and the socket not from the directory of state", () =>
      Effect.sync(() => {
        const of = (variables: Record<string, string>, kataHome = "/h") =>
          Runtime.placesOf({ databasePath: "/tmp/kata.db", kataHome, variables, cwd: "/c" })
        const { uid } = userInfo()
        // the vector of the specification
        assert.strictEqual(of({}).records, "/h/runtime/c9d4a7460161")
        assert.strictEqual(of({ XDG_RUNTIME_DIR: "/run/u/" }).socket, "/run/u/kata/c9d4a7460161/daemon.sock")
        assert.strictEqual(of({ XDG_RUNTIME_DIR: "r" }, "/other").socket, "/c/r/kata/c9d4a7460161/daemon.sock")
        assert.strictEqual(of({ XDG_RUNTIME_DIR: "", TMPDIR: "/t" }).socket, `/t/kata-${uid}/c9d4a7460161/daemon.sock`)
        assert.strictEqual(of({}).socket, `${tmpdir()}/kata-${uid}/c9d4a7460161/daemon.sock`)
      }))

    it.scoped("are for nobody else, or refused", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const place = yield* temp
        yield* Directories.ensureOwn(`${place}/a/b/c`)
        assert.strictEqual(yield* modeOf(`${place}/a/b/c`), "700")
        yield* fs.chmod(`${place}/a/b/c`, 0o755)
        yield* Directories.ensureOwn(`${place}/a/b/c`)
        assert.strictEqual(yield* modeOf(`${place}/a/b/c`), "700")
        yield* fs.symlink(`${place}/a`, `${place}/link`)
        assert.include((yield* Effect.flip(Directories.ensureOwn(`${place}/link`))).message, "a symbolic link")
        yield* fs.writeFileString(`${place}/file`, "")
        assert.include((yield* Effect.flip(Directories.ensureOwn(`${place}/file`))).message, "no directory")
        if (userInfo().uid !== 0) return
        yield* fs.makeDirectory(`${place}/theirs`)
        yield* fs.chown(`${place}/theirs`, 65534, 65534)
        assert.include((yield* Effect.flip(Directories.ensureOwn(`${place}/theirs`))).message, "another user")
      }))

    it.scoped("know a path that no socket can have", () =>
      Effect.gen(function*() {
        const place = yield* temp
        const of = (name: string) =>
          Runtime.placesOf({
            databasePath: "/x",
            kataHome: place,
            variables: { XDG_RUNTIME_DIR: `${place}/${name}` },
            cwd: "/"
          })
        const error = yield* Effect.flip(Runtime.makeSocketDirectory(of("ü".repeat(50))))
        assert.strictEqual(error._tag, "SocketPathTooLong")
        yield* Runtime.makeSocketDirectory(of("u"))
      }))

    it.scoped("hold records: whole ones, in Go's form, until their scope closes or the next start finds them dead", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const place = yield* temp
        const record = {
          pid: process.pid,
          address: "unix:///a/b.sock",
          db_path: "/x",
          version: "1.2.3",
          started_at: "2026-01-01T00:00:00Z"
        }
        const path = `${place}/daemon.${process.pid}.json`
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Runtime.publish(place, record)
          assert.strictEqual(yield* fs.readFileString(path), JSON.stringify(record, null, 2))
          assert.strictEqual(yield* modeOf(path), "600")
          assert.deepStrictEqual(yield* recordsIn(place), [record])
          assert.deepStrictEqual(yield* fs.readDirectory(place), [`daemon.${process.pid}.json`])
        }))
        assert.deepStrictEqual(yield* fs.readDirectory(place), [])
        const names = [`daemon.${process.pid}.json`, "daemon.4194399.json", "daemon.1.json", "daemon.x.json", "other"]
        for (const name of names) {
          yield* fs.writeFileString(`${place}/${name}`, `{"pid":1,"address":"127.0.0.1:1","more":1}`)
        }
        yield* Runtime.sweep(place)
        assert.deepStrictEqual((yield* fs.readDirectory(place)).toSorted(), ["daemon.1.json", "daemon.x.json", "other"])
        // of one of Go kata the rest may be missing
        assert.deepStrictEqual(yield* recordsIn(place), [
          { pid: 1, address: "127.0.0.1:1", db_path: "", version: "", started_at: "" }
        ])
        yield* fs.writeFileString(`${place}/daemon.2.json`, "x".repeat(70_000))
        assert.isTrue(Option.isNone(yield* Records.read(`${place}/daemon.2.json`)))
      }))
  }
)

layer(NodeContext.layer, { excludeTestServices: true })("the log", (it) => {
  it.scoped("is bounded, and its writers do not notice", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const place = yield* temp
      const path = Log.pathOf(place)
      const file = yield* Log.open(path)
      const write = (text: string) => file.writeAll(new TextEncoder().encode(text))
      yield* fs.chmod(path, 0o644)
      yield* write("a".repeat(100))
      yield* Log.bound(path, 100)
      assert.deepStrictEqual(yield* fs.readDirectory(place), ["daemon.log"])
      yield* write("b")
      yield* Log.bound(path, 100)
      yield* write("c\n")
      assert.strictEqual(yield* fs.readFileString(path), "c\n")
      assert.strictEqual(yield* fs.readFileString(Log.olderOf(path)), `${"a".repeat(100)}b`)
      assert.strictEqual(yield* modeOf(Log.olderOf(path)), "600")
      yield* Effect.scoped(Log.open(path))
      assert.strictEqual(yield* modeOf(path), "600")
    }))

  it.scoped("is followed through rotation, line by line", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const place = yield* temp
      const path = `${place}/log`
      // it sleeps between two looks at the file
      const looked = Effect.repeat(
        Effect.zipRight(Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2))), TestClock.sleeps()),
        { until: Chunk.isNonEmpty }
      )
      const add = (text: string) =>
        fs.writeFileString(path, text, { flag: "a" }).pipe(
          Effect.zipRight(TestClock.adjust("200 millis")),
          Effect.zipRight(looked)
        )
      const fiber = yield* Logs.follow(path).pipe(
        Stream.take(4),
        Stream.runFold("", (all, line) => `${all}${line}|`),
        Effect.fork
      )
      yield* looked
      yield* add("one\ntw")
      yield* add("o\n")
      yield* fs.truncate(path)
      yield* add("3\n")
      yield* fs.writeFileString(path, "4\n", { flag: "a" })
      yield* TestClock.adjust("200 millis")
      assert.strictEqual(yield* Fiber.join(fiber), "one|two|3|4|")
      assert.deepStrictEqual(yield* Logs.last([`${place}/none`, path], 1, () => true), ["4"])
      assert.deepStrictEqual(yield* Logs.last([path, path, path], 4, (line) => line === "4"), ["4", "4", "4"])
    }).pipe(Effect.provide(TestContext.TestContext)))
})
