/**
 * Version 8 gave up the numbers of issues: an issue is called by the end of its uid, and payloads of events name issues by that. The
 * numbers are known only when all issues are there, which come before the events.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Int64, Text } from "../Field.ts"
import { Event, Issue, Project, PurgeLog } from "../kinds.ts"
import { isUlid } from "../ulid.ts"
import type { Value } from "../Word.ts"
import { derivedUid } from "./derivedUid.ts"
import { withShortIds } from "./linkPayloads.ts"
import {
  Draft,
  edit,
  insertBefore,
  isMissing,
  olderFormat,
  olderKind,
  replaceField,
  type Rule,
  type Step
} from "./Step.ts"
import { version8 } from "./v8ToV9.ts"
import { early, fields as later } from "./v9ToV10.ts"

const { uid: _uid, ...issue } = later.issue

/** The fields of the kinds that other versions had otherwise. */
export const fields = {
  project: insertBefore(later.project, "deleted_at", { next_issue_number: Int64 }),
  issue: replaceField(
    insertBefore(issue, "project_id", { uid: Schema.optional(Text) }),
    "short_id",
    { number: Int64 }
  ),
  event: insertBefore(later.event, "related_issue_id", { issue_number: Schema.NullOr(Int64) }),
  purge_log: replaceField(later.purge_log, "short_id", { issue_number: Int64 })
}

/** Go kata makes short ids anew, whatever the file says. */
export const earlyIssue = { ...early, short_id: Schema.optional(Text) }

export const version7 = olderFormat(7, version8, [
  olderKind(Project, { ...fields.project, ...early }, early),
  olderKind(Issue, { ...fields.issue, ...earlyIssue }, earlyIssue),
  olderKind(Event, fields.event),
  olderKind(PurgeLog, fields.purge_log)
])

const gone = "has no place in version 8 and later"

/** Until all issues are there. */
const unsettled = ""

const upgradeIssue: Rule = (record) => {
  const { created_at: _, number, project_id: project, uid } = record
  const made = isMissing(uid)
    ? derivedUid(`issue:${String(project)}:${String(number)}`, record, "created_at")
    : Either.right(String(uid))
  return Either.flatMap(made, (made) => {
    if (!isUlid(made)) {
      return Either.left({
        field: "uid",
        says: `is no ULID, of which a short id could be made: ${JSON.stringify(uid)}`
      })
    }
    const draft = new Draft(record)
    if (isMissing(uid)) draft.put("uid", made, "is new: the file has none")
    draft.take("number", "became the short id")
    draft.take("short_id", "was made anew of the uid", true)
    draft.put("short_id", unsettled)
    return draft.done
  })
}

/** The shortest end of the uid that no issue before it has. */
const shortId = (uid: string, taken: (shortId: string) => boolean): string => {
  const small = uid.toLowerCase()
  let length = 4
  while (length < small.length && taken(small.slice(-length))) length++
  return small.slice(-length)
}

const positive = (value: Value) => typeof value === "number" || typeof value === "bigint" ? BigInt(value) : 0n

/** The number that an issue of this version has in its project; none below 1, which events cannot mean. */
export const numberOf = ({ number }: { readonly [key: string]: Value }): bigint | undefined => {
  const found = positive(number)
  return found > 0n ? found : undefined
}

export const v7ToV8: Step = {
  from: version7,
  to: 8,
  rules: {
    project: edit((draft) => draft.take("next_issue_number", gone)),
    issue: upgradeIssue,
    event: edit((draft, { payload, project_id: project, type }, { issueNumbered }) => {
      draft.take("issue_number", gone)
      const before = String(payload)
      const after = withShortIds(String(type), before, (number) => issueNumbered(project, number))
      if (after !== before) draft.put("payload", after, "names issues by short id and uid, no longer by number")
    }),
    purge_log: edit((draft) => draft.take("issue_number", gone, true))
  },
  settle: {
    kind: "issue",
    field: "short_id",
    rule: ({ project_id: project, uid }, { shortIdTaken }) =>
      shortId(String(uid), (candidate) => shortIdTaken(project, candidate))
  }
}
