import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { FailureKind } from "../../../Failure.ts"
import { daemonLog, follow, hookRuns, last } from "../../../presence/logs.ts"
import { text, toggle } from "../../Argv.ts"
import { Globals } from "../../Globals.ts"
import * as Output from "../../Output.ts"
import { plural } from "../../report.ts"
import { Stdio } from "../../Stdio.ts"
import { quote } from "../../terminal.ts"
import { untilStopped } from "../../until.ts"
import { UsageError } from "../../UsageError.ts"
import { here } from "./here.ts"

/** A number of a flag that means nothing. */
export class LimitRefused extends Schema.TaggedError<LimitRefused>()("LimitRefused", { reason: Schema.String }) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.reason
  }
}

class Lines extends Schema.Class<Lines>("Lines")({ lines: Schema.Array(Schema.String) }) {}

const format = Output.report(Lines, {
  human: ({ lines }) => lines,
  agent: (
    { lines }
  ) => [`OK daemon action=logs count=${lines.length}`, ...lines.map((line) => `- line=${quote(line)}`)],
  quiet: ({ lines }) => lines
})

/** A line of `runs.jsonl`, as far as it is looked at. */
const Run = Schema.parseJson(Schema.Struct({
  event_type: Schema.optional(Schema.String),
  hook_index: Schema.optional(Schema.Number),
  exit_code: Schema.optional(Schema.Number),
  spawn_error: Schema.optional(Schema.String)
}))
const decodeRun = Schema.decodeOption(Run)

interface Filters {
  readonly failedOnly: boolean
  readonly eventType: string | undefined
  readonly hookIndex: number
}

const wants = (filters: Filters, run: typeof Run.Type) =>
  (!filters.failedOnly || (run.exit_code ?? 0) !== 0 || (run.spawn_error ?? "") !== "") &&
  (filters.eventType === undefined || run.event_type === filters.eventType) &&
  (filters.hookIndex === -1 || run.hook_index === filters.hookIndex)

const integer = (name: string, absent: number) => Options.integer(name).pipe(Options.withDefault(absent))

export const logs = Output.action(
  "logs",
  {
    hooks: toggle("hooks", false).pipe(Options.withDescription("the runs of hooks, instead of the daemon's own log")),
    tail: toggle("tail", false).pipe(Options.withDescription("go on with what is written from now on, until Ctrl-C")),
    limit: integer("limit", 100).pipe(
      Options.withDescription("at most so many lines, the last ones; 100 unless given")
    ),
    failedOnly: toggle("failed-only", false).pipe(Options.withDescription("with --hooks: only runs that failed")),
    eventType: text("event-type", "type").pipe(
      Options.withDescription("with --hooks: only runs for events of this type"),
      Options.withDefault(undefined)
    ),
    hookIndex: integer("hook-index", -1).pipe(
      Options.withDescription("with --hooks: only runs of this hook; -1 is all of them")
    )
  },
  (flags) =>
    Effect.interruptible(Effect.gen(function*() {
      if (flags.limit <= 0) return yield* new LimitRefused({ reason: "--limit must be a positive integer" })
      if (flags.hookIndex < -1) {
        return yield* new LimitRefused({ reason: "--hook-index must be -1 (all) or a non-negative integer" })
      }
      const filters = flags.failedOnly || flags.eventType !== undefined || flags.hookIndex !== -1
      if (!flags.hooks && filters) {
        return yield* new UsageError({ reason: "--failed-only, --event-type and --hook-index need --hooks" })
      }
      const { databasePath, kataHome } = yield* here
      const { stderr, stdout } = yield* Stdio
      const { mode } = yield* Globals
      const files = flags.hooks ? yield* hookRuns(kataHome, databasePath) : daemonLog(kataHome)
      let broken = 0
      const wanted = (line: string) => {
        if (!flags.hooks) return true
        const run = decodeRun(line)
        if (Option.isNone(run)) broken++
        return Option.exists(run, (run) => wants(flags, run))
      }
      const lines = yield* last(files, flags.limit, wanted)
      if (broken > 0) yield* stderr.write(`kata: ${plural(broken, "line")} skipped that could not be read\n`)
      if (!flags.tail) return yield* Output.print(format, new Lines({ lines }))
      // A stream has no end at which a report could be printed: programs get the lines as they are.
      const visible = Output.written(mode === "json" && !flags.hooks ? "agent" : mode, stdout)
      const shown = (line: string) => stdout.write(`${visible(line)}\n`)
      yield* Effect.forEach(lines, shown, { discard: true })
      yield* Stream.runForEach(Stream.filter(follow(files.at(-1) ?? ""), wanted), shown)
    })).pipe((run) =>
      // Not waited for: about once in a hundred the stream of a file that has just grown is not interrupted.
      flags.tail ? untilStopped(Effect.disconnect(run)) : run
    ),
  {
    commits: true,
    description:
      "Print the last lines of the log that daemons in the background write (KATA_HOME/daemon.log), or with --hooks the runs of hooks of this database. No daemon is needed for it.",
    examples: [
      ["kata daemon logs --tail", "and what comes next"],
      ["kata daemon logs --hooks --failed-only", "hooks that failed"]
    ]
  }
)
