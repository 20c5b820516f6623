/** What is asked of every request before its route (spec of the daemon, B2), in this order. */
import * as Option from "effect/Option"
import { createHash, timingSafeEqual } from "node:crypto"
import { isIP } from "node:net"
import { snapshotTypes } from "../api/lines.ts"
import { prefix, routes } from "../api/routes.ts"
import { hasBody } from "./body.ts"
import { guarded } from "./responses.ts"
import { type Guard, segmentsOf } from "./Router.ts"

/** Every client that can reach the daemon may ask whether it is there. */
const open = new Set([`${prefix}/ping`, `${prefix}/health`])

/** A browser page must not reach the daemon: browsers name the origin, other clients do not. */
export const origin: Guard = (request) =>
  (request.headers["origin"] ?? "") === "" ? undefined : guarded("OriginForbidden", "Origin header forbidden")

/**
 * A page whose name was made to lead to this machine after it was loaded is no other origin to the browser, but names itself as the host.
 * Over TCP, where no token is needed, only addresses are taken.
 */
export const host = (options: { readonly token: string; readonly insecureReadonly: boolean }): Guard => (request) => {
  const path = request.url.split("?", 1)[0] ?? ""
  if (options.token !== "" || options.insecureReadonly || Option.isNone(request.remoteAddress) || open.has(path)) {
    return undefined
  }
  const name = (request.headers["host"] ?? "").replace(/:\d*$/, "").replace(/^\[(.*)\]$/, "$1").toLowerCase()
  return name === "" || name === "localhost" || isIP(name) !== 0
    ? undefined
    : guarded("HostForbidden", "Host must be an IP address or localhost where no token is asked for")
}

const changing = new Set(["POST", "PUT", "PATCH", "DELETE"])

const uploads = new Set([routes.databaseMerge, routes.databaseDiff].map(([, path]) => `${prefix}${path}`))

const isSnapshot = (type: string) =>
  snapshotTypes.some((known) => known === type.split(";", 1)[0]?.trim().toLowerCase())

/** A form of a browser cannot send these types without being asked first. */
export const contentType: Guard = (request) => {
  if (!changing.has(request.method) || !hasBody(request)) return undefined
  const type = request.headers["content-type"] ?? ""
  const path = request.url.split("?", 1)[0] ?? ""
  if (uploads.has(`/${segmentsOf(path).join("/")}`)) {
    return isSnapshot(type)
      ? undefined
      : guarded("UnsupportedMediaType", `Content-Type must be one of ${snapshotTypes.join(", ")}`)
  }
  return type.startsWith("application/json")
    ? undefined
    : guarded("UnsupportedMediaType", "Content-Type must be application/json")
}

const stream = segmentsOf(`${prefix}/events/stream`).join("/")

/** Compared in a time that does not depend on where they differ. */
const same = (a: string, b: string) => {
  const digest = (text: string) => createHash("sha256").update(text, "utf8").digest()
  return timingSafeEqual(digest(a), digest(b))
}

/** Who knows the token may do everything; without one, a daemon that is open to others only shows. */
export const auth = (options: { readonly token: string; readonly insecureReadonly: boolean }): Guard => (request) => {
  const path = request.url.split("?", 1)[0] ?? ""
  if (open.has(path)) return undefined
  if (options.token === "") {
    // However it is spelled: it is routed by its decoded parts.
    const shows = request.method === "GET" && segmentsOf(path).join("/") !== stream
    return options.insecureReadonly && !shows
      ? guarded(
        "AuthRequired",
        "mutations and event stream require authentication; daemon is in --insecure-readonly mode"
      )
      : undefined
  }
  const header = request.headers["authorization"] ?? ""
  if (!header.startsWith("Bearer ")) {
    return guarded("AuthRequired", "Authorization: Bearer <token> required")
  }
  return same(header.slice("Bearer ".length), options.token)
    ? undefined
    : guarded("AuthInvalid", "token mismatch")
}
