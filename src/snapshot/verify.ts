/**
 * Reads a snapshot without restoring it. Where a look at the records as they pass does not show that all is well, they go into a private
 * database that disappears again: what they say of each other is asked there, in the same words in which a restore asks.
 */
import * as Channel from "effect/Channel"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { judge } from "../database/checkRules.ts"
import { Database, type Stage } from "../database/Database.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { withoutSequence } from "../database/sequences.ts"
import { inTemporary } from "../database/temporary.ts"
import { privateDirectory, sweepPrivate } from "../files/staleFiles.ts"
import { phase } from "../Progress.ts"
import { Finding, Losses, lossesOf } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"
import { Soundness, type Watch } from "../records/Soundness.ts"
import { lineOf } from "../records/versions/newer.ts"
import type { ContentSum } from "./digest.ts"
import { another, type RecordRefused, SnapshotDamaged } from "./errors.ts"
import { type Input, open, type Opened, records } from "./input.ts"
import { load, type LoadOptions } from "./load.ts"
import { locate } from "./locate.ts"
import { Census, ProjectCounts } from "./projectCounts.ts"
import type { ReadOptions } from "./read.ts"
import type { Reading, SumWanted } from "./Reading.ts"
import { Scope, sealOf } from "./seal.ts"
import { type Versions, versions } from "./upgrade.ts"
import { formatOf } from "./version.ts"

export class VerifyReport extends Schema.Class<VerifyReport>("VerifyReport")({
  file: Schema.String,
  /** The export version of the file. */
  version: Schema.Int,
  /** Of the file as it is, compressed or not. */
  bytes: Schema.Int,
  /** It has a seal, and the seal holds. */
  sealed: Schema.Boolean,
  scope: Scope,
  live_only: Schema.Boolean,
  lines: Schema.Int,
  records: Schema.Record({ key: Schema.String, value: Schema.Int }),
  projects: Schema.Array(ProjectCounts),
  findings: Schema.Array(Finding),
  notes: Schema.Array(Schema.String),
  /** What a restore would lose, when it is accepted: the file is of a version that has more than version 10. */
  losses: Losses,
  /** Whether `kata import` takes it as it is. */
  restorable: Schema.Boolean
}) {}

const lines = {
  cron: "its kinds are those of Go kata's main line (with cron)",
  teams: "its kinds are those of the line of Go kata with teams, which was never released",
  both: "it has kinds of both lines of Go kata, the main line (with cron) and that with teams: no Go kata wrote it so"
}

/** Names the line of development that the newer kinds of a file belong to, where they are of one. */
const lineNote = (reading: Reading): ReadonlyArray<string> => {
  const line = lineOf(new Set(reading.records.keys()))
  return line === undefined ? [] : [lines[line]]
}

/** What can be said of the file as such. */
export const notesOf = (reading: Reading, from: Format, to: Format): ReadonlyArray<string> => [
  ...(from.version === to.version
    ? []
    : [
      `the file is of version ${from.version}; its records are read as those of version ${to.version}`,
      ...lineNote(reading)
    ]),
  ...(reading.header === undefined
    ? ["the file is not sealed: whether it is whole can only be guessed from its end"]
    : []),
  ...(reading.crlf ? ["line ends are CRLF; they were read as LF"] : [])
]

/** What there is to know of an input that was loaded and judged. */
export interface Examined {
  readonly reading: Reading
  /** All records are known to keep every rule. */
  readonly sound: boolean
  /** The file is of another version, and its records are not what stands there. */
  readonly upgraded: Versions | undefined
  /** The sum of the records as they came in, when it was wanted. */
  readonly sum: ContentSum | undefined
  readonly findings: ReadonlyArray<Finding>
}

/** Records, and at their end what is known of the snapshot and what `watch` has seen of them. */
const watched = <W extends Watch>(input: Opened, options: ReadOptions, make: () => W | undefined) =>
  Channel.suspend(() => {
    const watch = make()
    return Channel.map(
      records(input, watch === undefined ? options : { ...options, watch }),
      (reading) => ({ reading, watch })
    )
  })

export interface ExamineOptions extends Omit<LoadOptions, "versions"> {
  readonly sum: SumWanted
}

/**
 * Loads an input that is a file of `from` into a stage of `format` and judges it. Blocking findings are named with their lines, and left to
 * the caller.
 */
export const examine = Effect.fn("Snapshot.examine")(
  function*(input: Opened, from: Format, format: Format, stage: Stage, options: ExamineOptions) {
    yield* phase("reading", { bytes: input.size })
    const upgraded = yield* versions(from, format)
    // The records of a file of another version are other ones when they are stored: the load sums them up, and SQL is asked about them.
    const wanted = upgraded === undefined ? options.sum : "never"
    const watch = () => upgraded === undefined ? new Soundness(format) : undefined
    const batches = watched(input, { format: from, sum: wanted }, watch)
    const { change, done, findings } = yield* load(batches, stage, input.name, { ...options, versions: upgraded }).pipe(
      Effect.catchTag("RecordRefused", (refused) => damagedInstead(input, from, refused))
    )
    const { reading } = done
    if (!reading.sealed) {
      const [table] = yield* withoutSequence(stage.db, format)
      if (table !== undefined) {
        return yield* new SnapshotDamaged({
          file: input.name,
          line: 0,
          lastGood: reading.lines,
          reason: `has rows of ${table}, but no sqlite_sequence record for it: the end of the file is missing`
        })
      }
    }
    yield* phase("checking")
    // What a transform made of the records, or what was joined with them, has not been watched.
    const seen = options.transform === undefined && options.joined === undefined ? done.watch : undefined
    const judged = yield* judge(stage.db, format, wholeDatabase, seen)
    return {
      reading,
      sound: seen?.holds === true,
      upgraded,
      sum: upgraded === undefined ? reading.sum?.plus(change) : change,
      findings: yield* locate(input, from, [...findings, ...judged])
    } satisfies Examined
  }
)

/** A sealed file whose seal does not hold was damaged, and it is not the record that is to blame. */
const damagedInstead = (input: Opened, format: Format, refused: RecordRefused) =>
  Effect.flatMap(
    // Behind a line that is too long, the seal has not been read: the file is not said to be damaged.
    Effect.catchTag(sealOf(format, input.bytes), "LineTooLong", () => Effect.succeed({ is: "none" as const })),
    ({ is }) =>
      Effect.fail(
        is !== "broken" ? refused : new SnapshotDamaged({
          file: input.name,
          line: refused.line,
          lastGood: refused.line - 1,
          next: `nothing was changed. ${another}`,
          reason:
            `cannot be trusted: the seal of the file does not hold, it was changed after it was written (${refused.reason})`
        })
      )
  )

/** Counted in one pass over each table: a stage has no indexes to find the rows of a project by. */
const perProject = (rows: string) => `(SELECT project_id, count(*) AS n FROM ${rows} GROUP BY project_id)`

const projectsOf = (stage: Stage) =>
  Effect.map(
    stage.db.all(
      "count what is in each project",
      "SELECT p.uid AS uid, p.name AS name, p.deleted_at IS NOT NULL AS archived, ifnull(i.n, 0) AS issues," +
        " ifnull(c.n, 0) AS comments, ifnull(l.n, 0) AS links, ifnull(e.n, 0) AS events FROM projects p" +
        ` LEFT JOIN ${perProject("issues")} i ON i.project_id = p.id` +
        ` LEFT JOIN ${perProject("comments JOIN issues ON issues.id = comments.issue_id")} c ON c.project_id = p.id` +
        ` LEFT JOIN ${perProject("links")} l ON l.project_id = p.id` +
        ` LEFT JOIN ${perProject("events")} e ON e.project_id = p.id ORDER BY p.id`
    ),
    (rows) =>
      rows.map((row) =>
        new ProjectCounts({
          uid: String(row["uid"]),
          name: String(row["name"]),
          archived: row["archived"] === 1n,
          issues: Number(row["issues"]),
          comments: Number(row["comments"]),
          links: Number(row["links"]),
          events: Number(row["events"])
        })
      )
  )

const reportOf = (
  source: Opened,
  from: Format,
  format: Format,
  reading: Reading,
  projects: ReadonlyArray<ProjectCounts>,
  findings: ReadonlyArray<Finding>
) =>
  new VerifyReport({
    file: source.name,
    version: from.version,
    bytes: source.size,
    sealed: reading.sealed,
    scope: reading.header?.scope ?? "database",
    live_only: reading.header?.live_only ?? false,
    lines: reading.lines,
    records: Object.fromEntries(reading.records),
    projects,
    findings,
    notes: notesOf(reading, from, format),
    losses: lossesOf(findings),
    restorable: findings.every(({ blocking, loss }) => !blocking && loss === undefined)
  })

/** A snapshot in a private database, for as long as the scope lives, with what can be said of it. */
const loaded = Effect.fnUntraced(function*(source: Opened, from: Format, format: Format) {
  const directory = yield* privateDirectory("verify")
  return yield* Effect.gen(function*() {
    const stage = yield* (yield* Database).stage(`${directory}/snapshot.db`, format)
    const { findings, reading } = yield* examine(source, from, format, stage, { sum: "never" })
    return {
      report: reportOf(source, from, format, reading, yield* projectsOf(stage), findings),
      stage,
      header: reading.header,
      /** What its seal says. */
      seal: reading.sha256
    }
  }).pipe(Effect.mapError(inTemporary(directory)))
})

/** What killed runs have left goes first: there may be no room for more of it. */
const openAfterSweep = <E>(input: Input<E>) => Effect.zipRight(sweepPrivate(), open(input))

export const opened = Effect.fn("Snapshot.opened")(<E>(input: Input<E>, format: Format) =>
  Effect.flatMap(
    openAfterSweep(input),
    (source) => Effect.flatMap(formatOf(source, format), (from) => loaded(source, from, format))
  )
)

/** One of the records may break a rule; this reading has nothing more to say. */
class Doubted extends Data.TaggedError("Doubted") {}

/** The report on a snapshot all of whose records are sound, from one reading; none when that cannot be said. */
const passing = (source: Opened, format: Format) =>
  Effect.gen(function*() {
    yield* phase("reading", { bytes: source.size })
    const census = new Census(format)
    // Nothing more is asked of the records once one of them is doubted.
    const reading = yield* records(source, { format, watch: census, records: false }).pipe(
      Channel.mapOutEffect(() => census.soundness.doubted ? Effect.fail(new Doubted()) : Effect.void),
      Channel.runDrain,
      Effect.asSome,
      Effect.catchTag("Doubted", () => Effect.succeedNone),
      Effect.catchTag("RecordRefused", (refused) => damagedInstead(source, format, refused))
    )
    return Option.map(
      Option.filter(reading, () => census.soundness.holds),
      (reading) => reportOf(source, format, format, reading, census.projects, [])
    )
  })

/**
 * Reads a snapshot and says what is in it and whether it can be restored; fails for one that is damaged or refused. When every record
 * is sound that takes one reading; else they go into a database, which is asked what is wrong.
 */
export const verify = Effect.fn("Snapshot.verify")(<E = never>(input: Input<E>, format: Format = version10) =>
  Effect.scoped(Effect.gen(function*() {
    const source = yield* openAfterSweep(input)
    const from = yield* formatOf(source, format)
    const passed = from.version === format.version ? yield* passing(source, format) : Option.none()
    return yield* Option.match(passed, {
      onNone: () => Effect.map(loaded(source, from, format), ({ report }) => report),
      onSome: Effect.succeed
    })
  }))
)
