/** Who may ask at all, beyond what was recorded. */
import { expect, it } from "vitest"
import { type ServeOptions, serving } from "./replay/serve.ts"

const statusFor = (options: ServeOptions, host: string, path = "/api/v1/projects", more: Record<string, string> = {}) =>
  serving(options, async (send) => {
    const { status, text } = await send({ method: "GET", path, headers: { host, ...more }, body: undefined })
    return status === 200 ? 200 : JSON.parse(text).error.code
  })

it.each(["127.0.0.1", "127.0.0.1:7474", "localhost:7474", "LOCALHOST", "[::1]:7474", "192.168.1.7:80"])(
  "over TCP, %s names the daemon",
  async (host) => {
    expect(await statusFor({ tcp: true }, host)).toBe(200)
  }
)

it.each(["evil.example", "evil.example:7474", "localhost.evil.example", "127.0.0.1.evil.example:80", "[evil]"])(
  "over TCP, %s is a page that leads here",
  async (host) => {
    expect(await statusFor({ tcp: true }, host)).toBe("host_forbidden")
    expect(await statusFor({ tcp: true }, host, "/api/v1/ping")).toBe(200)
    expect(await statusFor({ tcp: true, token: "t" }, host, "/api/v1/projects", { authorization: "Bearer t" })).toBe(
      200
    )
    expect(await statusFor({}, host)).toBe(200)
  }
)
