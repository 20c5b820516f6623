import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import * as Lock from "../../src/database/Lock.ts"
import * as Processes from "../../src/host/Processes.ts"
import { DaemonRunning, running } from "../../src/presence/daemons.ts"
import { namespaceOf } from "../../src/presence/databasePath.ts"
import { targetOf } from "../../src/presence/ping.ts"
import { layerRecorded } from "../../src/testing/processes.ts"

const kata: RequestListener = (request, response) => {
  const known = request.method === "GET" && request.url === "/api/v1/ping"
  response.writeHead(known ? 200 : 404).end(JSON.stringify({ ok: true, service: "kata", version: "g878b0d5" }))
}

/** A user with a home, a database in it, and the records of daemons that are or were. */
const world = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const user = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "k-" }))
  const home = `${user}/.kata`
  const database = `${home}/kata.db`
  yield* fs.makeDirectory(home)
  yield* fs.writeFileString(database, "")
  const write = (text: string, pid: number, options?: { readonly path?: string; readonly home?: string }) =>
    Effect.gen(function*() {
      const directory = `${options?.home ?? home}/runtime/${namespaceOf(options?.path ?? database)}`
      yield* fs.makeDirectory(directory, { recursive: true })
      yield* fs.writeFileString(`${directory}/daemon.${pid}.json`, text)
    })
  let sockets = 0
  return {
    user,
    home,
    database,
    write,
    record: (
      pid: number,
      address: string,
      options?: { readonly path?: string; readonly home?: string; readonly db_path?: string }
    ) => write(JSON.stringify({ pid, address, db_path: options?.db_path ?? options?.path ?? database }), pid, options),
    /** A server on a socket of its own, as an address. */
    serve: (listener: RequestListener) =>
      Effect.map(
        Effect.acquireRelease(
          Effect.promise(async () => {
            const server = createServer(listener)
            const path = `${user}/${sockets++}.sock`
            server.listen(path)
            await once(server, "listening")
            return { server, path }
          }),
          ({ server }) => Effect.sync(() => (server.closeAllConnections(), server.close()))
        ),
        ({ path }) => `unix://${path}`
      ),
    ask: (programs: { readonly [pid: number]: string | null }, databasePath = database, kataHome = home) =>
      running({ databasePath, kataHome, userHome: user }).pipe(
        Effect.provide(layerRecorded(programs)),
        Effect.map((found) => ({
          running: found.running.map(({ pid }) => pid),
          unproven: found.unproven.map(({ pid }) => pid)
        }))
      )
  }
})

const nobody = { running: [], unproven: [] }

layer(Layer.provideMerge(Processes.layer, NodeContext.layer), { excludeTestServices: true })(
  "the daemons of a database",
  (it) => {
    it.scoped("are those that have its lock", () =>
      Effect.gen(function*() {
        const { ask, database } = yield* world
        assert.deepStrictEqual(yield* ask({}), nobody)
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Lock.acquire(database, "daemon")
          assert.deepStrictEqual(yield* ask({}), { running: [process.pid], unproven: [] })
          const itself = yield* running({ databasePath: database, kataHome: "/none", userHome: "/none" }).pipe(
            Effect.provide(layerRecorded({}, process.pid))
          )
          assert.deepStrictEqual(itself, { ...nobody, stale: [] })
        }))
        assert.deepStrictEqual(yield* ask({}), nobody)
        yield* Lock.acquire(database, "restore")
        assert.deepStrictEqual(yield* ask({}), nobody)
      }))

    it.scoped("leave records when they are killed", () =>
      Effect.gen(function*() {
        const { database, home, record, user } = yield* world
        yield* record(70, "unix:///nowhere/daemon.sock")
        const found = yield* Effect.provide(
          running({ databasePath: database, kataHome: home, userHome: user }),
          layerRecorded({})
        )
        assert.deepStrictEqual(found.stale.map(({ pid }) => pid), [70])
        assert.deepStrictEqual(found.running, [])
      }))

    it.scoped("are those of a record that answer", () =>
      Effect.gen(function*() {
        const { ask, database, home, record, serve, user } = yield* world
        yield* record(70, yield* serve(kata))
        assert.deepStrictEqual(yield* ask({ 70: "go" }), { running: [70], unproven: [] })
        assert.deepStrictEqual(yield* ask({ 70: null }), { running: [70], unproven: [] })
        const found = yield* running({ databasePath: database, kataHome: home, userHome: user }).pipe(
          Effect.provide(layerRecorded({ 70: null }))
        )
        assert.deepStrictEqual(found.running, [{
          pid: 70,
          address: `unix://${user}/0.sock`,
          source: `${home}/runtime/${namespaceOf(database)}/daemon.70.json`,
          proven: false,
          ours: false
        }])
      }))

    it.scoped("may be sent a signal when nobody else can have their number by now", () =>
      Effect.gen(function*() {
        const { database, home, record, serve, user } = yield* world
        const proven = (programs: { readonly [pid: number]: string | null }) =>
          running({ databasePath: database, kataHome: home, userHome: user }).pipe(
            Effect.provide(layerRecorded(programs)),
            Effect.map((found) => Object.fromEntries(found.running.map((one) => [one.pid, one.proven])))
          )
        yield* record(70, yield* serve((_, response) => response.end(`{"ok":true,"service":"kata","pid":70}`)))
        yield* record(71, yield* serve((_, response) => response.end(`{"ok":true,"service":"kata","pid":70}`)))
        yield* record(72, "unix:///hung.sock")
        assert.deepStrictEqual(yield* proven({ 70: null, 71: "kata", 72: "kata" }), { 70: false, 71: false, 72: false })
        // the row of the lock says which process 72 it was
        yield* Effect.provide(Lock.acquire(database, "daemon"), layerRecorded({ 72: "kata" }, 72))
        assert.deepStrictEqual(yield* proven({ 72: "kata" }), { 72: true })
        const another = Effect.provideServiceEffect(
          running({ databasePath: database, kataHome: home, userHome: user }),
          Processes.Processes,
          Effect.map(Processes.Processes, (processes) => ({
            ...processes,
            identityOf: () => Effect.succeedSome("another process 72")
          }))
        )
        const found = yield* Effect.provide(another, layerRecorded({ 72: "sleep" }))
        assert.deepStrictEqual(found.running.map(({ pid, proven }) => [pid, proven]), [[72, false]])
      }))

    it.scoped("are not those that are dead, or whose number another program has", () =>
      Effect.gen(function*() {
        const { ask, record, serve } = yield* world
        const address = yield* serve(kata)
        yield* record(70, address)
        yield* record(71, "unix:///nowhere/daemon.sock")
        assert.deepStrictEqual(yield* ask({}), nobody)
        assert.deepStrictEqual(yield* ask({ 71: "sleep" }), { running: [], unproven: [71] })
        assert.deepStrictEqual(yield* ask({ 71: "kata-runtime" }), { running: [], unproven: [71] })
        assert.deepStrictEqual(yield* ask({ 71: null }), { running: [], unproven: [71] })
      }))

    it.scoped("are also those that hang, when their program is called kata", () =>
      Effect.gen(function*() {
        const { ask, record, serve } = yield* world
        yield* record(70, yield* serve(() => {}))
        assert.deepStrictEqual(yield* ask({ 70: "kata" }), { running: [70], unproven: [] })
        assert.deepStrictEqual(yield* ask({ 70: "sleep" }), { running: [], unproven: [70] })
      }))

    it.scoped("are not what else may answer", () =>
      Effect.gen(function*() {
        const { ask, record, serve } = yield* world
        const long = JSON.stringify({ ok: true, service: "kata", more: "x".repeat(70_000) })
        const answers: ReadonlyArray<RequestListener> = [
          (_, response) => response.end(JSON.stringify({ ok: false, service: "kata" })),
          (_, response) => response.end(JSON.stringify({ ok: true, service: "other" })),
          (_, response) => response.end(JSON.stringify({ ok: true, service: "kata", pid: 4711 })),
          (_, response) => response.end("null"),
          (_, response) => response.end("no JSON"),
          (_, response) => response.end(long),
          (_, response) => response.writeHead(500).end(JSON.stringify({ ok: true, service: "kata" })),
          (_, response) => response.writeHead(302, { location: "/api/v1/ping" }).end(),
          (_, response) => response.writeHead(204).end(),
          (_, response) => response.writeHead(200, { "content-length": "100" }).write("{"),
          (_, response) => response.destroy(),
          (_, response) => response.writeProcessing()
        ]
        const programs: Record<number, null> = {}
        for (const [index, listener] of answers.entries()) {
          yield* record(70 + index, yield* serve(listener))
          programs[70 + index] = null
        }
        const { running, unproven } = yield* ask(programs)
        assert.deepStrictEqual(running, [])
        assert.sameMembers([...unproven], Object.keys(programs).map(Number))
      }))

    it.scoped("are found by every spelling of the path", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { ask, database, home, record, user } = yield* world
        yield* fs.symlink(home, `${user}/state`)
        yield* fs.link(database, `${user}/hard.db`)
        const linked = `${user}/state/kata.db`
        const one = (pid: number) => ({ running: [pid], unproven: [] })
        yield* record(70, "", { db_path: "kata.db" })
        assert.deepStrictEqual(yield* ask({ 70: "kata" }), one(70))
        assert.deepStrictEqual(yield* ask({ 70: "kata" }, linked), one(70))
        assert.deepStrictEqual(yield* ask({ 70: "kata" }, `${user}/other.db`), nobody)
        yield* record(71, "", { path: linked })
        assert.deepStrictEqual(yield* ask({ 71: "kata" }), one(71))
        yield* record(72, "", { path: linked, db_path: "../state/kata.db" })
        assert.deepStrictEqual(yield* ask({ 72: "kata" }), nobody)
        assert.deepStrictEqual(yield* ask({ 72: "kata" }, linked), one(72))
        yield* record(73, "", { path: `${user}/hard.db` })
        assert.deepStrictEqual(yield* ask({ 73: "kata" }), one(73))
        yield* record(74, "", { path: `${user}/other.db` })
        assert.deepStrictEqual(yield* ask({ 74: "kata" }), nobody)
        assert.deepStrictEqual(yield* ask({ 74: "kata" }, `${user}/other.db`), one(74))
      }))

    it.scoped("are looked for in both homes, and told of once", () =>
      Effect.gen(function*() {
        const { ask, database, record, user } = yield* world
        const other = `${user}/other`
        yield* record(70, "", { home: other })
        assert.deepStrictEqual(yield* ask({ 70: "kata" }), nobody)
        assert.deepStrictEqual(yield* ask({ 70: "kata" }, database, other), { running: [70], unproven: [] })
        yield* record(70, "")
        yield* record(71, "")
        yield* record(process.pid, "unix:///hung.sock")
        yield* Lock.acquire(database, "daemon")
        const both = yield* ask({ 70: "kata", 71: null, [process.pid]: null }, database, other)
        assert.deepStrictEqual(both, { running: [70, process.pid], unproven: [71] })
      }))

    it.scoped("are judged by name where a record cannot be read", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const { ask, database, home, user, write } = yield* world
        yield* write("{", 70)
        yield* write(JSON.stringify({ pid: -1, address: [], db_path: 5 }), 71)
        yield* write(JSON.stringify({ pid: 4711, address: "", db_path: database, more: "x".repeat(70_000) }), 72)
        yield* write("", 73, { path: `${user}/other.db` })
        yield* fs.makeDirectory(`${home}/runtime/${namespaceOf(database)}/daemon.74.json`)
        yield* fs.writeFileString(`${home}/runtime/${namespaceOf(database)}/daemon.75.1.json.tmp`, "{}")
        yield* fs.writeFileString(`${home}/runtime/file`, "{}")
        assert.deepStrictEqual(yield* ask({ 4711: "kata" }), nobody)
        const found = yield* ask({ 70: "kata", 71: "sleep", 72: "kata", 73: "kata", 74: "kata", 75: "kata" })
        assert.sameMembers([...found.running], [70, 72, 74])
        assert.deepStrictEqual(found.unproven, [71])
      }))

    it("are told of with their numbers and places", () => {
      const daemons = [{ pid: 7, address: "unix:///s", source: "/r" }, { pid: 8, address: "", source: "/l" }]
      const error = new DaemonRunning({ path: "/k.db", daemons, hint: "stop it first (kata daemon stop)" })
      assert.strictEqual(error.message, "daemon is running for this database: /k.db (pid 7 at unix:///s, pid 8)")
      assert.strictEqual(error.kind, "locked")
    })

    describe("an address", () => {
      const good = [
        "unix:///run/a b.sock",
        "127.0.0.1:7474",
        "http://127.0.0.1:7474/",
        "[::1]:1",
        "10.1.2.3:80",
        "172.31.0.1:80",
        "192.168.0.1:65535",
        "100.64.0.1:80",
        "[fd00::1]:80"
      ]
      const bad = [
        "",
        "unix://relative.sock",
        "unix:///a\0b",
        "/run/a.sock",
        "8.8.8.8:80",
        "0.0.0.0:80",
        "[::]:80",
        "[::ffff:8.8.8.8]:80",
        "[2001:db8::1]:80",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:80/x",
        "127.0.0.1:80@evil.example:80",
        "127.1:80",
        "localhost.evil.example:80",
        "https://127.0.0.1:80",
        "172.32.0.1:80"
      ]
      it("leads to a socket, or stays near", () => {
        for (const address of good) assert.isTrue(Option.isSome(targetOf(address)), address)
        for (const address of bad) assert.isTrue(Option.isNone(targetOf(address)), address)
      })
      it.scoped("of any length is no reason to fail", () =>
        Effect.gen(function*() {
          const { ask, record } = yield* world
          yield* record(70, `unix:///${"x".repeat(5000)}`)
          assert.deepStrictEqual(yield* ask({ 70: null }), { running: [], unproven: [70] })
        }))
    })
  }
)

const processes = Processes.layer.pipe(Layer.provideMerge(NodeContext.layer))

layer(processes, { excludeTestServices: true })("a process", (it) => {
  const started = (command: string, ...args: ReadonlyArray<string>) =>
    Effect.acquireRelease(
      Effect.promise(async () => {
        const child = spawn(command, args, { stdio: "ignore" })
        await once(child, "spawn")
        return { pid: child.pid ?? 0, kill: () => (child.kill("SIGKILL"), once(child, "exit")) }
      }),
      ({ kill }) => Effect.sync(() => void kill())
    )

  it.scoped("is asked of ps where there is no /proc", () =>
    Effect.gen(function*() {
      const sleep = yield* started("sleep", "60")
      const { programOf } = yield* Effect.provide(
        Processes.Processes,
        Processes.layer.pipe(
          Layer.provide(FileSystem.layerNoop({ exists: () => Effect.succeed(false) })),
          Layer.provide(NodeContext.layer)
        )
      )
      const hasPs = !spawnSync("ps").error
      assert.deepStrictEqual(yield* programOf(sleep.pid), hasPs ? Option.some("sleep") : Option.none())
      assert.deepStrictEqual(yield* programOf(2 ** 31 - 1), Option.none())
    }))

  it.scoped("lives until it is gone, and has the name of its program", () =>
    Effect.gen(function*() {
      const { current, isAlive, programOf } = yield* Processes.Processes
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(current.pid, process.pid)
      assert.isTrue(yield* isAlive(process.pid))
      assert.isTrue(yield* isAlive(1))
      assert.isFalse(yield* isAlive(2 ** 31 - 1))
      assert.isFalse(yield* isAlive(2 ** 40))
      const sleep = yield* started("sleep", "60")
      assert.isTrue(yield* isAlive(sleep.pid))
      assert.notDeepEqual(yield* programOf(sleep.pid), Option.some("kata"))
      yield* Effect.promise(sleep.kill)
      assert.isFalse(yield* isAlive(sleep.pid))
      assert.deepStrictEqual(yield* programOf(sleep.pid), Option.none())

      const directory = yield* fs.makeTempDirectoryScoped()
      yield* fs.copyFile("/bin/sleep", `${directory}/kata`)
      yield* fs.chmod(`${directory}/kata`, 0o755)
      const binary = yield* started(`${directory}/kata`, "60")
      assert.deepStrictEqual(yield* programOf(binary.pid), Option.some("kata"))
      yield* fs.remove(`${directory}/kata`)
      if (process.platform !== "linux") return
      assert.deepStrictEqual(yield* programOf(binary.pid), Option.some("kata"))

      yield* fs.makeDirectory(`${directory}/script`)
      yield* fs.writeFileString(`${directory}/script/kata`, "setInterval(() => {}, 1000)")
      const script = yield* started(process.execPath, "--no-warnings", `${directory}/script/kata`, "daemon", "start")
      assert.deepStrictEqual(yield* programOf(script.pid), Option.some("kata"))
    }))
})
