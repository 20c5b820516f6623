/** Work beside the daemon ended without having said what came of it. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

const again = "look before you repeat it; what has come in does not come in twice"

const reasons = {
  missing: ["daemon_unavailable", "run the command on the machine of the daemon"],
  start: ["io", "is there memory for another process, and is this kata still installed where it was started?"],
  ended: ["internal", again],
  time: ["daemon_unavailable", again]
} satisfies Record<string, readonly [FailureKind, string]>

export class WorkerFailed extends Schema.TaggedError<WorkerFailed>()("WorkerFailed", {
  operation: Schema.Literal("merge", "diff", "import"),
  /** `missing`: this daemon starts no programs; `ended`: it died; `time`: it took too long and was ended. */
  reason: Schema.Literal("missing", "start", "ended", "time"),
  detail: Schema.String
}) {
  get kind(): FailureKind {
    return reasons[this.reason][0]
  }
  override get message() {
    return `the process of the ${this.operation} ${this.detail}`
  }
  get hint(): string {
    return reasons[this.reason][1]
  }
}
