import * as Effect from "effect/Effect"
import { Mutation } from "../../../ledger/model.ts"
import { command } from "../../daemon.ts"
import { change, commentFlag, refArgument } from "../../issue.ts"
import { labelArgument, labelFormat, refuseBlank } from "../../label.ts"

export const rm = command(
  "rm",
  { ref: refArgument, label: labelArgument, comment: commentFlag },
  labelFormat(
    Mutation,
    "removed",
    (id, label, changed) => changed ? `${id} unlabeled "${label}"` : `${id} label "${label}" already removed (no-op)`
  ),
  ({ comment, label, ref }) =>
    Effect.gen(function*() {
      yield* refuseBlank(label)
      const answer = yield* change(ref, comment, ({ actor, client, path }) =>
        client.call("labelRemove", { path: { ...path, label }, query: { actor } }))
      return [answer, label] as const
    }),
  {
    description: "Take a label off an issue. One that is not there is no mistake.",
    examples: [["kata label rm abc4 needs-review", ""]]
  }
)
