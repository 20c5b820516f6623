/** A commit of which nobody knows whether it was done. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

/** The disk failed in the commit: who reads next finds out whether it was done. */
export class CommitNotConfirmed extends Schema.TaggedError<CommitNotConfirmed>()("CommitNotConfirmed", {
  path: Schema.String,
  detail: Schema.String
}) {
  readonly kind = "io" satisfies FailureKind
  override get message() {
    return `${this.path}: the system did not confirm that the change is on disk: it is there whole, or not at all (${this.detail})`
  }
  get hint() {
    return "look at the disk and the system log; then kata undo --list tells whether it was done"
  }
}
