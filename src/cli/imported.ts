/** What people and programs are told of an import. */
import * as Schema from "effect/Schema"
import { ImportReport } from "../import/Import.ts"
import { grouped } from "../records/losses.ts"
import * as Output from "./Output.ts"
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
} from "./report.ts"
import { quote, shellWord } from "./terminal.ts"

export class Imported extends ImportReport.extend<Imported>("Imported")({
  /** The target as a path from the root, links and all. */
  absolute: Schema.String,
  /** The database that commands work on without saying otherwise. */
  configured: Schema.String
}) {}

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

/** What people and agents are shown, for commands that show more than that. */
export const view = {
  human: (report: Imported): ReadonlyArray<string> => [
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
  agent: (report: Imported): ReadonlyArray<string> => [
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
  quiet: (report: Imported): ReadonlyArray<string> => [...leftOut(report), ...lost(report)],
  outcome: (report: Imported) =>
    report.refused_losses.length > 0 ? "validation" : isIncomplete(report) ? "incomplete" : undefined
} as const

export const format = Output.report(Imported, view)
