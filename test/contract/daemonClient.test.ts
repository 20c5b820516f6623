import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Client from "../../src/client/Client.ts"
import { DaemonClient } from "../../src/client/DaemonClient.ts"
import { layerInProcess } from "../../src/client/inProcess.ts"
import { layerHttp } from "../../src/client/overHttp.ts"
import * as Sqlite from "../../src/database/sqlite.ts"
import * as Processes from "../../src/host/Processes.ts"
import { placesOf } from "../../src/presence/runtime.ts"
import { defaults } from "../../src/presence/settings.ts"
import { make } from "../../src/server/app.ts"
import { createMissing } from "../../src/server/create.ts"
import { begin } from "../../src/server/lifecycle.ts"
import { describeDaemonClient } from "../../src/testing/contracts.ts"
import { DaemonFaults, layerFaulty } from "../../src/testing/faultyDaemon.ts"

const machine = Layer.mergeAll(Sqlite.layer, Processes.layer).pipe(Layer.provideMerge(NodeContext.layer))

/** A directory that is home, and all that a command says of itself there. */
const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const home = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "kata-client-" }), fs.realPath)
  return {
    databasePath: `${home}/kata.db`,
    kataHome: home,
    userHome: home,
    version: "1.2.3",
    variables: { XDG_RUNTIME_DIR: home, KATA_AUTHOR: "ann" },
    cwd: home
  }
})

/** A daemon in this process, found by its record and asked at its socket. */
const overHttp = Effect.gen(function*() {
  const from = yield* place
  const places = placesOf(from)
  yield* begin({
    databasePath: from.databasePath,
    userHome: from.userHome,
    places,
    place: { socketPath: places.socket },
    settings: defaults,
    variables: from.variables,
    insecureReadonly: false,
    version: from.version,
    pingVersion: from.version
  }, Stream.empty)
  return { from, layer: Layer.provide(layerHttp, machine) }
}).pipe(Effect.provide(machine))

/** The same routes, and nobody listens. */
const inProcess = Effect.gen(function*() {
  const from = yield* place
  const { databasePath } = from
  yield* createMissing(databasePath)
  const app = yield* make({
    databasePath,
    version: "1.2.3",
    pid: 1,
    startedAt: new Date().toISOString(),
    throttle: { enabled: false, window: 60_000 },
    token: "",
    insecureReadonly: false
  })
  return { from, layer: Layer.provide(layerInProcess({ databasePath, app }), machine) }
}).pipe(Effect.provide(machine))

const faulty = Effect.map(inProcess, ({ from, layer }) => ({ from, layer: Layer.provide(layerFaulty, layer) }))

describeDaemonClient("layerHttp", overHttp)
describeDaemonClient("layerInProcess", inProcess)
describeDaemonClient("layerFaulty without faults", faulty)

describe("layerInProcess", () => {
  it.scopedLive("is asked for no other daemon's database", () =>
    Effect.gen(function*() {
      const { from, layer } = yield* inProcess
      const { connect } = yield* Effect.provide(DaemonClient, layer)
      for (
        const other of [
          { ...from, databasePath: `${from.databasePath}2` },
          { ...from, variables: { KATA_SERVER: "http://127.0.0.1:9" } }
        ]
      ) assert.strictEqual((yield* Effect.flip(connect(other)))._tag, "AnotherDaemon")
    }))
})

describe("layerFaulty", () => {
  const show = (client: Client.Client) => client.call("projectList", {})

  /** A client of a daemon with one project, and its faults. */
  const asked = Effect.gen(function*() {
    const { from, layer } = yield* inProcess
    return yield* Effect.gen(function*() {
      const { connect } = yield* DaemonClient
      const client = Client.make(yield* connect(from), Duration.seconds(30))
      yield* client.call("projectInit", { body: { name: "alpha" } })
      return { client, faults: yield* DaemonFaults }
    }).pipe(Effect.provide(Layer.provide(layerFaulty, layer)))
  })

  it.scopedLive("fails the next requests, which reach nobody, and no others", () =>
    Effect.gen(function*() {
      const { client, faults } = yield* asked
      yield* faults.failNext(2)
      const create = client.call("projectInit", { body: { name: "beta" } })
      assert.strictEqual((yield* Effect.flip(create)).kind, "daemon_unavailable")
      assert.strictEqual((yield* Effect.flip(show(client))).kind, "daemon_unavailable")
      assert.notInclude((yield* show(client)).text, "beta")
    }))

  it.scopedLive("breaks an answer off in its middle, when what was asked is done", () =>
    Effect.gen(function*() {
      const { client, faults } = yield* asked
      yield* faults.disconnectNext(1, 10)
      const broken = yield* Effect.flip(client.call("projectInit", { body: { name: "beta" } }))
      assert.deepInclude(broken, { _tag: "DaemonUnreachable", mayBeDone: true })
      assert.include((yield* show(client)).text, "beta")
    }))

  it.scopedLive("holds requests until they are let go, the oldest first", () =>
    Effect.gen(function*() {
      const { client, faults } = yield* asked
      yield* faults.hold
      const first = yield* Effect.fork(client.call("projectInit", { body: { name: "beta" } }))
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(client.call("projectInit", { body: { name: "gamma" } }))
      yield* Effect.sleep("10 millis")
      assert.isNull(first.unsafePoll())
      yield* faults.advance(1)
      yield* Fiber.join(first)
      assert.isNull(second.unsafePoll())
      yield* faults.advance(2)
      yield* Fiber.join(second)
      assert.match((yield* show(client)).text, /beta.*gamma/)
    }))
})
