/**
 * Which facets an event may have changed. An event that does not say it touches all that it can have changed: a change that somebody made
 * is not to be taken for none. Source of the payloads: spec of schema 10, section 8.
 */

/** The kinds of facets: one part of a row that changes on its own. */
export const facetKinds = [
  "title",
  "body",
  "status",
  "owner",
  "priority",
  "metadata",
  "deletion",
  "project",
  "label",
  "parent",
  "blocks",
  "related",
  "archived",
  "project_metadata",
  "recurrence",
  "occurrences"
] as const
export type FacetKind = typeof facetKinds[number]

/**
 * One facet. `of` is the uid of the issue, the project or the recurrence; of a link that of its first end. `key`: of metadata the key, of a
 * label the label, of a link the uid of its other end, of a recurrence the column.
 */
export interface Facet {
  readonly kind: FacetKind
  readonly of: string
  readonly key: string
  /** What the event says that the facet became: of a link "1", of a parent its uid, null for none. Others do not say it. */
  readonly became?: string | null
}

export interface Told {
  readonly type: string
  readonly issue: string | null
  readonly related: string | null
  /** The uid of the project that it lies in. */
  readonly project: string
  readonly payload: { readonly [member: string]: unknown }
}

const texts = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((one) => typeof one === "string") : typeof value === "string" ? [value] : []

const keysOf = (value: unknown): ReadonlyArray<string> =>
  typeof value === "object" && value !== null ? Object.keys(value) : []

const link = (type: string, from: string, to: string, became?: string | null): Facet =>
  type === "parent"
    ? { kind: "parent", of: from, key: "", ...(became === undefined ? {} : { became: became === null ? null : to }) }
    : {
      kind: type === "blocks" ? "blocks" : "related",
      ...(type === "blocks" || from < to ? { of: from, key: to } : { of: to, key: from }),
      ...(became === undefined ? {} : { became })
    }

const scalars = ["title", "body", "owner", "status", "priority"] as const
const spelled: { readonly [kind: string]: string } = { closed_reason: "status" }

/** The fields that a change names, as this kata writes them: each as it is and, under `old_`, as it was. */
const named = (payload: Told["payload"]): ReadonlyArray<string> => [
  ...new Set(
    Object.keys(payload)
      .map((key) => key.replace(/^old_/, "").replace(/_bytes$/, ""))
      .map((key) => spelled[key] ?? key)
      .filter((key) => scalars.some((scalar) => scalar === key))
  )
]

const created = (of: string, payload: Told["payload"]): ReadonlyArray<Facet> => [
  ...scalars.map((kind) => ({ kind, of, key: "" })),
  ...texts(payload["labels"]).map((key) => ({ kind: "label" as const, of, key })),
  ...(Array.isArray(payload["links"]) ? payload["links"] : []).flatMap((one: unknown) => {
    const { incoming = false, to_issue_uid: to, type } = (one ?? {}) as { readonly [member: string]: unknown }
    if (typeof to !== "string" || typeof type !== "string") return []
    return [incoming === true ? link(type, to, of, "1") : link(type, of, to, "1")]
  })
]

const updated = (of: string, payload: Told["payload"]): ReadonlyArray<Facet> => {
  const said = named(payload)
  const kinds = said.length > 0 ? said : "source" in payload ? scalars : ["title", "body", "owner"]
  return kinds.map((kind) => ({ kind: kind as FacetKind, of, key: "" }))
}

/** Taken away from either end: the event does not say which way the link went. */
const unlinked = (type: string, from: string, to: string): ReadonlyArray<Facet> =>
  type === "related"
    ? [link(type, from, to, null)]
    : [link(type, from, to, null), link(type, to, from, null)]

const deltas: { readonly [member: string]: (issue: string, peer: string) => Facet } = {
  parent_removed_uid: (issue, peer) => link("parent", issue, peer, null),
  parent_set_uid: (issue, peer) => link("parent", issue, peer, "1"),
  blocks_added_uids: (issue, peer) => link("blocks", issue, peer, "1"),
  blocks_removed_uids: (issue, peer) => link("blocks", issue, peer, null),
  blocked_by_added_uids: (issue, peer) => link("blocks", peer, issue, "1"),
  blocked_by_removed_uids: (issue, peer) => link("blocks", peer, issue, null),
  related_added_uids: (issue, peer) => link("related", issue, peer, "1"),
  related_removed_uids: (issue, peer) => link("related", issue, peer, null)
}

const ofIssue = (type: string, of: string, payload: Told["payload"]): ReadonlyArray<Facet> => {
  const one = (kind: FacetKind, key = ""): ReadonlyArray<Facet> => [{ kind, of, key }]
  switch (type) {
    case "issue.created":
      return created(of, payload)
    case "issue.updated":
      return updated(of, payload)
    case "issue.closed":
    case "issue.reopened":
      return one("status")
    case "issue.assigned":
    case "issue.unassigned":
      return one("owner")
    case "issue.priority_set":
    case "issue.priority_cleared":
      return one("priority")
    case "issue.labeled":
    case "issue.unlabeled":
      return texts(payload["label"]).flatMap((label) => one("label", label))
    case "issue.linked":
    case "issue.unlinked": {
      const { from_uid: from, to_uid: to, type: kind } = payload
      if (typeof from !== "string" || typeof to !== "string" || typeof kind !== "string") return []
      return type === "issue.linked" ? [link(kind, from, to, "1")] : unlinked(kind, from, to)
    }
    case "issue.links_changed":
      return Object.entries(deltas).flatMap(([member, facet]) => texts(payload[member]).map((peer) => facet(of, peer)))
    case "issue.soft_deleted":
    case "issue.restored":
      return one("deletion")
    case "issue.moved":
      return one("project")
    case "issue.metadata_updated":
      return keysOf(payload["diff"]).flatMap((key) => one("metadata", key))
    default:
      return []
  }
}

const ofRecurrence = (type: string, payload: Told["payload"]): ReadonlyArray<Facet> => {
  const of = payload["recurrence_uid"]
  if (typeof of !== "string") return []
  if (type === "recurrence.updated") {
    return keysOf(payload["diff"]).map((key) => ({ kind: "recurrence", of, key }))
  }
  return [
    type === "recurrence.deleted"
      ? { kind: "recurrence", of, key: "deleted_at" }
      : { kind: "occurrences", of, key: "" }
  ]
}

/** Whether an event only says that fields of an issue were changed, and not which: they are known by comparing, or not at all. */
export const isMute = ({ payload, type }: Pick<Told, "payload" | "type">): boolean =>
  type === "issue.updated" && named(payload).length === 0

export const touches = ({ issue, payload, project, type }: Told): ReadonlyArray<Facet> => {
  if (type.startsWith("recurrence.")) return ofRecurrence(type, payload)
  if (type === "project.metadata_updated") {
    return keysOf(payload["diff"]).map((key) => ({ kind: "project_metadata", of: project, key }))
  }
  if (type === "project.removed" || type === "project.restored") return [{ kind: "archived", of: project, key: "" }]
  return issue === null ? [] : ofIssue(type, issue, payload)
}
