import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Int64 } from "../../ledger/model.ts"
import { answer, rows } from "../answer.ts"
import { command, inProject } from "../daemon.ts"
import { quote } from "../terminal.ts"

const Counts = Schema.Struct({ labels: rows(Schema.Struct({ label: Schema.String, count: Int64 })) })
type Counts = typeof Counts.Type

const human = ({ labels }: Counts) => labels.map(({ count, label }) => `${label.padEnd(32)}  ${count}`)

export const labels = command(
  "labels",
  {},
  answer(Counts, {
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
