/** Version 2 gave projects and issues a uid, which links, events and purges carry beside the row number. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Text } from "../Field.ts"
import { Event, Issue, Link, Project, PurgeLog } from "../kinds.ts"
import { derivedUid } from "./derivedUid.ts"
import { Draft, edit, isMissing, olderFormat, olderKind, type Step } from "./Step.ts"
import { earlyOrigin, fields as second, version2 } from "./v2ToV3.ts"
import { fields as third } from "./v3ToV4.ts"
import { fields as fifth } from "./v5ToV6.ts"
import { earlyIssue } from "./v7ToV8.ts"
import { early, fields as ninth } from "./v9ToV10.ts"

/** What the file says all the same is kept. */
const earlyUid = { uid: Schema.optional(Text) }
const earlyUids = { from_issue_uid: Schema.optional(Text), to_issue_uid: Schema.optional(Text) }

const projects = { ...early, ...earlyUid }
const issues = { ...earlyIssue, ...earlyUid }

export const version1 = olderFormat(1, version2, [
  olderKind(Project, { ...Struct.omit(third.project, "uid"), ...projects }, projects),
  olderKind(Issue, { ...Struct.omit(fifth.issue, "uid"), ...issues }, issues),
  olderKind(Link, { ...Struct.omit(ninth.link, "from_issue_uid", "to_issue_uid"), ...earlyUids }, earlyUids),
  olderKind(
    Event,
    { ...Struct.omit(second.event, "issue_uid", "related_issue_uid"), ...earlyOrigin },
    earlyOrigin
  ),
  olderKind(
    PurgeLog,
    { ...Struct.omit(second.purge_log, "issue_uid", "project_uid"), ...earlyOrigin },
    earlyOrigin
  )
])

/** Issues get theirs where every issue without one gets it, on the way to version 8: the seed has the number. */
export const v1ToV2: Step = {
  from: version1,
  to: 2,
  rules: {
    project: (record) => {
      const { id, identity, uid } = record
      if (!isMissing(uid)) return new Draft(record).done
      return Either.flatMap(
        derivedUid(`project:${String(id)}:${String(identity)}`, record, "created_at"),
        (made) => {
          const draft = new Draft(record)
          draft.put("uid", made, "is new: the file has none")
          return draft.done
        }
      )
    },
    event: edit((draft) => draft.empty("issue_uid", "related_issue_uid")),
    purge_log: edit((draft) => draft.empty("issue_uid", "project_uid"))
  }
}
