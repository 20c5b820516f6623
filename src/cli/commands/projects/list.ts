import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Projects } from "../../../api/answers.ts"
import { answerWith } from "../../answer.ts"
import { toggle } from "../../Argv.ts"
import { client, command } from "../../daemon.ts"
import { quote } from "../../terminal.ts"

type Projects = typeof Projects.Type
type Listed = Projects["projects"][number]

/** What a project is, where archived ones are shown too. */
const stateOf = ({ deleted_at }: Listed) => deleted_at === undefined ? "active" : "archived"

const human = ([{ projects }, all]: readonly [Projects, boolean]) =>
  projects.map((project) => `${project.id}  ${project.name}${all ? `  ${stateOf(project)}` : ""}`)

export const list = command(
  "list",
  {
    archived: toggle("archived", false).pipe(
      Options.withAlias("all"),
      Options.withDescription("archived ones too, with the state of each")
    )
  },
  answerWith<Projects, typeof Projects.Encoded, boolean>(Projects, {
    human,
    quiet: human,
    agent: ([{ projects }, all]) => [
      `OK projects count=${projects.length}`,
      ...projects.map((project) =>
        `- project=${quote(project.name)} id=${project.id}${all ? ` state=${stateOf(project)}` : ""}`
      )
    ]
  }),
  ({ archived }) =>
    Effect.flatMap(client, ({ call }) =>
      Effect.map(
        call("projectList", { query: { archived: archived || undefined } }),
        (answer) => [answer, archived] as const
      )),
  {
    description: "All projects but the archived ones, with their numbers.",
    examples: [["kata projects list", ""], [
      "kata projects list --archived",
      "what kata projects restore can bring back"
    ]]
  }
)
