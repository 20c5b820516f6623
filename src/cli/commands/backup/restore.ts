import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { posix } from "node:path"
import { restoreBackup, RestoreReport } from "../../../backup/Backup.ts"
import { asked } from "../../actor.ts"
import { text, toggle } from "../../Argv.ts"
import { agentWarnings, toOption, warningLines, withBackups } from "../../backup.ts"
import { Environment } from "../../Environment.ts"
import { Imported, view } from "../../imported.ts"
import * as Output from "../../Output.ts"
import { field, plural } from "../../report.ts"
import { sinceForms, sinceOf } from "../../since.ts"
import { quote } from "../../terminal.ts"
import { UsageError } from "../../UsageError.ts"

class Restored extends RestoreReport.extend<Restored>("Restored")({
  /** The target as a path from the root, links and all. */
  absolute: Schema.String,
  /** The database that commands work on without saying otherwise. */
  configured: Schema.String
}) {}

const importedOf = ({ absolute, configured, restored }: Restored) => new Imported({ ...restored, absolute, configured })

const skipped = (report: Restored) => report.skipped.map(({ file, problem }) => `${file} is no good: ${problem}`)

const after = ({ backup, next }: Restored): ReadonlyArray<string> =>
  next === null
    ? []
    : [field("next", next.file), field("", `${plural(Math.max(0, next.position - backup.position), "event")} after it`)]

const format = Output.report(Restored, {
  human: (report) => [
    `${report.dry_run ? "would restore" : "restored"} ${report.backup.file}`,
    field("made", report.backup.time),
    ...after(report),
    ...(report.saved === null ? [] : [field("before", `what was there is saved as ${report.saved}`)]),
    ...warningLines([...skipped(report), ...report.warnings]),
    ...view.human(importedOf(report))
  ],
  agent: (report) => [
    `OK backup restore file=${
      quote(report.backup.file)
    } time=${report.backup.time} position=${report.backup.position} dry_run=${report.dry_run}` +
    (report.saved === null ? "" : ` saved=${quote(report.saved)}`) +
    (report.next === null ? "" : ` next=${quote(report.next.file)}`),
    ...agentWarnings([...skipped(report), ...report.warnings]),
    ...view.agent(importedOf(report)).map((line) => line.startsWith("OK ") ? `- ${line.slice(3)}` : line)
  ],
  quiet: (report) => [
    ...warningLines([...skipped(report), ...report.warnings]),
    ...view.quiet(importedOf(report))
  ],
  outcome: (report) => view.outcome(importedOf(report))
})

/** The end of a day that is named, or the instant. */
const instantOf = Effect.fnUntraced(function*(word: string) {
  const found = sinceOf(word, DateTime.toDate(yield* DateTime.now))
  if (Option.isNone(found)) {
    return yield* new UsageError({ reason: `--at: ${word} is no time; such as ${sinceForms}` })
  }
  const at = new Date(found.value)
  const isDay = /^(?:\d{4}-\d\d-\d\d|today|yesterday|[a-z]+day)$/i.test(word.trim())
  return isDay ? new Date(at.getFullYear(), at.getMonth(), at.getDate() + 1).getTime() - 1 : at.getTime()
})

export const restoreCommand = Output.command(
  "restore",
  {
    name: Args.text({ name: "backup" }).pipe(
      Args.withDescription("its name, or any part of it that no other has; the newest that is whole unless given"),
      Args.withDefault(undefined)
    ),
    to: toOption,
    at: text("at", "time").pipe(
      Options.withDescription(`the last one that is whole and not after this: ${sinceForms}; a day means its end`),
      Options.withDefault(undefined)
    ),
    target: text("target", "db").pipe(
      Options.withDescription("the database to make; that of the environment unless given"),
      Options.withDefault(undefined)
    ),
    force: toggle("force", false).pipe(
      Options.withDescription(
        "also in the place of a database that holds something: it is saved as a backup first, and stays as .bak.<time>"
      )
    ),
    dryRun: toggle("dry-run", false).pipe(Options.withDescription("everything but the last step"))
  },
  format,
  ({ at, dryRun, force, name, target, to }) =>
    withBackups(to, ({ database, homes, where }) =>
      Effect.gen(function*() {
        if (at !== undefined && name !== undefined) {
          return yield* new UsageError({ reason: "a backup and --at cannot be combined" })
        }
        const { cwd } = yield* Environment
        const report = yield* restoreBackup({
          ...where,
          database,
          target,
          name,
          at: at === undefined ? undefined : yield* instantOf(at),
          force,
          dryRun,
          homes,
          ...yield* asked
        })
        return new Restored({ ...report, absolute: posix.resolve(cwd, target ?? database), configured: database })
      })),
  {
    commits: true,
    description:
      "Make the database again of a backup, as kata import does: read, checked, loaded beside, proven, and put in place by one rename. Where there is " +
      "no database, or one in which nothing has happened, it is done at once; else it takes --force or another --target. Newer backups that are no " +
      "good are named. kata undo takes it back.",
    examples: [
      ["kata backup restore", "the database was lost"],
      ["kata backup restore --at 2026-11-28 --target look.db", "the state at the end of that day, beside"],
      ["kata backup restore --at yesterday --force", "in the place of what is there, which is saved first"]
    ]
  }
)
