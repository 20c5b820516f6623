import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { shorten } from "../records/Finding.ts"

/** A row that no snapshot can carry. */
export class RowUnreadable extends Schema.TaggedError<RowUnreadable>()("RowUnreadable", {
  path: Schema.String,
  table: Schema.String,
  row: Schema.String,
  field: Schema.String,
  reason: Schema.String,
  damaged: Schema.Boolean
}) {
  get kind(): FailureKind {
    return this.damaged ? "damaged" : "validation"
  }
  override get message() {
    return `${this.path}: table ${this.table}, row ${shorten(this.row)}: ${this.field} ${this.reason}`
  }
  get hint() {
    return "nothing was written; kata export --salvage carries the other rows, and writes this one raw to a file of its own"
  }
}
