import { Mutation } from "../../ledger/model.ts"
import { answer } from "../answer.ts"
import { command } from "../daemon.ts"
import { change, heading, refArgument, unchanged } from "../issue.ts"

export const restore = command(
  "restore",
  { ref: refArgument },
  answer(Mutation, {
    human: ({ changed, issue }) => [changed ? `${issue.short_id} restored` : unchanged(issue, "is not deleted")],
    quiet: ({ issue }) => [issue.short_id],
    agent: ({ changed, issue }) => [...heading("restore", issue, changed ? "" : " changed=false"), "Deleted: false"]
  }),
  ({ ref }) =>
    change(ref, undefined, ({ actor, client, path }) => client.call("issueRestore", { path, body: { actor } })),
  {
    description: "Bring a deleted issue back. To restore a database from a backup, see kata import.",
    examples: [["kata restore abc4", ""]]
  }
)
