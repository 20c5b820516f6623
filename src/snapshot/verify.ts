/**
 * Reads a snapshot without restoring it. The records go into a private database that disappears again: what they say of each other is
 * asked there, in the same words in which a restore asks.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Database, type Stage } from "../database/Database.ts"
import { judge } from "../database/judge.ts"
import { wholeDatabase } from "../database/Selection.ts"
import { withoutSequence } from "../database/sequences.ts"
import { privateDirectory, sweepPrivate } from "../files/leftovers.ts"
import { phase } from "../Progress.ts"
import { blocking, Finding, Findings } from "../records/Finding.ts"
import { type RecordRefused, SnapshotDamaged } from "./errors.ts"
import { type Input, open, type Opened, records } from "./input.ts"
import { load, type LoadOptions } from "./load.ts"
import { locate } from "./locate.ts"
import { Reading, sealHolds, type SumWanted } from "./read.ts"
import { Scope } from "./seal.ts"

export class ProjectCounts extends Schema.Class<ProjectCounts>("ProjectCounts")({
  uid: Schema.String,
  name: Schema.String,
  archived: Schema.Boolean,
  issues: Schema.Int,
  comments: Schema.Int,
  links: Schema.Int,
  events: Schema.Int
}) {}

export class VerifyReport extends Schema.Class<VerifyReport>("VerifyReport")({
  file: Schema.String,
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
  /** Whether `kata import` takes it as it is. */
  restorable: Schema.Boolean
}) {}

/** What can be said of the file as such. */
export const notesOf = (reading: Reading): ReadonlyArray<string> => [
  ...(reading.header === undefined
    ? ["the file is not sealed: whether it is whole can only be guessed from its end"]
    : []),
  ...(reading.crlf ? ["line ends are CRLF; they were read as LF"] : [])
]

/** Loads the input into a stage and judges it. Blocking findings are told with their lines, and left to the caller. */
export const examine = Effect.fn("Snapshot.examine")(
  function*(input: Opened, stage: Stage, options: LoadOptions & { readonly sum: SumWanted }) {
    const reading = new Reading(input.name, options.sum)
    const loaded = new Findings()
    yield* phase("reading", { bytes: input.size })
    yield* load(records(input, reading), stage, reading, options, loaded).pipe(
      Effect.catchTag("RecordRefused", (refused) => damagedInstead(input, reading, refused))
    )
    if (!reading.sealed) {
      const [table] = yield* withoutSequence(stage.db)
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
    const judged = [...loaded.list, ...(yield* judge(stage.db, wholeDatabase))]
    return { reading, findings: yield* locate(input, judged) }
  }
)

/** A sealed file whose seal does not hold was damaged, and it is not the record that is to blame. */
const damagedInstead = (input: Opened, reading: Reading, refused: RecordRefused) =>
  reading.header === undefined ? Effect.fail(refused) : Effect.flatMap(
    // A line that is too long to look further is a seal that was not seen to hold.
    Effect.catchTag(sealHolds(input.bytes), "LineTooLong", () => Effect.succeed(false)),
    (holds) =>
      Effect.fail(
        holds ? refused : new SnapshotDamaged({
          file: input.name,
          line: refused.line,
          lastGood: refused.line - 1,
          next: "nothing was changed. Use another copy of the file; see docs/recovery.md",
          reason:
            `cannot be trusted: the seal of the file does not hold, it was changed after it was written (${refused.reason})`
        })
      )
  )

const projectsOf = (stage: Stage) =>
  Effect.map(
    stage.db.all(
      "count what is in each project",
      "SELECT p.uid AS uid, p.name AS name, p.deleted_at IS NOT NULL AS archived," +
        " (SELECT count(*) FROM issues i WHERE i.project_id = p.id) AS issues," +
        " (SELECT count(*) FROM comments c JOIN issues i ON i.id = c.issue_id WHERE i.project_id = p.id) AS comments," +
        " (SELECT count(*) FROM links l WHERE l.project_id = p.id) AS links," +
        " (SELECT count(*) FROM events e WHERE e.project_id = p.id) AS events FROM projects p ORDER BY p.id"
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

/** A snapshot in a private database, for as long as the scope lives, with what can be said of it. */
export const opened = Effect.fn("Snapshot.opened")(function*<E>(input: Input<E>) {
  yield* sweepPrivate()
  const source = yield* open(input)
  const directory = yield* privateDirectory("verify")
  const stage = yield* (yield* Database).stage(`${directory}/snapshot.db`)
  const { findings, reading } = yield* examine(source, stage, { repair: false, sum: "never" })
  const report = new VerifyReport({
    file: source.name,
    bytes: source.size,
    sealed: reading.sealed,
    scope: reading.header?.scope ?? "database",
    live_only: reading.header?.live_only ?? false,
    lines: reading.lines,
    records: Object.fromEntries(reading.records),
    projects: yield* projectsOf(stage),
    findings,
    notes: notesOf(reading),
    restorable: blocking(findings).length === 0
  })
  return { report, stage, header: reading.header }
})

/** Reads a snapshot and says what is in it and whether it can be restored; fails for one that is damaged or refused. */
export const verify = <E = never>(input: Input<E>) => Effect.scoped(Effect.map(opened(input), ({ report }) => report))
