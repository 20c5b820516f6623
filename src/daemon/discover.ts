/**
 * STUB until the finding and starting of daemons is merged: a daemon that the configuration names is asked, else the socket of KATA_SOCKET.
 * The signatures are those agreed on.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { DaemonUnreachable } from "./ClientError.ts"
import { remote } from "./localConfig.ts"
import type { Target } from "./Target.ts"

export interface From {
  readonly databasePath: string
  readonly kataHome: string
  readonly userHome: string
  readonly version: string
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The directory of `--workspace`, else the current one. */
  readonly cwd: string
}

/** The daemon that serves the database. */
export const find = Effect.fn("discover.find")(function*(from: From) {
  const { KATA_AUTH_TOKEN: token, KATA_SOCKET: socketPath = "" } = from.variables
  const other = yield* remote({ variables: from.variables, start: from.cwd })
  if (Option.isSome(other)) return { ...other.value.address, token } satisfies Target
  if (socketPath !== "") return { socketPath, token } satisfies Target
  return yield* new DaemonUnreachable({ address: from.databasePath, what: "none runs", next: "", mayBeDone: false })
})

/** The same; one is started where there is none. */
export const connect = find
