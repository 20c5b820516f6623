/** What rules ask of a value that SQL cannot say: functions by the names that SQL has for them. A connection brings them. */
import * as Either from "effect/Either"
import { readRule } from "./rrule.ts"

export const functions: Readonly<Record<string, (value: unknown) => boolean>> = {
  is_rrule: (value) => typeof value === "string" && Either.isRight(readRule(value))
}
