/** What a value must be before SQLite sees it: a CHECK that fails is a defect of ours. */
import * as Effect from "effect/Effect"
import { refuse } from "./Refused.ts"

/** Also for SQLite, where a text ends at its first NUL as far as rules are concerned. */
export const isBlank = (text: string): boolean => text.replace(/\0[^]*$/, "").trim() === ""

/** A text that says something; `what` is the member of the body that has it. */
export const nonBlank = (what: string, text: string) =>
  isBlank(text) ? Effect.fail(refuse("validation", `${what} must be non-empty`)) : Effect.succeed(text)

/** Within 0 and 4, or none. */
export const priorityOf = <A extends bigint | undefined>(priority: A, what = "priority") =>
  priority !== undefined && (priority < 0n || priority > 4n)
    ? Effect.fail(refuse("validation", `${what} must be between 0 and 4`, { hint: "0 = highest, 4 = lowest" }))
    : Effect.succeed(priority)

export const labelOf = (label: string) =>
  /^[a-z0-9._:-]{1,64}$/.test(label)
    ? Effect.succeed(label)
    : Effect.fail(refuse("validation", "label must match charset [a-z0-9._:-] and length 1..64"))
