/** What an undo is asked, what it says, and why it refuses. */
import * as Schema from "effect/Schema"
import { Counts as RowCounts } from "../changes/Counts.ts"
import { Counts } from "../export/Export.ts"
import type { FailureKind } from "../Failure.ts"
import { What } from "../history/Entry.ts"
import { OddFile } from "../history/history.ts"
import { OnlyInOld } from "../import/lostByReplacing.ts"
import type { Homes } from "../import/stopHint.ts"
import { BuiltOn } from "./builtOn.ts"

export interface UndoOptions {
  /** The path of the database. */
  readonly database: string
  /** The entry to which everything is taken back, itself included; the last one unless given. The beginning of its id is enough. */
  readonly to?: string
  /** Everything but the last step. */
  readonly dryRun?: boolean
  /** Also when something was recorded since. */
  readonly force?: boolean
  /** Who asks, for the entry that is made. */
  readonly by?: string
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

/** An entry of the history, as far as it matters to people and programs. */
export class Step extends Schema.Class<Step>("Step")({
  id: Schema.String,
  what: What,
  /** When it took effect, ISO 8601. */
  at: Schema.String,
  by: Schema.NullOr(Schema.String),
  /** The version of kata that did it. */
  kata: Schema.String,
  /** Of a restore or a merge the name of its input, of an import that of its source. */
  input: Schema.NullOr(Schema.String),
  /** Of an undo the entries that it took back. */
  undone: Schema.Array(Schema.String),
  /** What the new database held. */
  records: Counts,
  /** Rows that came in, changed and went, by kind; null where the database was replaced. */
  changes: Schema.NullOr(Schema.Record({ key: Schema.String, value: RowCounts })),
  /** The database that was replaced, or the file of the rows. */
  backup: Schema.String,
  /** The size that it had. */
  bytes: Schema.Int,
  /** Whether that is still there, by its size. */
  state: Schema.Literal("there", "gone", "changed")
}) {
  /** As in "restore of kata.jsonl". */
  get words(): string {
    return this.input === null ? this.what : `${this.what} of ${this.input}`
  }
}

export class HistoryReport extends Schema.Class<HistoryReport>("HistoryReport")({
  /** As it was named. */
  target: Schema.String,
  /** The file: absolute, and without links. */
  database: Schema.String,
  /** The newest first. */
  entries: Schema.Array(Step),
  /** What is in the directory of the history and cannot be used. */
  odd: Schema.Array(OddFile),
  /** Entries of work that was killed before it took effect. */
  interrupted: Schema.Array(Schema.String),
  /** What the files of all entries take together. */
  bytes: Schema.Int
}) {}

export class UndoReport extends Schema.Class<UndoReport>("UndoReport")({
  /** As it was named. */
  target: Schema.String,
  /** The file: absolute, and without links. */
  database: Schema.String,
  dry_run: Schema.Boolean,
  /** What is taken back, the last one first. */
  undone: Schema.Array(Step),
  /** The schema version of the database before; null when it could not be read. */
  from: Schema.NullOr(Schema.Int),
  /** That of the database as it is now. */
  to: Schema.Int,
  /** In the database as it is now. */
  records: Counts,
  /** Rows that come in, change and go, by kind, where the database stays the same file; else null. */
  changes: Schema.NullOr(Schema.Record({ key: Schema.String, value: RowCounts })),
  /** What was recorded since about the rows that are taken back: the first of it, and how much it is. Other work is in nobody's way. */
  built_on: Schema.Array(BuiltOn),
  built_on_count: Schema.Int,
  /** The database was written to since what is taken back. */
  written_since: Schema.Boolean,
  /** Events that were recorded since the last entry; null when that is not known. */
  events_since: Schema.NullOr(Schema.Int),
  /** What only the database before held; null when the two could not be compared. */
  only_in_present: Schema.NullOr(OnlyInOld),
  /** Without `force` it is refused: only a dry run comes this far. */
  refused: Schema.Boolean,
  /** Where the database before is now; null in a dry run. */
  backup: Schema.NullOr(Schema.String),
  /** The entry to which this is taken back; later ones, where each step left its own, belong to it. Null in a dry run. */
  entry: Schema.NullOr(Schema.String),
  notes: Schema.Array(Schema.String)
}) {}

export class PruneReport extends Schema.Class<PruneReport>("PruneReport")({
  /** As it was named. */
  target: Schema.String,
  /** The file: absolute, and without links. */
  database: Schema.String,
  dry_run: Schema.Boolean,
  /** Entries that are removed, with their files; the newest first. */
  removed: Schema.Array(Step),
  /** Files that go, with their side files. */
  files: Schema.Array(Schema.Struct({ path: Schema.String, bytes: Schema.Int })),
  /** Files of removed entries that stay, and why. */
  kept: Schema.Array(Schema.Struct({ path: Schema.String, why: Schema.String })),
  /** What is freed. */
  bytes: Schema.Int,
  /** Entries that stay. */
  left: Schema.Int
}) {}

/** No entry says what was replaced, so there is nothing to go back to. */
export class NothingToUndo extends Schema.TaggedError<NothingToUndo>()("NothingToUndo", {
  path: Schema.String,
  odd: Schema.Array(OddFile)
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    const [first] = this.odd
    return `${this.path} has no history to go back in` +
      (first === undefined ? "" : `: no file in it can be used (${first.name}: ${first.problem})`)
  }
  get hint() {
    return "kata import (--force, --merge, --source-format beads), kata upgrade and kata undo leave an entry each. What was replaced before that is beside the database " +
      "as .bak.<time>: see docs/recovery.md"
  }
}

/** No entry of the history has that id, or several begin with it. */
export class NoSuchEntry extends Schema.TaggedError<NoSuchEntry>()("NoSuchEntry", {
  path: Schema.String,
  entry: Schema.String,
  /** How many begin so. */
  count: Schema.Int
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return this.count === 0
      ? `the history of ${this.path} has no entry ${this.entry}`
      : `${this.count} entries of the history of ${this.path} begin with ${this.entry}`
  }
  get hint() {
    return "kata undo --list shows the entries and their ids"
  }
}

const because = {
  gone: ["not_found", "is gone"],
  changed: ["conflict", "is not the file that was put there"],
  damaged: ["damaged", "cannot be used"],
  taken: ["conflict", "cannot be as it was: something else has the place"],
  other: ["conflict", "is not the database that was changed, or was put back by other means since"],
  older: ["conflict", "would lose what was there before"],
  circle: ["conflict", "would have links that go round in a circle"]
} as const

/** What an entry goes back to is not there any more, or is not what it was. */
export class CannotGoBack extends Schema.TaggedError<CannotGoBack>()("CannotGoBack", {
  /** The file. */
  path: Schema.String,
  entry: Schema.String,
  reason: Schema.Literal("gone", "changed", "damaged", "taken", "other", "older", "circle"),
  detail: Schema.String
}) {
  get kind(): FailureKind {
    return because[this.reason][0]
  }
  override get message() {
    return `${this.path} ${because[this.reason][1]}${this.detail === "" ? "" : `: ${this.detail}`}`
  }
  get hint() {
    switch (this.reason) {
      case "gone":
        return "nothing was changed. kata undo --list shows what else there is; a snapshot is restored with kata import"
      case "changed":
        return "nothing was changed. Look at it: KATA_DB=<file> kata doctor; docs/recovery.md says how to put it back by hand"
      case "taken":
        return "nothing was changed. A name, a short id or a workspace was given to something else since: rename or remove that, then undo"
      case "other":
        return "nothing was changed. kata undo --list shows the entries; kata undo --prune removes those of a database that is no more"
      case "older":
        return "nothing was changed. Move what was there before out of what came in, then undo"
      case "circle":
        return "nothing was changed. Somebody has linked issues since so that the old links do not fit: take one of them away, then undo"
      case "damaged":
        return "nothing was changed. Work on a copy: kata export --salvage takes out what can be read; see docs/recovery.md"
    }
  }
}

const plural = (n: number, one: string) => `${n} ${one}${n === 1 ? "" : "s"}`

/** Going back would take away what was recorded since, and that was not asked for. */
export class RecordedSince extends Schema.TaggedError<RecordedSince>()("RecordedSince", {
  path: Schema.String,
  entry: Schema.String,
  events: Schema.NullOr(Schema.Int),
  only_in_present: Schema.NullOr(OnlyInOld)
}) {
  readonly kind = "conflict" satisfies FailureKind
  override get message() {
    const { events, only_in_present: only, path } = this
    const lost = only === null
      ? []
      : [plural(only.projects, "project"), plural(only.issues, "issue"), plural(only.events, "event")]
    return `${path} was written to since${
      events === null ? "" : events === 0 ? " (no event was recorded)" : `: ${plural(events, "event")} recorded`
    }` + (only === null ? "" : `; only it holds ${lost.join(", ")}`)
  }
  get hint() {
    return "nothing was changed. kata undo --dry-run says what would come of it; kata undo --force goes back all the same, and keeps the " +
      "present database beside it as .bak.<time>, so that another kata undo brings it back"
  }
}

const why = (one: BuiltOn) => `  ${one.kind} ${one.of}: ${one.why}`

/** What is to be taken back was worked on since, and taking that away too was not asked for. */
export class WorkedOnSince extends Schema.TaggedError<WorkedOnSince>()("WorkedOnSince", {
  path: Schema.String,
  entry: Schema.String,
  /** The first of it. */
  built_on: Schema.Array(BuiltOn),
  count: Schema.Int,
  /** Later entries that were taken back before. */
  done: Schema.Array(Schema.String),
  /** The first entry of these undos: going back to before it brings all of them back. Null where nothing was taken back. */
  way: Schema.NullOr(Schema.String)
}) {
  readonly kind = "conflict" satisfies FailureKind
  readonly isText = true
  override get message() {
    const first = this.built_on.slice(0, 10)
    return [
      `${this.path}: what entry ${this.entry} would take back was worked on since:`,
      ...first.map(why),
      ...(this.count > first.length ? [`  and ${this.count - first.length} more`] : [])
    ].join("\n")
  }
  get hint() {
    const so = this.done.length === 0
      ? "nothing was changed"
      : `${plural(this.done.length, "later entry")} taken back (${
        this.done.join(", ")
      }), this one was not: kata undo --to ${this.way ?? ""} brings them back`
    return `${so}. kata undo --dry-run says what would come of it; kata undo --force takes that work back too, and another ` +
      "kata undo brings it back"
  }
}
