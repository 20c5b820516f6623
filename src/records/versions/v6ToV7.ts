/** Version 7 called projects by their names alone; events and purges carry that name, where they had the identity before. */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Text } from "../Field.ts"
import { Event, Project, PurgeLog } from "../kinds.ts"
import { Draft, edit, insertBefore, olderFormat, olderKind, replaceField, type Rule, type Step } from "./Step.ts"
import { fields as later, version7 } from "./v7ToV8.ts"
import { early } from "./v9ToV10.ts"

/** Kata of version 7 and later that exports an older database says the name. */
export const earlyName = { project_name: Schema.optional(Text) }
const called = { project_identity: Schema.optional(Text), ...earlyName }

/** The fields of the kinds that other versions had otherwise. */
export const fields = {
  project: insertBefore(later.project, "name", { identity: Text }),
  event: replaceField(later.event, "project_name", called),
  purge_log: replaceField(later.purge_log, "project_name", called)
}

export const version6 = olderFormat(6, version7, [
  olderKind(Project, { ...fields.project, ...early }, early),
  olderKind(Event, fields.event, earlyName),
  olderKind(PurgeLog, fields.purge_log, earlyName)
])

/** The name that the project has now; of a project that is not there, what the file says. */
const nameOfProject: Rule = (record, known) => {
  const { project_identity: identity, project_name: given } = record
  const name = known.projectName(record["project_id"]) ?? given ?? identity
  if (typeof name !== "string") return Either.left({ field: "project_identity", says: "is missing" })
  const draft = new Draft(record)
  draft.take("project_identity")
  const said = typeof given === "string" ? "project_name" : "project_identity"
  const before = given ?? identity
  draft.put("project_name", name)
  if (before !== name || said === "project_identity") {
    draft.tell(said, "became the present name of the project", `${String(before ?? "")} → ${name}`)
  }
  return draft.done
}

export const v6ToV7: Step = {
  from: version6,
  to: 7,
  rules: {
    project: edit((draft) => draft.take("identity", "has no place in version 7 and later", true)),
    event: nameOfProject,
    purge_log: nameOfProject
  }
}
