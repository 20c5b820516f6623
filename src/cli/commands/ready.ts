import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Ready, Total } from "../../api/answers.ts"
import { read } from "../../client/Client.ts"
import { answerWith } from "../answer.ts"
import { command, inProject } from "../daemon.ts"
import { notes } from "../issue.ts"
import { issueColumns, issueFields } from "../issueTable.ts"
import { refused } from "../refs.ts"
import { plural } from "../report.ts"
import { table } from "../screen/table.ts"
import { quote, quoted } from "../terminal.ts"

/** With the number of open issues, which is asked for when none is ready. */
type Shown = readonly [typeof Ready.Type, number]

const human = ([{ issues }]: Shown) =>
  table(
    issueColumns({ title: "AGE", time: ({ created_at: at }) => at, withState: false }),
    issueFields(({ created_at: at }) => at),
    issues
  )

const empty = (open: number) =>
  open === 0
    ? "nothing is ready: no issue is open"
    : `nothing is ready: ${plural(open, "open issue waits", "open issues wait")} for others; kata list shows for which`

export const ready = command(
  "ready",
  {
    limit: Options.integer("limit").pipe(
      Options.withAlias("n"),
      Options.withDescription("at most so many rows, 0 for all"),
      Options.withDefault(0)
    )
  },
  answerWith<Shown[0], typeof Ready.Encoded, number>(Ready, {
    human,
    quiet: human,
    aside: ([{ issues }, open]) => issues.length === 0 ? [empty(open)] : notes(issues),
    agent: ([{ issues }]) => [
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
      const path = { project_id: project.id }
      const answer = yield* client.call("ready", {
        path,
        query: { limit: limit === 0 ? undefined : limit, sort: "priority", detail: true }
      })
      if ((yield* read(Total)(answer)).total !== 0n) return [answer, 0] as const
      const open = yield* client.call("issueList", { path, query: { status: "open", limit: 1, detail: true } })
      return [answer, Number((yield* read(Total)(open)).total ?? 0n)] as const
    }),
  {
    description:
      "What can be worked on now: open issues that wait for no other open one. First what has no open children, then by priority, where none comes " +
      "after 2, then the oldest. In a pipe the fields of kata list, with the time of creation.",
    examples: [["kata ready --limit 1", "what is next?"]]
  }
)
