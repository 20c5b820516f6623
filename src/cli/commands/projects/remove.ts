import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Archived } from "../../../api/answers.ts"
import type { Client } from "../../../client/Client.ts"
import { actor } from "../../actor.ts"
import { answer } from "../../answer.ts"
import { toggle } from "../../Argv.ts"
import { agreed } from "../../confirm.ts"
import { client, command } from "../../daemon.ts"
import { everyProject, select } from "../../projects.ts"
import { plural } from "../../report.ts"
import { quote, shellWord } from "../../terminal.ts"

const undo = (name: string) => `kata projects restore ${shellWord(name)}`

type Selected = Effect.Effect.Success<ReturnType<typeof select>>

/** What goes out of sight, and how it comes back. */
const about = (asked: Client, { aliases, project }: Selected) =>
  Effect.map(everyProject(asked), ({ projects }) => {
    const { closed, open } = projects.find(({ id }) => id === project.id)?.stats ?? { open: 0n, closed: 0n }
    return {
      hasOpen: open > 0n,
      lines: [
        `hides ${plural(Number(open), "open issue")} of ${open + closed} and ${plural(aliases.length, "workspace")}`,
        `undo: ${undo(project.name)}`
      ]
    }
  })

export const remove = command(
  "remove",
  {
    project: Args.text({ name: "project" }).pipe(Args.withDescription("its number, its name, or the end of it")),
    force: toggle("force", false).pipe(Options.withDescription("even if it has open issues")),
    yes: toggle("yes", false).pipe(Options.withDescription("do not ask on a terminal"))
  },
  answer(Archived, {
    human: ({ project }) => [
      `archived project #${project.id} (${project.name}); events preserved, aliases dropped`
    ],
    aside: ({ project }) => [`hint: ${undo(project.name)} brings it back`],
    agent: ({ project }) => [
      `OK project action=remove project=${quote(project.name)} id=${project.id}`,
      `Undo: ${undo(project.name)} --agent`
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const by = yield* actor
      const asked = yield* client
      const selected = yield* select(asked, flags.project)
      const { project } = selected
      if (!flags.yes) {
        const { hasOpen, lines } = yield* about(asked, selected)
        // what the daemon refuses anyway, nobody is asked for
        if (flags.force || !hasOpen) yield* agreed(lines)
      }
      return yield* asked.call("projectArchive", {
        path: { project_id: project.id },
        query: { actor: by.actor, force: flags.force || undefined }
      })
    }),
  {
    description:
      "Archive a project: its issues and events stay in the database and in backups, and no command shows them until kata projects restore brings it " +
      "back. Asks on a terminal.",
    examples: [["kata projects remove app --force", ""], ["kata projects remove app --force --yes", "in a script"]]
  }
)
