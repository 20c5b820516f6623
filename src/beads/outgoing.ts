/** An issue as a record of Beads: what it was there, with what was changed here since; or a new one. Pure. */
import { elements, members } from "../records/json.ts"
import { recordIn } from "./record.ts"
import { hashOf } from "./state.ts"
import { digestOf, labelOf } from "./text.ts"
import { timeIn } from "./time.ts"
import { meaningOf } from "./words.ts"
import { type Members, object, wrapped } from "./wrap.ts"

export interface OutLink {
  readonly type: string
  /** Whether it goes from this issue. */
  readonly isFrom: boolean
  /** The name of the other one there. */
  readonly peer: string
  /** An import has brought it. */
  readonly isOwned: boolean
  readonly author: string
  readonly created_at: string
}

export interface OutIssue {
  readonly uid: string
  /** Its id there. */
  readonly name: string
  readonly title: string
  readonly body: string
  readonly status: string
  readonly closed_reason: string | null
  readonly owner: string | null
  readonly priority: number | null
  readonly author: string
  readonly created_at: string
  readonly updated_at: string
  readonly closed_at: string | null
  readonly metadata: string
  readonly labels: ReadonlyArray<{ readonly label: string; readonly isOwned: boolean }>
  readonly links: ReadonlyArray<OutLink>
  readonly comments: ReadonlyArray<{ readonly author: string; readonly body: string; readonly created_at: string }>
}

const json = (value: string | number) => JSON.stringify(value)

const textOf = (raw: string | undefined): string | undefined =>
  raw?.startsWith("\"") === true ? String(JSON.parse(raw)) : undefined

/** Labels that an import has made of something else. */
const isMade = (label: string) => /^(?:source:beads|beads-deleted|(?:beads-id|beads-status|type):.*)$/.test(label)

const words: Readonly<Record<string, string>> = { parent: "parent-child", blocks: "blocks", related: "related" }

/** The edge of a link, where this issue is the one that holds it. */
const edgeOf = (name: string, { author, created_at, isFrom, peer, type }: OutLink): string | undefined =>
  isFrom === (type !== "blocks")
    ? object([
      ["issue_id", json(name)],
      ["depends_on_id", json(peer)],
      ["type", json(words[type] ?? "related")],
      ["created_at", json(created_at)],
      ["created_by", json(author)]
    ])
    : undefined

const list = (raws: ReadonlyArray<string>) => `[${raws.join(",")}]`

/**
 * The edges that it came with, but for those whose links were taken away here, and those of links that were made here. `cut` is the target of one
 * that never had a link.
 */
const edges = (
  issue: OutIssue,
  deps: ReadonlyArray<string>,
  isThere: (name: string) => boolean,
  cut?: string
): ReadonlyArray<string> => {
  const { links, name } = issue
  const peers = new Set(links.map(({ peer }) => peer))
  const kept = deps.flatMap((raw) => {
    const all = new Map(members(raw))
    const target = textOf(all.get("id")) ?? ""
    all.delete("id")
    if (isThere(target) && target !== name && target !== cut && !peers.has(target)) return []
    return [object([["issue_id", json(name)], ["depends_on_id", json(target)], ...all])]
  })
  const added = links.flatMap((link) => {
    const edge = link.isOwned ? undefined : edgeOf(name, link)
    return edge === undefined ? [] : [edge]
  })
  return [...kept, ...added]
}

/** The members of an issue that came from Beads, as they were, with what was changed here. */
const original = (issue: OutIssue, state: Members, isThere: (name: string) => boolean): Members => {
  const imported = new Map(members(state.get("imported") ?? ""))
  const out = new Map<string, string>()
  const extra = [...members(state.get("extra") ?? "") ?? []]
  const { body, closed_at, closed_reason, labels, owner, priority, status, title, updated_at } = issue
  const isSame = (key: string, value: string | number | null) => (imported.get(key) ?? "null") === JSON.stringify(value)
  out.set("id", state.get("id") ?? json(issue.name))
  const isTitle = digestOf(title) === textOf(state.get("title_hash"))
  const titleWas = new Map(extra).get("title")
  if (!isTitle || titleWas === undefined) out.set("title", json(title))
  else out.set("title", titleWas)
  if (body !== "") out.set("description", json(body))
  let isChanged = !isTitle || digestOf(body) !== textOf(state.get("body_hash"))
  for (const [key, raw] of state) {
    if (
      ["v", "id", "type", "labels", "deps", "cut", "extra", "hash", "title_hash", "body_hash", "imported"].includes(key)
    ) {
      continue
    }
    out.set(key, raw)
  }
  const type = state.get("type")
  if (type !== undefined) out.set("issue_type", type)
  for (const [key, raw] of extra) if (key !== "title") out.set(key, raw)
  if (!isSame("status", status) || !isSame("closed_reason", closed_reason)) {
    isChanged = true
    for (const key of ["closed_at", "close_reason"]) out.delete(key)
    out.set("status", json(status))
    if (closed_at !== null) out.set("closed_at", json(closed_at))
    if (closed_reason !== null) out.set("close_reason", json(closed_reason))
  }
  if (!isSame("priority", priority)) {
    isChanged = true
    out.set("priority", json(priority ?? 2))
  }
  if (!isSame("owner", owner)) {
    isChanged = true
    if (owner === null) out.delete("assignee")
    else out.set("assignee", json(owner))
  }
  const here = new Set(labels.map(({ label }) => label))
  const was = [...elements(state.get("labels") ?? "") ?? []]
  const kept = was.filter((raw) => {
    const label = labelOf(textOf(raw) ?? "")
    return label === undefined || here.has(label)
  })
  const known = new Set(kept.map((raw) => labelOf(textOf(raw) ?? "")))
  const added = labels.filter(({ isOwned, label }) => !isOwned && !isMade(label) && !known.has(label))
  if (kept.length + added.length > 0) out.set("labels", list([...kept, ...added.map(({ label }) => json(label))]))
  const deps = edges(issue, [...elements(state.get("deps") ?? "") ?? []], isThere, textOf(state.get("cut")))
  if (deps.length > 0) out.set("dependencies", list(deps))
  if (isChanged) out.set("updated_at", json(updated_at))
  return out
}

/** The members of an issue that Beads does not know yet. */
const fresh = (issue: OutIssue): Members => {
  const {
    author,
    body,
    closed_at,
    closed_reason,
    created_at,
    labels,
    name,
    owner,
    priority,
    status,
    title,
    updated_at
  } = issue
  const type = labels.find(({ label }) => label.startsWith("type:"))?.label.slice(5)
  const others = labels.filter(({ label }) => !isMade(label))
  const deps = edges(issue, [], () => true)
  return new Map([
    ["id", json(name)],
    ["title", json(title)],
    ...(body === "" ? [] : [["description", json(body)]] as const),
    ["status", json(status)],
    ["priority", json(priority ?? 2)],
    ["issue_type", json(type ?? "task")],
    ...(owner === null ? [] : [["assignee", json(owner)]] as const),
    ["created_at", json(created_at)],
    ["created_by", json(author)],
    ["updated_at", json(updated_at)],
    ...(closed_at === null ? [] : [["closed_at", json(closed_at)]] as const),
    ...(closed_reason === null ? [] : [["close_reason", json(closed_reason)]] as const),
    ...(others.length === 0 ? [] : [["labels", list(others.map(({ label }) => json(label)))]] as const),
    ...(deps.length === 0 ? [] : [["dependencies", list(deps)]] as const)
  ])
}

const types = new Set(["bug", "feature", "task", "epic", "chore"])
const statuses = new Set(["open", "in_progress", "blocked", "closed"])

/** As every version takes a title: up to 500 bytes. */
const cut = (title: string): string => {
  const bytes = Buffer.from(title)
  if (bytes.length <= 500) return title
  let end = 500
  while ((bytes[end]! & 0xc0) === 0x80) end--
  return bytes.toString("utf8", 0, end)
}

/** In UTC and whole seconds, the only form that no version changes. */
const second = (at: string) => `${at.slice(0, 19)}Z`

const timeOf = (raw: string | undefined, otherwise: string): string => {
  const time = timeIn(textOf(raw))
  return second(typeof time === "string" ? otherwise : time.at)
}

/** What all versions of `bd` take. */
const normal = (issue: OutIssue, record: Members, isThere: (name: string) => boolean): Members => {
  const out = new Map(record)
  out.delete("metadata")
  out.set("id", json(issue.name))
  out.set(
    "title",
    json(cut(textOf(record.get("title"))?.trim() === "" ? issue.title : textOf(record.get("title")) ?? issue.title))
  )
  const status = textOf(record.get("status")) ?? "open"
  const isClosed = issue.status === "closed"
  out.set("status", json(isClosed ? "closed" : statuses.has(status) && status !== "closed" ? status : "open"))
  const type = textOf(record.get("issue_type")) ?? "task"
  out.set("issue_type", json(types.has(type) ? type : "task"))
  if (!/^[0-4]$/.test(record.get("priority") ?? "")) out.set("priority", json(issue.priority ?? 2))
  const created = timeOf(record.get("created_at"), issue.created_at)
  const updated = timeOf(record.get("updated_at"), issue.updated_at)
  out.set("created_at", json(created))
  out.set("updated_at", json(updated < created ? created : updated))
  if (isClosed) {
    const closed = timeOf(record.get("closed_at"), issue.closed_at ?? issue.updated_at)
    out.set("closed_at", json(closed < created ? created : closed))
  } else out.delete("closed_at")
  const seen = new Set<string>()
  const deps = [...elements(record.get("dependencies") ?? "") ?? []].flatMap((raw) => {
    const all = new Map(members(raw))
    const target = textOf(all.get("depends_on_id")) ?? ""
    if (!isThere(target) || target === issue.name || seen.has(target)) return []
    seen.add(target)
    const { link } = meaningOf(textOf(all.get("type")) ?? "blocks")
    const at = timeOf(all.get("created_at"), issue.created_at)
    return [object([
      ["issue_id", json(issue.name)],
      ["depends_on_id", json(target)],
      ["type", json(link === "parent" ? "parent-child" : link === "blocked_by" ? "blocks" : "related")],
      ["created_at", json(at)],
      ["created_by", all.get("created_by") ?? json(issue.author)]
    ])]
  })
  if (deps.length > 0) out.set("dependencies", list(deps))
  else out.delete("dependencies")
  return out
}

const hashIn = (all: Members): string => {
  const read = recordIn(object(all), 0)
  return read._tag === "Right" && read.right.is === "issue" ? hashOf(read.right.record) : ""
}

/** The line of an issue. `isThere`: whether a name is that of an issue that goes out, too. */
export const lineOf = (issue: OutIssue, stateKey: string, isThere: (name: string) => boolean): string => {
  const state = new Map(members(new Map(members(issue.metadata)).get(stateKey) ?? ""))
  const isKnown = state.get("v") === "1"
  const was = isKnown ? original(issue, state, isThere) : fresh(issue)
  const goes = normal(issue, was, isThere)
  const origin = isKnown ? undefined : { uid: issue.uid, hash: hashIn(was) }
  const comments = issue.comments.map(({ author, body, created_at }) =>
    object([["issue_id", json(issue.name)], ["author", json(author)], ["text", json(body)], [
      "created_at",
      json(created_at)
    ]])
  )
  const out = new Map(wrapped(was, goes, origin))
  if (comments.length > 0) out.set("comments", list(comments))
  return `${object(out)}\n`
}
