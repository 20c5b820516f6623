import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { Writable } from "node:stream"
import { fromStreams } from "../../src/cli/Stdio.ts"

describe("a Node stream", () => {
  it("of a terminal without a size says that it does not know it", () => {
    const sink = Object.assign(new Writable(), { isTTY: true, columns: 0 })
    const { stderr } = fromStreams({ stdout: sink, stderr: sink })
    expect([stderr.isTTY, stderr.columns()]).toEqual([true, 0])
  })

  it.live("is done when everything is taken, however slowly", () =>
    Effect.gen(function*() {
      let taken = 0
      const slow = new Writable({
        highWaterMark: 1,
        write: (chunk: Buffer, _, done) => {
          taken += chunk.length
          setTimeout(done, 20)
        }
      })
      const { stdout } = fromStreams({ stdout: slow, stderr: slow })
      yield* stdout.write("a".repeat(1_000_000))
      yield* stdout.write(new Uint8Array(3))
      expect(taken).toBe(1_000_003)
      expect(stdout).toMatchObject({ isTTY: false })
      expect(stdout.columns()).toBe(0)
    }))

  it.live("whose reader is gone fails with EPIPE, each time and typed", () =>
    Effect.gen(function*() {
      const child = spawn("true", { stdio: ["pipe", "ignore", "ignore"] })
      yield* Effect.async<void>((resume) => void child.on("exit", () => resume(Effect.void)))
      const { stdout } = fromStreams({ stdout: child.stdin, stderr: child.stdin })
      const error = yield* Effect.flip(Effect.forever(stdout.write("x".repeat(100_000))))
      expect(error).toMatchObject({ _tag: "WriteFailed", kind: "io", stream: "stdout", code: "EPIPE" })
      expect(yield* Effect.flip(stdout.write("again"))).toMatchObject({ code: "EPIPE" })
    }))
})
