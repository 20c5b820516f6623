import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { layer, line } from "../../src/cli/ProgressBar.ts"
import { advance, phase } from "../../src/Progress.ts"
import { captured } from "../../src/testing/stdio.ts"
import type { StreamOptions } from "../../src/testing/stdio.ts"

const on = (stderr: StreamOptions, enabled = true) => {
  const streams = captured({ stderr })
  return {
    writes: streams.stderr.writes,
    run: <A, E>(effect: Effect.Effect<A, E>) =>
      effect.pipe(Effect.provide(layer({ enabled })), Effect.provide(streams.layer))
  }
}

const erased = "\r\u001b[K"

describe("the progress line", () => {
  it.effect("is not drawn where nobody looks", () =>
    Effect.gen(function*() {
      for (const terminal of [on({ isTTY: false }), on({ isTTY: true }, false)]) {
        yield* terminal.run(
          Effect.zipRight(phase("reading", { rows: 10 }), Effect.zipRight(advance(5, 0), TestClock.adjust("1 minute")))
        )
        expect(terminal.writes).toEqual([])
      }
    }))

  it.effect("shows phase, rows, bytes, rate and time left, and is erased", () =>
    Effect.gen(function*() {
      const terminal = on({ isTTY: true })
      yield* terminal.run(Effect.gen(function*() {
        yield* phase("reading", { rows: 4000 })
        yield* TestClock.adjust("1 second")
        yield* advance(1000, 2_500_000)
        yield* TestClock.adjust("1 second")
      }))
      expect(terminal.writes[0]).toBe("\rreading  0%\u001b[K")
      expect(terminal.writes[terminal.writes.length - 2]).toBe(
        "\rreading  25%  1,000 of 4,000  2.5 MB  500/s  6s left\u001b[K"
      )
      expect(terminal.writes[terminal.writes.length - 1]).toBe(erased)
    }))

  it.effect("is drawn at most ten times a second, however often the work reports", () =>
    Effect.gen(function*() {
      const terminal = on({ isTTY: true })
      yield* terminal.run(Effect.gen(function*() {
        yield* phase("reading")
        for (let i = 0; i < 200; i++) {
          yield* advance(1, 10)
          yield* TestClock.adjust("10 millis")
        }
      }))
      expect(terminal.writes.length).toBeGreaterThan(15)
      expect(terminal.writes.length).toBeLessThanOrEqual(21)
    }))

  it.effect("of work that is over at once is never drawn", () =>
    Effect.gen(function*() {
      const terminal = on({ isTTY: true })
      yield* terminal.run(Effect.zipRight(phase("reading"), advance(10, 10)))
      expect(terminal.writes).toEqual([])
    }))

  it.effect("is cut to the terminal, and a name cannot move the cursor", () =>
    Effect.gen(function*() {
      const terminal = on({ isTTY: true, columns: 20 })
      yield* terminal.run(Effect.gen(function*() {
        yield* phase("reading\u001b[2J a very long name")
        yield* TestClock.adjust("1 second")
      }))
      expect(terminal.writes[0]).toBe("\rreading\\x1b[2J a ve\u001b[K")
    }))

  it.effect("is erased when the work is interrupted", () =>
    Effect.gen(function*() {
      const terminal = on({ isTTY: true })
      const fiber = yield* Effect.fork(terminal.run(Effect.zipRight(phase("reading"), Effect.never)))
      yield* TestClock.adjust("1 second")
      expect(terminal.writes.length).toBeGreaterThan(0)
      yield* Fiber.interrupt(fiber)
      expect(terminal.writes[terminal.writes.length - 1]).toBe(erased)
    }))

  it.effect("that cannot be written stops nothing", () =>
    on({ isTTY: true, fails: "EIO" }).run(Effect.zipRight(phase("reading"), TestClock.adjust("1 second"))))
})

describe("the text", () => {
  const at = (rows: number, bytes: number, total: number | undefined, now: number) =>
    line({
      name: "p",
      total: total === undefined ? {} : rows === 0 ? { bytes: total } : { rows: total },
      since: 0,
      rows,
      bytes
    }, now)
  it.each([
    [at(0, 0, undefined, 0), "p"],
    [at(1234567, 0, undefined, 500), "p  1,234,567 rows"],
    [at(0, 500, 1000, 1000), "p  50%  500 B  500 B/s  1s left"],
    [at(0, 999_950, undefined, 1000), "p  1.0 MB  1.0 MB/s"],
    [at(10, 0, 5, 1000), "p  10 rows  10/s"],
    [at(1, 0, 100_000, 1000), "p  0%  1 of 100,000  1/s  27h46m left"],
    [at(1, 0, 100, 1000), "p  1%  1 of 100  1/s  1m39s left"],
    [at(0, 0, 0, 1000), "p"]
  ])("%s", (text, wanted) => expect(text).toBe(wanted))
})
