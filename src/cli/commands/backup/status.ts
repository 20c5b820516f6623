import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { status, StatusReport } from "../../../backup/Backup.ts"
import type { FailureKind } from "../../../Failure.ts"
import { sizeWords } from "../../../files/sizeWords.ts"
import { parse } from "../../../presence/duration.ts"
import { text, toggle } from "../../Argv.ts"
import { stateWords, toOption, withBackups } from "../../backup.ts"
import * as Output from "../../Output.ts"
import { field, plural } from "../../report.ts"
import { quote } from "../../terminal.ts"
import { UsageError } from "../../UsageError.ts"

const kinds: Readonly<Record<StatusReport["outcome"], FailureKind | undefined>> = {
  ok: undefined,
  none: "not_found",
  stale: "conflict",
  unknown: "conflict",
  damaged: "damaged"
}

const told = (report: StatusReport): ReadonlyArray<string> => [
  ...report.bad.map(({ file, problem }) => `WARNING: ${file} is no good: ${problem}`),
  ...report.future.map((file) => `WARNING: ${file} is dated in the future, and counts for nothing`),
  ...(report.ahead === 0
    ? []
    : [`WARNING: the newest backup has ${plural(report.ahead, "event")} more than the database`]),
  ...(report.newest?.state === "refused" ? [`WARNING: ${report.newest.file}: ${report.newest.problem}`] : [])
]

const format = Output.report(StatusReport, {
  human: (report) => [
    `${report.outcome === "ok" ? "" : "WARNING: "}${report.words}`,
    field("database", report.database),
    ...(report.newest === null ? [] : [
      field("newest", `${report.newest.file}, ${stateWords(report.newest.state)}`),
      ...(report.newest.read_at === null ? [] : [field("", `read to its end ${report.newest.read_at}`)])
    ]),
    field("directory", `${report.directory}: ${plural(report.files, "backup")}, ${sizeWords(report.bytes)}`),
    ...(report.free === null ? [] : [field("", `${sizeWords(report.free)} free`)]),
    ...told(report)
  ],
  agent: (report) => [
    `OK backup status outcome=${report.outcome} files=${report.files} bytes=${report.bytes}` +
    (report.newest === null ? "" : ` newest=${quote(report.newest.file)} state=${report.newest.state}`) +
    (report.behind === null ? "" : ` behind=${report.behind.events}`) +
    ` ahead=${report.ahead} database=${quote(report.database)}`,
    ...told(report).map((line) => `- warning text=${quote(line.replace("WARNING: ", ""))}`)
  ],
  quiet: (report) => [...(report.outcome === "ok" ? [] : [`WARNING: ${report.words}`]), ...told(report)],
  outcome: ({ outcome }) => kinds[outcome]
})

export const statusCommand = Output.command(
  "status",
  {
    to: toOption,
    maxAge: text("max-age", "time").pipe(
      Options.withDescription("how long an event may be in no backup, such as 90m or 26h"),
      Options.withDefault("26h")
    ),
    full: toggle("full", false).pipe(Options.withDescription("read the newest backup to its end"))
  },
  format,
  ({ full, maxAge, to }) =>
    withBackups(to, ({ database, where }) =>
      Effect.gen(function*() {
        const age = parse(maxAge)
        if (age === undefined || age <= 0) {
          return yield* new UsageError({ reason: `--max-age: a length of time such as 90m or 26h, got ${maxAge}` })
        }
        return yield* status({ ...where, database, maxAge: age, full })
      })),
  {
    description:
      "Would the newest backup give back what the database holds now? It is stale when an event is in no backup for longer than --max-age, however " +
      "old the backup is. Exit 0 when all is well, 4 without a backup of this database, 5 when it is stale or the database cannot be asked, 8 when " +
      "the newest is damaged. What is only known by its event number is not compared: kata backup run does.",
    examples: [
      ["kata backup status", ""],
      ["kata backup status --max-age 90m --quiet", "in cron: prints only what is wrong"]
    ]
  }
)
