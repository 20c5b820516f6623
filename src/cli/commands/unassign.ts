import { Mutation } from "../../ledger/model.ts"
import { answer } from "../answer.ts"
import { command } from "../daemon.ts"
import { change, commentFlag, heading, refArgument } from "../issue.ts"

export const unassign = command(
  "unassign",
  { ref: refArgument, comment: commentFlag },
  answer(Mutation, {
    human: ({ changed, issue }) => [
      changed ? `${issue.short_id} unassigned` : `${issue.short_id} already unassigned (no-op)`
    ],
    agent: ({ changed, issue }) => [
      ...heading("unassign", issue, changed ? "" : " changed=false"),
      "Owner-Cleared: true"
    ]
  }),
  ({ comment, ref }) =>
    change(ref, comment, ({ actor, client, path }) => client.call("issueUnassign", { path, body: { actor } })),
  { description: "Remove the assignee of an issue.", examples: [["kata unassign abc4", ""]] }
)
