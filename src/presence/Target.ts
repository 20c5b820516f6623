/** Where a daemon is reached. */

export type Address =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number; readonly secure?: boolean }

/** A daemon that is not the one of this machine. */
export interface Server {
  /** As in `https://host:7474`. */
  readonly url: string
  /** What named it: KATA_SERVER, or the path of a file. */
  readonly source: string
  /** There is a token, and it is not for this server: only a file of the workspace names it. */
  readonly isTokenKept: boolean
}

export type Target = Address & {
  /** Of the configuration; whether this connection may carry it is decided by the client. */
  readonly token?: string | undefined
  readonly server?: Server
}

/** As messages name it. */
export const nameOf = (target: Address): string => {
  if ("socketPath" in target) return `unix://${target.socketPath}`
  const host = target.host.includes(":") ? `[${target.host}]` : target.host
  return `${target.secure === true ? "https" : "http"}://${host}:${target.port}`
}
