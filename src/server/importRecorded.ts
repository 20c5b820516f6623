/**
 * An import of lines beside the daemon: one transaction of a connection of its own, so that others go on reading, with an entry in the history by
 * which it can be taken back.
 *
 *     lines, checked ──▶ issues, merged with what is there ──noted by triggers──▶ what takes them back, on disk ──▶ commit
 */
import * as Effect from "effect/Effect"
import { inverseOfNoted, note, noted } from "../changes/noted.ts"
import { Database } from "../database/Database.ts"
import * as Lock from "../database/Lock.ts"
import { resolve } from "../files/paths.ts"
import { sweepPrivate } from "../files/staleFiles.ts"
import { recordingRows } from "../history/recordRows.ts"
import { named } from "../import/asNamed.ts"
import { isServed } from "../import/beside.ts"
import type { Homes } from "../import/stopHint.ts"
import { importRows } from "../ledger/imports/importRows.ts"
import { version10 } from "../records/kinds.ts"
import { Store } from "../store/Store.ts"
import { within } from "../store/within.ts"
import { linesIn, type Received } from "./importLines.ts"
import type { ImportTask } from "./task.ts"

/** Brings the lines into a database that is not written to otherwise: in one transaction, and with an entry unless nothing was changed. */
const brought = Effect.fnUntraced(function*(path: string, project: bigint, { head, lines }: Received) {
  const { change } = yield* Database
  const format = version10
  const said = { what: "import", by: head.actor, input: head.source } as const
  const { entry, result } = yield* recordingRows(
    path,
    said,
    (recorder) =>
      change(path, undefined, (db) =>
        Effect.gen(function*() {
          yield* recorder.begin
          yield* note(db, format)
          const done = yield* Effect.provideService(importRows(project, head, lines), Store, yield* within(db))
          const changes = yield* noted(db, format)
          if (Object.keys(changes).length === 0) return done
          const rows = yield* recorder.keep(inverseOfNoted(db, format, changes))
          yield* recorder.end(db, { rows, shifts: {}, changes })
          return done
        }))
  )
  return entry === undefined ? result : { ...result, entry }
})

/** The same without a commit, which leaves no trace. */
const tried = Effect.fnUntraced(function*(path: string, project: bigint, { head, lines }: Received) {
  const { change } = yield* Database
  return yield* change(
    path,
    undefined,
    (db) => Effect.flatMap(within(db), (store) => Effect.provideService(importRows(project, head, lines), Store, store))
  )
})

/** Brings the lines of a file, or nothing. What is interrupted before the commit leaves what was there. */
export const importRecorded = Effect.fn("daemon.importRecorded")((task: ImportTask, homes: Homes) =>
  Effect.gen(function*() {
    const path = yield* resolve(task.database)
    return yield* Effect.gen(function*() {
      yield* sweepPrivate()
      const received = yield* Effect.interruptible(linesIn(task.file))
      const { view } = yield* Database
      // what is no database of this version is refused first
      yield* Effect.scoped(view(path, version10))
      if (!(yield* isServed(task.database, path, homes))) yield* Lock.acquire(path, "import")
      return yield* (received.head.dry_run ? tried : brought)(path, BigInt(task.project), received)
    }).pipe(Effect.mapError(named(path, task.database)))
  }).pipe(Effect.scoped, Effect.uninterruptible)
)
