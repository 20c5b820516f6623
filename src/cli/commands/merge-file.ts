import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import { mergeFile, MergeFileReport } from "../../merge/MergeFile.ts"
import { actor } from "../actor.ts"
import { text } from "../Argv.ts"
import { Environment } from "../Environment.ts"
import * as Output from "../Output.ts"
import { field, plural } from "../report.ts"
import { quote } from "../terminal.ts"
import { UsageError } from "../UsageError.ts"

const unexplained = (report: MergeFileReport): ReadonlyArray<string> =>
  report.unexplained_count === 0 ? [] : [
    `note: ${plural(report.unexplained_count, "difference")} of which no event tells; one side was kept:`,
    ...report.unexplained.slice(0, 10).map((one) =>
      `  ${one.facet}${one.key === null ? "" : ` ${one.key}`} of ${one.name}: ${one.target ?? "none"} (ours), ${
        one.source ?? "none"
      } (theirs)`
    )
  ]

const format = Output.report(MergeFileReport, {
  human: (report) => [
    report.written ? `merged ${report.file}` : `${report.file} has it all: left as it is`,
    field("events", `${report.ours_events} only ours, ${report.theirs_events} only theirs`),
    ...(report.decided > 0
      ? [field("decided", `${plural(report.decided, "difference")}, recorded as events`)]
      : []),
    ...report.notes.map(({ detail, of, what }) => `note: ${what}: ${of}: ${detail}`),
    ...unexplained(report)
  ],
  agent: (report) => [
    `OK merge-file file=${quote(report.file)} written=${report.written} base=${report.base}` +
    ` ours_events=${report.ours_events} theirs_events=${report.theirs_events} decided=${report.decided}` +
    ` unexplained=${report.unexplained_count} lines=${report.lines}`,
    ...report.notes.map(({ detail, of, what }) => `- note what=${quote(what)} of=${quote(of)} detail=${quote(detail)}`)
  ],
  quiet: () => []
})

const isSide = (word: string): word is "ours" | "theirs" => word === "ours" || word === "theirs"

/** The flag, else what the environment says: git starts the driver, and the user only git. */
const preferred = Effect.fnUntraced(function*(flag: string | undefined) {
  const { variables: { KATA_MERGE_PREFER: wish = "" } } = yield* Environment
  const [word, by] = flag === undefined ? [wish, "KATA_MERGE_PREFER"] : [flag, "--prefer"]
  if (flag === undefined && wish === "") return undefined
  return isSide(word) ? word : yield* new UsageError({ reason: `${by}: ours or theirs, got ${word}` })
})

export const mergeFileCommand = Output.command(
  "merge-file",
  {
    base: Args.text({ name: "base" }).pipe(
      Args.withDescription("the snapshot that both come from; an empty file when there is none")
    ),
    ours: Args.text({ name: "ours" }).pipe(Args.withDescription("our snapshot; becomes the result")),
    theirs: Args.text({ name: "theirs" }).pipe(Args.withDescription("the other snapshot")),
    name: Args.text({ name: "name" }).pipe(
      Args.withDescription("what to call the file in messages"),
      Args.withDefault(undefined)
    ),
    prefer: text("prefer", "side").pipe(
      Options.withDescription("ours or theirs: who is right where both have changed the same (KATA_MERGE_PREFER)"),
      Options.withDefault(undefined)
    )
  },
  format,
  ({ base, name, ours, prefer, theirs }) =>
    Effect.gen(function*() {
      const side = yield* preferred(prefer)
      return yield* mergeFile({
        base: base === "" ? undefined : base,
        ours,
        theirs,
        name,
        prefer: side,
        actor: side === undefined ? undefined : (yield* actor).actor
      })
    }),
  {
    commits: true,
    description:
      "Merge two snapshots that come from one, by the history of each issue, into the first of them: what git runs as a merge driver after " +
      "kata git-setup. The result is one sealed snapshot, written whole at the end, and the same whichever side is called ours. Where both have " +
      "changed the same, ours stays as it is byte for byte, stderr says what and by whom, and the exit code is 5.",
    examples: [
      ["kata merge-file base.jsonl ours.jsonl theirs.jsonl", "three files, as git has them"],
      [
        "kata merge-file --prefer theirs base.jsonl ours.jsonl theirs.jsonl",
        "theirs is right where both changed the same"
      ]
    ]
  }
)
