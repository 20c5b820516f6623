/** What an event says happened, in words: a line, and below it what was written. Payloads may come from anywhere. */
import { names } from "./evidence.ts"

/** An event as far as it is put into words. */
export interface Told {
  readonly type: string
  readonly payload?: { readonly text: string } | undefined
  readonly comment_body?: string | undefined
}

export interface Words {
  readonly line: string
  readonly below: ReadonlyArray<string>
}

type Payload = { readonly [member: string]: unknown }

const isObject = (value: unknown): value is Payload =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const payloadOf = ({ payload }: Told): Payload => {
  try {
    const value: unknown = JSON.parse(payload?.text ?? "{}")
    return isObject(value) ? value : {}
  } catch {
    return {}
  }
}

const textIn = (payload: Payload, key: string): string | undefined =>
  typeof payload[key] === "string" ? payload[key] : undefined

const textsIn = (payload: Payload, key: string): ReadonlyArray<string> => {
  const list = payload[key]
  return Array.isArray(list) ? list.filter((one) => typeof one === "string") : []
}

const priority = (value: unknown) => typeof value === "number" ? `P${value}` : "none"

/** So many lines of a text that was replaced are shown. */
const shown = 10

const oldText = (payload: Payload): ReadonlyArray<string> => {
  const lines = (textIn(payload, "old_body") ?? "").split("\n")
  const more = lines.length - shown
  return [...lines.slice(0, shown), ...(more > 0 ? [`(${more} more lines; --json has them)`] : [])]
}

const updated = (payload: Payload): Words => {
  const has = (field: string) => [field, `old_${field}`, `${field}_bytes`].some((key) => key in payload)
  const [body, title] = [has("body"), textIn(payload, "old_title")]
  const parts = [
    ...(title === undefined ? [] : [`title was ${JSON.stringify(title)}`]),
    ...(has("owner")
      ? [`owner ${textIn(payload, "old_owner") ?? "none"} -> ${textIn(payload, "owner") ?? "none"}`]
      : []),
    ...(has("priority") ? [`${priority(payload["old_priority"])} -> ${priority(payload["priority"])}`] : []),
    ...(has("status") ? [`${textIn(payload, "old_status") ?? "?"} -> ${textIn(payload, "status") ?? "?"}`] : []),
    ...(body ? [textIn(payload, "old_body") === "" ? "text added" : "text was"] : [])
  ]
  return {
    line: parts.length === 0 ? "edited (what stood there is not recorded)" : parts.join(", "),
    below: body ? oldText(payload).filter((line, _, all) => line !== "" || all.length > 1) : []
  }
}

const created = (payload: Payload): string => {
  const owner = textIn(payload, "owner")
  const parts = [
    ...("priority" in payload ? [priority(payload["priority"])] : []),
    ...textsIn(payload, "labels"),
    ...(owner === undefined ? [] : [`owner ${owner}`])
  ]
  return parts.length === 0 ? "created" : `created: ${parts.join(", ")}`
}

const closed = (payload: Payload): Words => {
  const evidence: ReadonlyArray<unknown> = Array.isArray(payload["evidence"]) ? payload["evidence"] : []
  return {
    line: `closed as ${textIn(payload, "reason") ?? "done"}`,
    below: [
      ...(textIn(payload, "message")?.split("\n") ?? []),
      ...evidence.filter(isObject).map((item) => names(item).replace(":", ": "))
    ]
  }
}

const link = (payload: Payload): string =>
  `${textIn(payload, "from_short_id") ?? "?"} ${textIn(payload, "type") ?? "?"} ${
    textIn(payload, "to_short_id") ?? "?"
  }`

const linksChanged = (payload: Payload): string => {
  const [now, old] = [textIn(payload, "parent_set"), textIn(payload, "parent_removed")]
  return [
    ...(now === undefined ? [] : [`+parent ${now}`]),
    ...(old === undefined ? [] : [`-parent ${old}`]),
    ...["blocks", "blocked_by", "related"].flatMap((type) => [
      ...textsIn(payload, `${type}_added`).map((id) => `+${type} ${id}`),
      ...textsIn(payload, `${type}_removed`).map((id) => `-${type} ${id}`)
    ])
  ].join(", ")
}

const line = (type: string, payload: Payload): string => {
  switch (type) {
    case "issue.created":
      return created(payload)
    case "issue.reopened":
      return "reopened"
    case "issue.assigned":
      return `owner ${textIn(payload, "old_owner") ?? "none"} -> ${textIn(payload, "owner") ?? "?"}`
    case "issue.unassigned":
      return `owner ${textIn(payload, "old_owner") ?? "?"} -> none`
    case "issue.priority_set":
    case "issue.priority_cleared":
      return `${priority(payload["old_priority"])} -> ${priority(payload["priority"])}`
    case "issue.labeled":
      return `+label ${textIn(payload, "label") ?? "?"}`
    case "issue.unlabeled":
      return `-label ${textIn(payload, "label") ?? "?"}`
    case "issue.linked":
      return `linked: ${link(payload)}`
    case "issue.unlinked":
      return `unlinked: ${link(payload)}`
    case "issue.links_changed":
      return linksChanged(payload)
    case "issue.soft_deleted":
      return "deleted"
    case "issue.restored":
      return "restored"
    case "issue.moved":
      return `moved; it was ${textIn(payload, "from_short_id") ?? "?"}`
    case "issue.metadata_updated":
      return `metadata: ${isObject(payload["diff"]) ? Object.keys(payload["diff"]).join(", ") : "?"}`
    default:
      return type
  }
}

export const wordsOf = (event: Told): Words => {
  const payload = payloadOf(event)
  if (event.type === "issue.updated") return updated(payload)
  if (event.type === "issue.closed") return closed(payload)
  if (event.type === "issue.commented") return { line: "comment", below: event.comment_body?.split("\n") ?? [] }
  return { line: line(event.type, payload), below: [] }
}
