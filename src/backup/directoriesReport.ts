/** What doctor tells of the directories that a database was saved to. */
import * as Effect from "effect/Effect"
import { quoted, resolve } from "../files/paths.ts"
import { load } from "./state.ts"
import { status, type StatusReport } from "./status.ts"

/** As long may an event be in no backup: a schedule of every day, and a while. */
export const usualMaxAge = 26 * 60 * 60 * 1000

export interface DirectoryReport {
  readonly status: "ok" | "note" | "warning"
  readonly says: string
  readonly details: ReadonlyArray<string>
  readonly next: string | undefined
  /** Somebody has to do something. */
  readonly wrong: boolean
}

/** What to do about each outcome, in the directory that the words name. */
const steps: Readonly<Record<StatusReport["outcome"], string | undefined>> = {
  ok: undefined,
  none: "run",
  stale: "run",
  damaged: "run",
  unknown: "list"
}

const reportOf = (report: StatusReport, to: string): DirectoryReport => {
  const { ahead, bad, future, newest, outcome } = report
  const step = steps[outcome]
  // That the database cannot be asked is told by the checks of the database.
  const wrong = outcome !== "ok" && outcome !== "unknown"
  const details = [
    ...(newest === null ? [] : [`${report.directory}/${newest.file}`]),
    ...bad.map(({ file, problem }) => `${file} is no good: ${problem}`),
    ...future.map((file) => `${file} is dated in the future, and counts for nothing`),
    ...(ahead === 0 ? [] : [`the newest backup has ${ahead} events more than the database`])
  ]
  return {
    status: wrong ? "warning" : outcome === "unknown" || bad.length + future.length + ahead > 0 ? "note" : "ok",
    says: report.words,
    details,
    next: step === undefined ? undefined : `kata backup ${step}${to}`,
    wrong
  }
}

/** Of a directory that others were used after: perhaps it is not used any more. */
const asNote = (report: DirectoryReport): DirectoryReport =>
  report.status === "ok" ? report : { ...report, status: "note", wrong: false }

/**
 * One for each directory that the database at a path was saved to, as far as that is remembered, the one that was used last first: only that
 * one is wrong when it is not as it should be. It does not fail.
 */
export const directoriesReport = Effect.fn("Backup.directoriesReport")(function*(database: string, kataHome: string) {
  const real = yield* Effect.orElseSucceed(resolve(database), () => database)
  const { directories } = yield* load(kataHome)
  const known = Object.entries(directories)
    .flatMap(([directory, { seen }]) => Object.hasOwn(seen, real) ? [{ directory, at: seen[real]?.at ?? "" }] : [])
    .toSorted((a, b) => a.at < b.at ? 1 : -1)
  const reports = yield* Effect.forEach(known, ({ directory }) => {
    const to = directory === `${kataHome}/backups` ? "" : ` --to ${quoted(directory)}`
    return Effect.match(status({ directory, kataHome, database, maxAge: usualMaxAge }), {
      onFailure: ({ hint, message }): DirectoryReport => ({
        status: "warning",
        says: message,
        details: [],
        next: hint,
        wrong: true
      }),
      onSuccess: (report) => reportOf(report, to)
    })
  })
  return reports.map((report, i) => i === 0 ? report : asNote(report))
})
