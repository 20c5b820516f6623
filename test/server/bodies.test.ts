/** Bodies that come slowly, or too large, or not at all; and paths that are spelled to get past a guard. */
import { describe, expect, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { connect } from "node:net"
import { type Address, served, serving } from "./replay/serve.ts"

const head = (more: string) =>
  `POST /api/v1/projects HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}\r\n\r\n`

/** Sends the pieces, and gives what came until the other side ended the connection, or `enough` came. */
const talk = (address: Address, pieces: ReadonlyArray<string>, enough = "\0") =>
  new Promise<string>((resolve, reject) => {
    const socket = connect("socketPath" in address ? { path: address.socketPath } : address)
    let text = ""
    const done = () => {
      socket.destroy()
      resolve(text)
    }
    socket.setEncoding("latin1").on("error", reject).on("end", done).on("data", (part: string) => {
      text += part
      if (text.includes(enough)) done()
    })
    for (const piece of pieces) socket.write(piece)
  })

/** Waits, on the real clock, until something sleeps on that of the test for so long. */
const asleep = (millis: number) =>
  Effect.repeat(
    Effect.zipRight(Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 2))), TestClock.sleeps()),
    { until: (wakes) => Chunk.contains(wakes, millis) }
  )

describe("a body", () => {
  it.scoped.each<readonly [what: string, header: string, body: ReadonlyArray<string>]>([
    ["does not come", "content-length: 50", []],
    ["stops in its middle", "content-length: 50", ["{\"name\":"]],
    ["stops between its chunks", "transfer-encoding: chunked", ["1\r\n{\r\n"]]
  ])(
    "that %s is waited for 5 s, then the connection ends",
    ([, header, body]) =>
      Effect.gen(function*() {
        const { address, send } = yield* served({})
        const talking = yield* Effect.fork(Effect.promise(() => talk(address, [head(header), ...body])))
        yield* asleep(5000)
        yield* TestClock.adjust(4999)
        expect(yield* Fiber.poll(talking)).toEqual(Option.none())
        yield* TestClock.adjust(1)
        const text = yield* Fiber.join(talking)
        expect(text).toMatch(/^HTTP\/1\.1 408 /)
        expect(text).toContain("request body read timeout")
        const next = { method: "GET", path: "/api/v1/projects", headers: {}, body: undefined }
        expect((yield* Effect.promise(() => send(next))).text).toBe("{\"projects\":[]}\n")
      })
  )

  it.live("that is too large is refused in words, also when its length was not told before", () =>
    serving({}, async (_, { address }) => {
      const chunks = Array.from({ length: 20 }, () => `10000\r\n${"x".repeat(0x10000)}\r\n`)
      expect(await talk(address, [head("transfer-encoding: chunked"), ...chunks], "too large"))
        .toMatch(/^HTTP\/1\.1 413 /)
    }))
})

describe("a daemon that is open to others, read only", () => {
  it.live.each(["/events/stream", "/events/%73tream", "/%65vents/stream?after_id=0"])(
    "does not follow %s",
    (path) =>
      serving({ insecureReadonly: true, tcp: true }, async (send) => {
        const headers = { accept: "text/event-stream" }
        const { status } = await send({ method: "GET", path: `/api/v1${path}`, headers, body: undefined })
        expect(status).toBe(401)
      })
  )
})
