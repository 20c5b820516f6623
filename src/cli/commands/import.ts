import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../../Failure.ts"
import { ImportReport, restore } from "../../import/Import.ts"
import { grouped } from "../../records/losses.ts"
import { asked } from "../actor.ts"
import { text, texts, toggle } from "../Argv.ts"
import { withDatabase } from "../databaseOption.ts"
import { inputOf } from "../input.ts"
import { lossNamesIn } from "../lossNames.ts"
import { type MergeFlags, mergeFormat, mergeOptions, runMerge } from "../merge.ts"
import * as Output from "../Output.ts"
import {
  beside,
  counts,
  field,
  findingCounts,
  findings,
  goBack,
  lossCounts,
  losses,
  plural,
  scopeField
} from "../report.ts"
import { quote, shellWord } from "../terminal.ts"
import { UsageError } from "../UsageError.ts"

class Imported extends ImportReport.extend<Imported>("Imported")({
  /** The target as a path from the root, links and all. */
  absolute: Schema.String,
  /** The database that commands work on without saying otherwise. */
  configured: Schema.String
}) {}

export class ImportNeeds extends Schema.TaggedError<ImportNeeds>()("ImportNeeds", { flag: Schema.String }) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `import requires ${this.flag}`
  }
  get hint() {
    return "kata import --input FILE --target DB"
  }
}

export class SourceUnsupported
  extends Schema.TaggedError<SourceUnsupported>()("SourceUnsupported", { source: Schema.String })
{
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `unsupported import format ${JSON.stringify(this.source)}`
  }
  get hint() {
    return "this version imports snapshots of kata: --source-format kata"
  }
}

const lost = (report: Imported): ReadonlyArray<string> => {
  const only = report.only_in_old
  if (only === null || only.projects + only.issues + only.events === 0) return []
  const what = [plural(only.projects, "project"), plural(only.issues, "issue"), plural(only.events, "event")]
  return [`WARNING: the old database held what the snapshot does not: ${what.join(", ")}`]
}

const loses = ({ losses }: Imported): boolean => Object.keys(losses).length > 0

const isIncomplete = (report: Imported): boolean =>
  report.left_out > 0 || report.salvage?.incomplete === true || loses(report)

/** Records that version 10 has not. */
const lostRecords = ({ findings }: Imported): number =>
  findings.reduce((sum, { count, field, outcome }) => sum + (outcome === "lost" && field === undefined ? count : 0), 0)

/** What is not in the database, and where it is. */
const leftOut = (report: Imported): ReadonlyArray<string> => {
  if (!isIncomplete(report)) return []
  const { dry_run: dry, left_out: lines, read, rejected_file: file, salvage } = report
  const unread = (salvage?.rejected ?? 0) + (report.joined?.rejected ?? 0)
  const all = Object.values(read).reduce((sum, n) => sum + n, unread)
  const lost = lostRecords(report)
  const broke = lines - unread - lost
  const why = [
    ...(unread > 0 ? [`${unread} could not be read`] : []),
    ...(lost > 0 ? [`${lost} records that version 10 cannot hold`] : []),
    ...(broke > 0 ? [`${broke} broke a rule`] : [])
  ]
  return [
    ...losses("LOST", report.losses),
    ...(report.refused_losses.length === 0
      ? []
      : [
        field("REFUSED", `it takes --accept-loss ${grouped(report.refused_losses).join(",")}`),
        field("", "or --accept-loss all")
      ]),
    ...(lines === 0 ? [] : [
      field("LEFT OUT", `${lines} of ${plural(all, "line")}: ${why.join(", ")}`),
      ...(file === null ? [] : [field("", `raw in ${file}`)]),
      ...(dry ? [field("", "a dry run does not write them")] : [])
    ]),
    ...(salvage === null || salvage.whole
      ? []
      : [field("NOT WHOLE", "the file is not as it was written; what it has lost is unknown")])
  ]
}

/** What came in of the mended lines. */
const joined = ({ joined: of }: Imported): ReadonlyArray<string> =>
  of === null ? [] : [
    field("brought back", `${plural(of.records, "record")} and ${plural(of.cells, "cell")} of ${of.input}`),
    ...(of.rejected === 0 ? [] : [field("", `${plural(of.rejected, "line")} of it cannot be brought back as it is`)])
  ]

const old = (report: Imported): ReadonlyArray<string> => {
  if (report.backup === null) return []
  const backup = beside(report, report.backup)
  if (backup.endsWith("-*")) return [field("old", `only side files, now ${backup}`)]
  return goBack(beside(report, report.database), backup)
}

const next = (report: Imported): ReadonlyArray<string> => [
  ...old(report),
  ...(report.database === report.configured ? [] : [
    field("use it", `export KATA_DB=${shellWord(report.database)}`),
    field("", `or import with --force --target ${shellWord(report.configured)}`)
  ]),
  field("not in it", "config.toml, hooks.toml, hook logs, .kata.toml of the workspaces"),
  ...(report.new_instance || report.instance_uid === null ? [] : [
    field("identity", "that of the source; if both stay in use, import with --new-instance")
  ])
]

const proofWords = (report: Imported): string => {
  const changed = report.findings.filter(({ outcome }) => outcome !== "carried").reduce(
    (sum, { count }) => sum + count,
    0
  )
  return report.proof === "seal"
    ? "the bytes of the sealed file"
    : changed === 0
    ? "the records of the file"
    : `the records of the file, but for the ${plural(changed, "change")} below`
}

const salvageCounts = ({ salvage }: Imported): string =>
  salvage === null
    ? ""
    : ` whole=${salvage.whole} good=${salvage.good} rejected=${salvage.rejected} dropped=${salvage.dropped}` +
      ` repaired=${salvage.repaired}`

const format = Output.report(Imported, {
  human: (report) => [
    report.refused_losses.length > 0
      ? `would be refused: ${report.target} (dry run, nothing was written)`
      : (report.dry_run
        ? `could be imported: ${report.target} (dry run, nothing was written)`
        : `imported ${report.target}`) +
        (isIncomplete(report) ? ", but not all" : ""),
    field("from", report.input),
    ...scopeField(report.scope, report.live_only),
    ...counts(report.records),
    field("proof", `exported again, the database gives ${proofWords(report)}`),
    ...joined(report),
    ...leftOut(report),
    ...(report.dry_run ? [] : next(report)),
    ...report.notes.map((note) => `note: ${note}`),
    ...findings(report.findings),
    ...lost(report)
  ],
  agent: (report) => [
    `OK import source_format=kata target=${quote(report.target)} dry_run=${report.dry_run} proof=${report.proof} ${
      findingCounts(report.findings)
    }` +
    (report.backup === null ? "" : ` backup=${quote(beside(report, report.backup))}`) +
    (report.entry === null ? "" : ` entry=${report.entry}`) + salvageCounts(report) +
    (report.joined === null ? "" : ` joined_records=${report.joined.records} joined_cells=${report.joined.cells}`) +
    lossCounts(report.losses) +
    (report.refused_losses.length === 0 ? "" : ` refused_losses=${report.refused_losses.join(",")}`) +
    (report.left_out === 0 ? "" : ` left_out=${report.left_out}`) +
    (report.rejected_file === null ? "" : ` rejected_file=${quote(report.rejected_file)}`),
    ...report.findings.map((finding) => `- finding outcome=${finding.outcome} text=${quote(finding.line)}`),
    ...lost(report).map((line) => `- ${line}`)
  ],
  quiet: (report) => [...leftOut(report), ...lost(report)],
  outcome: (report) => report.refused_losses.length > 0 ? "validation" : isIncomplete(report) ? "incomplete" : undefined
})

interface Flags extends MergeFlags {
  readonly merge: boolean
  readonly force: boolean
  readonly newInstance: boolean
  readonly rejected: string | undefined
  readonly salvage: boolean
  readonly acceptLoss: ReadonlyArray<string>
  readonly withoutTokens: boolean
  readonly repair: boolean
}

/** Flags that mean nothing to what was asked for. */
const goTogether = (flags: Flags) => {
  const { acceptLoss, applyPurges, force, from, input, issue, merge, newInstance, prefer, project, rejected, repair } =
    flags
  const foreign = merge
    ? {
      force,
      "new-instance": newInstance,
      rejected: rejected !== undefined,
      salvage: flags.salvage,
      "accept-loss": acceptLoss.length > 0,
      "without-tokens": flags.withoutTokens,
      repair
    }
    : {
      from: from.length > 0,
      project: project.length > 0,
      issue: issue.length > 0,
      prefer: prefer.length > 0,
      "apply-purges": applyPurges
    }
  const [given] = Object.entries(foreign).find(([, isGiven]) => isGiven) ?? []
  if (given !== undefined) {
    return Effect.fail(
      new UsageError({ reason: merge ? `--${given} is not for --merge` : `--${given} is only for --merge` })
    )
  }
  return !merge && input.length > 1
    ? Effect.fail(new UsageError({ reason: "one --input makes a database; --merge brings several into one" }))
    : Effect.void
}

const runRestore = Effect.fnUntraced(function*(flags: Flags) {
  const { target } = flags
  const [input] = flags.input
  if (input === undefined) return yield* new ImportNeeds({ flag: "--input" })
  if (target === undefined) return yield* new ImportNeeds({ flag: "--target" })
  return yield* withDatabase(({ homes, path }) =>
    Effect.gen(function*() {
      const { dryRun, force, newInstance, rejected, repair, salvage, withoutTokens } = flags
      const report = yield* restore({
        input: yield* inputOf(input),
        target,
        force,
        newInstance,
        dryRun,
        repair,
        salvage,
        acceptLoss: lossNamesIn(flags.acceptLoss),
        withoutTokens,
        ...yield* asked,
        homes,
        ...(rejected === undefined ? {} : { rejected: yield* inputOf(rejected) })
      })
      const absolute = (yield* Path.Path).resolve(target)
      return new Imported({ ...report, absolute, configured: path })
    })
  )
})

export const importCommand = Output.action(
  "import",
  {
    sourceFormat: text("source-format", "format").pipe(
      Options.withDescription("what the input is: kata"),
      Options.withDefault("kata")
    ),
    input: texts("input", "file").pipe(
      Options.withDescription("the snapshot, compressed or not, or - for stdin; with --merge again for more")
    ),
    target: text("target", "db").pipe(
      Options.withDescription(
        "the database to make; with --merge the one to change, that of the environment unless given"
      ),
      Options.withDefault(undefined)
    ),
    ...mergeOptions,
    force: toggle("force", false).pipe(
      Options.withDescription("replace a database that is there; it stays beside the new one as .bak.<time>")
    ),
    newInstance: toggle("new-instance", false).pipe(
      Options.withDescription("give the new database an identity of its own")
    ),
    rejected: text("rejected", "file").pipe(
      Options.withDescription(
        "mended lines of a rejected file, which come in with the records of the input; what is still not a record goes raw to <target>.rejected.jsonl (exit 9)"
      ),
      Options.withDefault(undefined)
    ),
    dryRun: toggle("dry-run", false).pipe(
      Options.withDescription("do everything but the last step, and say what would come of it")
    ),
    salvage: toggle("salvage", false).pipe(
      Options.withDescription(
        "take what can be read of a damaged file; lines that cannot come in go raw to <target>.rejected.jsonl (exit 9)"
      )
    ),
    acceptLoss: texts("accept-loss", "names").pipe(
      Options.withDescription(
        "of a newer Go kata's export, what version 10 cannot hold and may be lost: all, or names by commas, as kata verify lists them (exit 9)"
      )
    ),
    withoutTokens: toggle("without-tokens", false).pipe(
      Options.withDescription(
        "leave out the project .kata-system, in which newer Go kata keeps the hashes of its tokens"
      )
    ),
    repair: toggle("repair", false).pipe(
      Options.withDescription(
        "mend what breaks a rule, write unusual values as kata does, and list each change; lines that are left out go raw to <target>.rejected.jsonl (exit 9)"
      )
    )
  },
  (flags) =>
    Effect.gen(function*() {
      if (flags.sourceFormat !== "kata") return yield* new SourceUnsupported({ source: flags.sourceFormat })
      yield* goTogether(flags)
      return yield* flags.merge
        ? Effect.flatMap(runMerge(flags), (report) => Output.print(mergeFormat, report))
        : Effect.flatMap(runRestore(flags), (report) => Output.print(format, report))
    }),
  {
    commits: true,
    description:
      "Make a database from a snapshot. The whole file is read, checked and loaded beside the target, read back and compared with the file; then one " +
      "rename puts it in place. Until then nothing is changed, whatever happens. A database that was there is kept as a backup.",
    examples: [
      ["kata import --input kata.jsonl --target ~/.kata/restored.db", "beside the one in use; look at it with KATA_DB"],
      ["kata import --input kata.jsonl --target ~/.kata/kata.db --force", "in its place, with a backup"],
      ["kata import --input kata.jsonl --target x.db --dry-run", "would it work?"],
      ["kata import --merge --input theirs.jsonl --dry-run", "what would come in of a colleague's copy?"],
      ["kata import --merge --input app.jsonl --input web.jsonl", "several files into the database that is in use"],
      ["kata import --input cut.jsonl --target x.db --salvage", "what can be read of a damaged snapshot"],
      [
        "kata import --input v28.jsonl --target x.db --accept-loss all",
        "an export of a newer Go kata, without what version 10 cannot hold"
      ],
      ["kata import --input rescued.jsonl --rejected mended.jsonl --target x.db", "with what somebody has mended"]
    ]
  }
)
