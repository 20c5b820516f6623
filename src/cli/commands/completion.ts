import * as Args from "@effect/cli/Args"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { script, shells } from "../completions.ts"
import type { Shell } from "../completions.ts"
import * as Output from "../Output.ts"
import { Tree } from "../Tree.ts"
import { UsageError } from "../UsageError.ts"

export class CompletionReport extends Schema.Class<CompletionReport>("CompletionReport")({
  shell: Schema.String,
  script: Schema.String
}) {}

const lines = (report: CompletionReport) => report.script.trimEnd().split("\n")

const format = Output.report(CompletionReport, {
  human: lines,
  agent: (report) => [`OK completion shell=${report.shell}`, ...lines(report)],
  quiet: lines
})

const isShell = (word: string): word is Shell => Object.hasOwn(shells, word)

export const completion = Output.command(
  "completion",
  { shell: Args.text({ name: "shell" }).pipe(Args.withDescription("bash, zsh or fish")) },
  format,
  ({ shell }) =>
    isShell(shell)
      ? Effect.map(Effect.flatMap(Tree, (root) => script(shell, root)), (lines) =>
        new CompletionReport({ shell, script: `${lines.join("\n")}\n` }))
      : new UsageError({ reason: `unsupported shell ${JSON.stringify(shell)} (want bash, zsh, or fish)` }),
  {
    description:
      "Print a script that completes the commands and flags of kata in a shell. It stays right until kata is updated.",
    examples: [
      ["source <(kata completion bash)", "in ~/.bashrc"],
      ["source <(kata completion zsh)", "in ~/.zshrc, after compinit"],
      ["kata completion fish > ~/.config/fish/completions/kata.fish", "once"]
    ]
  }
)
