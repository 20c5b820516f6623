import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Purged } from "../../api/answers.ts"
import { answerWith } from "../answer.ts"
import { text } from "../Argv.ts"
import { confirmation } from "../confirm.ts"
import { command } from "../daemon.ts"
import { change, confirmFlag, forceFlag, qualifiedId, refArgument } from "../issue.ts"
import { filled, InputRefused } from "../refs.ts"

export const purge = command(
  "purge",
  {
    ref: refArgument,
    force: forceFlag,
    confirm: confirmFlag("PURGE"),
    reason: text("reason").pipe(
      Options.withDescription("why; it stays in the log of purges"),
      Options.withDefault(undefined)
    )
  },
  answerWith<typeof Purged.Type, typeof Purged.Encoded, string>(Purged, {
    human: ([, id]) => [`${id} purged (irreversible)`],
    agent: ([{ purge_log: log }, id]) => [`OK purge ${log.short_id ?? id}`, "Status: purged"]
  }),
  ({ confirm, force, reason, ref }) =>
    Effect.gen(function*() {
      if (!force) {
        return yield* new InputRefused({
          reason: "purge requires --force; this is irreversible",
          code: "validation"
        })
      }
      yield* filled("--reason", reason)
      return yield* change(ref, undefined, (at) =>
        Effect.gen(function*() {
          const id = yield* qualifiedId(at, true)
          const header = yield* confirmation(`PURGE ${id}`, confirm)
          const answer = yield* at.client.call("issuePurge", {
            path: at.path,
            headers: { "X-Kata-Confirm": header },
            body: { actor: at.actor, reason }
          })
          return [answer, id] as const
        }))
    }),
  {
    description:
      "Remove an issue for good, with its comments, links, labels and events. Nothing brings it back but a backup. Asks for confirmation on a terminal.",
    examples: [["kata purge abc4 --force --reason 'held a password'", ""]]
  }
)
