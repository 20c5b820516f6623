import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Listed } from "../../api/answers.ts"
import { answerWith } from "../answer.ts"
import { text } from "../Argv.ts"
import { command, inProject } from "../daemon.ts"
import { notes } from "../issue.ts"
import { issueColumns, issueFields } from "../issueTable.ts"
import { filled, priorityOf, refused } from "../refs.ts"
import { table } from "../screen/table.ts"
import { quote, quoted } from "../terminal.ts"

interface Asked {
  readonly status: string
  /** Of whatever priority. */
  readonly isWhole: boolean
}

type Shown = readonly [typeof Listed.Type, Asked]

const human = ([{ issues }, { status }]: Shown) =>
  table(
    issueColumns({ title: "CHANGED", time: ({ updated_at: at }) => at, withState: status !== "open" }),
    issueFields(({ updated_at: at }) => at),
    issues
  )

/** Why there is nothing to see. */
const empty = ({ isWhole, status }: Asked) =>
  !isWhole
    ? "no issue has that priority"
    : status === "open"
    ? "nothing is open; kata list --status all shows what is closed, too"
    : status === "all"
    ? "this project has no issues yet; kata create makes one"
    : `no issue is ${status}`

const priority = (name: string, what: string) =>
  Options.integer(name).pipe(Options.withDescription(what), Options.withDefault(undefined))

export const list = command(
  "list",
  {
    status: text("status", "state").pipe(Options.withDescription("open, closed or all"), Options.withDefault("open")),
    limit: Options.integer("limit").pipe(
      Options.withAlias("n"),
      Options.withDescription("at most so many rows, 0 for all"),
      Options.withDefault(200)
    ),
    priority: priority("priority", "only those of this priority"),
    maxPriority: priority("max-priority", "only those of this priority or a higher one")
  },
  answerWith<Shown[0], typeof Listed.Encoded, Asked>(Listed, {
    human,
    quiet: human,
    aside: ([{ issues, total = 0n }, asked]) => [
      ...(issues.length === 0 ? [empty(asked)] : []),
      ...(total > issues.length ? [`${issues.length} of ${total}; -n 0 shows all`] : []),
      ...notes(issues)
    ],
    agent: ([{ issues, total = 0n }]) => [
      `OK list count=${issues.length}${total > issues.length ? ` total=${total}` : ""}`,
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
      if (limit < 0) return yield* refused("--limit must be non-negative")
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
          limit,
          detail: true
        }
      })
      return [answer, { status, isWhole: priority === undefined && maxPriority === undefined }] as const
    }),
  {
    description:
      "The issues of the project, the one changed last first. In a pipe a line a row, with tabs between id, state, priority, labels, " +
      "owner, time of the last change, what it waits for, and title.",
    examples: [
      ["kata list", "what is open"],
      ["kata list --status all --max-priority 1", "the urgent ones, closed ones too"],
      ["kata list | cut -f1,8", "ids and titles"],
      ["kata list --json | jq -r '.issues[].short_id'", ""]
    ]
  }
)
