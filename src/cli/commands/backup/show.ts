import * as Args from "@effect/cli/Args"
import { showBackup, ShowReport } from "../../../backup/Backup.ts"
import type { FailureKind } from "../../../Failure.ts"
import { sizeWords } from "../../../files/sizeWords.ts"
import { stateWords, toOption, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { counts, field, findingCounts, findings, plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

const kindOf = ({ backup: { state } }: ShowReport): FailureKind | undefined =>
  state === "damaged" || state === "lies" ? "damaged" : state === "refused" ? "validation" : undefined

const problem = ({ backup }: ShowReport) => backup.problem === "" ? [] : [`${backup.file}: ${backup.problem}`]

const format = Output.report(ShowReport, {
  human: (report) => [
    `${stateWords(report.backup.state)}: ${report.backup.file}`,
    field("made", report.backup.time),
    ...(report.instance === null ? [] : [field("instance", report.instance)]),
    ...(report.last_event === null
      ? []
      : [field("reaches to", `event ${report.last_event.id}, ${report.last_event.at}`)]),
    field("size", sizeWords(report.backup.bytes)),
    ...counts(report.records),
    ...(report.projects.length === 0 ? [] : ["projects:"]),
    ...report.projects.map((project) =>
      `  ${project.name}${project.archived ? " (archived)" : ""}: ${plural(project.issues, "issue")}, ${
        plural(project.comments, "comment")
      }, ${plural(project.events, "event")}`
    ),
    ...problem(report),
    ...findings(report.findings)
  ],
  agent: (report) => [
    `OK backup show file=${
      quote(report.backup.file)
    } state=${report.backup.state} time=${report.backup.time} position=${report.backup.position} bytes=${report.backup.bytes} ${
      findingCounts(report.findings)
    }` +
    (report.instance === null ? "" : ` instance=${quote(report.instance)}`) +
    (report.backup.problem === "" ? "" : ` problem=${quote(report.backup.problem)}`),
    ...report.projects.map(({ comments, events, issues, name, uid }) =>
      `- project uid=${quote(uid)} name=${quote(name)} issues=${issues} comments=${comments} events=${events}`
    )
  ],
  quiet: problem,
  outcome: kindOf
})

export const show = Output.command(
  "show",
  {
    name: Args.text({ name: "backup" }).pipe(Args.withDescription("its name, or any part of it that no other has")),
    to: toOption
  },
  format,
  ({ name, to }) => withBackups(to, ({ where }) => showBackup({ ...where, name })),
  {
    description:
      "Read one backup to its end and say what is in it. Exit 8 when it is damaged or is not what its name says, 3 when a restore would refuse it.",
    examples: [["kata backup show 20261129T0917", ""]]
  }
)
