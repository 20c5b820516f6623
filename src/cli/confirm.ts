/** What cannot be undone is confirmed in words: on the command line, or typed on a terminal. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"
import { Environment } from "./Environment.ts"
import { Stdio } from "./Stdio.ts"
import { singleLine } from "./terminal.ts"

export class NotConfirmed extends Schema.TaggedError<NotConfirmed>()("NotConfirmed", {
  reason: Schema.String,
  code: Schema.Literal("confirm_required", "confirm_mismatch")
}) {
  readonly kind = "confirm" satisfies FailureKind
  override get message() {
    return this.reason
  }
}

const mismatch = new NotConfirmed({ reason: "confirmation input did not match", code: "confirm_mismatch" })

/** A question on a terminal; what was typed. Undefined without a terminal. */
const asked = (question: string) =>
  Effect.gen(function*() {
    const { stdinIsTerminal, typedLine } = yield* Environment
    if (!stdinIsTerminal) return undefined
    const { stderr } = yield* Stdio
    yield* stderr.write(question)
    return yield* Effect.interruptible(typedLine)
  })

/** Asks for a yes on a terminal; `about` are the lines above the question. */
export const agreed = (about: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const typed = yield* asked([...about.map(singleLine), "Go on? [y/N] "].join("\n"))
    if (typed === undefined || /^y(?:es)?$/i.test(typed.trim())) return
    return yield* new NotConfirmed({ reason: "not confirmed; nothing was changed", code: "confirm_required" })
  })

/** The confirmation that is sent; the daemon compares what `--confirm` gives. */
export const confirmation = (expected: string, given: string | undefined) =>
  Effect.gen(function*() {
    if (given !== undefined) return given
    const typed = yield* asked(`Type "${expected}" to confirm: `)
    if (typed === undefined) {
      const reason = `no TTY: pass --confirm "${expected}" to proceed noninteractively`
      return yield* new NotConfirmed({ reason, code: "confirm_required" })
    }
    if (typed === expected) return expected
    return yield* mismatch
  })

/** The same for what no daemon compares. */
export const confirmed = (expected: string, given: string | undefined) =>
  Effect.filterOrFail(confirmation(expected, given), (said) => said === expected, () => mismatch)
