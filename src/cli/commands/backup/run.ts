import * as Options from "@effect/cli/Options"
import { run, RunReport } from "../../../backup/Backup.ts"
import { sizeWords } from "../../../files/sizeWords.ts"
import { toggle } from "../../Argv.ts"
import { agentWarnings, toOption, warningLines, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { counts, field, plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

const since = ({ new_events: added, outcome, previous }: RunReport): ReadonlyArray<string> =>
  outcome === "unchanged"
    ? []
    : previous === null
    ? [field("before", "none: it is the first of this database")]
    : [field("before", previous.file), field("", `${plural(added ?? 0, "event")} since`)]

const format = Output.report(RunReport, {
  human: (report) => [
    report.outcome === "saved"
      ? `saved ${report.file}${report.objects ? ", with a warning" : ""}`
      : `unchanged: ${report.file} holds the database as it is`,
    field("database", report.database),
    field("directory", report.directory),
    ...counts(report.records),
    field("size", `${sizeWords(report.bytes)}${report.read_back ? ", read back and whole" : ""}`),
    ...since(report),
    ...warningLines(report.warnings)
  ],
  agent: (report) => [
    `OK backup run outcome=${report.outcome} file=${quote(report.file)} directory=${
      quote(report.directory)
    } position=${report.position} bytes=${report.bytes}${
      report.new_events === null ? "" : ` new_events=${report.new_events}`
    } objects=${report.objects} database=${quote(report.database)}`,
    ...agentWarnings(report.warnings)
  ],
  quiet: ({ warnings }) => warningLines(warnings),
  outcome: ({ objects }) => objects ? "incomplete" : undefined
})

export const runCommand = Output.command(
  "run",
  {
    to: toOption,
    always: toggle("always", false).pipe(
      Options.withDescription("write a file also when the newest backup has the same content")
    ),
    anotherDatabase: toggle("another-database", false).pipe(
      Options.withDescription("the first backup of this database, in a directory that has those of others")
    )
  },
  format,
  ({ always, anotherDatabase, to }) =>
    withBackups(to, ({ database, usual, where }) => run({ ...where, database, usual, always, anotherDatabase })),
  {
    commits: true,
    description:
      "Save the database: a sealed snapshot of one consistent state, also while a daemon works with it, written beside, read back to its end, and " +
      "only then given its name. Nothing is replaced. When the newest backup has the same content no file is made. Refused (5) when the directory " +
      "has backups of another database alone; saved with exit 9 when issues, comments or events are gone without a purge, or a restore would " +
      "refuse it. Removes nothing: kata backup prune does.",
    examples: [
      ["kata backup run", "to backups in KATA_HOME"],
      ["kata backup run --to /mnt/disk/kata --quiet", "in cron: prints only what needs somebody"]
    ]
  }
)
