import * as Args from "@effect/cli/Args"
import * as Options from "@effect/cli/Options"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { fileKind } from "../../database/fileKind.ts"
import type { FileError } from "../../files/FileError.ts"
import { resolve } from "../../files/paths.ts"
import { diff, DiffReport, fewChanges, mostChanges, type Side, type Source } from "../../merge/Diff.ts"
import { grouped } from "../../records/losses.ts"
import { text, toggle } from "../Argv.ts"
import { changelog, changesForAgents, differenceCounts } from "../changes.ts"
import { withDatabase } from "../databaseOption.ts"
import { elsewhere, sentOf } from "../elsewhere.ts"
import { inputOf } from "../input.ts"
import * as Output from "../Output.ts"
import { field, plural } from "../report.ts"
import { quote } from "../terminal.ts"
import { UsageError } from "../UsageError.ts"

class Shown extends DiffReport.extend<Shown>("Shown")({
  stat: Schema.Boolean,
  unified: Schema.Boolean
}) {}

const ofSide = ({ is, name, projects }: Side) =>
  `${name} (${is}${projects === null ? "" : ` of ${plural(projects.length, "project")}`})`

/** What a side has and version 10 cannot hold. */
const notCompared = ({ losses, name }: Side): ReadonlyArray<string> =>
  Object.keys(losses).length === 0
    ? []
    : [`note: not compared, since version 10 cannot hold it, of ${name}: ${grouped(Object.keys(losses)).join(", ")}`]

/** Two partial snapshots are compared whole. */
const scopes = ({ a, b }: DiffReport): ReadonlyArray<string> =>
  (a.projects !== null || a.live_only) && (b.projects !== null || b.live_only) &&
    (String(a.projects) !== String(b.projects) || a.live_only !== b.live_only)
    ? ["note: the two are snapshots of different parts of a database: what only one of them can have is told too"]
    : []

const verdict = (report: DiffReport) => report.equal ? "equal" : "different"

const format = Output.report(Shown, {
  human: (report) => [
    verdict(report),
    field("from", ofSide(report.a)),
    field("to", ofSide(report.b)),
    ...differenceCounts(report.counts, ["new", "gone", "changed"]),
    ...(Object.keys(report.issues).length === 0
      ? []
      : [field("issues", Object.entries(report.issues).map(([what, n]) => `${n} ${what}`).join(", "))]),
    ...(report.a.instance_uid !== report.b.instance_uid && report.a.instance_uid !== null &&
        report.b.instance_uid !== null
      ? [`note: the two are of different databases: ${report.a.instance_uid} and ${report.b.instance_uid}`]
      : []),
    ...scopes(report),
    ...notCompared(report.a),
    ...notCompared(report.b),
    ...(report.stat ? [] : changelog(report.changes, report.unified)),
    ...(report.stat || report.more === 0
      ? []
      : ["", `… ${report.more} more changes: --limit N tells up to ${mostChanges} of them`])
  ],
  agent: (report) => [
    `OK diff equal=${report.equal} from=${quote(report.a.name)} to=${quote(report.b.name)}` +
    Object.entries(report.counts).map(([kind, { changed, gone, new: fresh }]) =>
      ` ${kind}=+${fresh}-${gone}~${changed}`
    ).join(""),
    ...(report.stat ? [] : changesForAgents(report.changes, report.more))
  ],
  quiet: (report) => report.equal ? [] : [`different: ${report.a.name} and ${report.b.name}`],
  outcome: (report) => report.equal ? undefined : "conflict"
})

/** A file is a database or a snapshot by how it begins; what is not there, or empty, by its name; a pipe is a snapshot. */
const sourceOf = Effect.fnUntraced(function*(word: string) {
  const snapshot: Source<FileError> = { snapshot: yield* inputOf(word) }
  if (word === "-") return snapshot
  const named: Source<FileError> = /\.(?:jsonl|gz)$/.test(word) ? snapshot : { database: word }
  const there = yield* Effect.option(Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(word)))
  if (Option.isNone(there) || (there.value.type === "File" && Number(there.value.size) === 0)) return named
  if (there.value.type !== "File") return snapshot
  const kind = yield* Effect.flatMap(resolve(word), (real) => fileKind(real, word))
  return Option.contains(kind, "database" as const) ? { database: word } satisfies Source<FileError> : snapshot
})

/** Both words make sense. */
const checked = (from: string, to: string | undefined) =>
  from === "" || to === ""
    ? Effect.fail(new UsageError({ reason: "a side of the comparison is an empty word" }))
    : from === "-" && to === "-"
    ? Effect.fail(new UsageError({ reason: "only one side can be -: what is piped in is there once" }))
    : Effect.void

const limitOf = (given: number | undefined) =>
  given === undefined
    ? Effect.succeed(fewChanges)
    : given >= 0 && given <= mostChanges
    ? Effect.succeed(given)
    : Effect.fail(new UsageError({ reason: `--limit: from 0 to ${mostChanges}, got ${given}` }))

export const diffCommand = Output.command(
  "diff",
  {
    from: Args.text({ name: "from" }).pipe(
      Args.withDescription("a snapshot, a database, or - for a snapshot on stdin")
    ),
    to: Args.text({ name: "to" }).pipe(
      Args.withDescription("the same; the database of the environment unless given"),
      Args.withDefault(undefined)
    ),
    project: text("project", "name").pipe(
      Options.withDescription("only what belongs to this project"),
      Options.withDefault(undefined)
    ),
    issue: text("issue", "ref").pipe(
      Options.withDescription("only what is about this issue: app#abc4, or its uid"),
      Options.withDefault(undefined)
    ),
    stat: toggle("stat", false).pipe(Options.withDescription("only how much differs")),
    unified: toggle("unified", false).pipe(
      Options.withDescription("changes of texts line by line, as patches, instead of word by word")
    ),
    limit: Options.integer("limit").pipe(
      Options.withDescription(
        `how many changes are told, ${fewChanges} unless given, at most ${mostChanges}; all are counted`
      ),
      Options.withDefault(undefined)
    )
  },
  format,
  ({ from, issue, limit, project, stat, to, unified }) =>
    Effect.scoped(Effect.gen(function*() {
      yield* checked(from, to)
      const asked = { project, issue, limit: stat ? 0 : yield* limitOf(limit) }
      const a = yield* sourceOf(from)
      const server = to === undefined ? yield* elsewhere : Option.none()
      const report = yield* Option.match(server, {
        onNone: () =>
          withDatabase(({ path }) =>
            Effect.flatMap(
              to === undefined ? Effect.succeed({ database: path }) : sourceOf(to),
              (b) => diff({ a, b, ...asked })
            )
          ),
        onSome: (connection) =>
          Effect.promise(() => import("../../client/databases.ts")).pipe(
            Effect.flatMap((there) => Effect.flatMap(sentOf(a), (sent) => there.diff(connection, sent, asked)))
          )
      })
      return new Shown({ ...report, stat, unified })
    })),
  {
    description:
      "What changed between two snapshots or databases, in either direction: issues by their uids, whatever numbers their rows have. The newest " +
      "changes come first, what belongs to an issue stands below it. Exit 0 when the contents are equal, 5 when they differ. Both are only read; a " +
      "snapshot of a project is held against that project alone. What is local to a database (its id, its counters, its row numbers) is not compared.",
    examples: [
      ["kata diff backups/kata.jsonl", "what happened since that backup?"],
      ["kata diff monday.jsonl tuesday.jsonl.gz --project app", "what changed in one project?"],
      ["kata diff old.db new.db --stat", "how much differs?"],
      ["git show HEAD~3:kata.jsonl | kata diff -", "since a committed snapshot"]
    ]
  }
)
