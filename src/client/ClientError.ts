/** What can go wrong between a command and the daemon. */
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

/** By the status. Whoever answers with another one is not the API that was asked, or was not in time: a proxy, another version. */
const kinds: Readonly<Record<number, FailureKind>> = {
  400: "validation",
  // the token, the origin or the name of the host is not what the daemon takes
  401: "validation",
  403: "validation",
  404: "not_found",
  409: "conflict",
  412: "confirm",
  // what was given is too large
  413: "validation",
  500: "internal",
  // the disk of the daemon is full
  507: "io"
}

/** With a code it is the ledger, to who closes too fast: its exit code is that of Go kata. */
const throttled = 429

/** What our daemon says of a database that it cannot use. */
const ofDatabase = Schema.is(Schema.Struct({ kind: Schema.Literal("damaged", "io", "locked") }))

/** The daemon answered that it will not. */
export class ApiFailure extends Schema.TaggedError<ApiFailure>()("ApiFailure", {
  status: Schema.Int,
  /** Such as `issue_not_found`; empty when the answer was none of the API's. */
  code: Schema.String,
  /** Of the daemon; may have several lines. */
  reason: Schema.String,
  advice: Schema.String,
  /** What the answer says for programs. */
  data: Schema.optional(Schema.Unknown)
}) {
  readonly isText = true
  get kind(): FailureKind {
    if (this.status === 500 && ofDatabase(this.data)) return this.data.kind
    if (this.status === throttled && this.code !== "") return "internal"
    return kinds[this.status] ?? "daemon_unavailable"
  }
  override get message() {
    return this.reason
  }
  get hint() {
    return this.advice
  }
}

/** There is no answer. Whether a change was made all the same is open once the request was on its way. */
export class DaemonUnreachable extends Schema.TaggedError<DaemonUnreachable>()("DaemonUnreachable", {
  address: Schema.String,
  /** What happened, as in `connection refused`. */
  what: Schema.String,
  /** What to do about it, when something can be said. */
  next: Schema.String,
  mayBeDone: Schema.Boolean,
  /** The request did not arrive, or its answer did not, and it changes nothing: the daemon that follows may be asked the same. */
  mayBeRepeated: Schema.optional(Schema.Boolean)
}) {
  readonly kind = "daemon_unavailable" satisfies FailureKind
  override get message() {
    return `no answer from the daemon at ${this.address}: ${this.what}`
  }
  get hint() {
    const open = this.mayBeDone ? "the change may have been made: look before you repeat it" : ""
    return [open, this.next].filter((part) => part !== "").join("; ")
  }
}

/** The daemon said yes in words that this program does not know. */
export class AnswerUnreadable extends Schema.TaggedError<AnswerUnreadable>()("AnswerUnreadable", {
  address: Schema.String,
  request: Schema.String,
  detail: Schema.String
}) {
  readonly kind = "internal" satisfies FailureKind
  override get message() {
    return `cannot read the answer of the daemon at ${this.address} to ${this.request}: ${this.detail}`
  }
  get hint() {
    return "is the daemon of another version? --json prints its answer as it is"
  }
}
