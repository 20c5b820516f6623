/**
 * A restore of which nothing stays: the newest backup becomes a private database, with all the proof of an import, and what that holds is
 * compared with the database as it is now.
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { inTemporary } from "../database/temporary.ts"
import { into } from "../export/Export.ts"
import { privateDirectory } from "../files/staleFiles.ts"
import { isSameLater } from "../history/events.ts"
import { restore } from "../import/Import.ts"
import type { Homes } from "../import/stopHint.ts"
import { phase } from "../Progress.ts"
import { version10 } from "../records/kinds.ts"
import { stateOf } from "../snapshot/backupReport.ts"
import { anyVersion } from "../snapshot/convert.ts"
import { BackupUnknown, named, newestWhole } from "./entries.ts"
import { identify } from "./identify.ts"
import { isoOf, tagOf } from "./names.ts"
import { opened, type Where } from "./open.ts"
import type { Facts } from "./state.ts"

export interface DrillOptions extends Where {
  /** The path of the database that the backup is compared with. */
  readonly database: string
  /** A name, or a part of one; the newest that is whole unless given. */
  readonly name?: string | undefined
  readonly homes: Homes
}

export class DrillReport extends Schema.Class<DrillReport>("BackupDrillReport")({
  kind: Schema.Literal("backup_drill"),
  /**
   * `behind`: the database was that backup, and was worked on since. `differs`: it was not, or was changed without an event. `another`: the
   * database does not know the last event of the backup.
   */
  outcome: Schema.Literal("equal", "behind", "differs", "another"),
  database: Schema.String,
  directory: Schema.String,
  file: Schema.String,
  time: Schema.String,
  /** Events that only the database has, and when the oldest of them was. */
  behind: Schema.Struct({ events: Schema.Int, since: Schema.NullOr(Schema.String) }),
  /** Newer ones that are no good. */
  skipped: Schema.Array(Schema.Struct({ file: Schema.String, problem: Schema.String })),
  /** How long it took to make a database of it, proof included. */
  restore_seconds: Schema.Number,
  seconds: Schema.Number
}) {}

const millis = Effect.map(DateTime.now, (now) => Number(DateTime.toEpochMillis(now)))
const secondsSince = (from: number) => Effect.map(millis, (now) => Math.round((now - from) / 100) / 10)

/** Whether the database has the last event of the backup, or has purged it. */
const knowsLast = (database: string, { last_event: last }: Facts) =>
  last === null
    ? Effect.succeed(true)
    : Effect.scoped(
      Effect.flatMap(anyVersion(database, version10), ({ db }) => isSameLater(db, BigInt(last.id), last.uid))
    )

const choose = Effect.fnUntraced(function*({ database, directory, name, ...where }: DrillOptions) {
  const { entries, place } = yield* opened({ directory, ...where })
  const { instance } = yield* identify(database)
  const ours = name === undefined
    ? entries.managed.filter(({ label: { tag } }) => tag === tagOf(instance))
    : [yield* named(place, entries, name)]
  const found = yield* newestWhole(ours)
  if (found.whole !== undefined) return { ...found, whole: found.whole }
  return yield* new BackupUnknown({
    directory,
    name: name === undefined ? "" : `${name} that is whole`,
    candidates: []
  })
})

/** Restores a backup to a private place, and says whether the database still is what it says, or how much further. Changes nothing. */
export const drill = Effect.fn("Backup.drill")((options: DrillOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const began = yield* millis
    const { bad, whole: { entry, facts } } = yield* choose(options)
    const directory = yield* privateDirectory("import")
    const restoring = yield* millis
    yield* phase("restoring")
    yield* restore({
      input: { name: entry.name, path: entry.path },
      target: `${directory}/drill.db`,
      homes: options.homes
    }).pipe(Effect.mapError(inTemporary(directory)))
    const restoreSeconds = yield* secondsSince(restoring)
    const now = yield* into({ database: options.database }, "-", Stream.runDrain)
    const knows = yield* knowsLast(options.database, facts)
    const state = yield* stateOf(options.database, facts.position)
    const events = state?.behind ?? 0
    return new DrillReport({
      kind: "backup_drill",
      outcome: now.sha256 === facts.sha256 ? "equal" : !knows ? "another" : events > 0 ? "behind" : "differs",
      database: options.database,
      directory: options.directory,
      file: entry.name,
      time: isoOf(entry.label.time),
      behind: { events, since: events === 0 ? null : state?.oldest ?? null },
      skipped: bad.map(({ entry: { name }, known: { problem } }) => ({ file: name, problem })),
      restore_seconds: restoreSeconds,
      seconds: yield* secondsSince(began)
    })
  }))
)
