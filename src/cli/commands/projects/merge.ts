import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Merged } from "../../../api/answers.ts"
import { read } from "../../../client/Client.ts"
import { bind, boundTo, discover } from "../../../workspace/workspace.ts"
import { answer } from "../../answer.ts"
import { text } from "../../Argv.ts"
import { client, command, startPath } from "../../daemon.ts"
import { select } from "../../projects.ts"
import { refused } from "../../refs.ts"
import { plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

type Merged = typeof Merged.Type

const extended = ({ short_id_extensions: all = [], target }: Merged) =>
  all.map(({ post_merge_short_id: now, pre_merge_short_id: old }) =>
    `extended ${target.name}#${now} from ${old} to ${now}`
  )

export const merge = command(
  "merge",
  {
    source: Args.text({ name: "source" }).pipe(Args.withDescription("the project that ends")),
    target: Args.text({ name: "target" }).pipe(Args.withDescription("the project that stays")),
    renameTarget: text("rename-target", "name").pipe(
      Options.withDescription("the new name of the project that stays"),
      Options.withDefault("")
    )
  },
  answer(Merged, {
    human: (merged) => [
      `merged project #${merged.source.id} into #${merged.target.id} (${merged.target.name}); moved ` +
      [
        plural(Number(merged.issues_moved), "issue"),
        plural(Number(merged.aliases_moved), "alias", "aliases"),
        plural(Number(merged.events_moved), "event")
      ].join(", "),
      ...extended(merged)
    ],
    quiet: extended,
    agent: (merged) => [
      `OK project action=merge project=${
        quote(merged.target.name)
      } id=${merged.target.id} source=${merged.source.id} ` +
      `issues=${merged.issues_moved} aliases=${merged.aliases_moved} events=${merged.events_moved}`,
      ...(merged.short_id_extensions ?? []).map(({ post_merge_short_id: now, pre_merge_short_id: old }) =>
        `- issue=${now} was=${old}`
      )
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const asked = yield* client
      const { project: source } = yield* select(asked, flags.source)
      const { project: target } = yield* select(asked, flags.target)
      if (source.id === target.id) return yield* refused("source and target project must be different")
      const answer = yield* asked.call("projectMerge", {
        path: { project_id: target.id },
        body: {
          source_project_id: source.id,
          target_name: flags.renameTarget === "" ? undefined : flags.renameTarget
        }
      })
      const { root } = yield* discover(yield* startPath)
      // A `.kata.toml` that cannot be read or written is mended by the next command that works there, or told by it.
      if (root !== undefined) {
        const merged = yield* read(Merged)(answer)
        yield* Effect.ignore(
          Effect.flatMap(boundTo(root), (bound) => bound === source.name ? bind(root, merged.target.name) : Effect.void)
        )
      }
      return answer
    }),
  {
    description:
      "Move everything of one project into another one, which stays. Short ids that both have grow by a character in the one that is moved.",
    examples: [["kata projects merge lib app --rename-target monorepo", ""]]
  }
)
