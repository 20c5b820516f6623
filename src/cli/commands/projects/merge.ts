import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Merged } from "../../../api/answers.ts"
import { read } from "../../../client/Client.ts"
import { bind, boundTo, discover } from "../../../workspace/workspace.ts"
import { answerWith } from "../../answer.ts"
import { text, toggle } from "../../Argv.ts"
import { confirmed } from "../../confirm.ts"
import { client, command, startPath } from "../../daemon.ts"
import { Environment } from "../../Environment.ts"
import { select } from "../../projects.ts"
import { filled, refused } from "../../refs.ts"
import { plural } from "../../report.ts"
import { Stdio } from "../../Stdio.ts"
import { quote, shellWord, singleLine } from "../../terminal.ts"

type Merged = typeof Merged.Type

const extended = ({ short_id_extensions: all = [], target }: Merged) =>
  all.map(({ post_merge_short_id: now, pre_merge_short_id: old }) =>
    `extended ${target.name}#${now} from ${old} to ${now}`
  )

const counts = ({ aliases_moved, events_moved, issues_moved }: Merged) =>
  [
    plural(Number(issues_moved), "issue"),
    plural(Number(aliases_moved), "alias", "aliases"),
    plural(Number(events_moved), "event")
  ].join(", ")

/** What would be moved, and what keeps a way back. */
const plan = (merged: Merged) => [
  `would merge project #${merged.source.id} (${merged.source.name}) into #${merged.target.id} (${merged.target.name}) ` +
  `and move ${counts(merged)}`,
  ...(merged.short_id_extensions ?? []).map(({ post_merge_short_id: now, pre_merge_short_id: old }) =>
    `would extend ${merged.source.name}#${old} to ${merged.target.name}#${now}`
  ),
  `nothing undoes it; before it: kata export --allow-running-daemon --output ${
    shellWord(`before-merge-${merged.source.uid.slice(-8).toLowerCase()}.jsonl`)
  }`
]

/** Before somebody is asked to confirm it. */
const shown = <E, R>(planned: Effect.Effect<Merged, E, R>) =>
  Effect.gen(function*() {
    const { stdinIsTerminal } = yield* Environment
    if (!stdinIsTerminal) return
    const { stderr } = yield* Stdio
    yield* stderr.write(plan(yield* planned).map((line) => `${singleLine(line)}\n`).join(""))
  })

export const merge = command(
  "merge",
  {
    source: Args.text({ name: "source" }).pipe(Args.withDescription("the project that ends")),
    target: Args.text({ name: "target" }).pipe(Args.withDescription("the project that stays")),
    renameTarget: text("rename-target", "name").pipe(
      Options.withDescription("the new name of the project that stays"),
      Options.withDefault(undefined)
    ),
    confirm: text("confirm", "\"MERGE source\"").pipe(
      Options.withDescription("what would be typed on a terminal"),
      Options.withDefault(undefined)
    ),
    dryRun: toggle("dry-run", false).pipe(Options.withDescription("say what would be moved, and change nothing"))
  },
  answerWith<Merged, typeof Merged.Encoded, boolean>(Merged, {
    human: ([merged, isDry]) =>
      isDry ? plan(merged) : [
        `merged project #${merged.source.id} into #${merged.target.id} (${merged.target.name}); moved ${
          counts(merged)
        }`,
        ...extended(merged)
      ],
    quiet: ([merged, isDry]) => isDry ? plan(merged) : extended(merged),
    agent: ([merged, isDry]) => [
      `OK project action=merge project=${
        quote(merged.target.name)
      } id=${merged.target.id} source=${merged.source.id} ` +
      `issues=${merged.issues_moved} aliases=${merged.aliases_moved} events=${merged.events_moved}${
        isDry ? " dry_run=true" : ""
      }`,
      ...(merged.short_id_extensions ?? []).map(({ post_merge_short_id: now, pre_merge_short_id: old }) =>
        `- issue=${now} was=${old}`
      )
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const target_name = yield* filled("--rename-target", flags.renameTarget)
      const asked = yield* client
      const { project: source } = yield* select(asked, flags.source)
      const { project: target } = yield* select(asked, flags.target)
      if (source.id === target.id) return yield* refused("source and target project must be different")
      const merging = (dry_run?: true) =>
        asked.call("projectMerge", {
          path: { project_id: target.id },
          body: {
            source_project_id: source.id,
            target_name,
            dry_run
          }
        })
      if (flags.dryRun) return [yield* merging(true), true] as const
      if (flags.confirm === undefined) yield* shown(Effect.flatMap(merging(true), read(Merged)))
      yield* confirmed(`MERGE ${source.name}`, flags.confirm)
      const answer = yield* merging()
      const { root } = yield* discover(yield* startPath)
      // A `.kata.toml` that cannot be read or written is mended by the next command that works there, or told by it.
      if (root !== undefined) {
        const merged = yield* read(Merged)(answer)
        yield* Effect.ignore(
          Effect.flatMap(boundTo(root), (bound) => bound === source.name ? bind(root, merged.target.name) : Effect.void)
        )
      }
      return [answer, false] as const
    }),
  {
    description:
      "Move everything of one project into another one, which stays. Short ids that both have grow by a character in the one that is moved. " +
      "Nothing undoes it: asks for confirmation on a terminal.",
    examples: [
      ["kata projects merge lib app --dry-run", "what would be moved?"],
      ["kata projects merge lib app --rename-target monorepo --confirm 'MERGE lib'", ""]
    ]
  }
)
