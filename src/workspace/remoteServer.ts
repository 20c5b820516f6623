/** A daemon on another machine: named by KATA_SERVER, or by a `.kata.local.toml` of the workspace that is the user's own. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { isIP } from "node:net"
import { posix } from "node:path"
import type { FailureKind } from "../Failure.ts"
import { fromPlatform } from "../files/FileError.ts"
import { readSettings, type SettingsFile } from "../files/settingsFile.ts"
import { targetOf } from "../presence/ping.ts"
import type { Address } from "../presence/Target.ts"
import { doubt, isConfirmed } from "./trust.ts"
import { bindingFile, localFile, parseToml, upwards } from "./workspace.ts"

export interface Remote {
  readonly address: Exclude<Address, { readonly socketPath: string }>
  /** As in `http://127.0.0.1:7474`. */
  readonly url: string
  /** What named it: KATA_SERVER, or the path of the file. */
  readonly source: string
  /** Whether the user did, and not only a file of the workspace: then it may have the token. */
  readonly isNamedByUser: boolean
}

/** The address of the other daemon cannot be used. */
export class RemoteRefused extends Schema.TaggedError<RemoteRefused>()("RemoteRefused", {
  source: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.source}: ${this.reason}`
  }
}

/** A workspace names a server, and the file that does may have come with a clone of a foreign repository. */
export class ServerUntrusted extends Schema.TaggedError<ServerUntrusted>()("ServerUntrusted", {
  path: Schema.String,
  url: Schema.String,
  /** Why it may be another user's. */
  why: Schema.String
}) {
  readonly kind = "confirm" satisfies FailureKind
  readonly code = "server_untrusted"
  override get message() {
    return `${this.path} names the server ${this.url}, which is not used: ${this.why}`
  }
  get hint(): string {
    return `if it is yours, confirm it once: kata trust --confirm ${this.url}; without the file kata works on this machine`
  }
}

/** Only what stays on this machine or in its private network may go in clear. */
const mayBePlain = (host: string, port: number): string | undefined => {
  const shown = JSON.stringify(`${host}:${port}`)
  const literal = host.replace(/^\[|\]$/g, "")
  if (isIP(literal) === 0) return `address ${shown} is not a literal IP (resolve hostnames before calling)`
  return Option.isSome(targetOf(`${host}:${port}`))
    ? undefined
    : `address ${shown} is non-public: use a private address (loopback, RFC1918, CGNAT, link-local, ULA)`
}

/** The scheme, host and port of a URL; the rest of it is dropped. */
export const parseUrl = (
  url: string,
  allowInsecure: boolean
): Either.Either<Pick<Remote, "address" | "url">, string> => {
  if (!URL.canParse(url)) return Either.left("not a URL")
  const { hostname, port, protocol } = new URL(url)
  const scheme = protocol.slice(0, -1)
  if (scheme !== "http" && scheme !== "https") {
    return Either.left(`scheme must be http or https, got ${JSON.stringify(scheme)}`)
  }
  if (hostname === "") return Either.left("a host is needed")
  const secure = scheme === "https"
  const number = port === "" ? (secure ? 443 : 80) : Number(port)
  const why = secure || allowInsecure ? undefined : mayBePlain(hostname, number)
  return why === undefined
    ? Either.right({
      address: { host: hostname.replace(/^\[|\]$/g, ""), port: number, secure },
      url: `${scheme}://${hostname}${port === "" ? "" : `:${port}`}`
    })
    : Either.left(
      `plain http to ${JSON.stringify(hostname)} is not allowed: ${why}; use https or set allow_insecure ` +
        "(env KATA_ALLOW_INSECURE=1, or [server].allow_insecure=true in .kata.local.toml)"
    )
}

const exists = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map((info) => Option.some(info.type)),
    Effect.orElseSucceed(() => Option.none())
  )

/** The nearest `.kata.local.toml` upwards; it counts when a workspace ends there or above it. */
const fileFor = Effect.fnUntraced(function*(start: string) {
  let found: string | undefined
  for (const directory of upwards(start)) {
    const path = posix.join(directory, localFile)
    if (found === undefined && Option.contains(yield* exists(path), "File")) found = path
    const ends = Option.contains(yield* exists(posix.join(directory, bindingFile)), "File") ||
      Option.isSome(yield* exists(posix.join(directory, ".git")))
    if (ends) return found
  }
  return undefined
})

/** What a `.kata.local.toml` says: a server, which may not be used yet. */
export interface Declared extends Pick<Remote, "address" | "url"> {
  /** Of the file; absolute, without links. */
  readonly path: string
  readonly allowInsecure: boolean
  readonly file: SettingsFile
}

const fromFile = Effect.fnUntraced(function*(path: string) {
  const refused = (reason: string) => new RemoteRefused({ source: path, reason })
  const file = yield* Effect.mapError(readSettings(path, { follow: false }), ({ message }) => refused(message))
  const { server, version } = yield* Effect.mapError(parseToml(path, file.text), refused)
  if (version !== 1) return yield* refused(`unsupported ${localFile} version ${String(version ?? 0)} (expected 1)`)
  const { allow_insecure: insecure = false, url = "" }: Readonly<Record<string, unknown>> =
    typeof server === "object" && server !== null ? { ...server } : {}
  if (typeof url !== "string") return yield* refused("server.url: must be a string")
  if (typeof insecure !== "boolean") return yield* refused("server.allow_insecure: must be true or false")
  if (url === "") return Option.none()
  const parsed = yield* Effect.mapError(
    parseUrl(url, insecure),
    (reason) => refused(`${JSON.stringify(url)}: ${reason}`)
  )
  return Option.some({ ...parsed, path, allowInsecure: insecure, file } satisfies Declared)
})

/** The server that the workspace at `start`, which is absolute, names; whether it may be used is another question. */
export const declared = Effect.fn("remoteServer.declared")(function*(start: string) {
  const fs = yield* FileSystem.FileSystem
  const found = yield* fileFor(start)
  if (found === undefined) return Option.none<Declared>()
  // By its directory: the file itself must be no link.
  const directory = yield* Effect.mapError(
    fs.realPath(posix.dirname(found)),
    (error) => new RemoteRefused({ source: found, reason: fromPlatform("resolve", found)(error).message })
  )
  return yield* fromFile(posix.join(directory, localFile))
})

/** The server for a command that works at `start`, which is absolute; none where everything is on this machine. */
export const remote = Effect.fn("remoteServer.remote")(function*(from: {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly kataHome: string
  readonly start: string
}) {
  const { KATA_ALLOW_INSECURE: insecure = "", KATA_SERVER: url = "" } = from.variables
  if (url !== "") {
    const parsed = yield* Effect.mapError(
      parseUrl(url, /^(1|true)$/i.test(insecure)),
      (reason) => new RemoteRefused({ source: `KATA_SERVER ${JSON.stringify(url)}`, reason })
    )
    return Option.some<Remote>({ ...parsed, source: "KATA_SERVER", isNamedByUser: true })
  }
  const found = yield* declared(from.start)
  if (Option.isNone(found)) return Option.none<Remote>()
  const { address, allowInsecure, file, path, url: server } = found.value
  const wanted = { file: path, url: server, allow_insecure: allowInsecure }
  const isNamedByUser = yield* isConfirmed(from.kataHome, wanted)
  const why = isNamedByUser ? undefined : yield* Effect.mapError(
    doubt(path, file),
    ({ message }) => new RemoteRefused({ source: path, reason: message })
  )
  return why === undefined
    ? Option.some<Remote>({ address, url: server, source: path, isNamedByUser })
    : yield* new ServerUntrusted({ path, url: server, why })
})
