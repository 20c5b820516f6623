/** What a comparison says, and why there is none. */
import * as Schema from "effect/Schema"
import { Counts } from "../changes/Counts.ts"
import type { FailureKind } from "../Failure.ts"
import { Change } from "./Change.ts"
import { Side } from "./Side.ts"

/** How many changes are told unless the caller says otherwise, and at most. */
export const fewChanges = 100
export const mostChanges = 10_000

export class DiffReport extends Schema.Class<DiffReport>("DiffReport")({
  a: Side,
  b: Side,
  equal: Schema.Boolean,
  /** By kind; what does not differ is left out. */
  counts: Schema.Record({ key: Schema.String, value: Counts }),
  /** How many issues were closed, reopened, given to somebody else and so on. */
  issues: Schema.Record({ key: Schema.String, value: Schema.Int }),
  /** The newest first; what belongs to an issue stands together. */
  changes: Schema.Array(Change),
  /** How many more there are. */
  more: Schema.Int
}) {}

/** Neither side has the project or the issue that was asked for. */
export class NothingToCompare extends Schema.TaggedError<NothingToCompare>()("NothingToCompare", {
  asked: Schema.String,
  is: Schema.Literal("project", "issue")
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `neither side has the ${this.is} ${this.asked}`
  }
  get hint() {
    return this.is === "project"
      ? "a project is named as kata projects list does"
      : "an issue is named by its project and short id, as in app#abc4, or by its uid"
  }
}
