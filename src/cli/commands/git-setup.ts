import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Program } from "../../presence/Program.ts"
import { gitCheck, GitCheckReport } from "../../workspace/gitCheck.ts"
import { gitSetup as setUp, GitSetupReport, lineFor, type SetUp } from "../../workspace/gitSetup.ts"
import { texts, toggle } from "../Argv.ts"
import { Environment } from "../Environment.ts"
import * as Output from "../Output.ts"
import { field } from "../report.ts"
import { quote, shellWord } from "../terminal.ts"
import { UsageError } from "../UsageError.ts"

const words = {
  attributes: ".gitattributes",
  config: "config",
  hook: "pre-commit"
} as const

const said = ({ dry_run: dry }: GitSetupReport, { is, what, where }: SetUp) => {
  const state = {
    added: dry ? "would be added" : "added",
    changed: dry ? "would be changed" : "changed",
    removed: dry ? "would be removed" : "removed",
    present: "was there",
    absent: "was not there",
    foreign: what === "hook" ? "somebody else's: not touched" : "has a value of its own: not touched",
    shared: "shared by several repositories (core.hooksPath): not touched"
  }[is]
  return field(words[what], `${state}${what === "attributes" ? "" : `: ${where}`}`)
}

/** What is left to do. */
const next = (report: GitSetupReport): ReadonlyArray<string> => {
  if (report.removed) return []
  const hook = report.done.find(({ is, what }) => what === "hook" && (is === "foreign" || is === "shared"))
  return [
    ...(hook === undefined ? [] : [`next: add this line to the hook: ${report.check} || exit 1`]),
    "next: commit .gitattributes; every clone needs kata git-setup once, its settings are not in the repository"
  ]
}

const format = Output.report(Schema.Union(GitSetupReport, GitCheckReport), {
  human: (report) =>
    report instanceof GitCheckReport
      ? report.checked.map((file) => `ok: ${file}`)
      : [
        `${report.removed ? "taken away from" : "set up in"} ${report.repository}${
          report.dry_run ? " (dry run, nothing was written)" : ""
        }`,
        ...(report.removed ? [] : report.patterns.map((pattern) => field("for", lineFor(pattern)))),
        ...report.done.map((one) => said(report, one)),
        ...next(report)
      ],
  agent: (report) =>
    report instanceof GitCheckReport
      ? [`OK git-setup checked=${report.checked.length}`, ...report.checked.map((file) => `- file=${quote(file)}`)]
      : [
        `OK git-setup repository=${quote(report.repository)} removed=${report.removed} dry_run=${report.dry_run}`,
        ...report.done.map(({ is, what, where }) => `- ${what} is=${is} where=${quote(where)}`)
      ],
  quiet: () => []
})

export const gitSetup = Output.command(
  "git-setup",
  {
    path: texts("path", "pattern").pipe(
      Options.withDescription("which files, as in .gitattributes; snapshot.jsonl unless given; again for more")
    ),
    remove: toggle("remove", false).pipe(
      Options.withDescription("take away what this command has made, and nothing else; with --path only those lines")
    ),
    dryRun: toggle("dry-run", false).pipe(Options.withDescription("say what would be done")),
    check: toggle("check", false).pipe(
      Options.withDescription("verify the snapshots that are staged: what the pre-commit hook runs")
    )
  },
  format,
  ({ check, dryRun, path, remove }) =>
    Effect.gen(function*() {
      const { cwd } = yield* Environment
      if (check) {
        if (path.length > 0 || remove || dryRun) {
          return yield* new UsageError({ reason: "--check stands alone: it looks at what is staged" })
        }
        return yield* gitCheck(cwd)
      }
      const started = yield* Program
      const program = started.length === 0 ? ["kata"] : started.map(shellWord)
      return yield* setUp({
        directory: cwd,
        patterns: path.length === 0 && !remove ? ["snapshot.jsonl"] : path,
        remove,
        dryRun,
        commands: { program: program.join(" "), files: program.filter((word) => /^['./]|^\$'/.test(word)) }
      })
    }),
  {
    commits: true,
    description:
      "Let git treat snapshots as what they are, in the repository of this directory: git diff and git log -p show changes of issues, git merge " +
      "and git rebase merge by the history of each issue, and a pre-commit hook verifies what is staged. Writes lines of .gitattributes, which " +
      "are meant to be committed, and the settings and the hook of this clone. What is there stays; a hook of somebody else's is not touched.",
    examples: [
      ["kata git-setup", "for snapshot.jsonl, in any directory of the repository"],
      ["kata git-setup --path 'backups/*.jsonl'", "for other names"],
      ["kata git-setup --remove", "take all of it away again"]
    ]
  }
)
