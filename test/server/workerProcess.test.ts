/** The process that works beside a daemon: how it is started, heard and ended. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Task } from "../../src/server/task.ts"
import { type Limits, lines } from "../../src/server/workerProcess.ts"

const task: Task = { operation: "diff", database: "/db", file: "/file", name: "x" }

/** What a program of Node's says, as the process of a daemon. */
const said = (script: string, limits?: Limits) =>
  Stream.runFold(
    lines({ program: [process.execPath, "-e", script], variables: { PATH: process.env["PATH"] } }, task, limits),
    new Array<string>(),
    (all, line) => [...all, line]
  )

const alive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe("the process", () => {
  it.live("gets the task in its environment, and its lines come whole", () =>
    Effect.gen(function*() {
      const script =
        "process.stdout.write(process.env.KATA_DAEMON_TASK + '\\n' + process.argv.slice(1).join(' ') + '\\nü');" +
        "setTimeout(() => process.stdout.write('ö\\n', () => process.exit(0)), 20)"
      expect(yield* said(script)).toEqual([
        JSON.stringify({
          operation: "diff",
          database: "/db",
          file: "/file",
          name: "x"
        }),
        "daemon work",
        "üö"
      ])
    }))

  it.live("that ends badly is a failure which says how, and what it said", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(said("console.error('out of luck'); process.exit(3)"))
      expect(failed).toMatchObject({ _tag: "WorkerFailed", reason: "ended", kind: "internal" })
      expect(failed.message).toBe(
        "the process of the diff ended before it had said what came of it (exit 3): out of luck"
      )
      const killed = yield* Effect.flip(said("process.kill(process.pid, 'SIGKILL')"))
      expect(killed.message).toContain("(SIGKILL)")
    }))

  it.live("that cannot be started is a failure", () =>
    Effect.gen(function*() {
      const none = yield* Effect.flip(Stream.runDrain(lines({ program: [], variables: {} }, task)))
      expect(none).toMatchObject({ reason: "missing", kind: "daemon_unavailable" })
      const gone = yield* Effect.flip(Stream.runDrain(lines({ program: ["/no/such/program"], variables: {} }, task)))
      expect(gone).toMatchObject({ reason: "start", kind: "io", detail: expect.stringContaining("ENOENT") })
    }))

  it.live("that takes too long is ended", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(said("setInterval(() => {}, 1000)", { time: "100 millis", grace: "5 seconds" }))
      expect(failed).toMatchObject({ reason: "time", kind: "daemon_unavailable" })
    }))

  it.live.each<readonly [how: string, script: string]>([
    ["by a signal", "console.log(process.pid); setInterval(() => {}, 1000)"],
    [
      "by the end of stdin",
      "process.on('SIGTERM', () => {}); process.stdin.on('end', () => process.exit(0)).resume(); console.log(process.pid)"
    ],
    ["by force", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid)"]
  ])("ends when nobody reads it: %s", ([, script]) =>
    Effect.gen(function*() {
      const told = { pid: 0 }
      const program = [process.execPath, "-e", script]
      const reading = yield* Effect.fork(Stream.runForEach(
        lines({ program, variables: {} }, task, { time: "1 minute", grace: "500 millis" }),
        (line) => Effect.sync(() => void (told.pid = Number(line)))
      ))
      while (told.pid === 0) yield* Effect.sleep("5 millis")
      expect(alive(told.pid)).toBe(true)
      yield* Fiber.interrupt(reading)
      expect(alive(told.pid)).toBe(false)
    }))
})
