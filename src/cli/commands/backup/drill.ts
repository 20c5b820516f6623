import * as Args from "@effect/cli/Args"
import { drill, DrillReport } from "../../../backup/Backup.ts"
import { agentWarnings, toOption, warningLines, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { field, plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

const words = ({ behind, outcome }: DrillReport): string => {
  switch (outcome) {
    case "equal":
      return "equal to the database"
    case "behind":
      return `${plural(behind.events, "event")} behind the database, the oldest of ${behind.since ?? "?"}`
    case "differs":
      return "NOT what the database holds, though no event is newer"
    case "another":
      return "NOT of this database: it does not hold the last event of the backup"
  }
}

const headline = (report: DrillReport) => `restored in ${report.restore_seconds} s, ${words(report)}`
const skipped = (report: DrillReport) => report.skipped.map(({ file, problem }) => `${file} is no good: ${problem}`)
const isFine = ({ outcome }: DrillReport) => outcome === "equal" || outcome === "behind"

const format = Output.report(DrillReport, {
  human: (report) => [
    headline(report),
    field("backup", report.file),
    field("database", report.database),
    ...warningLines(skipped(report))
  ],
  agent: (report) => [
    `OK backup drill outcome=${report.outcome} file=${
      quote(report.file)
    } behind=${report.behind.events} restore_seconds=${report.restore_seconds} database=${quote(report.database)}`,
    ...agentWarnings(skipped(report))
  ],
  quiet: (report) => [...(isFine(report) ? [] : [`WARNING: ${headline(report)}`]), ...warningLines(skipped(report))],
  outcome: (report) => isFine(report) ? undefined : "conflict"
})

export const drillCommand = Output.command(
  "drill",
  {
    name: Args.text({ name: "backup" }).pipe(
      Args.withDescription("its name, or any part of it that no other has; the newest that is whole unless given"),
      Args.withDefault(undefined)
    ),
    to: toOption
  },
  format,
  ({ name, to }) => withBackups(to, ({ database, homes, where }) => drill({ ...where, database, name, homes })),
  {
    description:
      "Restore the newest backup to a private directory, with the whole proof of an import, and compare what that gives with the database as it is " +
      "now: equal, so many events behind, or not of this database (5). Nothing of it stays. It needs room for the database in TMPDIR.",
    examples: [["kata backup drill", "could I get it back, and how long would it take?"]]
  }
)
