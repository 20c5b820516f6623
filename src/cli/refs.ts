/** Words that name an issue: `abc4`, `kata#abc4`, or a ULID. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FailureKind } from "../Failure.ts"

export interface Ref {
  /** What the daemon looks for inside of the project: a short id or a ULID. */
  readonly ref: string
  /** The project that stands before the `#`. */
  readonly project: string | undefined
  readonly asTyped: string
}

/** A value on the command line that kata refuses by itself. */
export class InputRefused extends Schema.TaggedError<InputRefused>()("InputRefused", {
  reason: Schema.String,
  advice: Schema.optional(Schema.String),
  /** A code such as the daemon's, where the contract has one. */
  code: Schema.optional(Schema.String)
}) {
  readonly kind = "validation" satisfies FailureKind
  override get message() {
    return this.reason
  }
  get hint() {
    return this.advice
  }
}

export const refused = (reason: string, advice?: string) => new InputRefused({ reason, advice })

/** Whether there is nothing in it but blanks: what a variable of a script gives that is not set. */
export const isBlank = (text: string): boolean => text.trim() === ""

/** The value of a flag, which says something when it is given at all. */
export const filled = <A extends string | undefined>(flag: string, value: A) =>
  value !== undefined && isBlank(value) ? refused(`${flag} must not be empty`) : Effect.succeed(value)

/** The values of a flag that may be given again; each says something. */
export const allFilled = (flag: string, values: ReadonlyArray<string>) =>
  Effect.forEach(values, (value) => filled(flag, value))

const shortId = /^[0-9a-hjkmnp-tv-z]{4,26}$/
const ulid = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/i

/** Split at the last `#`: the name of a project from before schema 10 may hold one. */
const parse = (word: string): Ref | undefined => {
  const at = word.lastIndexOf("#")
  const id = word.slice(at + 1)
  if (at === 0 || !(shortId.test(id) || ulid.test(id))) return undefined
  return { ref: ulid.test(id) ? id.toUpperCase() : id, project: at < 0 ? undefined : word.slice(0, at), asTyped: word }
}

/** Before the message stands the flag, when it is the value of one. */
export const refOf = (word: string, before = ""): Effect.Effect<Ref, InputRefused> => {
  const ref = parse(word)
  if (ref !== undefined) return Effect.succeed(ref)
  const quoted = JSON.stringify(word)
  return /^\d{1,3}$/.test(word)
    ? refused(`${before}${quoted} looks like a legacy issue number; use a short_id (e.g. abc4) or kata#abc4`)
    : refused(`${before}${quoted} is not a valid issue ref: want a short_id (e.g. abc4), kata#abc4 or a ULID`)
}

/** The values of a flag that takes refs, each of them a list with commas. */
export const refsOf = (flag: string, values: ReadonlyArray<string>) =>
  Effect.forEach(values.flatMap((value) => value.split(",")), (word) => {
    const trimmed = word.trim()
    return trimmed === "" ? refused(`${flag} must not be empty`) : refOf(trimmed, `${flag}: `)
  })

/** Links do not leave the project: what is sent to the daemon for each target. */
export const within = (flag: string, project: string, refs: ReadonlyArray<Ref>) =>
  Effect.forEach(refs, (ref) =>
    ref.project === undefined || ref.project === project
      ? Effect.succeed(ref.ref)
      : refused(
        `${flag}: cross-project refs not supported here; pass the issue's ULID instead of ${
          JSON.stringify(ref.asTyped)
        }`,
        "issues of two projects cannot be linked"
      ))

/** The value of a flag that takes one ref, however often it is given. */
export const only = (flag: string, refs: ReadonlyArray<string>) => {
  const [first, ...others] = refs
  const other = others.find((ref) => ref !== first)
  return other === undefined
    ? Effect.succeed(first)
    : refused(`${flag} only accepts one ref; got "${first}" and "${other}" which resolve to different issues`)
}

/** A priority that can be; undefined where there is none. */
export const priorityOf = (flag: string, priority: number | undefined) =>
  priority === undefined || (priority >= 0 && priority <= 4)
    ? Effect.succeed(priority)
    : refused(`${flag} must be between 0 and 4`)
