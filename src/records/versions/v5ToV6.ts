/** Version 6 brought priorities; issues of older files have none. */
import * as Struct from "effect/Struct"
import { Issue } from "../kinds.ts"
import { olderFormat, olderKind, type Step } from "./Step.ts"
import { version6 } from "./v6ToV7.ts"
import { earlyIssue, fields as later } from "./v7ToV8.ts"

/** The fields of the kinds that other versions had otherwise. */
export const fields = { issue: Struct.omit(later.issue, "priority") }

export const version5 = olderFormat(5, version6, [
  olderKind(Issue, { ...fields.issue, ...earlyIssue }, earlyIssue)
])

export const v5ToV6: Step = { from: version5, to: 6, rules: {} }
