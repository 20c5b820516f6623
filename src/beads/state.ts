/** The metadata that an import owns: all that a record says and no field of an issue holds, as it is spelled, and what the next import asks for. */
import type { BeadsRecord } from "./record.ts"
import { canonical, canonicalSet, digestOf } from "./text.ts"

/** The key of the metadata of an issue. */
export const stateKey = "beads"

/** Members with a name of their own; every other one is in `extra`. */
const own = [
  "id",
  "status",
  "priority",
  "assignee",
  "owner",
  "close_reason",
  "created_at",
  "updated_at",
  "closed_at",
  "design",
  "acceptance_criteria",
  "notes",
  "spec_id",
  "estimated_minutes",
  "started_at",
  "due_at",
  "defer_until",
  "external_ref",
  "metadata"
] as const

/** What is in the issue itself, is counted, or says only what kind of line it was. */
const elsewhere = new Set([
  "_type",
  "title",
  "description",
  "labels",
  "dependencies",
  "comments",
  "dependency_count",
  "dependent_count",
  "comment_count"
])

/** Members that say nothing of the record itself: who reads it again later may get them otherwise. */
const unhashed = new Set([
  "_type",
  "comments",
  "dependency_count",
  "dependent_count",
  "comment_count",
  "labels",
  "dependencies"
])

const object = (members: ReadonlyArray<readonly [string, string]>): string =>
  `{${members.map(([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(",")}}`

/** Of all that a record says, but for the order of its labels and edges. */
export const hashOf = (record: BeadsRecord): string =>
  digestOf(canonical(object([
    ...[...record.members].filter(([key]) => !unhashed.has(key)),
    ["labels", canonicalSet(record.labels.map((label) => JSON.stringify(label)))],
    ["dependencies", canonicalSet(record.dependencies.map(({ spelled }) => spelled))]
  ])))

export interface Imported {
  readonly title: string
  readonly body: string
  readonly status: string
  readonly reason: string | undefined
  readonly owner: string | undefined
  readonly priority: number | undefined
}

/** Version 1, as JSON. `cut`: the parent whose edge has no link, since it would close a circle. */
export const stateOf = (record: BeadsRecord, imported: Imported, cut?: string): string => {
  const { members } = record
  const { body, owner, priority, reason, status, title } = imported
  const kept = own.flatMap((key) => {
    const raw = members.get(key)
    return raw === undefined ? [] : [[key, raw] as const]
  })
  const type = members.get("issue_type")
  const extra = [...members].filter(([key]) =>
    key !== "issue_type" && !elsewhere.has(key) && !own.some((one) => one === key)
  )
  // a title that was replaced, or one that the row cannot hold
  const said = record.title === title || !members.has("title") ? [] : [["title", members.get("title")!] as const]
  return object([
    ["v", "1"],
    ...kept,
    ...(type === undefined ? [] : [["type", type] as const]),
    ["labels", `[${record.labels.map((label) => JSON.stringify(label)).join(",")}]`],
    ["deps", `[${record.dependencies.map(({ spelled }) => spelled).join(",")}]`],
    ...(cut === undefined ? [] : [["cut", JSON.stringify(cut)] as const]),
    ...([...extra, ...said].length === 0 ? [] : [["extra", object([...extra, ...said])] as const]),
    ["hash", JSON.stringify(hashOf(record))],
    ["title_hash", JSON.stringify(digestOf(title))],
    ["body_hash", JSON.stringify(digestOf(body))],
    ["imported", JSON.stringify({ status, closed_reason: reason, owner, priority })]
  ])
}
