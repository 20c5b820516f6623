import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { to } from "../../src/presence/log.ts"

it.effect("a line says what an entry is about, and nothing of what was only stopped", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const log = to({ pid: 7, path: undefined, write: (line) => Effect.sync(() => lines.push(line)) })
    yield* log(Effect.gen(function*() {
      yield* Effect.logInfo("as it should be")
      yield* Effect.logWarning("a stream ended", Cause.fail(new TypeError("no\n  such row")))
      yield* Effect.logWarning("a stream ended", Cause.interrupt(FiberId.none))
    }))
    expect(lines.map((line) => line.replace(/^kata-daemon\[7\]: \S+Z /, ""))).toEqual([
      "as it should be\n",
      "warn: a stream ended: TypeError: no such row\n",
      "warn: a stream ended\n"
    ])
  }).pipe(Effect.provide(NodeFileSystem.layer)))
