import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { Found } from "../../api/answers.ts"
import { answer } from "../answer.ts"
import { toggle } from "../Argv.ts"
import { command, inProject } from "../daemon.ts"
import { stateOf } from "../issue.ts"
import { isBlank, refused } from "../refs.ts"
import { quoted } from "../terminal.ts"

type Found = typeof Found.Type

const human = ({ results }: Found) =>
  results.map(({ issue, matched_in: where, score }) =>
    `${issue.short_id.padEnd(8)}  ${score.toFixed(2)}  ${stateOf(issue).padEnd(8)}  ${issue.title}  (${
      where.join(",")
    })`
  )

export const search = command(
  "search",
  {
    words: Args.text({ name: "word" }).pipe(Args.withDescription("words that must all be there"), Args.atLeast(1)),
    limit: Options.integer("limit").pipe(Options.withDescription("at most so many rows"), Options.withDefault(20)),
    includeDeleted: toggle("include-deleted", false).pipe(Options.withDescription("deleted issues too"))
  },
  answer(Found, {
    human: (found) => found.results.length === 0 ? ["no matches"] : human(found),
    quiet: human,
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
    description: "Find issues of the project by the words in their titles, texts and comments, the best match first.",
    examples: [["kata search parser crash", ""]]
  }
)
