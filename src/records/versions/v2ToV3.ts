/** Version 3 gave events and purges a uid and the instance that made them. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Text } from "../Field.ts"
import { Event, PurgeLog } from "../kinds.ts"
import { derivedUid } from "./derivedUid.ts"
import { Draft, isMissing, olderFormat, olderKind, type Rule, type Step } from "./Step.ts"
import { version3 } from "./v3ToV4.ts"
import { earlyName, fields as later } from "./v6ToV7.ts"

/** What the file says all the same is kept. */
export const earlyOrigin = {
  uid: Schema.optional(Text),
  origin_instance_uid: Schema.optional(Text),
  ...earlyName
}

/** The fields of the kinds that other versions had otherwise. */
export const fields = {
  event: Struct.omit(later.event, "uid", "origin_instance_uid"),
  purge_log: Struct.omit(later.purge_log, "uid", "origin_instance_uid")
}

export const version2 = olderFormat(2, version3, [
  olderKind(Event, { ...fields.event, ...earlyOrigin }, earlyOrigin),
  olderKind(PurgeLog, { ...fields.purge_log, ...earlyOrigin }, earlyOrigin)
])

const withOrigin = (word: string, time: string): Rule => (record, { instanceUid }) => {
  const { id, origin_instance_uid: origin, project_id: project, uid } = record
  const made = isMissing(uid)
    ? derivedUid(`${word}:${String(project)}:${String(id)}`, record, time)
    : Either.right(String(uid))
  return Either.flatMap(made, (made) => {
    const draft = new Draft(record)
    if (isMissing(uid)) draft.put("uid", made, "is new: the file has none")
    if (isMissing(origin)) draft.put("origin_instance_uid", instanceUid, "is this database: the file has none")
    return draft.done
  })
}

export const v2ToV3: Step = {
  from: version2,
  to: 3,
  rules: { event: withOrigin("event", "created_at"), purge_log: withOrigin("purge", "purged_at") }
}
