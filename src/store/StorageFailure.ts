/** What the storage of a ledger can answer instead of doing its work, whatever engine it is. */
import * as Schema from "effect/Schema"

export class StorageFailure extends Schema.TaggedError<StorageFailure>()("StorageFailure", {
  /** What people call the storage: of a file its path. */
  storage: Schema.String,
  /** `validation`: a value breaks a rule of the tables. `internal`: the statement itself is wrong. */
  kind: Schema.Literal("locked", "damaged", "io", "validation", "internal"),
  /** Completes the sentence "cannot …". */
  operation: Schema.String,
  detail: Schema.String,
  /** The engine's own code, for people who look it up; nothing decides by it. */
  code: Schema.String,
  /** The next step, when there is one. */
  hint: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message() {
    return `${this.storage}: cannot ${this.operation}: ${this.detail} (${this.code})`
  }
}
