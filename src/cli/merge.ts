/** `kata import --merge`: what it is asked, and what people are told of it. */
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Connection } from "../client/DaemonClient.ts"
import type { FileError } from "../files/FileError.ts"
import { type Decision, decisionOf, isSide } from "../merge/decisions.ts"
import { merge, type MergeConflict, MergeReport, type Preferred } from "../merge/Merge.ts"
import type { Source } from "../merge/sides.ts"
import { actor } from "./actor.ts"
import { texts, toggle } from "./Argv.ts"
import { withDatabase } from "./databaseOption.ts"
import { elsewhere, sentOf } from "./elsewhere.ts"
import { inputOf } from "./input.ts"
import * as Output from "./Output.ts"
import { field, plural } from "./report.ts"
import { changeFields, changeWords } from "./rowChanges.ts"
import { quote, shellWord } from "./terminal.ts"
import { UsageError } from "./UsageError.ts"

export const mergeOptions = {
  merge: toggle("merge", false).pipe(
    Options.withDescription(
      "bring what the input has and a database does not into that database: decided by the history of each issue, never by a clock"
    )
  ),
  from: texts("from", "db").pipe(
    Options.withDescription("with --merge: a database instead of --input; again for more")
  ),
  project: texts("project", "name").pipe(
    Options.withDescription("with --merge: only this project of the input; again for more")
  ),
  issue: texts("issue", "ref").pipe(
    Options.withDescription("with --merge: only this issue of the input, as in app#abc4, or a uid; again for more")
  ),
  prefer: texts("prefer", "side").pipe(
    Options.withDescription(
      "with --merge: target or source, who is right where both have changed the same; ISSUE=target or ISSUE=source for one issue"
    )
  ),
  applyPurges: toggle("apply-purges", false).pipe(
    Options.withDescription("with --merge: purge here what was purged in the input")
  ),
  restorePurged: toggle("restore-purged", false).pipe(
    Options.withDescription("with --merge and --issue: bring these back also when they were purged here")
  )
}

export interface MergeFlags {
  readonly input: ReadonlyArray<string>
  readonly from: ReadonlyArray<string>
  readonly target: string | undefined
  readonly project: ReadonlyArray<string>
  readonly issue: ReadonlyArray<string>
  readonly prefer: ReadonlyArray<string>
  readonly applyPurges: boolean
  readonly restorePurged: boolean
  readonly dryRun: boolean
}

/** Who is right: for all, and for single issues. */
const preferences = (words: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const each: Array<Decision> = []
    const all = new Set<Preferred>()
    for (const word of words) {
      const decision = decisionOf(word)
      if (isSide(word)) all.add(word)
      else if (decision !== undefined) each.push(decision)
      else {
        return yield* new UsageError({ reason: `--prefer: target, source or ISSUE=target, ISSUE=source, got ${word}` })
      }
    }
    if (all.size > 1) return yield* new UsageError({ reason: "--prefer: it is either target or source for all" })
    return { prefer: [...all][0], decisions: each }
  })

const say = (report: MergeReport, ours: string) => report.dry_run ? `would be ${ours}` : ours

const facet = (conflict: MergeConflict) =>
  `${conflict.facet}${conflict.key === null ? "" : ` ${conflict.key}`} of ${conflict.name}`

const words: { readonly [is: string]: string } = {
  new: "new here",
  same: "nothing new on either side",
  ahead: "nothing new in the input; the target is ahead",
  "fast-forward": "only the input has something new",
  diverged: "both sides have something new"
}

export const mergeFormat = Output.report(MergeReport, {
  human: (report) => [
    report.unchanged
      ? `nothing to merge: ${report.target} has it all`
      : `${say(report, "merged")} into ${report.target}${report.dry_run ? " (dry run, nothing was written)" : ""}`,
    ...report.sources.map(({ is, name }) => field("from", `${name} (${is})`)),
    ...report.projects.map((project) => field(project.name, words[project.case] ?? project.case)),
    ...changeFields(report.counts),
    ...(report.decided > 0
      ? [field("decided", `${plural(report.decided, "difference")}, recorded as events`)]
      : []),
    ...(report.purged_there > 0
      ? [
        field(
          "purged",
          `${plural(report.purged_there, "issue")} in the input, alive here: --apply-purges purges them here`
        )
      ]
      : []),
    ...(report.entry === null ? [] : [field("go back", `kata undo ${shellWord(report.target)}`)]),
    ...report.notes.map(({ detail, of, what }) => `note: ${what}: ${of}: ${detail}`),
    ...(report.unexplained_count > 0
      ? [
        `note: ${plural(report.unexplained_count, "difference")} of which no event tells; what is here was kept:`,
        ...report.unexplained.slice(0, 10).map((one) =>
          `  ${facet(one)}: ${one.target ?? "none"} here, ${one.source ?? "none"} in the input`
        )
      ]
      : [])
  ],
  agent: (report) => [
    `OK import merge=true target=${quote(report.target)} dry_run=${report.dry_run} unchanged=${report.unchanged}` +
    ` decided=${report.decided} unexplained=${report.unexplained_count} purged_there=${report.purged_there}` +
    changeWords(report.counts) + (report.entry === null ? "" : ` entry=${report.entry}`),
    ...report.projects.map((project) =>
      `- project name=${
        quote(project.name)
      } case=${project.case} source_events=${project.source_events} target_events=${project.target_events}`
    ),
    ...report.notes.map(({ detail, of, what }) => `- note what=${quote(what)} of=${quote(of)} detail=${quote(detail)}`),
    ...report.unexplained.map((one) =>
      `- unexplained facet=${quote(facet(one))} target=${quote(one.target ?? "")} source=${quote(one.source ?? "")}`
    )
  ],
  quiet: () => []
})

const sourcesOf = Effect.fnUntraced(function*({ from, input }: MergeFlags) {
  const snapshots: ReadonlyArray<Source<FileError>> = yield* Effect.forEach(
    input,
    (file) => Effect.map(inputOf(file), (snapshot) => ({ snapshot }))
  )
  const sources = [...snapshots, ...from.map((database) => ({ database }))]
  if (sources.length === 0) return yield* new UsageError({ reason: "import --merge needs --input or --from" })
  if (input.filter((file) => file === "-").length > 1) {
    return yield* new UsageError({ reason: "only one --input can be -: what is piped in is there once" })
  }
  return sources
})

/** Into the database of a server elsewhere, which does it. */
const mergeThere = Effect.fnUntraced(function*(
  connection: Connection,
  [source, ...more]: ReadonlyArray<Source<FileError>>,
  flags: MergeFlags
) {
  if (source === undefined || more.length > 0) {
    return yield* new UsageError({
      reason: "a server takes one --input or --from at a time: what is in several is merged one after the other"
    })
  }
  const { decisions, prefer } = yield* preferences(flags.prefer)
  const there = yield* Effect.promise(() => import("../client/databases.ts"))
  return yield* there.merge(connection, yield* sentOf(source), {
    actor: (yield* actor).actor,
    prefer,
    decision: decisions.map(({ issue, side }) => `${issue}=${side}`),
    project: flags.project,
    issue: flags.issue,
    apply_purges: flags.applyPurges,
    restore_purged: flags.restorePurged,
    dry_run: flags.dryRun
  })
})

const mergeHere = (sources: ReadonlyArray<Source<FileError>>, flags: MergeFlags) =>
  withDatabase(({ homes, path }) =>
    Effect.gen(function*() {
      const { decisions, prefer } = yield* preferences(flags.prefer)
      return yield* merge({
        target: flags.target ?? path,
        sources,
        projects: flags.project,
        issues: flags.issue,
        prefer,
        decisions,
        applyPurges: flags.applyPurges,
        restorePurged: flags.restorePurged,
        dryRun: flags.dryRun,
        actor: (yield* actor).actor,
        homes
      })
    })
  )

/** Into the database that is named, that of the server that the workspace works with, or that of this machine. */
export const runMerge = (flags: MergeFlags) =>
  Effect.scoped(Effect.gen(function*() {
    if (flags.restorePurged && flags.issue.length === 0) {
      return yield* new UsageError({ reason: "--restore-purged needs --issue: say which issues are to come back" })
    }
    const sources = yield* sourcesOf(flags)
    const server = flags.target === undefined ? yield* elsewhere : Option.none()
    return yield* Option.match(server, {
      onNone: () => mergeHere(sources, flags),
      onSome: (connection) => mergeThere(connection, sources, flags)
    })
  }))
