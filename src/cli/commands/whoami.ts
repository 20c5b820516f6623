import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { actor } from "../actor.ts"
import * as Output from "../Output.ts"
import { quote } from "../terminal.ts"

class WhoamiReport extends Schema.Class<WhoamiReport>("WhoamiReport")({
  actor: Schema.String,
  source: Schema.Literal("flag", "env", "user", "git", "fallback")
}) {}

const human = (report: WhoamiReport) => [`actor=${report.actor} source=${report.source}`]

export const whoami = Output.command(
  "whoami",
  {},
  Output.report(WhoamiReport, {
    human,
    quiet: human,
    agent: (report) => [`OK whoami actor=${quote(report.actor)} source=${report.source}`]
  }),
  () => Effect.map(actor, (report) => new WhoamiReport(report)),
  {
    description: "Who changes are signed with, and what says so: --as, KATA_AUTHOR, USER, git's user.name, or nothing.",
    examples: [["kata whoami", ""]]
  }
)
