/** A server behind TLS, with certificates of an authority that this test makes; the other side offers wrong ones. */
import { writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { createServer as createSecureServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import type { TLSSocket } from "node:tls"
import { afterAll, beforeAll, describe, expect } from "vitest"
import { certify, type Identity } from "./certificates.ts"
import { it, type World } from "./world.ts"

const authority = certify("kata test authority")
const servers: Array<Server> = []

/** What a server was asked: by which name, with which token, and how many connections that took. */
interface Asked {
  readonly url: string
  readonly host: string | undefined
  readonly servername: string | false | null
  readonly authorization: string | undefined
}

/** A kata without projects that shows this certificate. */
const listening = async ({ cert, key }: Identity, then = "") => {
  const asked: Array<Asked> = []
  let connections = 0
  const server = createSecureServer({ cert, key }, (request, response) => {
    const { authorization, host } = request.headers
    asked.push({ url: request.url ?? "", host, servername: (request.socket as TLSSocket).servername, authorization })
    const isStream = request.url?.startsWith("/api/v1/events/stream") === true
    if (isStream) response.setHeader("content-type", "text/event-stream")
    const isPing = request.url === "/api/v1/ping"
    response.end(isPing ? "{\"ok\":true,\"service\":\"kata\"}" : isStream ? then : "{\"projects\":[]}\n")
  }).on("secureConnection", () => connections++)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { port: (server.address() as AddressInfo).port, asked, connections: () => connections }
}

type Listening = Awaited<ReturnType<typeof listening>>

const trusting = (world: World, url: string, more = {}) => {
  const file = join(world.root, "authority.pem")
  writeFileSync(file, authority.cert)
  return { env: { KATA_SERVER: url, KATA_AUTH_TOKEN: "s3cret", NODE_EXTRA_CA_CERTS: file, ...more } }
}

const named = (hosts: ReadonlyArray<string>, from = -1, until = 1) =>
  certify("server", { issuer: authority, hosts, from, until })

let good: Listening
beforeAll(async () => {
  good = await listening(
    named(["localhost", "127.0.0.1"]),
    "id: 7\nevent: issue.created\ndata: {\"event_id\":7}\n\nid: 9\nevent: sync.reset_required\ndata: {\"event_id\":9,\"reset_after_id\":9}\n\n"
  )
})
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
})

describe("found S4: an https server", () => {
  it("is asked by the host of its URL, with the token, over one connection", async ({ world }) => {
    for (const [host, servername] of [["localhost", "localhost"], ["127.0.0.1", false]] as const) {
      good.asked.length = 0
      const before = good.connections()
      const url = `https://${host}:${good.port}`
      const { exit, stderr, stdout } = await world.run(["projects", "list", "--json"], trusting(world, url))
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: `kata: using the server ${url} (KATA_SERVER)\n` })
      expect(JSON.parse(stdout)).toEqual({ kata_api_version: 1, projects: [] })
      const asked = { host: `${host}:${good.port}`, servername }
      expect(good.asked).toEqual([
        { url: "/api/v1/ping", ...asked, authorization: undefined },
        { url: "/api/v1/projects", ...asked, authorization: "Bearer s3cret" }
      ])
      // the ping's, and that of the requests
      expect(good.connections() - before).toBe(2)
    }
  })

  it("is followed too", async ({ world }) => {
    const running = world.start(
      ["events", "--tail", "--all-projects"],
      trusting(world, `https://localhost:${good.port}`)
    )
    const lines = await new Promise<string>((resolve) => {
      let text = ""
      running.child.stdout?.on("data", (part: string) => {
        text += part
        if (text.includes("reset_required")) resolve(text)
      })
    })
    running.child.kill("SIGINT")
    await running.done
    expect(lines).toContain("{\"event_id\":7}\n{\"reset_required\":true,\"reset_after_id\":9}\n")
  })

  const bad: ReadonlyArray<readonly [what: string, identity: () => Identity, says: RegExp, hint: string, env: object]> =
    [
      [
        "for another host",
        () => named(["other.invalid"]),
        /is for another host \(ERR_TLS_CERT_ALTNAME_INVALID\)/,
        "name the host",
        {}
      ],
      ["that has expired", () => named(["localhost"], -3, -2), /has expired \(CERT_HAS_EXPIRED\)/, "renew it", {}],
      ["of tomorrow", () => named(["localhost"], 1, 2), /not valid yet \(CERT_NOT_YET_VALID\)/, "set the clock", {}],
      [
        "of an authority that nobody trusts",
        () => named(["localhost"]),
        /of no authority that is trusted here \(UNABLE_TO_/,
        "NODE_EXTRA_CA_CERTS=",
        { NODE_EXTRA_CA_CERTS: undefined }
      ],
      [
        "of such an authority, with Node's checks switched off",
        () => named(["localhost"]),
        /of no authority that is trusted here \(UNABLE_TO_/,
        "NODE_EXTRA_CA_CERTS=",
        { NODE_EXTRA_CA_CERTS: undefined, NODE_TLS_REJECT_UNAUTHORIZED: "0" }
      ],
      [
        "that a server has signed, which is no authority",
        () => certify("x", { issuer: named(["localhost"]), hosts: ["localhost"] }),
        /of no authority that is trusted here \(/,
        "NODE_EXTRA_CA_CERTS=",
        {}
      ]
    ]
  for (const [what, identity, says, hint, env] of bad) {
    it(`with a certificate ${what} is refused, and asked nothing`, async ({ world }) => {
      const { asked, port } = await listening(identity())
      const url = `https://localhost:${port}`
      const { exit, stderr, stdout } = await world.run(["create", "secret"], trusting(world, url, env))
      expect({ exit, stdout }).toEqual({ exit: 7, stdout: "" })
      const report = stderr.slice(stderr.indexOf("kata: "))
      expect(report).toContain(`kata: the server ${url} (KATA_SERVER) is not trusted: its certificate `)
      expect(report).toMatch(says)
      expect(report).toContain(`\nhint: ${hint}`)
      const { stderr: json } = await world.run(["health", "--json"], trusting(world, url, env))
      expect(json).toContain("\"code\":\"server_unproven\"")
      expect(asked).toEqual([])
    })
  }

  it("that speaks no TLS is not asked in clear", async ({ world }) => {
    const heard: Array<string> = []
    const server = createServer((request) => void heard.push(request.url ?? "")).listen(0, "127.0.0.1")
    await new Promise((resolve) => server.once("listening", resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await world.fails(7, ["projects", "list"], trusting(world, url))).toContain("kata server not responding: ")
    expect(heard).toEqual([])
    server.close()
  })
})
