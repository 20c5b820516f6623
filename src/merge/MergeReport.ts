/** What a merge is asked, what it says, and why it refuses. */
import * as Schema from "effect/Schema"
import { Counts } from "../changes/Counts.ts"
import type { FailureKind } from "../Failure.ts"
import type { Homes } from "../import/stopHint.ts"
import type { Format } from "../records/Format.ts"
import { conflictData, conflictLines, MergeConflict } from "./plan/outcomes.ts"
import type { Side as Preferred } from "./plan/room.ts"
import { Side } from "./Side.ts"
import type { Source } from "./sides.ts"

export { MergeConflict } from "./plan/outcomes.ts"
export type { Side as Preferred } from "./plan/room.ts"

export interface MergeOptions<E = never> {
  /** The path of the database that is merged into. */
  readonly target: string
  /** Several are merged with each other first, the earlier one as the target, and take effect together. */
  readonly sources: ReadonlyArray<Source<E>>
  /** Only these projects of the sources: names or uids. */
  readonly projects?: ReadonlyArray<string> | undefined
  /** Only these issues of the sources: `project#short-id` or uids. */
  readonly issues?: ReadonlyArray<string> | undefined
  /** Who is right where both sides have changed the same. */
  readonly prefer?: Preferred | undefined
  /** The same for single issues: `project#short-id` in the target, or uids. */
  readonly decisions?: ReadonlyArray<{ readonly issue: string; readonly side: Preferred }> | undefined
  /** Issues that were purged on the other side are purged here. */
  readonly applyPurges?: boolean | undefined
  /** Of the issues that are named, what was purged in the target comes back, and its purge is taken out of the log. */
  readonly restorePurged?: boolean | undefined
  /** Everything but the change. */
  readonly dryRun?: boolean | undefined
  /** Who decides; recorded with each decision. */
  readonly actor?: string | undefined
  readonly format?: Format | undefined
  /** Where runtime records of daemons are looked for. */
  readonly homes: Homes
}

/** What a source is to the target, by the events that each of them has. */
export const Case = Schema.Literal("new", "same", "ahead", "fast-forward", "diverged")
export type Case = typeof Case.Type

export class MergedProject extends Schema.Class<MergedProject>("MergedProject")({
  uid: Schema.String,
  /** In the result. */
  name: Schema.String,
  case: Case,
  /** Events that only the source has, and only the target. */
  source_events: Schema.Int,
  target_events: Schema.Int
}) {}

/** Something that is otherwise than in the source. */
export class MergeNote extends Schema.Class<MergeNote>("MergeNote")({
  what: Schema.String,
  of: Schema.String,
  detail: Schema.String
}) {}

export class MergeReport extends Schema.Class<MergeReport>("MergeReport")({
  /** As it was named. */
  target: Schema.String,
  sources: Schema.Array(Side),
  dry_run: Schema.Boolean,
  /** Nothing of the target was, or would be, changed. */
  unchanged: Schema.Boolean,
  projects: Schema.Array(MergedProject),
  /** Rows that come in, change and go, by kind. */
  counts: Schema.Record({ key: Schema.String, value: Counts }),
  /** What differs and no event tells of; the target's value is kept. The first of them, and how many there are. */
  unexplained: Schema.Array(MergeConflict),
  unexplained_count: Schema.Int,
  /** Decisions that were made, and recorded. */
  decided: Schema.Int,
  /** Issues that were purged on the other side and are alive here. */
  purged_there: Schema.Int,
  /** The entry of the history by which `kata undo` takes it back; null when nothing was changed. */
  entry: Schema.NullOr(Schema.String),
  notes: Schema.Array(MergeNote)
}) {}

/** Both sides have changed the same, or together they would break a rule. */
export class MergeConflicts extends Schema.TaggedError<MergeConflicts>()("MergeConflicts", {
  target: Schema.String,
  /** The first of them. */
  conflicts: Schema.Array(MergeConflict),
  count: Schema.Int
}) {
  readonly kind = "conflict" satisfies FailureKind
  readonly isText = true
  get data() {
    return conflictData({ conflicts: this.conflicts, count: this.count })
  }
  override get message() {
    return [
      `${this.count} ${
        this.count === 1 ? "conflict" : "conflicts"
      } with ${this.target}: both sides have changed the same`,
      ...conflictLines(this, { target: "target", source: "source" }, ": --json lists them")
    ].join("\n")
  }
  get hint() {
    return this.conflicts.some(({ why }) => why === "merged projects")
      ? "nothing was changed; merge the two projects in the target as well, with kata projects merge"
      : "nothing was changed; --prefer target or --prefer source decides all, --prefer ISSUE=source one issue"
  }
}

/** No source has the issue that was asked for. */
export class NotInSource extends Schema.TaggedError<NotInSource>()("NotInSource", {
  issue: Schema.String,
  /** Where it was looked for. */
  side: Schema.Literal("source", "target")
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `the ${this.side === "source" ? "input" : "target"} has no issue ${this.issue}`
  }
  get hint() {
    return "an issue is named by its project and short id, as in app#abc4, or by its uid"
  }
}
