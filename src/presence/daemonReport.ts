/** What `doctor` reports of the daemons of a database. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { onlyName } from "../database/onlyName.ts"
import { resolve } from "../files/paths.ts"
import { running } from "./daemons.ts"
import * as GoLock from "./goLock.ts"
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
  const real = yield* Effect.orElseSucceed(resolve(of.databasePath), () => of.databasePath)
  const name = yield* Effect.either(onlyName(real))
  const theirs = yield* GoLock.find(real)
  const other = name._tag === "Left" && name.left._tag === "DatabaseHasOtherName" ? name.left : undefined
  return {
    status: damage !== "" || other !== undefined ? "error" : several || Option.isSome(theirs) ? "warning" : "ok",
    says: daemon === undefined
      ? "none is running"
      : `pid ${daemon.pid}${daemon.address === "" ? "" : ` at ${daemon.address}`}`,
    details: [
      ...(damage === "" ? [] : [`it has met damage: ${damage}`]),
      ...(other === undefined ? [] : [other.message]),
      ...(Option.isNone(theirs) ?
        [] :
        [`${theirs.value.path} is the lock of a newer Go kata${
          Option.isSome(theirs.value.holder) ? ", which has it now" : ""
        }: one program a database, or its upgrade makes this one useless to kata`]),
      ...[...stale, ...unproven].map(({ source }) => `left by a daemon that is gone: ${source}`)
    ],
    next: damage !== ""
      ? "kata daemon stop, then kata doctor again: it looks at the file as it is then"
      : several
      ? "several work with this database: stop all but one"
      : other?.hint,
    inUse: daemon !== undefined,
    damaged: damage !== ""
  } satisfies DaemonReport
})
