import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Found } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { toggle } from "../Argv.ts"
import { command, inProject } from "../daemon.ts"
import { issueColumns, issueFields } from "../issueTable.ts"
import { isBlank, refused } from "../refs.ts"
import { table } from "../screen/table.ts"
import { quoted } from "../terminal.ts"

type Found = typeof Found.Type

const changed = ({ updated_at: at }: Found["results"][number]["issue"]) => at

const human = ({ results }: Found) => {
  const fields = issueFields(changed)
  return table<Found["results"][number]["issue"] & { readonly where: ReadonlyArray<string> }>(
    [
      ...issueColumns({ title: "CHANGED", time: changed, withState: true }),
      { title: "IN", text: ({ where }) => where.join(", "), drop: 4 }
    ],
    [...fields.slice(0, -1), ({ where }) => where.join(","), ...fields.slice(-1)],
    results.map(({ issue, matched_in: where }) => ({ ...issue, where }))
  )
}

export const search = command(
  "search",
  {
    words: Args.text({ name: "word" }).pipe(Args.withDescription("words that must all be there"), Args.atLeast(1)),
    limit: Options.integer("limit").pipe(
      Options.withAlias("n"),
      Options.withDescription("at most so many rows"),
      Options.withDefault(20)
    ),
    includeDeleted: toggle("include-deleted", false).pipe(Options.withDescription("deleted issues too"))
  },
  answer(Found, {
    human,
    quiet: human,
    aside: ({ results }) => results.length === 0 ? ["no issue has all of these words"] : [],
    agent: ({ query, results }) => [
      `OK search count=${results.length} query=${quoted(query)}`,
      ...results.map(({ issue: { deleted_at, short_id: id, status, title }, matched_in: where, score }) =>
        `- issue=${id} score=${score} status=${status} matched=${where.join(",")} title=${quoted(title)}${
          deleted_at === undefined ? "" : " deleted=true"
        }`
      )
    ]
  }),
  ({ includeDeleted, limit, words }) =>
    Effect.gen(function*() {
      const query = words.join(" ")
      if (isBlank(query)) return yield* refused("query must be non-empty")
      if (limit <= 0) return yield* refused("--limit must be a positive integer")
      const { client, project } = yield* inProject
      return yield* client.call("search", {
        path: { project_id: project.id },
        query: { q: query, limit, include_deleted: includeDeleted || undefined }
      })
    }),
  {
    description:
      "Find issues of the project by the words in their titles, texts and comments, the best match first. In a pipe the fields of " +
      "kata list, and where the words are before the title.",
    examples: [["kata search parser crash", ""]]
  }
)
