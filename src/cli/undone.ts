/** How the reports of `kata undo` are shown. */
import * as Schema from "effect/Schema"
import { sizeWords } from "../files/sizeWords.ts"
import { HistoryReport, PruneReport, type Step, UndoReport } from "../undo/Undo.ts"
import * as Output from "./Output.ts"
import { beside, counts, field, plural } from "./report.ts"
import { changeFields, changeWords } from "./rowChanges.ts"
import { quote, shellWord } from "./terminal.ts"

/** The target as a path from the root, links and all. */
const absolute = { absolute: Schema.String }
export class Listed extends HistoryReport.extend<Listed>("Listed")(absolute) {}
export class Undone extends UndoReport.extend<Undone>("Undone")(absolute) {}
export class Pruned extends PruneReport.extend<Pruned>("Pruned")(absolute) {}

/** An instant without its fractions of a second. */
const second = (at: string) => at.replace(/\.\d+/, "")

const row = (step: Step) =>
  `  ${step.id}  ${second(step.at)}  ${sizeWords(step.bytes).padStart(8)}  ${step.words}` +
  (step.by === null ? "" : `, by ${step.by}`) + (step.state === "there" ? "" : `  (its file is ${step.state})`)

const agentRow = (step: Step) =>
  `- entry id=${step.id} what=${step.what} at=${step.at} bytes=${step.bytes} state=${step.state}` +
  (step.input === null ? "" : ` input=${quote(step.input)}`) + (step.by === null ? "" : ` by=${quote(step.by)}`) +
  ` backup=${quote(step.backup)}`

const entries = (n: number) => plural(n, "entry", "entries")

const odd = ({ interrupted, odd: files }: Listed): ReadonlyArray<string> => [
  ...files.map(({ name, problem }) => `note: ${name === "" ? "" : `${name} cannot be used: `}${problem}`),
  ...interrupted.map((name) => `note: ${name} is of work that was interrupted before it took effect`)
]

export const listed = Output.report(Listed, {
  human: (report) => [
    report.entries.length === 0
      ? `${report.target} has no history: nothing can be taken back`
      : `${entries(report.entries.length)}, the newest first; their files take ${sizeWords(report.bytes)}`,
    ...report.entries.map(row),
    ...odd(report)
  ],
  agent: (report) => [
    `OK undo list target=${quote(report.target)} entries=${report.entries.length} bytes=${report.bytes}` +
    ` odd=${report.odd.length}`,
    ...report.entries.map(agentRow),
    ...report.odd.map(({ name, problem }) => `- odd name=${quote(name)} problem=${quote(problem)}`)
  ],
  quiet: (report) => report.entries.map(row)
})

const since = (report: Undone): ReadonlyArray<string> => {
  if (!report.written_since) return []
  const { events_since: events, only_in_present: only } = report
  const lost = only === null || only.projects + only.issues + only.events === 0 ? [] : [
    `${report.dry_run ? "would go" : "not in it"}: ${plural(only.projects, "project")}, ${
      plural(only.issues, "issue")
    }, ` +
    plural(only.events, "event")
  ]
  const recorded = events === null ? "it was written to" : `${plural(events, "event")} recorded`
  return [field("since then", recorded), ...lost.map((line) => field("", line))]
}

const builtOn = ({ built_on: first, built_on_count: count, dry_run: dry }: Undone): ReadonlyArray<string> =>
  count === 0 ? [] : [
    field(
      "worked on",
      `${plural(count, "thing")} since${dry ? ", which would be taken back too" : ""}:`
    ),
    ...first.slice(0, 10).map(({ kind, of, why }) => field("", `${kind} ${of}: ${why}`))
  ]

/** Where rows were changed each step has left an entry, and one undo takes back the last. */
const toEntry = ({ changes, entry, undone: { length } }: Undone): string =>
  changes !== null && length > 1 ? `--to ${entry} ` : ""

const headline = (report: Undone): string => {
  const [first, ...more] = report.undone
  const what = `${first === undefined ? "" : first.words}${more.length === 0 ? "" : ` and ${more.length} before it`}`
  return report.refused
    ? `would be refused without --force: ${what} (dry run, nothing was changed)`
    : report.dry_run
    ? `could be taken back: ${what} (dry run, nothing was changed)`
    : report.entry === null && report.backup === null
    ? `nothing is left of it that could be taken back: ${what}`
    : `took back: ${what}`
}

const version = ({ from, to }: Undone): ReadonlyArray<string> =>
  from === to
    ? []
    : [
      field(
        "version",
        `${from ?? "unknown"} to ${to}${
          from !== null && to < from ? ": use the kata that made it, this one upgrades it again" : ""
        }`
      )
    ]

export const undone = Output.report(Undone, {
  human: (report) => [
    headline(report),
    field("database", report.target),
    ...(report.changes === null
      ? [
        ...report.undone.slice(-1).map(({ backup }) => field("is again", beside(report, backup))),
        ...version(report),
        ...counts(report.records),
        field("proof", "the bytes of that file, which SQLite finds whole"),
        ...since(report)
      ]
      : [
        ...changeFields(report.changes),
        ...counts(report.records),
        ...(report.written_since
          ? [
            field(
              "since then",
              `${plural(report.events_since ?? 0, "event")} recorded` +
                (report.built_on_count === 0 ? ", about something else, which stays" : "")
            )
          ]
          : [])
      ]),
    ...builtOn(report),
    ...(report.backup === null ? [] : [field("was", beside(report, report.backup))]),
    ...(report.entry === null
      ? []
      : [field("go back", `kata undo ${toEntry(report)}${shellWord(beside(report, report.database))}`)]),
    ...report.notes.map((note) => `note: ${note}`)
  ],
  agent: (report) => [
    `OK undo target=${quote(report.target)} dry_run=${report.dry_run} refused=${report.refused}` +
    ` undone=${report.undone.map(({ id }) => id).join(",")} from=${report.from ?? "unknown"} to=${report.to}` +
    ` written_since=${report.written_since} events_since=${report.events_since ?? "unknown"}` +
    (report.only_in_present === null
      ? ""
      : ` only_in_present=projects:${report.only_in_present.projects},issues:${report.only_in_present.issues},events:${report.only_in_present.events}`) +
    ` built_on=${report.built_on_count}` + changeWords(report.changes ?? {}) +
    (report.backup === null ? "" : ` backup=${quote(beside(report, report.backup))}`) +
    (report.entry === null ? "" : ` entry=${report.entry}`),
    ...report.built_on.map(({ kind, of, why }) => `- built_on kind=${kind} of=${quote(of)} why=${quote(why)}`),
    ...report.notes.map((note) => `- note ${quote(note)}`)
  ],
  quiet: (report) => report.refused ? [headline(report), ...since(report), ...builtOn(report)] : [],
  outcome: (report) => report.refused ? "conflict" : undefined
})

export const pruned = Output.report(Pruned, {
  human: (report) => [
    `${report.dry_run ? "would remove" : "removed"} ${entries(report.removed.length)}, ${sizeWords(report.bytes)}` +
    (report.dry_run ? " (dry run, nothing was changed)" : ""),
    ...report.removed.map(row),
    ...report.files.map(({ bytes, path }) => field("file", `${beside(report, path)}, ${sizeWords(bytes)}`)),
    ...report.kept.map(({ path, why }) => field("kept", `${beside(report, path)}: ${why}`)),
    field("left", entries(report.left))
  ],
  agent: (report) => [
    `OK undo prune target=${quote(report.target)} dry_run=${report.dry_run} removed=${report.removed.length}` +
    ` bytes=${report.bytes} left=${report.left}`,
    ...report.removed.map(agentRow),
    ...report.files.map(({ bytes, path }) => `- file path=${quote(path)} bytes=${bytes}`),
    ...report.kept.map(({ path, why }) => `- kept path=${quote(path)} why=${quote(why)}`)
  ]
})
