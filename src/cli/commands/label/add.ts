import * as Effect from "effect/Effect"
import { Labelled } from "../../../api/answers.ts"
import { command } from "../../daemon.ts"
import { change, commentFlag, refArgument } from "../../issue.ts"
import { labelArgument, labelFormat, refuseBlank } from "../../label.ts"

export const add = command(
  "add",
  { ref: refArgument, label: labelArgument, comment: commentFlag },
  labelFormat(
    Labelled,
    "added",
    (id, label, changed) => changed ? `${id} labeled "${label}"` : `${id} already labeled "${label}" (no-op)`
  ),
  ({ comment, label, ref }) =>
    Effect.gen(function*() {
      yield* refuseBlank(label)
      const answer = yield* change(ref, comment, ({ actor, client, path }) =>
        client.call("labelAdd", { path, body: { actor, label } }))
      return [answer, label] as const
    }),
  {
    description: "Put a label on an issue: lower-case letters, digits and . _ : -, at most 64.",
    examples: [["kata label add abc4 needs-review", ""]]
  }
)
