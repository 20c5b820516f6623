/** What an export knows at its end is there when a sink has taken all of it, and not before. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import * as Export from "../../src/export/Export.ts"
import * as kit from "../snapshot/kit.ts"

describe("the report of an export", () => {
  it.scopedLive("is of what the sink was given", () =>
    Effect.gen(function*() {
      const database = yield* kit.copyOf("rich.db")
      let bytes = 0
      const report = yield* Export.into({ database }, "-", (snapshot) =>
        Stream.runForEach(snapshot, (piece) =>
          Effect.sync(() => void (bytes += piece.length))))
      assert.strictEqual(report.bytes, bytes)
      assert.strictEqual(
        report.lines,
        Object.values(report.records).reduce((sum, n) =>
          sum + n, 1)
      )
    }).pipe(Effect.provide(kit.services)))

  for (const taken of [0, 1]) {
    it.scopedLive(`is not there when the sink stops after ${taken} pieces`, () =>
      Effect.gen(function*() {
        const database = yield* kit.copyOf("rich.db")
        const exit = yield* Effect.exit(
          Export.into({ database }, "-", (snapshot) => Stream.runDrain(Stream.take(snapshot, taken)))
        )
        assert.isTrue(Exit.isFailure(exit))
        assert.include(
          Cause.pretty(Exit.isFailure(exit) ? exit.cause : Cause.empty),
          "did not read the snapshot to its end"
        )
      }).pipe(Effect.provide(kit.services)))
  }
})
