import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Ready } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { command, inProject } from "../daemon.ts"
import { notes } from "../issue.ts"
import { refused } from "../refs.ts"
import { quote, quoted } from "../terminal.ts"

const human = ({ issues }: typeof Ready.Type) =>
  issues.map(({ owner = "", short_id: id, title }) => `${id.padEnd(8)}  ${title}  (${owner === "" ? "-" : owner})`)

export const ready = command(
  "ready",
  {
    limit: Options.integer("limit").pipe(
      Options.withDescription("at most so many rows, 0 for all"),
      Options.withDefault(0)
    )
  },
  answer(Ready, {
    human,
    quiet: human,
    aside: ({ issues }) => notes(issues),
    agent: ({ issues }) => [
      `OK ready count=${issues.length}`,
      ...issues.map(({ owner = "", priority, short_id: id, title }) =>
        [
          `- issue=${id}`,
          ...(priority === undefined ? [] : [`priority=${quote(String(priority))}`]),
          ...(owner === "" ? [] : [`owner=${quote(owner)}`]),
          `title=${quoted(title)}`
        ].join(" ")
      )
    ]
  }),
  ({ limit }) =>
    Effect.gen(function*() {
      if (limit < 0) return yield* refused("--limit must be non-negative")
      const { client, project } = yield* inProject
      return yield* client.call("ready", {
        path: { project_id: project.id },
        query: { limit: limit === 0 ? undefined : limit, sort: "priority" }
      })
    }),
  {
    description:
      "What can be worked on now: open issues that wait for no other open one. First what has no open children, then by priority, where none comes " +
      "after 2, then the oldest.",
    examples: [["kata ready --limit 1", "what is next?"]]
  }
)
