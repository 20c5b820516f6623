import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { type Check, DoctorReport, examine } from "../../doctor.ts"
import { texts } from "../Argv.ts"
import { withDatabase } from "../databaseOption.ts"
import { Environment } from "../Environment.ts"
import * as Output from "../Output.ts"
import { findingCounts, findings } from "../report.ts"
import { quote, wrap } from "../terminal.ts"

const marks: Record<Check["status"], string> = { ok: "ok", note: "note", warning: "WARNING", error: "ERROR" }

/** A command stays on one line: it is copied. */
const next = (text: string) => /^(?:kata|mkdir) /.test(text) ? [`next: ${text}`] : wrap(`next: ${text}`, 66)

const block = (check: Check): ReadonlyArray<string> => [
  `  ${check.name.padEnd(10)} ${check.status === "ok" ? "" : `${marks[check.status]}: `}${check.says}`,
  ...check.details.map((detail) => `             ${detail}`),
  ...(check.next === null ? [] : next(check.next).map((line) => `             ${line}`))
]

const format = Output.report(DoctorReport, {
  human: (report) => [report.database, ...report.checks.flatMap(block), ...findings(report.findings)],
  agent: (report) => [
    `OK doctor database=${quote(report.database)} outcome=${report.outcome ?? "ok"} ${findingCounts(report.findings)}`,
    ...report.checks.map((check) =>
      `- check name=${check.name} status=${check.status} says=${quote(check.says)}` +
      (check.next === null ? "" : ` next=${quote(check.next)}`)
    )
  ],
  quiet: (report) => report.checks.filter(({ status }) => status === "warning" || status === "error").flatMap(block),
  outcome: (report) => report.outcome ?? undefined
})

export const doctor = Output.command(
  "doctor",
  {
    backups: texts("backups", "dir").pipe(
      Options.withDescription(
        "look for snapshots here instead of in this directory, ~/.kata, beside the database, and backups/ in each"
      )
    )
  },
  format,
  ({ backups }) =>
    withDatabase(({ homes, path }) =>
      Effect.gen(function*() {
        const { cwd } = yield* Environment
        const { dirname, resolve } = yield* Path.Path
        const near = [cwd, homes.kataHome, dirname(path)].flatMap((directory) => [directory, `${directory}/backups`])
        const named = backups.map((directory) => resolve(cwd, directory))
        return yield* examine({
          database: path,
          homes,
          backups: named.length === 0 ? near : named,
          expected: named.length > 0
        })
      })
    ),
  {
    description:
      "Is everything still there, and could it be given back? Reads the whole database as an export does, checks every page, and looks for what " +
      "interrupted work left, for what the newest Go kata would stop at, for the daemon, and for the newest snapshot, which is read whole. Changes nothing. Exit 0 when nothing is wrong, 8 when the database is " +
      "damaged, 3 when something in it breaks a rule, 5 when it is sound and its newest snapshot is damaged, cannot be restored as it is, lacks events of more than a week, or holds " +
      "more than it; also when --backups has none.",
    examples: [
      ["kata doctor", "before and after anything that frightens you"],
      ["kata doctor --backups ~/kata-backups --quiet", "in cron: prints only what needs attention"]
    ]
  }
)
