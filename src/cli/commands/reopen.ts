import { command } from "../daemon.ts"
import { change, changed, commentFlag, refArgument } from "../issue.ts"

export const reopen = command(
  "reopen",
  { ref: refArgument, comment: commentFlag },
  changed("reopen", "is open", (issue) => [`Status: ${issue.status}`]),
  ({ comment, ref }) =>
    change(ref, comment, ({ actor, client, path }) => client.call("issueReopen", { path, body: { actor } })),
  {
    description: "Open a closed issue again. One that is open stays as it is.",
    examples: [["kata reopen abc4 --comment 'It came back.'", ""]]
  }
)
