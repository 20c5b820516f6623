import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { list, prune, undo } from "../../undo/Undo.ts"
import { asked } from "../actor.ts"
import { text, toggle } from "../Argv.ts"
import { withDatabase } from "../databaseOption.ts"
import * as Output from "../Output.ts"
import { sinceForms, sinceOf } from "../since.ts"
import { Listed, listed, Pruned, pruned, Undone, undone } from "../undone.ts"
import { UsageError } from "../UsageError.ts"

interface Flags {
  readonly list: boolean
  readonly to: string | undefined
  readonly dryRun: boolean
  readonly force: boolean
  readonly prune: boolean
  readonly olderThan: string | undefined
  readonly keep: number | undefined
}

/** What is wrong with flags that do not go together. */
const conflict = ({ dryRun, force, keep, list, olderThan, prune, to }: Flags): string | undefined => {
  const bounded = olderThan !== undefined || keep !== undefined
  if (list && (to !== undefined || dryRun || force || prune || bounded)) return "--list goes with no other flag"
  if (prune && (to !== undefined || force)) return "--prune cannot be combined with --to or --force"
  if (prune && !bounded) return "--prune needs --older-than or --keep: nothing is removed that was not named"
  if (!prune && bounded) return "--older-than and --keep go with --prune"
  return keep !== undefined && keep < 0 ? "--keep must be a non-negative integer" : undefined
}

/** The instant before which entries are old. */
const boundOf = Effect.fnUntraced(function*(olderThan: string | undefined) {
  if (olderThan === undefined) return {}
  const since = sinceOf(olderThan, DateTime.toDate(yield* DateTime.now))
  if (Option.isSome(since)) return { before: new Date(since.value) }
  return yield* new UsageError({ reason: `--older-than: ${olderThan} is no time; such as ${sinceForms}` })
})

export const undoCommand = Output.action(
  "undo",
  {
    database: Args.text({ name: "database" }).pipe(
      Args.withDescription("the database; that of the environment unless given"),
      Args.withDefault(undefined)
    ),
    list: toggle("list", false).pipe(Options.withDescription("only show what can be taken back, the newest first")),
    to: text("to", "entry").pipe(
      Options.withDescription("go back to the state before this entry: it and all later ones are taken back"),
      Options.withDefault(undefined)
    ),
    dryRun: toggle("dry-run", false).pipe(
      Options.withDescription("do everything but the last step, and say what would come of it")
    ),
    force: toggle("force", false).pipe(
      Options.withDescription(
        "also when something was recorded since; the present database is kept as .bak.<time>, or its rows in the history"
      )
    ),
    prune: toggle("prune", false).pipe(
      Options.withDescription("remove old entries and their files instead, as --older-than and --keep say")
    ),
    olderThan: text("older-than", "time").pipe(
      Options.withDescription(`with --prune: those from before then: ${sinceForms}`),
      Options.withDefault(undefined)
    ),
    keep: Options.integer("keep").pipe(
      Options.withDescription("with --prune: all but so many of the newest"),
      Options.withDefault(undefined)
    )
  },
  ({ database, ...flags }) =>
    withDatabase(({ homes, path }) =>
      Effect.gen(function*() {
        const reason = conflict(flags)
        if (reason !== undefined) return yield* new UsageError({ reason })
        const target = database ?? path
        const absolute = (yield* Path.Path).resolve(target)
        const { dryRun, force, keep, to } = flags
        if (flags.list) {
          return yield* Output.print(listed, new Listed({ ...yield* list({ database: target }), absolute }))
        }
        if (flags.prune) {
          const bounds = { ...yield* boundOf(flags.olderThan), ...keep === undefined ? {} : { keep } }
          const report = yield* prune({ database: target, dryRun, homes, ...bounds })
          return yield* Output.print(pruned, new Pruned({ ...report, absolute }))
        }
        const wanted = to === undefined ? {} : { to }
        const report = yield* undo({ database: target, dryRun, force, homes, ...wanted, ...yield* asked })
        return yield* Output.print(undone, new Undone({ ...report, absolute }))
      })
    ),
  {
    commits: true,
    description:
      "Take back what replaced the database (a restore, an upgrade, an undo), or was merged or imported into it. The file that was put aside is " +
      "checked, byte for byte, a copy of it is made beside the database, and one rename puts it in place; the database that is there is kept as " +
      ".bak.<time>. Of a merge or an import from Beads the rows become what they were, in one transaction, also while a daemon serves; other work " +
      "stays. An undo leaves an entry too: another undo brings it back. Refused when something was recorded since, about what is taken back where " +
      "that is a merge or an import (exit 5), unless --force says so. Nothing is ever removed but by --prune.",
    examples: [
      ["kata undo --list", "what can be taken back?"],
      ["kata undo --dry-run", "what would come of it?"],
      ["kata undo", "take the last one back"],
      ["kata undo --to 01KB4CZZ0Q", "go back to the state before that entry"],
      ["kata undo --prune --older-than 90d --keep 3", "make room, but keep the three newest"]
    ]
  }
)
