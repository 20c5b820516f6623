import * as Effect from "effect/Effect"
import { LabelCounts } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { command, inProject } from "../daemon.ts"
import { quote } from "../terminal.ts"

const human = ({ labels }: typeof LabelCounts.Type) => labels.map(({ count, label }) => `${label.padEnd(32)}  ${count}`)

export const labels = command(
  "labels",
  {},
  answer(LabelCounts, {
    human,
    quiet: human,
    agent: ({ labels }) => [
      `OK labels count=${labels.length}`,
      ...labels.map(({ count, label }) => `- label=${quote(label)} count=${count}`)
    ]
  }),
  () =>
    Effect.flatMap(
      inProject,
      ({ client, project }) => client.call("labelCounts", { path: { project_id: project.id } })
    ),
  {
    description: "The labels of the project, each with the number of its issues, the most frequent first.",
    examples: []
  }
)
