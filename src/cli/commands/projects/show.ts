import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { ProjectWithAliases } from "../../../api/answers.ts"
import { answer } from "../../answer.ts"
import { client, command } from "../../daemon.ts"
import { select } from "../../projects.ts"
import { quote } from "../../terminal.ts"

export const show = command(
  "show",
  { project: Args.text({ name: "project" }).pipe(Args.withDescription("its number, its name, or the end of it")) },
  answer(ProjectWithAliases, {
    human: ({ project }) => [`#${project.id} ${project.name}`],
    quiet: ({ project }) => [`#${project.id} ${project.name}`],
    agent: ({ aliases, project }) => [
      `OK project action=show project=${quote(project.name)} id=${project.id}`,
      ...aliases.map((alias) =>
        `- alias=${quote(alias.alias_identity)} kind=${alias.alias_kind} root=${quote(alias.root_path)}`
      )
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const asked = yield* client
      const { project } = yield* select(asked, flags.project)
      return yield* asked.call("projectShow", { path: { project_id: project.id } })
    }),
  {
    description: "One project; --json also prints the workspaces it is known by.",
    examples: [["kata projects show app", ""]]
  }
)
