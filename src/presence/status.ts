/** What is known of the daemons of a database, without asking them. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Lock from "../database/Lock.ts"
import { resolve } from "../files/paths.ts"
import { type Daemon, running } from "./daemons.ts"
import { type DaemonRecord, read } from "./records.ts"

export class Status extends Schema.Class<Status>("Status")({
  /** Those that serve it. What is not known is empty. */
  daemons: Schema.Array(Schema.Struct({
    pid: Schema.Int,
    version: Schema.String,
    address: Schema.String,
    db_path: Schema.String,
    started_at: Schema.String,
    /** What it has met in the database, after which it does nothing more with it. */
    damage: Schema.optionalWith(Schema.String, { exact: true })
  })),
  /** Records whose process is there, and nothing shows that it is a kata. */
  unproven: Schema.Array(Schema.Struct({ pid: Schema.Int, source: Schema.String }))
}) {}

/** What its record says, or the row of the lock where it has none here. */
export const recordOf = Effect.fn("daemon.recordOf")(
  function*({ address, pid, source }: Daemon, databasePath: string) {
    const record = yield* read(source)
    if (Option.isSome(record)) return record.value
    const real = yield* Effect.orElseSucceed(resolve(databasePath), () => databasePath)
    const holder = Option.flatten(yield* Effect.option(Lock.holder(real)))
    const known = Option.getOrUndefined(Option.filter(holder, (held) => held.pid === pid))
    return {
      pid,
      address,
      db_path: databasePath,
      version: known?.version ?? "",
      started_at: known?.startedAt ?? ""
    } satisfies DaemonRecord
  }
)

/** What the daemon that serves a database, or served it last, has met in it; empty when nothing. */
export const damageOf = (databasePath: string) =>
  Effect.flatMap(Effect.orElseSucceed(resolve(databasePath), () => databasePath), Lock.damageNoted)

export const status = Effect.fn("daemon.status")(function*(of: {
  readonly databasePath: string
  readonly kataHome: string
  readonly userHome: string
}) {
  const found = yield* running(of)
  const damage = yield* damageOf(of.databasePath)
  return new Status({
    daemons: yield* Effect.forEach(
      found.running,
      (daemon) =>
        Effect.map(recordOf(daemon, of.databasePath), (record) => ({
          ...record,
          ...(daemon.ours && damage !== "" ? { damage } : {})
        }))
    ),
    unproven: found.unproven.map(({ pid, source }) => ({ pid, source }))
  })
})
