import * as Effect from "effect/Effect"
import { Mutation } from "../../ledger/model.ts"
import { answerWith } from "../answer.ts"
import { confirmation } from "../confirm.ts"
import { command } from "../daemon.ts"
import { change, confirmFlag, forceFlag, heading, qualifiedId, refArgument } from "../issue.ts"
import { InputRefused } from "../refs.ts"

export const deleteCommand = command(
  "delete",
  { ref: refArgument, force: forceFlag, confirm: confirmFlag("DELETE") },
  answerWith<Mutation, typeof Mutation.Encoded, string>(Mutation, {
    human: ([, id]) => [`${id} deleted (use \`kata restore ${id}\` to undo)`],
    agent: ([{ issue }]) => [
      ...heading("delete", issue),
      "Status: deleted",
      `Undo: kata restore ${issue.short_id} --agent`
    ]
  }),
  ({ confirm, force, ref }) =>
    Effect.gen(function*() {
      if (!force) {
        return yield* new InputRefused({
          reason: "deletion requires --force; use `kata restore` to undo if you change your mind",
          code: "validation"
        })
      }
      return yield* change(ref, undefined, (at) =>
        Effect.gen(function*() {
          const id = yield* qualifiedId(at, false)
          const header = yield* confirmation(`DELETE ${id}`, confirm)
          const answer = yield* at.client.call("issueDelete", {
            path: at.path,
            headers: { "X-Kata-Confirm": header },
            body: { actor: at.actor }
          })
          return [answer, id] as const
        }))
    }),
  {
    description:
      "Delete an issue: no command shows it any more, and kata restore brings it back. Asks for confirmation on a terminal.",
    examples: [["kata delete abc4 --force", ""], [
      "kata delete abc4 --force --confirm 'DELETE app#abc4'",
      "in a script"
    ]]
  }
)
