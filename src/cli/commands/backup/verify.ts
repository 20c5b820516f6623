import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { VerifiedReport, verifyBackups } from "../../../backup/Backup.ts"
import { toggle } from "../../Argv.ts"
import { agentRow, agentWarnings, stateWords, toOption, warningLines, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { quote } from "../../terminal.ts"
import { UsageError } from "../../UsageError.ts"

const line = ({ file, problem, state }: VerifiedReport["files"][number]) =>
  `${stateWords(state)}: ${file}${problem === "" ? "" : `: ${problem}`}`

const sums = ({ damaged, refused, whole }: VerifiedReport) =>
  `${whole} whole${refused === 0 ? "" : ` (${refused} of which a restore would refuse)`}, ${damaged} damaged`

const format = Output.report(VerifiedReport, {
  human: (report) => [...report.files.map(line), sums(report), ...warningLines(report.warnings)],
  agent: (report) => [
    `OK backup verify directory=${
      quote(report.directory)
    } whole=${report.whole} refused=${report.refused} damaged=${report.damaged}`,
    ...report.files.map(agentRow),
    ...agentWarnings(report.warnings)
  ],
  quiet: ({ files, warnings }) => [
    ...files.filter(({ state }) => state !== "good").map(line),
    ...warningLines(warnings)
  ],
  outcome: ({ damaged, refused }) => damaged > 0 ? "damaged" : refused > 0 ? "validation" : undefined
})

export const verifyCommand = Output.command(
  "verify",
  {
    name: Args.text({ name: "backup" }).pipe(
      Args.withDescription("its name, or any part of it that no other has; the newest unless given"),
      Args.withDefault(undefined)
    ),
    to: toOption,
    all: toggle("all", false).pipe(Options.withDescription("every one of them")),
    sample: Options.integer("sample").pipe(
      Options.withDescription("so many of those that were read longest ago"),
      Options.withDefault(undefined)
    )
  },
  format,
  ({ all, name, sample, to }) =>
    withBackups(to, ({ where }) =>
      Effect.gen(function*() {
        if ([all, name !== undefined, sample !== undefined].filter((given) => given).length > 1) {
          return yield* new UsageError({ reason: "a backup, --all and --sample cannot be combined" })
        }
        if (sample !== undefined && sample < 1) return yield* new UsageError({ reason: "--sample: 1 or more" })
        return yield* verifyBackups({ ...where, name, all, sample })
      })),
  {
    description:
      "Read backups to their ends: by the rules of a restore, by their seals, and against what their names say. The newest unless said otherwise. " +
      "Exit 8 when one is damaged, 3 when a restore would refuse one. Changes nothing in the directory.",
    examples: [
      ["kata backup verify", "the newest"],
      ["kata backup verify --all", "all of them"],
      ["kata backup verify --sample 3 --quiet", "a few each night: prints only what is wrong"]
    ]
  }
)
