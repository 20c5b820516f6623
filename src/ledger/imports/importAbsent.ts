/** Issues that an importer has brought before, and that its source has no more. None is deleted. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { Int64 } from "../model.ts"
import { among } from "../paged.ts"
import { all, first, one, run } from "../query.ts"
import { refuse } from "../Refused.ts"
import * as Mappings from "./importMappings.ts"
import type { Head } from "./importRow.ts"

/** What came before, but for what is deleted here or has gone elsewhere. */
const Came = Schema.Struct({
  external_id: Schema.String,
  id: Int64,
  uid: Schema.String,
  short_id: Schema.String,
  status: Schema.String
})

const Put = Schema.Struct({ label: Schema.String })

export interface Absent {
  readonly external_id: string
  readonly issue_short_id: string
  readonly done: "labeled" | "closed" | "known"
}

/** The label of what is gone, unless somebody has taken it away since. */
const labeled = Effect.fnUntraced(function*(batch: Mappings.Import, came: typeof Came.Type, label: string) {
  const { sql } = yield* Store
  const externalId = `${came.external_id}:label:${label}`
  if (Option.isSome(yield* Mappings.find(batch, "label", externalId))) return false
  const put = yield* first(Put)(sql`
    INSERT OR IGNORE INTO issue_labels(issue_id, label, author) VALUES (${came.id}, ${label}, ${batch.actor})
    RETURNING label`)
  if (Option.isNone(put)) return false
  yield* Mappings.put(batch, { type: "label", externalId, issueId: came.id, label })
  const payload = { external_id: externalId, label, source: batch.source }
  yield* Mappings.tell(batch, { issue: came, type: "issue.labeled", payload })
  return true
})

const closed = Effect.fnUntraced(function*(batch: Mappings.Import, came: typeof Came.Type) {
  const { sql } = yield* Store
  if (came.status === "closed") return false
  const now = sql.literal("strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")
  yield* run(sql`
    UPDATE issues SET status = 'closed', closed_reason = 'audit-no-change', closed_at = max(${now}, created_at),
      updated_at = max(${now}, updated_at) WHERE id = ${came.id}`)
  yield* Mappings.tell(batch, {
    issue: came,
    type: "issue.closed",
    payload: {
      reason: "audit-no-change",
      message: `${came.external_id} is no more in ${batch.source}`,
      external_id: came.external_id,
      source: batch.source
    }
  })
  return true
})

const Count = Schema.Struct({ n: Int64 })

/** Stops where what is gone has come again under other names: the source calls its issues otherwise by now. */
const refuseRenamed = Effect.fnUntraced(function*(gone: ReadonlyArray<bigint>, fresh: ReadonlyArray<bigint>) {
  const { sql } = yield* Store
  const { n } = yield* one(Count)(sql`
    SELECT count(*) AS n FROM issues o WHERE o.id IN ${yield* among(gone)} AND EXISTS (SELECT 1 FROM issues i
      WHERE i.id IN ${yield* among(fresh)} AND i.title = o.title AND i.created_at = o.created_at)`)
  if (n * 2n <= BigInt(gone.length)) return
  return yield* refuse(
    "validation",
    `invalid import: ${n} of the ${gone.length} issues that are gone have come again under other names`,
    { hint: "was the prefix of the ids changed? Then say so with --rename OLD=NEW; nothing was written" }
  )
})

/**
 * `present` came with this import, `fresh` for the first time, `others` are in the source and did not come: with whether they are deleted there. A source that has lost
 * more than half of what came before is looked at by a person first.
 */
export const settleAbsent = Effect.fnUntraced(function*(
  batch: Mappings.Import,
  head: Head,
  present: ReadonlySet<string>,
  others: ReadonlyMap<string, boolean>,
  fresh: ReadonlyArray<bigint>
) {
  const { sql } = yield* Store
  const isFresh = new Set(fresh)
  const known = yield* all(Came)(sql`
    SELECT m.external_id, i.id, i.uid, i.short_id, i.status FROM import_mappings m JOIN issues i ON i.id = m.issue_id
    WHERE m.source = ${batch.source} AND m.project_id = ${batch.project.id} AND m.object_type = 'issue'
      AND i.project_id = m.project_id AND i.deleted_at IS NULL ORDER BY m.id`)
  const came = known.filter(({ id }) => !isFresh.has(id))
  const gone = came.filter(({ external_id: id }) => !present.has(id) && others.get(id) !== false)
  const isSuspect = !head.force && came.length - gone.length < came.length / 2 &&
    gone.some(({ external_id }) => !others.has(external_id))
  if (isSuspect && fresh.length > 0) yield* refuseRenamed(gone.map(({ id }) => id), fresh)
  if (isSuspect) return { absent: [], suspect: true }
  const absent: Array<Absent> = []
  for (const lost of gone) {
    const wasLabeled = yield* labeled(batch, lost, `${head.key}-deleted`)
    const wasClosed = head.prune && (yield* closed(batch, lost))
    absent.push({
      external_id: lost.external_id,
      issue_short_id: lost.short_id,
      done: wasClosed ? "closed" : wasLabeled ? "labeled" : "known"
    })
  }
  return { absent, suspect: false }
})
