import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

/** A command line that says nothing that kata can do. */
export class UsageError extends Schema.TaggedError<UsageError>()("UsageError", {
  reason: Schema.String,
  /** What was perhaps meant, the nearest first. */
  suggestions: Schema.optionalWith(Schema.Array(Schema.String), { default: () => [] }),
  advice: Schema.optional(Schema.String)
}) {
  readonly kind = "usage" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return this.suggestions.length > 0 ? `did you mean ${this.suggestions.join(" or ")}?` : this.advice
  }
}
