/** What Go kata writes into the payload of each type of event: its keys in its order, those without a value left out. */
import { text } from "./prose.ts"
import type { Random } from "./random.ts"

export interface Issue {
  readonly id: number
  readonly uid: string
  readonly shortId: string
}

/** As seen from the issue that was given it. */
export interface Link {
  readonly type: "parent" | "blocks" | "related"
  readonly peer: Issue
}

/** JSON as Go spells it. */
export const json = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const hex = (random: Random, digits: number): string => {
  let text = ""
  while (text.length < digits) text += random.next().toString(16).padStart(8, "0")
  return text.slice(0, digits)
}

/** An issue as a person or an agent files it. */
export const created = (
  random: Random,
  issue: Issue,
  said: {
    readonly labels: ReadonlyArray<string>
    readonly owner: string | null
    readonly priority: number | null
    readonly links: ReadonlyArray<Link>
  }
): string => {
  const again = random.below(4) === 0
  return json({
    labels: said.labels.length === 0 ? undefined : said.labels.toSorted(),
    links: said.links.length === 0
      ? undefined
      : said.links.map(({ peer, type }) => ({ type, to_short_id: peer.shortId, to_issue_uid: peer.uid })),
    owner: said.owner ?? undefined,
    priority: said.priority ?? undefined,
    idempotency_key: again ? `agent-run-${issue.id}` : undefined,
    idempotency_fingerprint: again ? hex(random, 64) : undefined
  })
}

export const linked = (issue: Issue, { peer, type }: Link, id: number, imported: boolean): string =>
  json({
    from_short_id: issue.shortId,
    from_uid: issue.uid,
    link_id: id,
    source: imported ? "beads" : undefined,
    to_short_id: peer.shortId,
    to_uid: peer.uid,
    type
  })

/** Of an edit that adds a link. */
export const linksChanged = ({ peer, type }: Link): string =>
  json(
    type === "parent"
      ? { parent_set: peer.shortId, parent_set_uid: peer.uid }
      : { [`${type}_added`]: [peer.shortId], [`${type}_added_uids`]: [peer.uid] }
  )

export const closed = (random: Random, reason: string, parent: Issue | undefined): string =>
  json({
    reason,
    message: random.below(4) === 0 ? undefined : text(random, 8 + random.below(30)),
    evidence: reason === "duplicate" && parent !== undefined
      ? [{ type: "duplicate-of", issue_ref: parent.shortId }]
      : reason === "audit-no-change"
      ? [{ type: "no-change-audit", rationale: text(random, 12) }]
      : reason === "done"
      ? [
        { type: "commit", sha: hex(random, 40) },
        ...(random.below(2) === 0 ? [] : [{ type: "test", command: "npm test && npm run check" }]),
        ...(random.below(3) === 0 ? [{ type: "reviewed-paths", paths: ["src/index.ts", "docs/format.md"] }] : [])
      ]
      : undefined,
    parent_uid: parent?.uid ?? "",
    parent_short_id: parent?.shortId ?? ""
  })

/** Something that happens to an issue between its first and its last day. */
export const changed = (random: Random, people: ReadonlyArray<string>): readonly [type: string, payload: string] => {
  const old = random.below(5)
  switch (random.below(8)) {
    case 0:
    case 1:
      return ["issue.updated", "{}"]
    case 2:
      return ["issue.assigned", json({ owner: random.pick(people) })]
    case 3:
      return ["issue.unassigned", "{}"]
    case 4:
      return ["issue.priority_set", json({ priority: (old + 1) % 5, old_priority: old })]
    case 5:
      return ["issue.priority_cleared", json({ old_priority: old })]
    case 6:
      return ["issue.unlabeled", json({ label: "triage" })]
    default:
      return [
        "issue.metadata_updated",
        json({
          diff: {
            checklist: {
              from: null,
              to: [{ id: random.ulid(Date.UTC(2023, 4, 6)), text: text(random, 5), done: old === 0 }]
            },
            scheduled_on: { from: null, to: "2026-05-20" }
          },
          revision_new: 2 + old
        })
      ]
  }
}
