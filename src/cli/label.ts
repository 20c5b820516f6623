/** What the two commands about one label have in common. */
import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { Issue } from "../ledger/model.ts"
import { answerWith } from "./answer.ts"
import { heading } from "./issue.ts"
import { isBlank, refused } from "./refs.ts"
import { quote } from "./terminal.ts"

export const labelArgument = Args.text({ name: "label" }).pipe(Args.withDescription("as in bug or area:parser"))

export const refuseBlank = (label: string) => isBlank(label) ? refused("label must not be empty") : Effect.void

/** The label is the command's own: the answer to a removal does not say it. */
export const labelFormat = <B extends { readonly issue: Issue; readonly changed: boolean }, I>(
  schema: Schema.Schema<B, I>,
  action: "added" | "removed",
  words: (id: string, label: string, changed: boolean) => string
) =>
  answerWith<B, I, string>(schema, {
    human: ([{ changed, issue }, label]) => [words(issue.short_id, label, changed)],
    agent: ([{ changed, issue }, label]) => [
      ...heading("label", issue, changed ? "" : " changed=false"),
      `Label: ${quote(label)}`,
      `Action: ${action}`
    ]
  })
