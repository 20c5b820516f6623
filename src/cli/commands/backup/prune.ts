import * as Options from "@effect/cli/Options"
import { prune, PruneReport } from "../../../backup/Backup.ts"
import { sizeWords } from "../../../files/sizeWords.ts"
import { text, toggle } from "../../Argv.ts"
import { agentWarnings, toOption, warningLines, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

type Row = PruneReport["files"][number]

const line = (dryRun: boolean) => ({ file, reasons, stays }: Row) =>
  `  ${stays ? "keep  " : dryRun ? "would remove" : "remove"}  ${file}${
    reasons.length === 0 ? "" : ` (${reasons.join(", ")})`
  }`

const format = Output.report(PruneReport, {
  human: (report) => [
    `${report.dry_run ? "would remove" : "removed"} ${plural(report.removed, "backup")} (${
      sizeWords(report.bytes)
    }) of ${report.directory}, ${report.kept} stay${report.kept === 1 ? "s" : ""}` +
    (report.dry_run ? " (dry run, nothing was changed)" : ""),
    ...report.files.map(line(report.dry_run)),
    ...warningLines(report.warnings)
  ],
  agent: (report) => [
    `OK backup prune directory=${
      quote(report.directory)
    } dry_run=${report.dry_run} kept=${report.kept} removed=${report.removed} bytes=${report.bytes}`,
    ...report.files.map(({ file, reasons, state, stays }) =>
      `- backup file=${quote(file)} stays=${stays} state=${state} reasons=${quote(reasons.join(", "))}`
    ),
    ...agentWarnings(report.warnings)
  ],
  quiet: ({ warnings }) => warningLines(warnings)
})

const count = (rule: string, what: string) =>
  text(`keep-${rule}`, "n").pipe(
    Options.withDescription(`${what}: a number, or unlimited`),
    Options.withDefault(undefined)
  )
const within = (rule: string, what: string) =>
  text(`keep-within${rule}`, "time").pipe(
    Options.withDescription(`${what} so long before the newest, as in 1y2m3w4d5h`),
    Options.withDefault(undefined)
  )

export const pruneCommand = Output.command(
  "prune",
  {
    to: toOption,
    last: count("last", "the newest"),
    hourly: count("hourly", "the newest of each hour that has one"),
    daily: count("daily", "the newest of each day that has one"),
    weekly: count("weekly", "the newest of each week that has one"),
    monthly: count("monthly", "the newest of each month that has one"),
    yearly: count("yearly", "the newest of each year that has one"),
    within: within("", "all of"),
    withinHourly: within("-hourly", "the newest of each hour of"),
    withinDaily: within("-daily", "the newest of each day of"),
    withinWeekly: within("-weekly", "the newest of each week of"),
    withinMonthly: within("-monthly", "the newest of each month of"),
    withinYearly: within("-yearly", "the newest of each year of"),
    damaged: toggle("damaged", false).pipe(
      Options.withDescription("also remove what is damaged, when a later one is good and has its events")
    ),
    dryRun: toggle("dry-run", false).pipe(Options.withDescription("only say what would go, and why the others stay"))
  },
  format,
  ({ daily, damaged, dryRun, hourly, last, monthly, to, weekly, yearly, ...within }) =>
    withBackups(to, ({ where }) =>
      prune({
        ...where,
        damaged,
        dryRun,
        words: {
          counts: { last, hourly, daily, weekly, monthly, yearly },
          within: {
            all: within.within,
            hourly: within.withinHourly,
            daily: within.withinDaily,
            weekly: within.withinWeekly,
            monthly: within.withinMonthly,
            yearly: within.withinYearly
          }
        }
      })),
  {
    commits: true,
    description:
      "Remove the backups that no rule keeps; times are those of UTC. One stays when any rule keeps it. The newest good one of each database stays " +
      "whatever the rules say, so does the last one before the database was put back to an older state, and what is damaged, dated in the future, " +
      "or not what its name says. Backups of a database of which one goes are read to their ends first, unless that was done before.",
    examples: [
      ["kata backup prune --keep-last 3 --keep-daily 14 --keep-monthly 12", ""],
      ["kata backup prune --keep-within 7d --keep-monthly 12 --dry-run", "what would go?"]
    ]
  }
)
