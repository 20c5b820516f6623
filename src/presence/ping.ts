/** Where a record says that a daemon is, and whether something answers there: all that a command loads to find the daemon that runs. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { request as http } from "node:http"
import { BlockList, isIP } from "node:net"

const answerBytes = 64 * 1024
const pingTime = "1 second"

/** Addresses of this machine and of private networks. */
const privateNetworks = () => {
  const list = new BlockList()
  for (
    const [network, prefix] of [["127.0.0.0", 8], ["10.0.0.0", 8], ["172.16.0.0", 12], ["192.168.0.0", 16]] as const
  ) {
    list.addSubnet(network, prefix, "ipv4")
  }
  list.addSubnet("169.254.0.0", 16, "ipv4")
  list.addSubnet("100.64.0.0", 10, "ipv4")
  list.addAddress("::1", "ipv6")
  list.addSubnet("fc00::", 7, "ipv6")
  list.addSubnet("fe80::", 10, "ipv6")
  return list
}

/** Whether a literal address is one of this machine or of a private network. */
export const isHere = (host: string): boolean => {
  const family = isIP(host)
  return family !== 0 && privateNetworks().check(host.replace(/%.*$/, ""), family === 6 ? "ipv6" : "ipv4")
}

export type Target = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** Where a record may send us: a socket, or an address of this machine or its private network. */
export const targetOf = (address: string): Option.Option<Target> => {
  if (address.startsWith("unix:///") && !address.includes("\0")) return Option.some({ socketPath: address.slice(7) })
  const [, v6, v4, port] = /^(?:http:\/\/)?(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})\/?$/i.exec(address) ?? []
  const host = v6 ?? v4 ?? ""
  return isHere(host) && Number(port) > 0 && Number(port) < 65536
    ? Option.some({ host, port: Number(port) })
    : Option.none()
}

/** For requests in clear: else node looks for a name of the server that only TLS needs, at the price of a large regular expression. */
export const unnamed = { servername: "" }

const Pong = Schema.parseJson(Schema.Struct({
  ok: Schema.Literal(true),
  service: Schema.optional(Schema.Unknown),
  pid: Schema.optional(Schema.Unknown)
}))
const decodePong = Schema.decodeOption(Pong)

/** What answers there says ok: a kata names itself as the service, and may say its number. */
export type Pong = typeof Pong.Type

/** The answer that comes in time; none without one, or when it is something else. */
export const ping = (target: Target): Effect.Effect<Option.Option<Pong>> =>
  Effect.orElseSucceed(pinged(target, http), () => Option.none())

/** The same, by way of node:http or node:https; fails with what the connection broke on. */
export const pinged = (target: Target, request: typeof http): Effect.Effect<Option.Option<Pong>, Error> =>
  Effect.map(bodyOf(target, request), Option.flatMap(decodePong))

/** The body of a 200 that comes in time; none for anything else. node:http follows no redirects. */
const bodyOf = (target: Target, request: typeof http): Effect.Effect<Option.Option<string>, Error> =>
  Effect.async<Option.Option<string>, Error>((resume) => {
    const nothing = () => resume(Effect.succeedNone)
    const path = "/api/v1/ping"
    // Elsewhere a server may be one of several behind its address: it is named as the URL does.
    const headers = { ...("socketPath" in target ? { host: "kata.invalid" } : {}), accept: "application/json" }
    const asked = request(
      { ...unnamed, ...target, path, agent: false, headers },
      (response) => {
        const chunks: Array<Buffer> = []
        let size = 0
        response.on("error", nothing)
        response.on("data", (chunk: Buffer) => {
          size += chunk.length
          chunks.push(chunk)
          if (response.statusCode === 200 && size <= answerBytes) return
          nothing()
          asked.destroy()
        })
        response.on(
          "end",
          () =>
            response.statusCode === 200 ? resume(Effect.succeedSome(Buffer.concat(chunks).toString("utf8"))) : nothing()
        )
      }
    )
    asked.on("error", (error) => resume(Effect.fail(error)))
    asked.end()
    return Effect.sync(() => asked.destroy())
  }).pipe(
    // the time is kept also where nothing else can be interrupted
    Effect.interruptible,
    Effect.timeoutTo({ duration: pingTime, onSuccess: (body) => body, onTimeout: () => Option.none() })
  )
