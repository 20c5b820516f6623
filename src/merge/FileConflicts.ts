/** Why two files that come from one are not merged. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { conflictData, conflictLines, MergeConflict } from "./plan/outcomes.ts"

/** Both have changed the same; the `target` of each conflict is ours, its `source` theirs. */
export class FileConflicts extends Schema.TaggedError<FileConflicts>()("FileConflicts", {
  /** As the user knows it. */
  file: Schema.String,
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
      `${this.file}: ${this.count} ${this.count === 1 ? "conflict" : "conflicts"}: both sides have changed the same`,
      ...conflictLines(this, { target: "ours  ", source: "theirs" })
    ].join("\n")
  }
  get hint() {
    return this.conflicts.some(({ why }) => why === "merged projects")
      ? "the file is ours, unchanged; merge the two projects on the other side as well, with kata projects merge"
      : "the file is ours, unchanged. One side decides with: KATA_MERGE_PREFER=theirs git checkout -m -- FILE, then git add FILE; without git: kata merge-file --prefer theirs"
  }
}

/** One of the files can be read, and is not what a merge can be made from. */
export class FileNotMergeable extends Schema.TaggedError<FileNotMergeable>()("FileNotMergeable", {
  file: Schema.String,
  reason: Schema.String
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return `${this.file} cannot be merged: ${this.reason}`
  }
  get hint() {
    return "nothing was changed; kata verify says what is wrong with it"
  }
}
