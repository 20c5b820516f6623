import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Listed } from "../../api/answers.ts"
import { answerWith } from "../answer.ts"
import { text } from "../Argv.ts"
import { command, inProject } from "../daemon.ts"
import { notes } from "../issue.ts"
import { filled, priorityOf, refused } from "../refs.ts"
import { quote, quoted } from "../terminal.ts"

type Shown = readonly [typeof Listed.Type, number]

const human = ([{ issues }]: Shown) =>
  issues.map(({ owner = "", short_id: id, status, title }) =>
    `${id.padEnd(8)}  ${status.padEnd(8)}  ${title}  ${owner === "" ? "(unowned)" : `(${owner})`}`
  )

const priority = (name: string, what: string) =>
  Options.integer(name).pipe(Options.withDescription(what), Options.withDefault(undefined))

export const list = command(
  "list",
  {
    status: text("status", "state").pipe(Options.withDescription("open, closed or all"), Options.withDefault("open")),
    limit: Options.integer("limit").pipe(Options.withDescription("at most so many rows"), Options.withDefault(200)),
    priority: priority("priority", "only those of this priority"),
    maxPriority: priority("max-priority", "only those of this priority or a higher one")
  },
  answerWith<Shown[0], typeof Listed.Encoded, number>(Listed, {
    human,
    quiet: human,
    aside: ([{ issues }, limit]) => [
      ...(issues.length === limit ? [`... showing ${limit} (raise --limit to see more)`] : []),
      ...notes(issues)
    ],
    agent: ([{ issues }]) => [
      `OK list count=${issues.length}`,
      ...issues.map(({ labels = [], owner = "", priority, short_id: id, status, title }) =>
        [
          `- issue=${id} status=${status}`,
          ...(priority === undefined ? [] : [`priority=${quote(String(priority))}`]),
          ...(owner === "" ? [] : [`owner=${quote(owner)}`]),
          ...(labels.length === 0 ? [] : [`labels=${labels.map(quote).join(",")}`]),
          `title=${quoted(title)}`
        ].join(" ")
      )
    ]
  }),
  ({ limit, maxPriority, priority, status }) =>
    Effect.gen(function*() {
      if (limit <= 0) return yield* refused("--limit must be a positive integer")
      yield* filled("--status", status)
      yield* priorityOf("--priority", priority)
      yield* priorityOf("--max-priority", maxPriority)
      const { client, project } = yield* inProject
      const answer = yield* client.call("issueList", {
        path: { project_id: project.id },
        query: {
          status: status === "all" ? undefined : status,
          priority: priority?.toString(),
          max_priority: maxPriority?.toString(),
          limit
        }
      })
      return [answer, limit] as const
    }),
  {
    description: "The issues of the project, the one changed last first.",
    examples: [
      ["kata list", "what is open"],
      ["kata list --status all --max-priority 1", "the urgent ones, closed ones too"],
      ["kata list --json | jq -r '.issues[].short_id'", ""]
    ]
  }
)
