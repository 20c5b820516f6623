import * as Effect from "effect/Effect"
import { Projects } from "../../../api/answers.ts"
import { answer } from "../../answer.ts"
import { client, command } from "../../daemon.ts"
import { quote } from "../../terminal.ts"

const human = ({ projects }: typeof Projects.Type) => projects.map(({ id, name }) => `${id}  ${name}`)

export const list = command(
  "list",
  {},
  answer(Projects, {
    human,
    quiet: human,
    agent: ({ projects }) => [
      `OK projects count=${projects.length}`,
      ...projects.map(({ id, name }) => `- project=${quote(name)} id=${id}`)
    ]
  }),
  () => Effect.flatMap(client, ({ call }) => call("projectList", {})),
  { description: "All projects but the archived ones, with their numbers.", examples: [["kata projects list", ""]] }
)
