/** A server behind TLS: asked by the name in its URL, and believed when its certificate says so. Loaded only where there is one. */
import * as Schema from "effect/Schema"
import { Agent, request } from "node:https"
import { isIP } from "node:net"
import type { FailureKind } from "../Failure.ts"
import { codeOf } from "../files/FileError.ts"

export { request }

/** Connections that are used again until it is destroyed. */
export const agent = (): Agent => new Agent({ keepAlive: true })

/**
 * The certificate has to be for this host, whatever the headers say. It is always checked: NODE_TLS_REJECT_UNAUTHORIZED, which may be set
 * for another program, does not count.
 */
export const secured = (host: string) => ({
  // an address is no name that TLS could send; it is compared with the addresses in the certificate
  servername: isIP(host) === 0 ? host : "",
  rejectUnauthorized: true
})

/** Node's codes for certificates that it does not believe, and what to do then. */
const refusals: Readonly<Record<string, readonly [what: string, next: string]>> = {
  ERR_TLS_CERT_ALTNAME_INVALID: ["its certificate is for another host", "name the host as its certificate does"],
  HOSTNAME_MISMATCH: ["its certificate is for another host", "name the host as its certificate does"],
  CERT_HAS_EXPIRED: ["its certificate has expired", "renew it on the server, or set the clock of this machine"],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "set the clock of this machine, or of the one that made it"],
  CERT_REVOKED: ["its certificate was revoked", "give the server another one"]
}

/** What the others have in common. */
const unknownAuthority = [
  "its certificate is of no authority that is trusted here",
  "NODE_EXTRA_CA_CERTS=/path/to/ca.pem trusts an authority of your own"
] as const

const isOfCertificate = (code: string) =>
  code in refusals || /CERT|ISSUER|INVALID_(?:CA|PURPOSE)|PATH_LENGTH|LEAF_SIGNATURE/.test(code)

/** The server is not the one that its URL names, as far as can be proven. Nothing was sent to it. */
export class ServerUnproven extends Schema.TaggedError<ServerUnproven>()("ServerUnproven", {
  url: Schema.String,
  source: Schema.String,
  /** As Node and OpenSSL spell it, such as CERT_HAS_EXPIRED. */
  reason: Schema.String
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  readonly code = "server_unproven"
  override get message() {
    const [what] = refusals[this.reason] ?? unknownAuthority
    return `the server ${this.url} (${this.source}) is not trusted: ${what} (${this.reason})`
  }
  get hint(): string {
    const [, next] = refusals[this.reason] ?? unknownAuthority
    return next
  }
}

/** What a connection broke on, where that was the certificate; undefined for all else. */
export const unproven = (url: string, source: string, cause: unknown): ServerUnproven | undefined => {
  const reason = codeOf(cause)
  return isOfCertificate(reason) ? new ServerUnproven({ url, source, reason }) : undefined
}
