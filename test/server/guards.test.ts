/** Who may ask at all, beyond what was recorded. */
import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type ServeOptions, serving } from "./replay/serve.ts"

const statusFor = (options: ServeOptions, host: string, path = "/api/v1/projects", more: Record<string, string> = {}) =>
  serving(options, async (send) => {
    const { status, text } = await send({ method: "GET", path, headers: { host, ...more }, body: undefined })
    return status === 200 ? 200 : JSON.parse(text).error.code
  })

it.live.each(["127.0.0.1", "127.0.0.1:7474", "localhost:7474", "LOCALHOST", "[::1]:7474", "192.168.1.7:80"])(
  "over TCP, %s names the daemon",
  (host) => Effect.map(statusFor({ tcp: true }, host), (status) => expect(status).toBe(200))
)

it.live.each(["evil.example", "evil.example:7474", "localhost.evil.example", "127.0.0.1.evil.example:80", "[evil]"])(
  "over TCP, %s is a page that leads here",
  (host) =>
    Effect.gen(function*() {
      expect(yield* statusFor({ tcp: true }, host)).toBe("host_forbidden")
      expect(yield* statusFor({ tcp: true }, host, "/api/v1/ping")).toBe(200)
      const token = { authorization: "Bearer t" }
      expect(yield* statusFor({ tcp: true, token: "t" }, host, "/api/v1/projects", token)).toBe(200)
      expect(yield* statusFor({}, host)).toBe(200)
    })
)

/** A request as it goes over the wire: clients would clean its path. */
const raw = (target: string) =>
  serving({ tcp: true }, async (send) => {
    const { headers, status } = await send({
      method: "GET",
      path: target,
      headers: { host: "127.0.0.1" },
      body: undefined
    })
    return { status, location: headers["location"] }
  })

const elsewhere = [
  "///\\evil.example",
  "//\\evil.example/api/v1/ping",
  "//evil.example",
  "//evil.example//api/v1/ping",
  "/\\/evil.example//x",
  "//%5Cevil.example",
  "//%2Fevil.example",
  "http://evil.example//api/v1/ping",
  "https:////evil.example/api/v1/ping",
  "//.//evil.example",
  "//..//..//evil.example"
]
it.live.each(elsewhere)("found S8: GET %s is no way to another host", (target) =>
  Effect.gen(function*() {
    expect(yield* raw(target)).toEqual({ status: 404, location: undefined })
  }))

const here = [
  ["//api/v1/ping", "/api/v1/ping"],
  ["/api//v1///ping?a=//b?c", "/api/v1/ping?a=//b?c"],
  ["///openapi.json", "/openapi.json"],
  ["/api/v1//projects/1/issues/\\evil.example", "/api/v1/projects/1/issues/\\evil.example"]
] as const
it.live.each(here)(
  "found S8: GET %s is redirected on this host, to %s",
  ([target, location]) =>
    Effect.gen(function*() {
      expect(yield* raw(target)).toEqual({ status: 307, location })
      // as a browser reads it
      expect(new URL(location, "http://127.0.0.1:7474/").host).toBe("127.0.0.1:7474")
    })
)
