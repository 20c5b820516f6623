import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { ProjectWithAliases } from "../../../api/answers.ts"
import { answer } from "../../answer.ts"
import { client, command } from "../../daemon.ts"
import { select } from "../../projects.ts"
import { refused } from "../../refs.ts"
import { quote } from "../../terminal.ts"

export const rename = command(
  "rename",
  {
    project: Args.text({ name: "project" }).pipe(Args.withDescription("its number, its name, or the end of it")),
    name: Args.text({ name: "name" }).pipe(
      Args.withDescription("the new name; words are joined"),
      Args.atLeast(1)
    )
  },
  answer(ProjectWithAliases, {
    human: ({ project }) => [`renamed project #${project.id} to ${project.name}`],
    agent: ({ project }) => [`OK project action=rename project=${quote(project.name)} id=${project.id}`]
  }),
  (flags) =>
    Effect.gen(function*() {
      const name = flags.name.join(" ").trim()
      if (name === "") return yield* refused("project name must be non-empty")
      const asked = yield* client
      const { project } = yield* select(asked, flags.project)
      return yield* asked.call("projectRename", { path: { project_id: project.id }, body: { name } })
    }),
  {
    description: "Give a project another name. The .kata.toml of a clone learns of it with the next command there.",
    examples: [["kata projects rename app monorepo", ""]]
  }
)
