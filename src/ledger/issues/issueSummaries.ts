/** What a list says of its issues beside their own columns, for a whole page of them in a constant number of statements. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { Int64, type IssueOut, type LinkPeer } from "../model.ts"
import { present } from "../omitUndefined.ts"
import { among } from "../paged.ts"
import { all } from "../query.ts"

const LabelRow = all(Schema.Struct({ issue_id: Int64, label: Schema.String }))
const ChildrenRow = all(Schema.Struct({ issue_id: Int64, open: Int64, total: Int64 }))
const PeerRow = all(Schema.Struct({
  issue_id: Int64,
  role: Schema.Literal("parent", "blocks", "blocked_by", "related"),
  uid: Schema.String,
  short_id: Schema.String,
  status: Schema.String
}))

/** Rows by their issue, in their order. */
const groups = <Row extends { readonly issue_id: bigint }>(rows: ReadonlyArray<Row>): Map<bigint, Array<Row>> => {
  const out = new Map<bigint, Array<Row>>()
  for (const row of rows) {
    const known = out.get(row.issue_id)
    if (known === undefined) out.set(row.issue_id, [row])
    else known.push(row)
  }
  return out
}

/** Nothing that is empty is listed, and no deleted issue but as a parent, as in Go kata. `detail`: also what an issue waits for. */
export const outlined = Effect.fnUntraced(function*(issues: ReadonlyArray<IssueOut>, detail = false) {
  if (issues.length === 0) return []
  const { sql } = yield* Store
  const page = yield* among(issues.map(({ id }) => id))
  const labels = groups(
    yield* LabelRow(sql`SELECT issue_id, label FROM issue_labels WHERE issue_id IN ${page} ORDER BY issue_id, label`)
  )
  const children = groups(
    yield* ChildrenRow(sql`
      SELECT l.to_issue_id AS issue_id, count(*) AS total, count(CASE WHEN c.status = 'open' THEN 1 END) AS open
      FROM links l JOIN issues c ON c.id = l.from_issue_id
      WHERE l.to_issue_id IN ${page} AND l.type = 'parent' AND c.deleted_at IS NULL GROUP BY l.to_issue_id`)
  )
  const peers = groups(
    yield* PeerRow(sql`
      SELECT l.id, l.from_issue_id AS issue_id, l.type AS role, p.uid, p.short_id, p.status
      FROM links l JOIN issues p ON p.id = l.to_issue_id WHERE l.from_issue_id IN ${page}
        AND (p.deleted_at IS NULL OR l.type = 'parent')
      UNION ALL
      SELECT l.id, l.to_issue_id, CASE l.type WHEN 'blocks' THEN 'blocked_by' ELSE l.type END, p.uid, p.short_id,
        p.status
      FROM links l JOIN issues p ON p.id = l.from_issue_id
      WHERE l.to_issue_id IN ${page} AND l.type IN ('blocks', 'related') AND p.deleted_at IS NULL
      ORDER BY 1`)
  )
  return issues.map((issue): IssueOut => {
    const linked = peers.get(issue.id) ?? []
    const those = (role: string): ReadonlyArray<LinkPeer> | undefined => {
      const found = linked.filter((peer) => peer.role === role).map(({ short_id, uid }) => ({ uid, short_id }))
      return found.length === 0 ? undefined : found
    }
    const waits = linked.filter(({ role, status }) => role === "blocked_by" && status === "open")
    const counted = children.get(issue.id)?.[0]
    return present({
      ...issue,
      labels: labels.get(issue.id)?.map(({ label }) => label),
      parent_short_id: those("parent")?.[0]?.short_id,
      child_counts: counted === undefined ? undefined : { open: counted.open, total: counted.total },
      blocks: those("blocks"),
      blocked_by: those("blocked_by"),
      related: those("related"),
      waits_for: detail && waits.length > 0 ? waits.map(({ short_id }) => short_id) : undefined
    })
  })
})
