/** A row of `events` as the model has it. */
import type { Ends, LinkType, Payload } from "../model/database.ts"
import type { Names } from "./names.ts"

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const objectIn = (value: unknown): Json => isObject(value) ? value : {}
const textIn = (value: unknown): string => typeof value === "string" ? value : ""
const listIn = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

const linkTypeOf = (value: unknown): LinkType =>
  value === "parent" || value === "blocks" || value === "related" ? value : "related"

const fields = ["body", "owner", "priority", "status", "title"]
/** Of recurrences the model has two. */
const templates: Readonly<Record<string, string>> = { rrule: "rule", template_title: "template" }

const updated = (payload: Json): Payload => {
  const names = new Set(Object.keys(payload).map((key) => key.replace(/^old_/, "").replace(/_bytes$/, "")))
  const changed = fields.filter((field) => names.has(field) || (field === "status" && names.has("closed_reason")))
  return {
    ...(payload["source"] === "beads" ? { source: "beads" as const } : {}),
    ...(changed.length === 0 ? {} : { fields: changed })
  }
}

const created = (payload: Json, issue: string, names: Names): Payload => ({
  labels: listIn(payload["labels"]).map(textIn),
  links: listIn(payload["links"]).map((one): Ends => {
    const { incoming, to_issue_uid, type } = objectIn(one)
    const other = names.model(textIn(to_issue_uid))
    return incoming === true ? [linkTypeOf(type), other, issue] : [linkTypeOf(type), issue, other]
  }),
  ...(payload["source"] === "beads" ? { source: "beads" as const, item: textIn(payload["external_id"]) } : {})
})

const changedLinks = (payload: Json, issue: string, names: Names): Payload => {
  const many = (key: string, type: LinkType, there: boolean, incoming = false) =>
    listIn(payload[`${key}_uids`]).map((uid) => {
      const other = names.model(textIn(uid))
      return { ends: (incoming ? [type, other, issue] : [type, issue, other]) satisfies Ends as Ends, there }
    })
  const parent = payload["parent_set_uid"] ?? payload["parent_removed_uid"]
  const ends: Ends = ["parent", issue, names.model(textIn(parent))]
  return {
    changed: [
      ...many("blocks_added", "blocks", true),
      ...many("blocks_removed", "blocks", false),
      ...many("blocked_by_added", "blocks", true, true),
      ...many("blocked_by_removed", "blocks", false, true),
      ...many("related_added", "related", true),
      ...many("related_removed", "related", false),
      ...(parent === undefined ? [] : [{ ends, there: payload["parent_set_uid"] !== undefined }])
    ]
  }
}

const commented = (payload: Json): Payload => {
  const external = textIn(payload["comment_external_id"])
  return {
    comment: Number(payload["comment_id"]),
    ...(external === "" ? {} : { external: external.replace(/^.*-/, "") }),
    ...(payload["source"] === "beads" ? { source: "beads" as const } : {})
  }
}

/** The payload in the words of the model; `issue` is the model's name of the issue. */
export const payloadOf = (type: string, text: string, issue: string, names: Names): Payload => {
  const payload = objectIn(JSON.parse(text))
  const recurrence = () => ({ recurrence: names.model(textIn(payload["recurrence_uid"])) })
  const keys = () => ({ keys: Object.keys(objectIn(payload["diff"])) })
  switch (type) {
    case "issue.created":
      return created(payload, issue, names)
    case "issue.updated":
      return updated(payload)
    case "issue.closed":
      return { reason: textIn(payload["reason"]) }
    case "issue.labeled":
    case "issue.unlabeled":
      return { label: textIn(payload["label"]) }
    case "issue.linked":
    case "issue.unlinked": {
      const [from, to] = [payload["from_uid"], payload["to_uid"]].map((uid) => names.model(textIn(uid)))
      return { link: [linkTypeOf(payload["type"]), from ?? "", to ?? ""] }
    }
    case "issue.links_changed":
      return changedLinks(payload, issue, names)
    case "issue.commented":
      return commented(payload)
    case "issue.moved":
      return {
        from: names.model(textIn(payload["from_project_uid"])),
        to: names.model(textIn(payload["to_project_uid"]))
      }
    case "issue.metadata_updated":
    case "project.metadata_updated":
      return keys()
    case "project.removed":
      return { aliases: listIn(payload["aliases"]).map((alias) => textIn(objectIn(alias)["identity"])).toSorted() }
    case "project.alias_removed":
      return { alias: textIn(payload["alias_identity"]) }
    case "recurrence.updated":
      return { ...recurrence(), fields: Object.keys(objectIn(payload["diff"])).map((key) => templates[key] ?? key) }
    default:
      return type.startsWith("recurrence.") ? recurrence() : {}
  }
}

/** The model drops what all events of issues begin with, and does not tell two priorities apart. */
export const typeOf = (type: string): string =>
  type === "issue.priority_cleared" ? "priority_set" : type.replace(/^issue\./, "")
