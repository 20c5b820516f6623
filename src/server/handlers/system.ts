import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandLine } from "../../api/CommandLine.ts"
import type { system } from "../../api/system.ts"
import { run } from "../../ledger/query.ts"
import { version10 } from "../../records/kinds.ts"
import { Store } from "../../store/Store.ts"
import { Daemon } from "../Daemon.ts"
import type { Handlers } from "../Router.ts"

/** As Go prints a duration, to the second. */
const duration = (milliseconds: number): string => {
  const seconds = Math.round(milliseconds / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return `${hours > 0 ? `${hours}h` : ""}${hours > 0 || minutes > 0 ? `${minutes}m` : ""}${seconds % 60}s`
}

export const systemHandlers: Handlers<typeof system, Store | Daemon> = {
  ping: () => Effect.map(Daemon, ({ pid, version }) => ({ ok: true, service: "kata", version, pid })),
  health: () =>
    Effect.gen(function*() {
      const { databasePath, startedAt, version } = yield* Daemon
      const { read, sql } = yield* Store
      // an answer means that the database answers
      yield* read(run(sql`SELECT count(*) FROM meta`))
      const uptime = duration(Date.now() - Date.parse(startedAt))
      return {
        ok: true,
        db_path: databasePath,
        schema_version: version10.version,
        version,
        uptime,
        started_at: startedAt
      }
    }),
  instance: () =>
    Effect.gen(function*() {
      const { instanceUid } = yield* Store
      const { version } = yield* Daemon
      return { instance_uid: yield* instanceUid, version, schema_version: version10.version }
    }),
  commandRun: ({ payload, request }) =>
    Effect.gen(function*() {
      // Only who may open the socket of this user asks for what this user may see.
      if (Option.isSome(request.remoteAddress)) return { printed: null }
      const run = yield* CommandLine
      return { printed: Option.getOrNull(yield* run(payload, yield* Daemon)) }
    })
}
