/**
 * How a record is mended that breaks a rule, when a repair was asked for (D13). Pure: a record in, the record as it should be out, or
 * nothing when it can only be left out. What a repair needs to know of other rows it asks through `Around`.
 */
import * as Option from "effect/Option"
import type { Field, SoftRule, Value } from "./Field.ts"
import { depth } from "./json.ts"
import type { AnyRecord, Kind } from "./Kind.ts"

/** What can be asked about the other rows of the database. */
export interface Around {
  /** The `column` of the row of `table` with that id. */
  readonly look: (table: string, column: string, id: Value) => string | undefined
  /** Whether an issue or a purged one of the project has that short id. */
  readonly shortIdTaken: (project: Value, shortId: string) => boolean
  readonly projectNameTaken: (name: string) => boolean
  readonly instanceUid: string
}

/** A mended record; none: leave it out. */
export type Repair = (record: AnyRecord, around: Around) => Option.Option<AnyRecord>

const set = (change: (record: AnyRecord, around: Around) => AnyRecord): Repair => (record, around) =>
  Option.some({ ...record, ...change(record, around) })

/** The row is left out. */
export const drop: Repair = () => Option.none()

const text = (value: Value): string => typeof value === "string" ? value : ""

const shortId: Repair = (record, around) => {
  const uid = text(record["uid"]).toLowerCase()
  for (let length = 4; length <= uid.length; length++) {
    const candidate = uid.slice(-length)
    if (!around.shortIdTaken(record["project_id"], candidate)) return Option.some({ ...record, short_id: candidate })
  }
  return Option.none()
}

const freeName = (name: string, { projectNameTaken }: Around): string => {
  if (!projectNameTaken(name)) return name
  for (let n = 2;; n++) if (!projectNameTaken(`${name}-${n}`)) return `${name}-${n}`
}

const labelOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9._:-]/g, "-").slice(0, 64)

const label: Repair = (record) => {
  const mended = labelOf(text(record["label"]))
  return mended === "" ? Option.none() : Option.some({ ...record, label: mended })
}

/** As kata writes the labels of a template; what is no text is left for a person. */
const templateLabels: Repair = (record) => {
  const labels: unknown = JSON.parse(text(record["template_labels"]))
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === "string")) return Option.some(record)
  const mended = new Set(labels.map((label) => labelOf(label.trim())).filter((label) => label !== ""))
  return Option.some({ ...record, template_labels: JSON.stringify([...mended].sort()) })
}

const nobody = set((record) => ({ [record["actor"] === undefined ? "author" : "actor"]: "unknown" }))
/** SQLite takes JSON for JSON up to this depth. */
const maxDepth = 1000
/** JSON as a part of other JSON; as text, when it would be too deep. */
const wrapped = (field: string, open: string, close: string) =>
  set((record) => {
    const json = text(record[field])
    return { [field]: `${open}${depth(json) < maxDepth ? json : JSON.stringify(json)}${close}` }
  })

const linkUid = (end: "from" | "to"): Repair => (record, around) =>
  Option.map(
    Option.fromNullable(around.look("issues", "uid", record[`${end}_issue_id`])),
    (uid) => ({ ...record, [`${end}_issue_uid`]: uid })
  )

/** An event keeps the uids that it was written with; only one without gets that of its issue. */
const eventUids: Repair = (record, around) => {
  const uid = (issue: "issue" | "related_issue") =>
    record[`${issue}_uid`] ?? around.look("issues", "uid", record[`${issue}_id`]) ?? null
  return Option.some({ ...record, issue_uid: uid("issue"), related_issue_uid: uid("related_issue") })
}

const unprintable = /\p{C}|(?! )\p{Z}/gu

/** By kind and field, of what the tables refuse; a broken rule without an entry here drops the row. */
const repairs: { readonly [kindAndField: string]: Repair } = {
  "project.name": set((record, around) => ({
    name: freeName(text(record["name"]).replaceAll("#", "-").trim() || `project-${record["id"]}`, around)
  })),
  "project.metadata": wrapped("metadata", "{\"repaired\":", "}"),
  "project_alias.alias_kind": set((record) => ({
    alias_kind: text(record["alias_identity"]).startsWith("local://") ? "local" : "git"
  })),
  "recurrence.template_priority": set(() => ({ template_priority: undefined })),
  "recurrence.template_labels": wrapped("template_labels", "[", "]"),
  "recurrence.template_metadata": wrapped("template_metadata", "{\"repaired\":", "}"),
  "recurrence.author": nobody,
  "issue.status": set((record) =>
    record["status"] === "open" ?
      { closed_at: null, closed_reason: null }
      : record["closed_at"] === null && record["closed_reason"] === null ?
      { status: "open" }
      : { status: "closed" }
  ),
  "issue.closed_reason": set(() => ({ closed_reason: null })),
  "issue.metadata": wrapped("metadata", "{\"repaired\":", "}"),
  "issue.title": set(() => ({ title: "(untitled)" })),
  "issue.author": nobody,
  "issue.priority": set(() => ({ priority: undefined })),
  "issue.short_id": shortId,
  "issue.project_id, short_id": shortId,
  "issue.recurrence_id, occurrence_key": set(() => ({
    recurrence_id: undefined,
    recurrence_uid: undefined,
    occurrence_key: undefined
  })),
  "comment.author": nobody,
  "issue_label.label": label,
  "issue_label.author": nobody,
  "link.author": nobody,
  "link.from_issue_uid": linkUid("from"),
  "link.to_issue_uid": linkUid("to"),
  "event.actor": nobody,
  "event.payload": wrapped("payload", "{\"repaired\":", "}"),
  "event.origin_instance_uid": set((_, { instanceUid }) => ({ origin_instance_uid: instanceUid })),
  "purge_log.actor": nobody,
  "purge_log.origin_instance_uid": set((_, { instanceUid }) => ({ origin_instance_uid: instanceUid })),
  "purge_log.short_id": set(() => ({ short_id: undefined }))
}

/** A related link is stored with the smaller id first. */
const swapEnds = set((record) => ({
  from_issue_id: record["to_issue_id"],
  from_issue_uid: record["to_issue_uid"],
  to_issue_id: record["from_issue_id"],
  to_issue_uid: record["from_issue_uid"]
}))

/** By the name of a soft rule; without an entry here, what is odd stays as it is. */
const softRepairs: { readonly [rule: string]: Repair } = {
  "reserved key": drop,
  "parent cycle": drop,
  "revision": set(() => ({ revision: 1 })),
  "nobody": set(() => ({ owner: null })),
  "occurrence without recurrence": set(() => ({ occurrence_key: undefined })),
  "blank title": set(() => ({ template_title: "(untitled)" })),
  "template labels": templateLabels,
  "printable": set((record, around) => ({
    name: freeName(text(record["name"]).replace(unprintable, " ").trim() || `project-${record["id"]}`, around)
  })),
  "uid of the event's issue": eventUids
}

/** The value alone, as kata would have written it. What cannot be read stays as it is. */
const ofValue = (field: string, { repair }: SoftRule): Option.Option<Repair> =>
  Option.map(
    Option.fromNullable(repair),
    (mend): Repair => (record) =>
      Option.some({ ...record, [field]: Option.getOrElse(mend(text(record[field])), () => record[field]) })
  )

/** A reference that leads nowhere goes where the row can be without it, else the row goes. */
const detach = (field: Field): Repair =>
  Option.exists(field.reference, ({ detach }) => detach)
    ? set(() => ({ [field.key]: field.presence === "nullable" ? null : undefined }))
    : drop

/** What a repair does with a record that breaks this rule; none: the record stays as it is. */
export const repairOf = (
  kind: Kind,
  { blocking, field, rule }: { readonly blocking: boolean; readonly field: string; readonly rule: string }
): Option.Option<Repair> => {
  const own = kind.fields.find(({ key }) => key === field)
  if (!blocking) {
    const soft = Option.filter(
      Option.flatMap(Option.fromNullable(own), (found) => found.soft),
      (one) => one.rule === rule
    )
    return Option.orElse(
      Option.fromNullable(softRepairs[rule]),
      () => Option.flatMap(soft, (one) => ofValue(field, one))
    )
  }
  return Option.some(
    rule === "foreign key" && own !== undefined ?
      detach(own)
      : rule === "cross-project link" ?
      drop
      : rule.startsWith("type <> 'related'") ?
      swapEnds
      : repairs[`${kind.name}.${field}`] ?? drop
  )
}
