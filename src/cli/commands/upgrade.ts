import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { orphanClasses } from "../../database/orphans.ts"
import { upgrade, UpgradeReport } from "../../import/Upgrade.ts"
import { grouped } from "../../records/losses.ts"
import { asked } from "../actor.ts"
import { texts, toggle } from "../Argv.ts"
import { withDatabase } from "../databaseOption.ts"
import { lossNamesIn } from "../lossNames.ts"
import * as Output from "../Output.ts"
import { beside, counts, field, findingCounts, findings, goBack, lossCounts, losses } from "../report.ts"
import { quote } from "../terminal.ts"

class Upgraded extends UpgradeReport.extend<Upgraded>("Upgraded")({
  /** The target as a path from the root, links and all. */
  absolute: Schema.String
}) {}

const orphanGroup = { orphans: orphanClasses.map(({ name }) => name) }

const lossCount = ({ losses }: Upgraded) => Object.values(losses).reduce((sum, n) => sum + n, 0)

/** What is not in the new database, by the names by which it was accepted. */
const lost = (report: Upgraded): ReadonlyArray<string> =>
  lossCount(report) === 0 ? [] : [
    ...losses("LOST", report.losses),
    ...(report.rejected_file === null ? [] : [field("", `raw in ${report.rejected_file}`)]),
    ...(report.dry_run ? [field("", "a dry run does not write them")] : []),
    ...(report.refused_losses.length === 0 ? [] : [
      field("REFUSED", "an upgrade needs --accept-loss all"),
      field("", `or --accept-loss ${grouped(report.refused_losses, orphanGroup).join(",")}`)
    ])
  ]

const headline = ({ dry_run: dry, from, refused_losses: refused, target, to, upgrades }: Upgraded): string =>
  !upgrades
    ? `${target} is of version ${to}: there is nothing to upgrade`
    : refused.length > 0
    ? `would be refused: ${target} (dry run, nothing was changed)`
    : dry
    ? `could be upgraded from version ${from} to ${to}: ${target} (dry run, nothing was changed)`
    : `upgraded from version ${from} to ${to}: ${target}`

const format = Output.report(Upgraded, {
  human: (report) => [
    headline(report) + (lossCount(report) > 0 && report.refused_losses.length === 0 ? ", but not all" : ""),
    ...(report.upgrades
      ? [
        ...counts(report.records),
        field(
          "proof",
          "read again, the new database holds every record that was read of the old one" +
            (lossCount(report) > 0 ? ", but for those below" : "")
        )
      ]
      : []),
    ...lost(report),
    ...(report.backup === null ? [] : [
      ...goBack(beside(report, report.database), beside(report, report.backup)),
      field("", "and use the kata that made it" + (report.from < report.to ? ": this one upgrades it again" : ""))
    ]),
    ...report.moved.map(({ from, to }) => field("moved", `${beside(report, from)} to ${beside(report, to)}`)),
    ...report.notes.map((note) => `note: ${note}`),
    ...findings(report.findings)
  ],
  agent: (report) => [
    `OK upgrade target=${quote(report.target)} from=${report.from} to=${report.to} dry_run=${report.dry_run}` +
    ` ${findingCounts(report.findings)}${lossCounts(report.losses)}` +
    (report.refused_losses.length === 0 ? "" : ` refused_losses=${report.refused_losses.join(",")}`) +
    (report.backup === null ? "" : ` backup=${quote(beside(report, report.backup))}`) +
    (report.entry === null ? "" : ` entry=${report.entry}`) +
    (report.rejected_file === null ? "" : ` rejected_file=${quote(report.rejected_file)}`),
    ...report.moved.map(({ from, to }) => `- moved from=${quote(from)} to=${quote(to)}`),
    ...report.findings.map((finding) => `- finding outcome=${finding.outcome} text=${quote(finding.line)}`)
  ],
  quiet: lost,
  outcome: (report) =>
    report.refused_losses.length > 0 ? "validation" : lossCount(report) > 0 ? "incomplete" : undefined
})

export const upgradeCommand = Output.command(
  "upgrade",
  {
    database: Args.text({ name: "database" }).pipe(
      Args.withDescription("the database; that of the environment unless given"),
      Args.withDefault(undefined)
    ),
    dryRun: toggle("dry-run", false).pipe(
      Options.withDescription("do everything but the last step, and say what would come of it")
    ),
    check: toggle("check", false).pipe(Options.withDescription("the same as --dry-run")),
    fromNewer: toggle("from-newer", false).pipe(
      Options.withDescription(
        "also one of a newer Go kata, version 11 to 32, of which version 10 cannot hold everything"
      )
    ),
    acceptLoss: texts("accept-loss", "names").pipe(
      Options.withDescription(
        "go on without these, by name, with commas between: event.orphan, comment.orphan, link.orphan, issue_label.orphan, " +
          "event.orphan_related, or orphans for all of these; with --from-newer what version 10 cannot hold, as --dry-run lists it; all for everything (exit 9)"
      )
    )
  },
  format,
  ({ acceptLoss, check, database, dryRun, fromNewer }) =>
    withDatabase(({ homes, path }) =>
      Effect.gen(function*() {
        const target = database ?? path
        const report = yield* upgrade({
          database: target,
          dryRun: dryRun || check,
          fromNewer,
          acceptLoss: lossNamesIn(acceptLoss),
          ...yield* asked,
          homes
        })
        return new Upgraded({ ...report, absolute: (yield* Path.Path).resolve(target) })
      })
    ),
  {
    commits: true,
    description:
      "Make a database of an older version, 1 to 9, one of version 10, in its place. The old one is checked and read in one transaction, the new one " +
      "is made beside it, read back and compared; then one rename puts it in place. The old one stays as .bak.<time>, with what was in its log. " +
      "Daemons do the same when they start. Rows that point at issues that are gone are left out only when --accept-loss names them.",
    examples: [
      ["kata upgrade --dry-run", "what would come of it?"],
      ["kata upgrade", "the database of the environment"],
      ["kata upgrade old.db --accept-loss orphans", "without the rows that point at issues that are gone"],
      ["kata upgrade new.db --from-newer --dry-run", "what would be lost of one of a newer Go kata?"]
    ]
  }
)
