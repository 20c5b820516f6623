import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FileError } from "../../files/FileError.ts"
import { AgainstReport, verifyAgainst } from "../../merge/Diff.ts"
import { blocking } from "../../records/Finding.ts"
import type { Input } from "../../snapshot/input.ts"
import { verify, VerifyReport } from "../../snapshot/verify.ts"
import { text } from "../Argv.ts"
import { changelog, changesForAgents, differenceCounts } from "../changes.ts"
import { inputOf } from "../input.ts"
import * as Output from "../Output.ts"
import { counts, field, findingCounts, findings, lossCounts, losses, plural, scopeField } from "../report.ts"
import { quote, shellWord } from "../terminal.ts"

type Report = VerifyReport | AgainstReport

const projects = (report: Report) =>
  report.projects.map((project) =>
    `  ${project.name}${project.archived ? " (archived)" : ""}: ${plural(project.issues, "issue")}, ${
      plural(project.comments, "comment")
    }, ${plural(project.links, "link")}, ${plural(project.events, "event")}`
  )

const against = (report: Report): ReadonlyArray<string> =>
  !(report instanceof AgainstReport) ? [] : [
    field("against", `${report.database}: the contents ${report.equal ? "are equal" : "differ"}`),
    ...differenceCounts(report.counts, ["only in the database", "only in the snapshot", "different"])
  ]

/** The first of what differs. */
const told = (report: Report): ReadonlyArray<string> =>
  !(report instanceof AgainstReport) || report.equal ? [] : [
    ...changelog(report.changes, false),
    ...(report.more === 0
      ? []
      : ["", `… ${report.more} more: kata diff ${shellWord(report.file)} ${shellWord(report.database)}`])
  ]

const isBlocked = (report: Report): boolean => blocking(report.findings).length > 0

/** Whether version 10 can hold all of it. */
const isHeld = (report: Report): boolean => Object.keys(report.losses).length === 0

const verdict = (report: Report): string =>
  isBlocked(report)
    ? "cannot be restored as it is"
    : report instanceof AgainstReport && !report.equal
    ? "differs"
    : isHeld(report)
    ? "ok"
    : "whole, but version 10 cannot hold all of it"

const format = Output.report(Schema.Union(AgainstReport, VerifyReport), {
  human: (report) => [
    `${verdict(report)}: ${report.file}`,
    field("seal", `${report.sealed ? "holds" : "none"}, ${plural(report.lines, "line")}`),
    ...against(report),
    ...scopeField(report.scope, report.live_only),
    ...counts(report.records),
    ...(report.projects.length === 0 ? [] : ["projects:", ...projects(report)]),
    ...losses("would lose", report.losses),
    ...report.notes.map((note) => `note: ${note}`),
    ...findings(report.findings),
    ...(isHeld(report)
      ? []
      : ["next: kata import --accept-loss all (or the names above, by commas) restores it without them"]),
    ...(!isBlocked(report)
      ? []
      : [
        "next: kata import --repair mends or leaves out each of these, says so, and keeps the lines that it leaves out"
      ]),
    ...told(report)
  ],
  agent: (report) => [
    `OK verify file=${
      quote(report.file)
    } sealed=${report.sealed} lines=${report.lines} restorable=${report.restorable} ${findingCounts(report.findings)}` +
    lossCounts(report.losses) +
    (report instanceof AgainstReport ? ` equal=${report.equal}` : ""),
    ...report.findings.map((finding) => `- finding blocking=${finding.blocking} text=${quote(finding.line)}`),
    ...(report instanceof AgainstReport ? changesForAgents(report.changes, report.more) : [])
  ],
  quiet: (report) => [
    ...(report.restorable ? [] : [`${verdict(report)}: ${report.file}`]),
    ...(report instanceof AgainstReport && !report.equal
      ? [`the contents differ: ${report.file} and ${report.database}`]
      : [])
  ],
  outcome: (report) =>
    isBlocked(report)
      ? "validation"
      : report instanceof AgainstReport && !report.equal
      ? "conflict"
      : isHeld(report)
      ? undefined
      : "incomplete"
})

const examine = (input: Input<FileError>, database: string | undefined) =>
  database === undefined
    ? Effect.map(verify(input), (report): Report => report)
    : Effect.map(verifyAgainst(input, database), (report): Report => report)

export const verifyCommand = Output.command(
  "verify",
  {
    file: Args.text({ name: "file" }).pipe(Args.withDescription("a snapshot, compressed or not, or - for stdin")),
    against: text("against", "db").pipe(
      Options.withDescription("also compare the content with this database; exit 5 when they differ"),
      Options.withDefault(undefined)
    )
  },
  format,
  ({ against, file }) => Effect.flatMap(inputOf(file), (input) => examine(input, against)),
  {
    description:
      "Read a snapshot without restoring it: the seal, every record, and what the records say of each other. Prints what is in it, what is odd, " +
      "and whether kata import takes it as it is (exit 0) or not (exit 3); a damaged or incomplete file is exit 8. Of a newer Go kata's export it " +
      "also counts what a restore would lose, because version 10 cannot hold it: a file that is whole but cannot be restored without loss is exit 9.",
    examples: [
      ["kata verify backups/kata.jsonl", "is it whole, and what is in it?"],
      ["kata verify kata.jsonl.gz --against ~/.kata/kata.db", "is everything in there?"],
      ["ssh host cat kata.jsonl | kata verify -", "from a pipe"]
    ]
  }
)
