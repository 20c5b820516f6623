/** Where a daemon is reached. */

export type Address =
  | { readonly socketPath: string }
  | { readonly host: string; readonly port: number; readonly secure?: boolean }

export type Target = Address & {
  /** Of the configuration; whether this target may see it is decided by the client. */
  readonly token?: string | undefined
}

/** As messages name it. */
export const nameOf = (target: Address): string => {
  if ("socketPath" in target) return `unix://${target.socketPath}`
  const host = target.host.includes(":") ? `[${target.host}]` : target.host
  return `${target.secure === true ? "https" : "http"}://${host}:${target.port}`
}
