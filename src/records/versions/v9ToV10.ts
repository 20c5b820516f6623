/** Version 10 brought recurrences, and metadata and revisions of projects and issues. What any older file may leave open is filled here. */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { Int64, RawJson, Text } from "../Field.ts"
import { Event, Issue, Link, Project, PurgeLog, version10 } from "../kinds.ts"
import { type Draft, edit, insertBefore, isMissing, type Known, olderFormat, olderKind, type Step } from "./Step.ts"

const grown = ["metadata", "revision"] as const
/** Go kata takes them over from older files that have them all the same. */
export const early = { metadata: Schema.optional(RawJson), revision: Schema.optional(Int64) }

const { from_issue_uid: _from, to_issue_uid: _to, ...link } = Link.schema.fields

/** The fields of the kinds that other versions had otherwise. */
export const fields = {
  project: Struct.omit(Project.schema.fields, ...grown),
  issue: Struct.omit(Issue.schema.fields, ...grown, "recurrence_id", "recurrence_uid", "occurrence_key"),
  // Go kata fills what is missing.
  link: insertBefore(
    insertBefore(link, "to_issue_id", { from_issue_uid: Schema.optional(Text) }),
    "type",
    { to_issue_uid: Schema.optional(Text) }
  ),
  event: Event.schema.fields,
  purge_log: PurgeLog.schema.fields
}

export const version9 = olderFormat(9, version10, [
  olderKind(Project, { ...fields.project, ...early }, early),
  olderKind(Issue, { ...fields.issue, ...early }, early),
  olderKind(Link, fields.link)
], ["recurrence"])

/** What Go kata takes for white space: that of Unicode. */
const blank = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/

/** Names were not unique before version 7: the second project gets a number. */
const name = (draft: Draft, id: unknown, given: string, { projectNameTaken }: Known): void => {
  const base = blank.test(given) ? `project-${String(id)}` : given
  let free = base
  for (let n = 2; projectNameTaken(free); n++) free = `${base}-${n}`
  if (free !== given) {
    draft.put("name", free, "is blank or that of another project, so it got a new one", `${given} → ${free}`)
  }
}

const initially = (draft: Draft, { metadata, revision }: { readonly [key: string]: unknown }): void => {
  if (metadata === undefined) draft.put("metadata", "{}", "begins empty")
  if (revision === undefined || revision === 0) draft.put("revision", 1, "begins with 1")
}

const lookUp = "was not said, and is that of the row beside it"

export const v9ToV10: Step = {
  from: version9,
  to: 10,
  rules: {
    meta: edit((draft, { key, value }) => {
      if (key === "schema_version" && value !== "10") {
        draft.put("value", "10", "says the version of the database", `${String(value)} → 10`)
      }
    }),
    project: edit((draft, record, known) => {
      name(draft, record["id"], String(record["name"]), known)
      initially(draft, record)
    }),
    issue: edit(initially),
    link: edit((draft, record, { uidOf }) => {
      for (const end of ["from_issue", "to_issue"].filter((end) => isMissing(record[`${end}_uid`]))) {
        // Without the issue, the link breaks a rule, and that is reported.
        draft.put(`${end}_uid`, uidOf("issues", record[`${end}_id`]) ?? "", lookUp)
      }
    }),
    event: edit((draft, record, { uidOf }) => {
      for (const issue of ["issue", "related_issue"]) {
        const uid = record[`${issue}_uid`] === null ? uidOf("issues", record[`${issue}_id`]) : undefined
        if (uid !== undefined) draft.put(`${issue}_uid`, uid, lookUp)
      }
    }),
    purge_log: edit((draft, record, { uidOf }) => {
      const issue = record["issue_uid"] === null ? uidOf("issues", record["purged_issue_id"]) : undefined
      const project = record["project_uid"] === null ? uidOf("projects", record["project_id"]) : undefined
      if (issue !== undefined) draft.put("issue_uid", issue, "was not said, and is that of the issue with this id")
      if (project !== undefined) draft.put("project_uid", project, lookUp)
    })
  }
}
