/**
 * How a record is mended that breaks a rule, when a repair was asked for (D13). Pure: a record in, the record as it should be out, or
 * nothing when it can only be left out. What a repair needs to know of other rows it asks through `Around`. Which rule is mended in
 * which way stands beside the rule.
 */
import * as Option from "effect/Option"
import { depth, distinct } from "./json.ts"
import type { AnyRecord, Value } from "./Word.ts"

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

export const set = (change: (record: AnyRecord, around: Around) => AnyRecord): Repair => (record, around) =>
  Option.some({ ...record, ...change(record, around) })

/** The row is left out. */
export const drop: Repair = () => Option.none()

/** These fields get these values. */
export const put = (values: AnyRecord): Repair => set(() => values)

const text = (value: Value): string => typeof value === "string" ? value : ""

/** The value alone, as kata would have written it. What cannot be read stays as it is. */
export const ofValue = (field: string, mend: (value: string) => Option.Option<string>): Repair =>
  set((record) => ({ [field]: Option.getOrElse(mend(text(record[field])), () => record[field]) }))

export const shortId: Repair = (record, around) => {
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

/** The name without these characters, and one that no other project has. */
const nameWithout = (unwanted: RegExp, instead: string): Repair =>
  set((record, around) => ({
    name: freeName(text(record["name"]).replace(unwanted, instead).trim() || `project-${record["id"]}`, around)
  }))

export const projectName = nameWithout(/#/g, "-")
/** The project with that uid gets that name, where it is free; another one of the name gets a free one. */
export const systemName = ({ name, uid }: { readonly name: string; readonly uid: string }): Repair =>
  set((record, around) =>
    record["uid"] !== uid ? { name: freeName(name, around) } : around.projectNameTaken(name) ? {} : { name }
  )
export const printableName = nameWithout(/\p{C}|(?! )\p{Z}/gu, " ")

const labelOf = (text: string): string => text.toLowerCase().replace(/[^a-z0-9._:-]/g, "-").slice(0, 64)

export const label: Repair = (record) => {
  const mended = labelOf(text(record["label"]))
  return mended === "" ? Option.none() : Option.some({ ...record, label: mended })
}

/** As kata writes the labels of a template; what is no text is left for a person. */
export const templateLabels: Repair = (record) => {
  const labels: unknown = JSON.parse(text(record["template_labels"]))
  if (!Array.isArray(labels) || !labels.every((label) => typeof label === "string")) return Option.some(record)
  const mended = new Set(labels.map((label) => labelOf(label.trim())).filter((label) => label !== ""))
  return Option.some({ ...record, template_labels: JSON.stringify([...mended].sort()) })
}

export const aliasKind = set((record) => ({
  alias_kind: text(record["alias_identity"]).startsWith("local://") ? "local" : "git"
}))

/** An open issue loses what only closed ones have; a state that is none is decided by that. */
export const status = set((record) =>
  record["status"] === "open" ?
    { closed_at: null, closed_reason: null }
    : record["closed_at"] === null && record["closed_reason"] === null ?
    { status: "open" }
    : { status: "closed" }
)

/** SQLite takes JSON for JSON up to this depth. */
const maxDepth = 1000
/** JSON as a part of other JSON; as text, when it would be too deep. */
const wrapped = (open: string, close: string) => (field: string) =>
  set((record) => {
    const json = text(record[field])
    return { [field]: `${open}${depth(json) < maxDepth ? json : JSON.stringify(json)}${close}` }
  })

/** No key twice: the last member keeps it, those before it get another. */
export const distinctKeys = (field: string): Repair => set((record) => ({ [field]: distinct(text(record[field])) }))

export const intoObject = wrapped("{\"repaired\":", "}")
export const intoArray = wrapped("[", "]")

/** The uid that stands beside a row number is that of the row. */
export const uidOf = (via: string, table: string, field: string): Repair => (record, around) =>
  Option.map(Option.fromNullable(around.look(table, "uid", record[via])), (uid) => ({ ...record, [field]: uid }))

/** A field says what a column of the row says that `via` points at, a row number. */
export const asIn = (via: string, table: string, column: string): Repair => (record, around) =>
  Option.map(
    Option.fromNullable(around.look(table, column, record[via])),
    (id) => ({ ...record, [column]: BigInt(id) })
  )

/** An event keeps the uids that it was written with; only one without gets that of its issue. */
export const eventUids: Repair = (record, around) => {
  const uid = (issue: "issue" | "related_issue") =>
    record[`${issue}_uid`] ?? around.look("issues", "uid", record[`${issue}_id`]) ?? null
  return Option.some({ ...record, issue_uid: uid("issue"), related_issue_uid: uid("related_issue") })
}

export const ownInstance = set((_, { instanceUid }) => ({ origin_instance_uid: instanceUid }))

/** A related link is stored with the smaller id first. */
export const swapEnds = set((record) => ({
  from_issue_id: record["to_issue_id"],
  from_issue_uid: record["to_issue_uid"],
  to_issue_id: record["from_issue_id"],
  to_issue_uid: record["from_issue_uid"]
}))
