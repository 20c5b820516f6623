/** Who is taken for a daemon, each part of the proof left out once. */
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { userInfo } from "node:os"
import * as Lock from "../../src/database/Lock.ts"
import { Processes } from "../../src/host/Processes.ts"
import { doubtOf, isDaemonOf, mayBeGo } from "../../src/presence/proof.ts"
import { layerRecorded } from "../../src/testing/processes.ts"
import { temporaryDirectory } from "../files/temp.ts"

const uid = userInfo().uid
const daemon = 72

/** A database whose lock process 72 has for that purpose. */
const locked = (purpose: "daemon" | "restore") =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* temporaryDirectory}/kata.db`
    yield* fs.writeFileString(path, "")
    yield* Effect.provide(Lock.acquire(path, purpose), layerRecorded({}, daemon))
    return path
  })

/** With processes of these users; of 72, of 73 and of nobody else the machine knows anything. */
const asked = <A, E, R>(question: Effect.Effect<A, E, R>, owners: { readonly [pid: number]: number } = {}) =>
  Effect.provideServiceEffect(
    question,
    Processes,
    Effect.map(Processes, (processes) => ({
      ...processes,
      ownerOf: (pid: number) => Effect.succeed(Option.some(owners[pid] ?? uid))
    }))
  ).pipe(Effect.provide(layerRecorded({ [daemon]: "kata", 73: "kata", 74: "sleep" })))

layer(NodeContext.layer, { excludeTestServices: true })("proof", (it) => {
  describe("the daemon of a database", () => {
    it.scoped("is the process that has its lock, whatever name leads to it", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const path = yield* locked("daemon")
        yield* fs.symlink(path, `${path}.link`)
        assert.isTrue(yield* asked(isDaemonOf(path, daemon)))
        assert.isTrue(yield* asked(isDaemonOf(`${path}.link`, daemon)))
        assert.isFalse(yield* asked(isDaemonOf(path, 73)))
        assert.isFalse(yield* asked(isDaemonOf(path, 4711)))
        assert.isFalse(yield* asked(isDaemonOf(`${path}.other`, daemon)))
      }))

    it.scoped("has the lock as a daemon", () =>
      Effect.gen(function*() {
        assert.isFalse(yield* asked(isDaemonOf(yield* locked("restore"), daemon)))
      }))

    it.scoped("is believed of a lock that is ours, whoever runs it", () =>
      Effect.gen(function*() {
        assert.isTrue(yield* asked(isDaemonOf(yield* locked("daemon"), daemon), { [daemon]: uid + 1 }))
      }))

    it.scoped("is, by a lock that is another user's, a process of that user's", (context) =>
      Effect.gen(function*() {
        if (uid !== 0) return context.skip("only root meets what is another user's")
        const fs = yield* FileSystem.FileSystem
        const path = yield* locked("daemon")
        yield* fs.chown(`${path}.lock`, uid + 1, uid + 1)
        assert.isFalse(yield* asked(isDaemonOf(path, daemon)))
        assert.isTrue(yield* asked(isDaemonOf(path, daemon), { [daemon]: uid + 1 }))
      }))
  })

  describe("a daemon of Go kata", () => {
    it.scoped("may be at a socket that is only ours, as a kata of ours", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const directory = yield* temporaryDirectory
        const socketPath = `${directory}/daemon.sock`
        yield* fs.writeFileString(socketPath, "")
        assert.isUndefined(doubtOf({ socketPath }))
        assert.isTrue(yield* asked(mayBeGo(daemon, { socketPath })))
        assert.isFalse(yield* asked(mayBeGo(daemon, { host: "127.0.0.1", port: 7474 })))
        assert.isFalse(yield* asked(mayBeGo(74, { socketPath })))
        assert.isFalse(yield* asked(mayBeGo(daemon, { socketPath }), { [daemon]: uid + 1 }))
        assert.isFalse(yield* asked(mayBeGo(daemon, { socketPath: `${directory}/none.sock` })))
        yield* fs.chmod(directory, 0o777)
        assert.strictEqual(doubtOf({ socketPath }), `${directory} may be changed by others`)
        assert.isFalse(yield* asked(mayBeGo(daemon, { socketPath })))
      }))

    it("at a port is in no doubt: it has no owner", () => {
      assert.isUndefined(doubtOf({ host: "127.0.0.1", port: 7474 }))
    })
  })
})
