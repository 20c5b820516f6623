/** Rows that wait until there are many of them: one statement for a thousand costs a tenth of a thousand statements. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { type NewEvent, recordAll } from "../events/events.ts"
import { Int64 } from "../model.ts"
import { all, run } from "../query.ts"

export type Type = "issue" | "comment" | "label" | "link"

/** What comes to be known by a name. */
export interface NewMapping {
  readonly type: Type
  readonly externalId: string
  readonly issueId: bigint
  readonly commentId?: bigint
  readonly linkId?: bigint
  readonly label?: string
  readonly updatedAt?: string
}

interface NewLabel {
  readonly issueId: bigint
  readonly label: string
  readonly createdAt: string
}

type End = { readonly id: bigint; readonly uid: string }

/** A link that is known to be new, and what is to be done when it has its number. */
export interface NewLink {
  readonly type: string
  readonly from: End
  readonly to: End
  readonly createdAt: string
  readonly made: (id: bigint) => void
}

/** What an import has still to write. What is asked of the tables meanwhile must not be about these. */
export class Pending {
  readonly mappings: Array<NewMapping> = []
  readonly events: Array<NewEvent> = []
  readonly labels: Array<NewLabel> = []
  readonly links: Array<NewLink> = []

  get size(): number {
    return this.mappings.length + this.events.length + this.labels.length + this.links.length
  }
}

const enough = 2000

/** JSON of rows; a bigint is its digits. */
const json = (rows: ReadonlyArray<ReadonlyArray<string | bigint | null>>): string =>
  `[${
    rows.map((row) =>
      `[${row.map((cell) => typeof cell === "string" ? JSON.stringify(cell) : String(cell)).join(",")}]`
    )
      .join(",")
  }]`

const MadeLink = Schema.Struct({ id: Int64, from: Int64, to: Int64, type: Schema.String })

/** For whom it is written. */
interface For {
  readonly project: { readonly id: bigint }
  readonly source: string
  readonly actor: string
  readonly pending?: Pending
}

const keyOf = (type: string, from: bigint, to: bigint) => `${type} ${from} ${to}`

const links = Effect.fnUntraced(function*({ actor, project }: For, fresh: ReadonlyArray<NewLink>) {
  if (fresh.length === 0) return
  const { sql } = yield* Store
  const rows = json(fresh.map(({ createdAt, from, to, type }) => [from.id, to.id, from.uid, to.uid, type, createdAt]))
  const made = yield* all(MadeLink)(sql`
    INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author, created_at)
    SELECT ${project.id}, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, ${actor}, value ->> 5
    FROM json_each(${rows}) RETURNING id, from_issue_id AS "from", to_issue_id AS "to", type`)
  const ids = new Map(made.map(({ from, id, to, type }) => [keyOf(type, from, to), id]))
  for (const { from, made, to, type } of fresh) made(ids.get(keyOf(type, from.id, to.id))!)
})

const labels = Effect.fnUntraced(function*({ actor }: For, fresh: ReadonlyArray<NewLabel>) {
  if (fresh.length === 0) return
  const { sql } = yield* Store
  yield* run(sql`
    INSERT INTO issue_labels(issue_id, label, author, created_at)
    SELECT value ->> 0, value ->> 1, ${actor}, value ->> 2
    FROM json_each(${json(fresh.map(({ createdAt, issueId, label }) => [issueId, label, createdAt]))})`)
})

const mappings = Effect.fnUntraced(function*({ project, source }: For, fresh: ReadonlyArray<NewMapping>) {
  if (fresh.length === 0) return
  const { sql } = yield* Store
  const rows = json(
    fresh.map(({ commentId = null, externalId, issueId, label = null, linkId = null, type, updatedAt = null }) => [
      externalId,
      type,
      issueId,
      commentId,
      linkId,
      label,
      updatedAt
    ])
  )
  yield* run(sql`
    INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id, link_id, label, source_updated_at)
    SELECT ${source}, value ->> 0, value ->> 1, ${project.id}, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
    FROM json_each(${rows})`)
})

/** Writes what waits. */
export const flush = Effect.fnUntraced(function*(batch: For) {
  const { pending } = batch
  if (pending === undefined || pending.size === 0) return
  yield* links(batch, pending.links.splice(0))
  yield* labels(batch, pending.labels.splice(0))
  yield* mappings(batch, pending.mappings.splice(0))
  yield* recordAll(pending.events.splice(0))
})

/** The same once there is enough. */
export const flushSome = (batch: For) => (batch.pending?.size ?? 0) < enough ? Effect.void : flush(batch)
