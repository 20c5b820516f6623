import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { ProjectWithAliases } from "../../../api/answers.ts"
import { answerWith } from "../../answer.ts"
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
  answerWith<typeof ProjectWithAliases.Type, typeof ProjectWithAliases.Encoded, boolean>(ProjectWithAliases, {
    human: ([{ project }, changed]) => [
      changed
        ? `renamed project #${project.id} to ${project.name}`
        : `project #${project.id} is called ${project.name}; nothing changed`
    ],
    agent: ([{ project }, changed]) => [
      `OK project action=rename project=${quote(project.name)} id=${project.id}${changed ? "" : " changed=false"}`
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const name = flags.name.join(" ").trim()
      if (name === "") return yield* refused("project name must be non-empty")
      const asked = yield* client
      const { project } = yield* select(asked, flags.project)
      const answer = yield* asked.call("projectRename", { path: { project_id: project.id }, body: { name } })
      return [answer, name !== project.name] as const
    }),
  {
    description: "Give a project another name. The .kata.toml of a clone learns of it with the next command there.",
    examples: [["kata projects rename app monorepo", ""]]
  }
)
