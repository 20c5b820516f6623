import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { instructions } from "../instructions.ts"
import * as Output from "../Output.ts"

class Quickstart extends Schema.Class<Quickstart>("Quickstart")({ quickstart: Schema.String }) {}

const lines = (report: Quickstart) => report.quickstart.trimEnd().split("\n")

export const quickstart = Output.command(
  "quickstart",
  {},
  Output.report(Quickstart, {
    human: lines,
    quiet: lines,
    agent: (report) => ["OK quickstart", ...lines(report)]
  }),
  () => Effect.succeed(new Quickstart({ quickstart: instructions })),
  {
    description: "Print what a coding agent has to know to work with kata.",
    examples: [["kata quickstart >> AGENTS.md", "once for a project"]]
  }
)
