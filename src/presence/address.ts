/** Where a daemon may listen over TCP: at a literal address of this machine or of a private network, and never with a token in clear. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { isIP } from "node:net"
import type { FailureKind } from "../Failure.ts"
import { isHere } from "./ping.ts"

/** Something to listen at; port 0 takes any that is free. */
export interface Listen {
  readonly host: string
  readonly port: number
}

/** The daemon must not listen there. */
export class ListenRefused extends Schema.TaggedError<ListenRefused>()("ListenRefused", {
  value: Schema.String,
  by: Schema.Literal("flag", "config.toml"),
  problem: Schema.String,
  hint: Schema.String
}) {
  get kind(): FailureKind {
    return this.by === "flag" ? "usage" : "validation"
  }
  override get message() {
    const name = this.by === "flag" ? "--listen value" : "listen in config.toml"
    return `invalid ${name} ${JSON.stringify(this.value)}: ${this.problem}`
  }
}

const privately =
  "use a private address (loopback, RFC1918, CGNAT, link-local, ULA), or leave it out for the Unix socket"

const isLoopback = (host: string) => host.startsWith("127.") || host === "::1"
const isUnspecified = (host: string) => host === "0.0.0.0" || (isIP(host) === 6 && /^[0:]+$/.test(host))

/** As in a record and a URL: IPv6 stands in brackets. */
export const format = ({ host, port }: Listen): string => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`

/** Reads `host:port` and judges it. An empty text is no address at all, which is the Unix socket: not asked here. */
export const parse = (
  value: string,
  rules: { readonly by: ListenRefused["by"]; readonly token: string; readonly insecureReadonly: boolean }
): Either.Either<Listen, ListenRefused> => {
  const refuse = (problem: string, hint: string) =>
    Either.left(new ListenRefused({ value, by: rules.by, problem, hint }))
  const [, v6, other, digits] = /^(?:\[([^\]]*)\]|([^:]*)):(\d*)$/.exec(value) ?? []
  const host = v6 ?? other
  if (host === undefined || digits === undefined || digits === "") {
    return refuse(
      `address ${JSON.stringify(value)}: missing port in address`,
      "write host:port, such as 127.0.0.1:7474"
    )
  }
  const port = Number(digits)
  if (port > 65535) return refuse(`${digits} is no port`, "ports go from 0, which is any free one, to 65535")
  if (isIP(host) === 0) {
    return refuse(`address ${JSON.stringify(value)} is not a literal IP`, `write the number of the host; ${privately}`)
  }
  if (isUnspecified(host)) return refuse("unspecified bind not allowed: everybody could reach it", privately)
  if (!isHere(host)) return refuse(`address ${JSON.stringify(value)} is public`, privately)
  if (isLoopback(host)) return Either.right({ host, port })
  if (rules.token !== "") {
    return refuse(
      "without TLS the token would go over the network in clear",
      "listen at 127.0.0.1 or at the Unix socket and reach it through a tunnel"
    )
  }
  if (!rules.insecureReadonly) {
    return refuse(
      "other machines could change everything there",
      "listen at 127.0.0.1 or at the Unix socket, or pass --insecure-readonly to let others read"
    )
  }
  return Either.right({ host, port })
}
