import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { Mutation } from "../../ledger/model.ts"
import { answerWith } from "../answer.ts"
import { command } from "../daemon.ts"
import { change, commentFlag, heading, refArgument } from "../issue.ts"
import { quote } from "../terminal.ts"

export const assign = command(
  "assign",
  {
    ref: refArgument,
    owner: Args.text({ name: "owner" }).pipe(Args.withDescription("who works on it")),
    comment: commentFlag
  },
  answerWith<Mutation, typeof Mutation.Encoded, string>(Mutation, {
    human: ([{ changed, issue }, owner]) => [
      changed ? `${issue.short_id} assigned to ${owner}` : `${issue.short_id} already assigned to ${owner} (no-op)`
    ],
    agent: ([{ changed, issue }, owner]) => [
      ...heading("assign", issue, changed ? "" : " changed=false"),
      `Owner: ${quote(issue.owner ?? owner)}`
    ]
  }),
  ({ comment, owner, ref }) =>
    Effect.map(
      change(ref, comment, ({ actor, client, path }) => client.call("issueAssign", { path, body: { actor, owner } })),
      (answer) => [answer, owner] as const
    ),
  { description: "Set the assignee of an issue.", examples: [["kata assign abc4 bob", ""]] }
)
