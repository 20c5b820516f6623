import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import { Restored } from "../../../api/answers.ts"
import { actor } from "../../actor.ts"
import { answer } from "../../answer.ts"
import { client, command } from "../../daemon.ts"
import { selectAny } from "../../projects.ts"
import { plural } from "../../report.ts"
import { quote } from "../../terminal.ts"

type Restored = typeof Restored.Type

const human = ({ aliases, changed, project }: Restored) => [
  changed
    ? `restored project #${project.id} (${project.name}) with ${plural(aliases.length, "workspace")}`
    : `project #${project.id} (${project.name}) is not archived; nothing changed`
]

const aside = ({ aliases_taken: taken, aliases_unknown: unknown }: Restored) => [
  ...taken.map((identity) => `note: ${identity} belongs to another project by now, and stays there`),
  ...(unknown === 0
    ? []
    : [`hint: the names of ${plural(unknown, "workspace")} were not recorded: run kata init in each of them`])
]

export const restore = command(
  "restore",
  { project: Args.text({ name: "project" }).pipe(Args.withDescription("its number, its name, or the end of it")) },
  answer(Restored, {
    human,
    aside,
    agent: (restored) => [
      `OK project action=restore project=${quote(restored.project.name)} id=${restored.project.id}${
        restored.changed ? "" : " changed=false"
      } aliases=${restored.aliases.length}`,
      ...restored.aliases_taken.map((identity) => `- alias=${quote(identity)} taken=true`),
      ...(restored.aliases_unknown === 0 ? [] : [`Aliases-Unknown: ${restored.aliases_unknown}`])
    ]
  }),
  (flags) =>
    Effect.gen(function*() {
      const by = yield* actor
      const asked = yield* client
      const project = yield* selectAny(asked, flags.project)
      return yield* asked.call("projectRestore", { path: { project_id: project.id }, body: { actor: by.actor } })
    }),
  {
    description: "Bring an archived project back, with the workspaces that belong to no other one by now.",
    examples: [["kata projects restore app", ""], ["kata projects list --archived", "which there are"]]
  }
)
