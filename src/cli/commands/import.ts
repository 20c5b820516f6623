import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../../Failure.ts"
import { restore } from "../../import/Import.ts"
import { asked } from "../actor.ts"
import { text, texts, toggle } from "../Argv.ts"
import { type BeadsFlags, beadsFormat, beadsOptions, runBeads } from "../beads.ts"
import { withDatabase } from "../databaseOption.ts"
import { format, Imported } from "../imported.ts"
import { inputOf } from "../input.ts"
import { lossNamesIn } from "../lossNames.ts"
import { type MergeFlags, mergeFormat, mergeOptions, runMerge } from "../merge.ts"
import * as Output from "../Output.ts"
import { UsageError } from "../UsageError.ts"

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
    return "--source-format takes kata, for snapshots, or beads"
  }
}

interface Flags extends MergeFlags, BeadsFlags {
  readonly merge: boolean
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
      "apply-purges": applyPurges,
      "restore-purged": flags.restorePurged
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

/** What an import of Beads is asked, and nothing else is; in the words of the command line. */
const ofBeads = (flags: Flags): Readonly<Record<string, boolean>> => ({
  bd: flags.bd !== undefined,
  comments: flags.comments !== undefined,
  "on-conflict": flags.onConflict !== undefined,
  "on-duplicate": flags.onDuplicate !== undefined,
  prune: flags.prune !== undefined,
  "parents-from-ids": flags.parentsFromIds,
  "owner-from": flags.ownerFrom !== undefined,
  "closed-status": flags.closedStatus.length > 0,
  "include-infra": flags.includeInfra,
  "merge-identical-comments": flags.mergeIdenticalComments,
  rename: flags.rename !== undefined,
  source: flags.source !== undefined,
  "skip-invalid": flags.skipInvalid,
  lenient: flags.lenient,
  strict: flags.strict,
  "max-line": flags.maxLine !== undefined,
  yes: flags.yes
})

/** What an import of Beads is not asked; the project of the workspace is a flag of every command. */
const notOfBeads = (flags: Flags): Readonly<Record<string, boolean>> => ({
  target: flags.target !== undefined,
  merge: flags.merge,
  from: flags.from.length > 0,
  issue: flags.issue.length > 0,
  prefer: flags.prefer.length > 0,
  "apply-purges": flags.applyPurges,
  "restore-purged": flags.restorePurged,
  "new-instance": flags.newInstance,
  rejected: flags.rejected !== undefined,
  salvage: flags.salvage,
  "accept-loss": flags.acceptLoss.length > 0,
  "without-tokens": flags.withoutTokens,
  repair: flags.repair
})

const firstGiven = (flags: Readonly<Record<string, boolean>>) =>
  Object.entries(flags).find(([, isGiven]) => isGiven)?.[0]

/** Each source has flags of its own. */
const ofItsSource = (flags: Flags, isBeads: boolean) => {
  const given = firstGiven(isBeads ? notOfBeads(flags) : ofBeads(flags))
  return given === undefined ? Effect.void : new UsageError({
    reason: isBeads
      ? `--${given} is not supported with --source-format beads`
      : `--${given} is only for --source-format beads`
  })
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
      Options.withDescription("what the input is: kata, or beads for issues of Beads into this project"),
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
    ...beadsOptions,
    force: toggle("force", false).pipe(
      Options.withDescription(
        "replace a database that is there; it stays beside the new one as .bak.<time>; with beads: also when most issues are gone from it"
      )
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
      const isBeads = flags.sourceFormat === "beads"
      if (flags.sourceFormat !== "kata" && !isBeads) return yield* new SourceUnsupported({ source: flags.sourceFormat })
      yield* ofItsSource(flags, isBeads)
      if (isBeads) return yield* Effect.flatMap(runBeads(flags), (report) => Output.print(beadsFormat, report))
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
      ["kata import --source-format beads --dry-run", "what would come of the Beads issues of this workspace?"],
      ["kata import --source-format beads --input .beads/issues.jsonl", "from its file, without bd"],
      ["kata import --input cut.jsonl --target x.db --salvage", "what can be read of a damaged snapshot"],
      [
        "kata import --input v28.jsonl --target x.db --accept-loss all",
        "an export of a newer Go kata, without what version 10 cannot hold"
      ],
      ["kata import --input rescued.jsonl --rejected mended.jsonl --target x.db", "with what somebody has mended"]
    ]
  }
)
