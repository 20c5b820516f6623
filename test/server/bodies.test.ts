/** Bodies that come slowly, or too large, or not at all; and paths that are spelled to get past a guard. */
import { connect } from "node:net"
import { describe, expect, it } from "vitest"
import { type Served, serving } from "./replay/serve.ts"

const head = (more: string) =>
  `POST /api/v1/projects HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}\r\n\r\n`

/** Sends the pieces, and gives what came until the other side ended the connection, or `enough` came. */
const talk = ({ address }: Served, pieces: ReadonlyArray<string>, enough = "\0") =>
  new Promise<{ readonly text: string; readonly took: number }>((resolve, reject) => {
    const began = Date.now()
    const socket = connect("socketPath" in address ? { path: address.socketPath } : address)
    let text = ""
    const done = () => {
      socket.destroy()
      resolve({ text, took: Date.now() - began })
    }
    socket.setEncoding("latin1").on("error", reject).on("end", done).on("data", (part: string) => {
      text += part
      if (text.includes(enough)) done()
    })
    for (const piece of pieces) socket.write(piece)
  })

describe.concurrent("a body", () => {
  it.each([
    ["does not come", ["content-length: 50"], []],
    ["stops in its middle", ["content-length: 50"], ["{\"name\":"]],
    ["stops between its chunks", ["transfer-encoding: chunked"], ["1\r\n{\r\n"]]
  ])(
    "that %s is waited for 5 s, then the connection ends",
    { timeout: 20_000 },
    (_, headers, body) =>
      serving({}, async (send, served) => {
        const { text, took } = await talk(served, [head(headers.join("\r\n")), ...body])
        expect(text).toMatch(/^HTTP\/1\.1 408 /)
        expect(text).toContain("request body read timeout")
        expect(took).toBeLessThan(15_000)
        expect((await send({ method: "GET", path: "/api/v1/projects", headers: {}, body: undefined })).text)
          .toBe("{\"projects\":[]}\n")
      })
  )

  it("that is too large is refused in words, also when its length was not told before", () =>
    serving({}, async (_, served) => {
      const chunks = Array.from({ length: 20 }, () => `10000\r\n${"x".repeat(0x10000)}\r\n`)
      const { text } = await talk(served, [head("transfer-encoding: chunked"), ...chunks], "too large")
      expect(text).toMatch(/^HTTP\/1\.1 413 /)
    }))
})

describe("a daemon that is open to others, read only", () => {
  it.each(["/events/stream", "/events/%73tream", "/%65vents/stream?after_id=0"])(
    "does not follow %s",
    (path) =>
      serving({ insecureReadonly: true, tcp: true }, async (send) => {
        const headers = { accept: "text/event-stream" }
        const { status } = await send({ method: "GET", path: `/api/v1${path}`, headers, body: undefined })
        expect(status).toBe(401)
      })
  )
})
