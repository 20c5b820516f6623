import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { BeadsExportReport, exportBeads, spoolBeads } from "../../beads/Export.ts"
import { type ExportOptions, ExportReport, spooled, toFile } from "../../export/Export.ts"
import { text, texts, toggle } from "../Argv.ts"
import { sourceIn } from "../beads.ts"
import { withDatabase } from "../databaseOption.ts"
import { lossNamesIn } from "../lossNames.ts"
import * as Output from "../Output.ts"
import { counts, field, findingCounts, findings, lossCounts, losses, plural, scopeField } from "../report.ts"
import { Stdio } from "../Stdio.ts"
import { quote } from "../terminal.ts"
import { UsageError } from "../UsageError.ts"

class Exported extends ExportReport.extend<Exported>("Exported")({ chosen_by: Schema.String }) {}

/** What is missing from the snapshot, and where it is. */
const leftOut = (report: Exported): ReadonlyArray<string> => [
  ...losses("LOST", report.losses),
  ...(report.rejected === 0 ? [] : [
    field("LEFT OUT", `${plural(report.rejected, "row or cell", "rows or cells")} that could not be carried, raw in`),
    field("", report.rejected_file ?? "")
  ])
]

const isIncomplete = ({ losses, rejected }: Exported): boolean => rejected > 0 || Object.keys(losses).length > 0

/** Of a database of another version. */
const versionField = (
  { as_stored: asStored, schema_version: stored, version: written }: Exported
): ReadonlyArray<string> =>
  asStored
    ? [field("version", `${stored}, as it is stored`)]
    : stored === written
    ? []
    : [field("version", `${stored}, written as version ${written}`)]

const format = Output.report(Exported, {
  stream: (report) => report.output === "-" ? "stderr" : "stdout",
  human: (report) => [
    `exported ${report.output}${isIncomplete(report) ? ", which is not all" : ""}`,
    field("database", `${report.database} (${report.chosen_by})`),
    ...versionField(report),
    ...scopeField(report.scope, report.live_only),
    ...counts(report.records),
    field("size", `${plural(report.lines, "line")}, ${plural(report.bytes, "byte")}`),
    field(report.sealed ? "seal" : "sha256", report.sha256),
    ...(report.sealed ? [] : [field("seal", "none (--plain)")]),
    field("restore", report.restorable ? "kata import takes it as it is" : "kata import needs --repair or --salvage"),
    ...leftOut(report),
    ...findings(report.findings)
  ],
  agent: (report) => [
    `OK export output=${
      quote(report.output)
    } lines=${report.lines} sealed=${report.sealed} restorable=${report.restorable} ` +
    `${findingCounts(report.findings)} database=${quote(report.database)}` +
    (report.schema_version === report.version && !report.as_stored
      ? ""
      : ` schema_version=${report.schema_version} version=${report.version}`) +
    lossCounts(report.losses) +
    (report.rejected === 0 ? "" : ` rejected=${report.rejected} rejected_file=${quote(report.rejected_file ?? "")}`),
    ...report.findings.map((finding) => `- finding blocking=${finding.blocking} text=${quote(finding.line)}`)
  ],
  quiet: leftOut,
  outcome: (report) => isIncomplete(report) ? "incomplete" : undefined
})

const idOf = (word: string) =>
  /^\d{1,18}$/.test(word)
    ? Effect.succeed({ id: BigInt(word) })
    : Effect.fail(
      new UsageError({
        reason: `invalid argument ${JSON.stringify(word)} for "--project-id" flag: want the number of a project`
      })
    )

/** A slow reader must not hold the transaction open, and stdout stays empty when something fails: everything is spooled first. */
const toStdout = (options: ExportOptions) =>
  Effect.scoped(Effect.gen(function*() {
    const { stdout } = yield* Stdio
    const { file, report } = yield* spooled(options)
    yield* Stream.runForEach(file.bytes, stdout.write)
    return report
  }))

const beadsFormat = Output.report(BeadsExportReport, {
  stream: (report) => report.output === "-" ? "stderr" : "stdout",
  human: (report) => [
    `exported ${report.output} for Beads`,
    field("project", `${report.project} of ${report.database}`),
    field("records", plural(report.issues, "issue")),
    ...(report.deleted === 0 ? [] : [field("", `${plural(report.deleted, "deleted issue")} left here`)]),
    ...(report.elsewhere === 0
      ? []
      : [
        field(
          "",
          `${plural(report.elsewhere, "issue")} of other workspaces left here (--source NAME takes those of one)`
        )
      ]),
    field("take it", `bd import -i ${report.output}, or bd import ${report.output} from 0.63 on`)
  ],
  agent: (report) => [
    `OK export target_format=beads output=${quote(report.output)} project=${
      quote(report.project)
    } issues=${report.issues} deleted=${report.deleted} elsewhere=${report.elsewhere}`
  ]
})

/** Flags that say nothing of records of Beads. */
const notForBeads = (flags: Readonly<Record<string, unknown>>) =>
  ["projectId", "salvage", "acceptLoss", "asStored", "plain", "allowRunningDaemon"].find((name) => {
    const value = flags[name]
    return name !== "allowRunningDaemon" && (Array.isArray(value) ? value.length > 0 : value === true)
  })

interface BeadsFlags extends Readonly<Record<string, unknown>> {
  readonly output: string | undefined
  readonly project: ReadonlyArray<string>
  readonly prefix: string | undefined
  readonly source: string | undefined
}

const toBeads = (flags: BeadsFlags) =>
  withDatabase(({ path }) =>
    Effect.gen(function*() {
      const { output, prefix, project: [project, ...more] } = flags
      const given = notForBeads(flags)
      if (given !== undefined || more.length > 0) {
        return yield* new UsageError({
          reason: `--${given ?? "project twice"} is not supported with --target-format beads`
        })
      }
      if (prefix !== undefined && !/^[a-z][a-z0-9_.-]*$/i.test(prefix)) {
        return yield* new UsageError({ reason: `--prefix: a letter, then letters, digits, - _ and ., got ${prefix}` })
      }
      const options = { database: path, project, prefix, source: yield* sourceIn(flags.source) }
      if (output !== "-") return yield* exportBeads(options, output ?? "issues.jsonl")
      const { stdout } = yield* Stdio
      return yield* Effect.scoped(Effect.gen(function*() {
        const { file, report } = yield* spoolBeads(options)
        yield* Stream.runForEach(file.bytes, stdout.write)
        return report
      }))
    })
  )

const toSnapshot = (flags: Flags) =>
  withDatabase(({ chosenBy, homes, path }) =>
    Effect.gen(function*() {
      const options = {
        database: path,
        projects: [
          ...flags.project.map((name) => ({ name })),
          ...(yield* Effect.forEach(flags.projectId, idOf))
        ],
        includeDeleted: flags.includeDeleted,
        plain: flags.plain,
        salvage: flags.salvage,
        asStored: flags.asStored,
        acceptLoss: lossNamesIn(flags.acceptLoss),
        ...(flags.allowRunningDaemon ? {} : { offline: homes })
      }
      const report = yield* flags.output === "-"
        ? Effect.interruptible(toStdout(options))
        : toFile({ ...options, output: flags.output, force: flags.force })
      return new Exported({ ...report, chosen_by: chosenBy })
    })
  )

interface Flags {
  readonly output: string | undefined
  readonly project: ReadonlyArray<string>
  readonly projectId: ReadonlyArray<string>
  readonly includeDeleted: boolean
  readonly allowRunningDaemon: boolean
  readonly force: boolean
  readonly salvage: boolean
  readonly acceptLoss: ReadonlyArray<string>
  readonly asStored: boolean
  readonly plain: boolean
}

export const exportCommand = Output.action(
  "export",
  {
    targetFormat: text("target-format", "format").pipe(
      Options.withDescription(
        "what it becomes: kata, a snapshot; or beads, records of one project that bd import takes"
      ),
      Options.withDefault("kata")
    ),
    prefix: text("prefix", "prefix").pipe(
      Options.withDescription(
        "with beads: of the ids of issues that Beads does not know; the name of the project unless given"
      ),
      Options.withDefault(undefined)
    ),
    source: text("source", "name").pipe(
      Options.withDescription("with beads: the workspace that it is for, as it was called at the import"),
      Options.withDefault(undefined)
    ),
    output: text("output", "file").pipe(
      Options.withDescription(
        "where the snapshot goes: a file, .gz by its name, or - for stdout; a new time-stamped file in this directory unless given"
      ),
      Options.withDefault(undefined)
    ),
    project: texts("project", "name").pipe(
      Options.withDescription("only this project, archived or not; several are one file")
    ),
    projectId: texts("project-id", "id").pipe(Options.withDescription("only the project with this number")),
    includeDeleted: toggle("include-deleted", true).pipe(
      Options.withDescription("with what is soft-deleted; on unless =false")
    ),
    allowRunningDaemon: toggle("allow-running-daemon", false).pipe(
      Options.withDescription(
        "export while a daemon works with the database: one consistent state, even while others write"
      )
    ),
    force: toggle("force", false).pipe(
      Options.withDescription(
        "replace a snapshot of another database, or one that holds issues or projects that this one does not; never a database"
      )
    ),
    salvage: toggle("salvage", false).pipe(
      Options.withDescription(
        "take out what can be read of a damaged database; what cannot goes raw to <output>.rejected.jsonl (exit 9)"
      )
    ),
    acceptLoss: texts("accept-loss", "names").pipe(
      Options.withDescription(
        "of a newer Go kata's database, what version 10 cannot hold and may be lost: all, or names by commas, as kata doctor lists them (exit 9)"
      )
    ),
    asStored: toggle("as-stored", false).pipe(
      Options.withDescription(
        "a database of versions 1 to 9 in the shape of its version, whole, instead of as version 10"
      )
    ),
    plain: toggle("plain", false).pipe(Options.withDescription("no seal, exactly the members that Go kata writes"))
  },
  (flags) =>
    flags.targetFormat === "beads"
      ? Effect.flatMap(toBeads({ ...flags }), (report) => Output.print(beadsFormat, report))
      : flags.source !== undefined
      ? Effect.fail(new UsageError({ reason: "--source is only for --target-format beads" }))
      : flags.targetFormat === "kata"
      ? Effect.flatMap(toSnapshot(flags), (report) => Output.print(format, report))
      : Effect.fail(new UsageError({ reason: `--target-format: kata or beads, got ${flags.targetFormat}` })),
  {
    commits: true,
    description:
      "Write the database, or some projects of it, to a snapshot: one JSON record a line, sealed with a digest, the same bytes for the same database. " +
      "The database is KATA_DB, else kata.db in KATA_HOME, else ~/.kata/kata.db. It is only read. A failure leaves the old file as it was. " +
      "One of versions 1 to 9 or 11 to 32 is read without an upgrade, and written as version 10. " +
      "A snapshot that holds what the new one would not (another instance, issues where there are none, all projects where some were asked for) stays, with exit code 5.",
    examples: [
      ["kata export --output backups/kata.jsonl", "a full backup, replaced whole or not at all"],
      ["kata export --allow-running-daemon --output kata.jsonl.gz", "online, compressed"],
      ["kata export --project app --project docs --output two.jsonl", "two projects in one file"],
      ["kata export --output - | ssh host 'cat > kata.jsonl'", "through a pipe"],
      ["kata export --target-format beads --project app --output issues.jsonl", "for bd import"],
      ["kata export --as-stored --output old.jsonl", "a database of versions 1 to 9 in the shape of its version"],
      [
        "kata export --accept-loss all --output v10.jsonl",
        "of a newer Go kata's database, without what version 10 cannot hold"
      ],
      ["kata export --salvage --output rescued.jsonl", "what can be read of a damaged database"]
    ]
  }
)
