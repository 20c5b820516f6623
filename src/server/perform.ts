/** Does what a daemon has asked for, and tells it in the lines of its answer: in the process that `Worker` starts. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { failedLine, lineOf } from "../api/lines.ts"
import type { Homes } from "../import/stopHint.ts"
import { Brought } from "../ledger/imports/importBrought.ts"
import { diff } from "../merge/Diff.ts"
import { DiffReport } from "../merge/DiffReport.ts"
import { merge } from "../merge/Merge.ts"
import { MergeReport } from "../merge/MergeReport.ts"
import { Progress, type ProgressListener, type Total } from "../Progress.ts"
import { importRecorded } from "./importRecorded.ts"
import type { DiffTask, ImportTask, MergeTask, Task } from "./task.ts"

/** Milliseconds between two lines about one phase. */
const interval = 250

type Write<E> = (line: string) => Effect.Effect<void, E>

/** Tells each phase at once, and how far it is from time to time. */
const told = (write: Write<never>): ProgressListener => {
  let total: Total = {}
  let done = { phase: "", rows: 0, bytes: 0 }
  let last = 0
  const tell = (now: number) => {
    last = now
    const { bytes, rows } = total
    return write(lineOf({
      progress: {
        ...done,
        ...(rows === undefined ? {} : { of_rows: rows }),
        ...(bytes === undefined ? {} : { of_bytes: bytes })
      }
    }))
  }
  return {
    phase: (phase, of) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        total = of ?? {}
        done = { phase, rows: 0, bytes: 0 }
        return tell(now)
      }),
    advance: (rows, bytes) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        done = { ...done, rows: done.rows + rows, bytes: done.bytes + bytes }
        return now - last < interval ? Effect.void : tell(now)
      })
  }
}

const merged = (task: MergeTask, homes: Homes) =>
  Effect.map(
    merge({
      target: task.database,
      sources: [{ snapshot: { name: task.name, path: task.file } }],
      projects: task.projects,
      issues: task.issues,
      prefer: task.prefer,
      decisions: task.decisions,
      applyPurges: task.apply_purges,
      restorePurged: task.restore_purged,
      dryRun: task.dry_run,
      actor: task.actor,
      homes
    }),
    (report) => ({ report: Schema.encodeSync(MergeReport)(report) })
  )

const compared = (task: DiffTask) =>
  Effect.map(
    Effect.interruptible(diff({
      a: { snapshot: { name: task.name, path: task.file } },
      b: { database: task.database },
      project: task.project,
      issue: task.issue,
      limit: task.limit
    })),
    (report) => ({ report: Schema.encodeSync(DiffReport)(report) })
  )

const imported = (task: ImportTask, homes: Homes) =>
  Effect.map(importRecorded(task, homes), (brought) => ({ report: Schema.encodeSync(Brought)(brought) }))

/** The failure of the task is its last line; only a line that cannot be written fails. What writes is interrupted until it commits. */
export const perform = Effect.fn("daemon.perform")(function*<E>(task: Task, homes: Homes, write: Write<E>) {
  // Who does not read how far it is may read the end.
  const progress = told((line) => Effect.ignore(write(line)))
  const line = { onFailure: failedLine, onSuccess: lineOf }
  const work = task.operation === "merge"
    ? Effect.mapBoth(merged(task, homes), line)
    : task.operation === "import"
    ? Effect.mapBoth(imported(task, homes), line)
    : Effect.mapBoth(compared(task), line)
  const last = yield* work.pipe(
    Effect.catchAll((failed) => Effect.succeed(lineOf(failed))),
    Effect.provideService(Progress, progress)
  )
  yield* write(last)
})
