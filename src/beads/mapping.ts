/** A record of Beads as an issue of kata. Pure: the same record and the same survey give the same issue, whatever the time or the machine. */
import type { Account } from "./account.ts"
import { type CommentRow, commentRows } from "./comments.ts"
import type { BeadsComment, BeadsRecord } from "./record.ts"
import { hashOf, stateOf } from "./state.ts"
import type { Survey } from "./survey.ts"
import { idLabel, labelOf } from "./text.ts"
import { later, timeIn } from "./time.ts"
import type { Unit } from "./unite.ts"
import { type LinkKind, meaningOf, putOff, reasonIn, statusOf } from "./words.ts"

export interface MappingOptions {
  /** The author of what names none. */
  readonly actor: string
  /** Words of statuses that mean closed. */
  readonly closed: ReadonlySet<string>
  /** Whose issue it is: who works on it, or who has made it. */
  readonly ownerFrom: "assignee" | "owner"
  /** Of comments that say the same at the same time one comes. */
  readonly mergeIdentical: boolean
  /** What can be repaired in more than one way is an error. */
  readonly isStrict: boolean
}

export interface IssueRow {
  readonly kind: "issue"
  readonly external_id: string
  readonly title: string
  readonly body: string
  readonly author: string
  readonly owner: string | undefined
  readonly priority: number | undefined
  readonly status: "open" | "closed"
  readonly closed_reason: string | undefined
  readonly created_at: string
  readonly updated_at: string
  readonly closed_at: string | undefined
  readonly labels: ReadonlyArray<string>
  readonly comments: ReadonlyArray<CommentRow>
  readonly links: ReadonlyArray<{ readonly type: LinkKind; readonly target_external_id: string }>
  /** The issue that it was made of, and whether it is still what it was then. */
  readonly origin: { readonly uid: string; readonly unchanged: boolean } | undefined
  /** JSON. */
  readonly state: string
}

/** A value that a strict import does not take. */
export interface Unmapped {
  readonly field: string
  readonly reason: string
}

/** Labels of one issue; more stay in its metadata. */
const mostLabels = 1000

const filled = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === "" ? undefined : text

/** What is said of an issue on the way. */
interface Told {
  readonly account: Account
  readonly name: string
  /** The first thing that a strict import refuses. */
  refused: Unmapped | undefined
}

const strictly = (told: Told, field: string, reason: string, what: string) => {
  told.refused ??= { field, reason }
  told.account.note(what, told.name)
}

const titleOf = (record: BeadsRecord, told: Told): string => {
  const { title = "" } = record
  // for SQLite a text ends at its first NUL
  if (title.replace(/\0[^]*$/, "").trim() !== "") return title.toWellFormed()
  strictly(told, "title", "is blank", "blank titles, \"(untitled ID)\" instead")
  return `(untitled ${record.id})`
}

interface Times {
  readonly created: string
  readonly updated: string
  readonly closed: string
}

const epoch = "1970-01-01T00:00:00.000Z"

const timesOf = (record: BeadsRecord, isClosed: boolean, told: Told): Times => {
  const read = (field: "created_at" | "updated_at" | "closed_at"): string | undefined => {
    const time = timeIn(record[field])
    if (time === "odd") strictly(told, field, `is no time: ${JSON.stringify(record[field])}`, "times that are none")
    if (typeof time === "string") return undefined
    if (time.isBare) told.account.note("times without an offset, read as UTC", told.name)
    return time.at
  }
  const [created_, updated_, closed_] = [read("created_at"), read("updated_at"), read("closed_at")]
  const created = created_ ?? updated_ ?? closed_ ?? epoch
  if (created_ === undefined) told.account.note("issues without a time of creation", told.name)
  const updated = updated_ ?? created
  if (updated < created) told.account.note("changed before it was created: the later time counts", told.name)
  if (isClosed && closed_ === undefined) told.account.note("closed without a time: that of the last change", told.name)
  if (!isClosed && closed_ !== undefined) {
    told.account.note("open with a time of closing, which is kept in the metadata", told.name)
  }
  const closed = closed_ ?? updated
  if (isClosed && closed < created) told.account.note("closed before it was created: the later time counts", told.name)
  return { created, updated: later(updated, created), closed: later(closed, created) }
}

const priorityOf = (record: BeadsRecord, survey: Survey, told: Told): number | undefined => {
  const raw = record.members.get("priority")
  if (raw === undefined) {
    if (survey.writesZero) {
      told.account.note("no priority", told.name)
      return undefined
    }
    told.account.note("no priority in a file that never says 0: P0, as Beads reads it", told.name)
    return 0
  }
  if (/^"?[0-4]"?$/.test(raw)) return Number(raw.replaceAll("\"", ""))
  if (raw !== "null") told.account.note("priorities that are not 0 to 4, kept in the metadata", `${told.name}: ${raw}`)
  else told.account.note("no priority", told.name)
  return undefined
}

const labelsOf = (record: BeadsRecord, name: string, status: string, told: Told): ReadonlyArray<string> => {
  const { account } = told
  const own = ["source:beads", idLabel(name), `type:${labelOf(record.issue_type ?? "") ?? "task"}`]
  if (status !== "" && status !== "open" && status !== "closed") {
    own.push(`beads-status:${labelOf(status)?.slice(0, 51) ?? "other"}`)
  }
  const labels = new Map<string, string>()
  for (const label of record.labels) {
    const made = labelOf(label)
    if (made === undefined) {
      account.note("labels of which kata takes no letter, kept in the metadata", `${name}: ${label}`)
      continue
    }
    const other = labels.get(made)
    if (other === undefined) labels.set(made, label)
    else if (other !== label) account.note("labels that kata spells the same, one label", `${name}: ${other}, ${label}`)
    if (made !== label) account.note("labels as kata spells them, originals kept in the metadata", label)
  }
  const all = [...new Set([...own.map((label) => label.slice(0, 64)), ...labels.keys()])]
  if (all.length > mostLabels) {
    account.note(`labels beyond ${mostLabels}, kept in the metadata`, name, all.length - mostLabels)
  }
  return all.slice(0, mostLabels)
}

/** What an edge becomes, or why it stays in the metadata. */
const linksOf = (record: BeadsRecord, survey: Survey, told: Told): IssueRow["links"] => {
  const { account, name } = told
  const links = new Map<string, IssueRow["links"][number]>()
  const add = (type: LinkKind, target: string) =>
    void links.set(`${type} ${target}`, { type, target_external_id: target })
  const parent = survey.parents.get(record.id)
  for (const { oddity, target, type } of record.dependencies) {
    if (oddity !== undefined) account.note(oddity, name)
    const where = `${name} -> ${target}`
    const entry = survey.entries.get(target)
    if (target === record.id) account.note("edges to itself, kept in the metadata", name)
    else if (target === "") account.note("edges without a target, kept in the metadata", name)
    else if (target.startsWith("external:")) account.note("edges to other projects, kept in the metadata", where)
    else if (entry === undefined) account.note("edges to what is not there, kept in the metadata", where)
    else if (entry.skip === "tombstone") account.note("edges to deleted issues, kept in the metadata", where)
    else if (entry.skip !== undefined) account.note("edges to what is left out, kept in the metadata", where)
    else {
      const { known, link } = meaningOf(type)
      if (!known) account.note("edges of types that Beads does not know", type)
      if (link !== "parent") add(link, target)
      else if (parent === target) add("parent", target)
      else if (survey.cut.get(record.id) !== target) add("related", target)
    }
  }
  if (parent !== undefined && name === record.id) add("parent", parent)
  return [...links.values()]
}

/** Keys that people have written, which no Beads reads. */
const handMade = ["depends_on", "tags", "closed_reason", "closed_by"]

const ownerOf = ({ assignee, owner }: BeadsRecord, from: MappingOptions["ownerFrom"]): string | undefined =>
  (from === "owner" ? filled(owner) ?? filled(assignee) : filled(assignee))?.trim()

/** The issue. `fetched`: its comments, where the record does not carry them. */
export const rowOf = (
  { name, record }: Unit,
  survey: Survey,
  account: Account,
  options: MappingOptions,
  fetched: ReadonlyArray<BeadsComment> | undefined
): IssueRow | Unmapped => {
  const told: Told = { account, name, refused: undefined }
  const word = (record.status ?? "").trim()
  const end = timeIn(record.closed_at)
  const status = statusOf(word, typeof end !== "string", options.closed)
  if (status.is === "tombstone") throw new Error(`${name} is a tombstone`)
  if (!status.known) account.note(`status ${JSON.stringify(word)}, ${status.is} here`, name)
  if (putOff.has(word)) account.note("put off (deferred, pinned), open here", name)
  const isClosed = status.is === "closed"
  const times = timesOf(record, isClosed, told)
  const reason = !isClosed ? undefined : reasonIn(record.close_reason ?? "", (id) => survey.entries.has(id)) ??
    status.reason ??
    (record.dependencies.some(({ type }) => type === "duplicates")
      ? "duplicate"
      : survey.superseded.has(record.id)
      ? "superseded"
      : "done")
  const priority = priorityOf(record, survey, told)
  const owner = ownerOf(record, options.ownerFrom)
  const title = titleOf(record, told)
  const body = (record.description ?? "").toWellFormed()
  for (const key of handMade) {
    if (record.members.has(key)) account.note("keys that no Beads reads, kept in the metadata", `${name}: ${key}`)
  }
  if (record.isDoubled) account.note("keys that stand twice in a record: the last counts", name)
  const row: IssueRow = {
    kind: "issue",
    external_id: name,
    title,
    body,
    author: filled(record.created_by)?.trim() ?? options.actor,
    owner,
    priority,
    status: status.is,
    closed_reason: reason,
    created_at: times.created,
    updated_at: times.updated,
    closed_at: isClosed ? times.closed : undefined,
    labels: labelsOf(record, name, word, told),
    comments: commentRows(fetched ?? record.comments ?? [], name, times.created, account, options),
    links: linksOf(record, survey, told),
    origin: record.origin === undefined
      ? undefined
      : { uid: record.origin.uid, unchanged: record.origin.hash === hashOf(record) },
    state: stateOf(
      record,
      { title, body, status: status.is, reason, owner, priority },
      name === record.id ? survey.cut.get(record.id) : undefined
    )
  }
  return options.isStrict && told.refused !== undefined ? told.refused : row
}
