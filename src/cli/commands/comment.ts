import * as Effect from "effect/Effect"
import { Commented } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { bodyFlags, bodyOf } from "../body.ts"
import { command } from "../daemon.ts"
import { change, heading, refArgument } from "../issue.ts"
import { isBlank, refused } from "../refs.ts"

const format = answer(Commented, {
  human: () => ["comment appended"],
  agent: ({ issue }) => [...heading("comment", issue), "Comment: appended"]
})

export const comment = command(
  "comment",
  { ref: refArgument, ...bodyFlags },
  format,
  (flags) =>
    Effect.gen(function*() {
      const body = yield* bodyOf(flags)
      if (body === undefined || isBlank(body)) {
        return yield* refused("comment body is required (--body, --body-file, --body-stdin)")
      }
      return yield* change(flags.ref, undefined, ({ actor, client, path }) =>
        client.call("commentAdd", { path, body: { actor, body } }))
    }),
  {
    description: "Append a comment to an issue.",
    examples: [
      ["kata comment abc4 --body 'Happens only with CRLF.'", ""],
      ["git log -1 | kata comment abc4 --body-stdin", ""]
    ]
  }
)
