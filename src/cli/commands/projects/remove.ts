import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Archived } from "../../../api/answers.ts"
import { actor } from "../../actor.ts"
import { answer } from "../../answer.ts"
import { toggle } from "../../Argv.ts"
import { client, command } from "../../daemon.ts"
import { select } from "../../projects.ts"
import { quote } from "../../terminal.ts"

export const remove = command(
  "remove",
  {
    project: Args.text({ name: "project" }).pipe(Args.withDescription("its number, its name, or the end of it")),
    force: toggle("force", false).pipe(Options.withDescription("even if it has open issues"))
  },
  answer(Archived, {
    human: ({ project }) => [
      `archived project #${project.id} (${project.name}); events preserved, aliases dropped`
    ],
    agent: ({ project }) => [`OK project action=remove project=${quote(project.name)} id=${project.id}`]
  }),
  (flags) =>
    Effect.gen(function*() {
      const by = yield* actor
      const asked = yield* client
      const { project } = yield* select(asked, flags.project)
      return yield* asked.call("projectArchive", {
        path: { project_id: project.id },
        query: { actor: by.actor, force: flags.force || undefined }
      })
    }),
  {
    description:
      "Archive a project: its issues and events stay in the database and in backups, no command shows them any more.",
    examples: [["kata projects remove app --force", ""]]
  }
)
