/** What cannot be undone is confirmed in words: on the command line, or typed on a terminal. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Environment } from "./Environment.ts"
import { Stdio } from "./Stdio.ts"

export class NotConfirmed extends Schema.TaggedError<NotConfirmed>()("NotConfirmed", {
  reason: Schema.String,
  code: Schema.Literal("confirm_required", "confirm_mismatch")
}) {
  readonly kind = "confirm" satisfies FailureKind
  override get message() {
    return this.reason
  }
}

/** The confirmation that is sent; the daemon compares what `--confirm` gives. */
export const confirmation = (expected: string, given: string | undefined) =>
  Effect.gen(function*() {
    if (given !== undefined) return given
    const { stdinIsTerminal, typedLine } = yield* Environment
    if (!stdinIsTerminal) {
      const reason = `no TTY: pass --confirm "${expected}" to proceed noninteractively`
      return yield* new NotConfirmed({ reason, code: "confirm_required" })
    }
    const { stderr } = yield* Stdio
    yield* stderr.write(`Type "${expected}" to confirm: `)
    if ((yield* Effect.interruptible(typedLine)) === expected) return expected
    return yield* new NotConfirmed({ reason: "confirmation input did not match", code: "confirm_mismatch" })
  })
