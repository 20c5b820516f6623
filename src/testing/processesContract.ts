/** What kata takes for granted of what the system says of processes. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { strict as assert } from "node:assert"
import { Processes } from "../host/Processes.ts"
import { Children } from "./processes.ts"

export interface ProcessesCase {
  readonly name: string
  /** Dies of an assertion when the contract is broken. */
  readonly run: Effect.Effect<void, never, Processes | Children | Scope.Scope>
}

/** No process can have this number. */
const nobody = 2 ** 31 - 1

/** Nothing is known of it, and nothing reaches it. */
const isGone = (pid: number) =>
  Effect.gen(function*() {
    const { identityOf, isAlive, ownerOf, programOf, signal } = yield* Processes
    assert.equal(yield* isAlive(pid), false)
    assert.deepEqual(yield* programOf(pid), Option.none())
    assert.deepEqual(yield* identityOf(pid), Option.none())
    assert.deepEqual(yield* ownerOf(pid), Option.none())
    assert.equal(yield* signal(pid, "SIGTERM"), "gone")
  })

export const processesContract: ReadonlyArray<ProcessesCase> = [
  {
    name: "this process lives, and is the same whenever it is asked about",
    run: Effect.gen(function*() {
      const { current, identityOf, isAlive } = yield* Processes
      assert.equal(yield* isAlive(current.pid), true)
      const identity = yield* identityOf(current.pid)
      assert.equal(Option.isSome(identity), true)
      assert.deepEqual(yield* identityOf(current.pid), identity)
    })
  },
  { name: "nothing is known of a number that nobody has", run: isGone(nobody) },
  {
    name: "one that was started lives under the name of its program, and stays itself",
    run: Effect.gen(function*() {
      const { current, identityOf, isAlive, ownerOf, programOf } = yield* Processes
      const { pid } = yield* (yield* Children).start("kata")
      assert.equal(yield* isAlive(pid), true)
      assert.deepEqual(yield* programOf(pid), Option.some("kata"))
      assert.deepEqual(yield* ownerOf(pid), yield* ownerOf(current.pid))
      const identity = yield* identityOf(pid)
      assert.equal(Option.isSome(identity), true)
      assert.notDeepEqual(identity, yield* identityOf(current.pid))
      assert.deepEqual(yield* identityOf(pid), identity)
    })
  },
  {
    name: "two of one program are two",
    run: Effect.gen(function*() {
      const { identityOf, programOf } = yield* Processes
      const { start } = yield* Children
      const [one, other] = [yield* start("kata"), yield* start("kata")]
      assert.notEqual(one.pid, other.pid)
      assert.deepEqual(yield* programOf(one.pid), yield* programOf(other.pid))
      yield* one.end
      yield* isGone(one.pid)
      assert.equal(Option.isSome(yield* identityOf(other.pid)), true)
    })
  },
  {
    name: "one that has ended is gone",
    run: Effect.gen(function*() {
      const child = yield* (yield* Children).start("kata")
      yield* child.end
      yield* isGone(child.pid)
    })
  },
  {
    name: "one that is told to end ends",
    run: Effect.gen(function*() {
      const { isAlive, signal } = yield* Processes
      const child = yield* (yield* Children).start("kata")
      assert.equal(yield* isAlive(child.pid), true)
      assert.equal(yield* signal(child.pid, "SIGTERM"), "sent")
      yield* child.ended
      yield* isGone(child.pid)
    })
  }
]
