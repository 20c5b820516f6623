/** What `doctor` reports of the daemons of a database. */
import * as Effect from "effect/Effect"
import { running } from "./daemons.ts"
import { damageOf } from "./status.ts"

export interface DaemonReport {
  readonly status: "ok" | "warning" | "error"
  readonly says: string
  readonly details: ReadonlyArray<string>
  readonly next: string | undefined
  /** One works with the database, or may. */
  readonly inUse: boolean
  /** One has found the database damaged. */
  readonly damaged: boolean
}

export const daemonReport = Effect.fn("daemons.report")(function*(of: Parameters<typeof running>[0]) {
  const { running: daemons, stale, unproven } = yield* running(of)
  const [daemon] = daemons
  const damage = daemons.some(({ ours }) => ours) ? yield* damageOf(of.databasePath) : ""
  const several = daemons.length > 1
  return {
    status: damage !== "" ? "error" : several ? "warning" : "ok",
    says: daemon === undefined
      ? "none is running"
      : `pid ${daemon.pid}${daemon.address === "" ? "" : ` at ${daemon.address}`}`,
    details: [
      ...(damage === "" ? [] : [`it has met damage: ${damage}`]),
      ...[...stale, ...unproven].map(({ source }) => `left by a daemon that is gone: ${source}`)
    ],
    next: damage !== ""
      ? "kata daemon stop, then kata doctor again: it looks at the file as it is then"
      : several
      ? "several work with this database: stop all but one"
      : undefined,
    inUse: daemon !== undefined,
    damaged: damage !== ""
  } satisfies DaemonReport
})
