/** Bodies that come slowly, or too large, or not at all; and paths that are spelled to get past a guard. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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

/** What does not come whole, and how it begins. */
const slow = {
  "does not come": [head("content-length: 50")],
  "stops in its middle": [head("content-length: 50"), "{\"name\":"],
  "stops between its chunks": [head("transfer-encoding: chunked"), "1\r\n{\r\n"]
}

describe("a body", () => {
  it.scopedLive("that does not come whole is waited for 5 s, then the connection ends", () =>
    Effect.gen(function*() {
      const { address, send } = yield* served({})
      const answers = yield* Effect.promise(() =>
        Promise.all(Object.values(slow).map((pieces) => talk(address, pieces)))
      )
      for (const [i, what] of Object.keys(slow).entries()) {
        expect(answers[i], what).toMatch(/^HTTP\/1\.1 408 /)
        expect(answers[i], what).toContain("request body read timeout")
      }
      const next = { method: "GET", path: "/api/v1/projects", headers: {}, body: undefined }
      expect((yield* Effect.promise(() => send(next))).text).toBe("{\"projects\":[]}\n")
    }))

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
