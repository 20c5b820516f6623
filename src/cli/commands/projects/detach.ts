import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Detached } from "../../../api/answers.ts"
import { actor } from "../../actor.ts"
import { answer } from "../../answer.ts"
import { toggle } from "../../Argv.ts"
import { client, command } from "../../daemon.ts"
import { known, ProjectUnknown } from "../../projects.ts"
import { quote } from "../../terminal.ts"

export const detach = command(
  "detach",
  {
    alias: Args.text({ name: "alias" }).pipe(
      Args.withDescription("what a workspace is known by, as kata projects show --json prints it")
    ),
    force: toggle("force", false).pipe(Options.withDescription("even if the project is known by nothing else"))
  },
  answer(Detached, {
    human: ({ alias }) => [`detached alias "${alias.alias_identity}" from project #${alias.project_id}`],
    agent: ({ alias }) => [`OK project action=detach alias=${quote(alias.alias_identity)} id=${alias.project_id}`]
  }),
  (flags) =>
    Effect.gen(function*() {
      const by = yield* actor
      const asked = yield* client
      const aliases = (yield* known(asked)).flatMap(({ aliases }) => aliases)
      const alias = aliases.find(({ alias_identity: identity }) => identity === flags.alias)
      if (alias === undefined) {
        const reason = `alias ${JSON.stringify(flags.alias)} did not match any project_aliases row`
        const advice = "kata projects show PROJECT --json shows what a project is known by"
        return yield* new ProjectUnknown({ reason, advice })
      }
      return yield* asked.call("aliasDetach", {
        path: { project_id: alias.project_id, alias_id: alias.id },
        query: { actor: by.actor, force: flags.force || undefined }
      })
    }),
  {
    description: "Let a repository or directory no longer belong to its project.",
    examples: [["kata projects detach github.com/acme/lib", ""]]
  }
)
