/** An issue of an import that comes as lines, and what it was when it came before. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { members } from "../../records/json.ts"
import { canonicalTime } from "../../records/time.ts"
import { Store } from "../../store/Store.ts"
import { fieldChanges } from "../events/fieldChanges.ts"
import { Int64, maybe, Stored64 } from "../model.ts"
import { all, run } from "../query.ts"
import { object, RawJson } from "../RawJson.ts"
import { refuse } from "../Refused.ts"
import { create, type Upserted } from "./importIssues.ts"
import { type Import, put, tell } from "./importMappings.ts"
import { type Clash, merged } from "./importMerge.ts"
import { type Head, type Row, type State, stateIn } from "./importRow.ts"

const Known = Schema.Struct({
  external_id: Schema.String,
  id: Int64,
  uid: Schema.String,
  short_id: Schema.String,
  title: Schema.String,
  body: Schema.String,
  owner: maybe(Schema.String),
  priority: maybe(Int64),
  status: Schema.String,
  closed_reason: maybe(Schema.String),
  closed_at: maybe(Schema.String),
  updated_at: Schema.Unknown,
  metadata: Schema.String,
  revision: Stored64,
  gone: Int64
})

const columns = `i.id, i.uid, i.short_id, i.title, i.body, i.owner, i.priority, i.status, i.closed_reason, i.closed_at,
  i.updated_at, i.metadata, i.revision`

/** The issues that came before, by the names that they have there. */
export const findKnown = Effect.fnUntraced(function*({ project, source }: Import, rows: ReadonlyArray<Row>) {
  const { sql } = yield* Store
  const names = JSON.stringify(rows.map(({ external_id }) => external_id))
  const found = yield* all(Known)(sql`
    SELECT m.external_id, ${sql.literal(columns)}, i.deleted_at IS NOT NULL OR i.project_id <> ${project.id} AS gone
    FROM json_each(${names}) n
      CROSS JOIN import_mappings m ON m.source = ${source} AND m.external_id = n.value AND m.object_type = 'issue'
        AND m.project_id = ${project.id}
      JOIN issues i ON i.id = m.issue_id`)
  return new Map(found.map((known) => [known.external_id, known]))
})

/** An issue that was made here, went to the source, and comes back under a name that it has there. */
const findOrigin = Effect.fnUntraced(function*({ project, source }: Import, { external_id, origin }: Row) {
  if (origin === undefined) return undefined
  const { sql } = yield* Store
  const [found] = yield* all(Known)(sql`
    SELECT ${external_id} AS external_id, ${sql.literal(columns)}, i.deleted_at IS NOT NULL AS gone FROM issues i
    WHERE i.uid = ${origin.uid} AND i.project_id = ${project.id} AND NOT EXISTS (SELECT 1 FROM import_mappings m
      WHERE m.issue_id = i.id AND m.object_type = 'issue' AND m.source = ${source})`)
  return found
})

/** Metadata with the importer's key, the others as they are. */
const withState = (metadata: string, key: string, spelled: string): string =>
  object([...(members(metadata) ?? []), [key, spelled]])

const same = (a: State, { state }: Row): boolean =>
  a.hash === state.hash && JSON.stringify(a.imported) === JSON.stringify(state.imported)

const later = (stored: unknown, time: string): string => {
  const here = Option.getOrElse(canonicalTime(String(stored)), () => time)
  return here > time ? here : time
}

const hashes = (base: Option.Option<State>, { state }: Row) =>
  new RawJson(
    `{"from":${Option.match(base, { onNone: () => "null", onSome: ({ hash }) => JSON.stringify({ hash }) })},"to":${
      JSON.stringify({ hash: state.hash })
    }}`
  )

/** An issue with what belongs to it, and what was done about it. */
export interface Met extends Upserted {
  changed: boolean
  readonly clashes: ReadonlyArray<Clash>
  /** Its links are as they are named. */
  readonly isLinked?: boolean
}

const update = Effect.fnUntraced(function*(
  batch: Import,
  head: Head,
  row: Row,
  known: typeof Known.Type,
  base: Option.Option<State>
) {
  const { sql } = yield* Store
  const local = {
    ...known,
    owner: known.owner,
    priority: known.priority,
    closed_reason: known.closed_reason,
    closed_at: known.closed_at
  }
  const { clashes, closed_at, fields } = yield* merged(batch, row, local, base, head.on_conflict)
  const { body, closed_reason, owner, priority, status, title } = fields
  yield* run(sql`
    UPDATE issues SET title = ${title}, body = ${body}, status = ${status}, closed_reason = ${closed_reason ?? null},
      owner = ${owner ?? null}, priority = ${typeof priority === "bigint" ? priority : null},
      closed_at = ${closed_at ?? null}, updated_at = ${later(known.updated_at, row.updated_at)},
      metadata = ${withState(known.metadata, head.key, row.spelled)}, revision = revision + 1
    WHERE id = ${known.id}`)
  const issue = { id: known.id, uid: known.uid }
  const said = { external_id: row.external_id, source: batch.source }
  const changes = fieldChanges(known, fields)
  if (Object.keys(changes).length > 0) {
    const payload = { ...said, ...changes }
    yield* tell(batch, { issue, type: "issue.updated", payload })
  }
  yield* tell(batch, {
    issue,
    type: "issue.metadata_updated",
    payload: { diff: { [head.key]: hashes(base, row) }, ...said }
  })
  return clashes
})

const foreign = (head: Head, row: Row, shortId: string) =>
  refuse(
    "validation",
    `invalid import: the issue ${shortId} (${row.external_id}) has metadata ${
      JSON.stringify(head.key)
    } that no import ` +
      "of this version has written",
    { hint: "take that key away or keep it elsewhere, then import again; nothing was written" }
  )

/** What was made here is met as it is, unless it was changed there; then it is one that came from there, too. */
const meetOwn = Effect.fnUntraced(function*(batch: Import, head: Head, row: Row, own: typeof Known.Type) {
  const { gone, id, short_id, uid } = own
  const met = { item: row, issue: { id, uid, short_id }, status: "unchanged" as const, reasons: [], clashes: [] }
  if (gone === 1n || row.origin?.unchanged === true) {
    return { ...met, gone: gone === 1n, stale: true, changed: false } satisfies Met
  }
  yield* put(batch, { type: "issue", externalId: row.external_id, issueId: id, updatedAt: row.updated_at })
  const clashes = yield* update(batch, head, row, own, Option.none())
  return { ...met, gone: false, stale: false, changed: true, clashes } satisfies Met
})

/** The issue of a row: a new one, or the one that it became before, merged. */
export const meet = Effect.fnUntraced(
  function*(batch: Import, head: Head, row: Row, known: typeof Known.Type | undefined) {
    const own = known === undefined ? yield* findOrigin(batch, row) : undefined
    if (own !== undefined) return yield* meetOwn(batch, head, row, own)
    if (known === undefined) {
      const upserted = yield* create(batch, row, object([[head.key, row.spelled]]))
      return { ...upserted, changed: true, clashes: [] } satisfies Met
    }
    const { id, short_id, uid } = known
    const met = { item: row, issue: { id, uid, short_id }, status: "unchanged" as const, reasons: [] }
    if (known.gone === 1n) return { ...met, gone: true, stale: true, changed: false, clashes: [] } satisfies Met
    const state = stateIn(known.metadata, head.key)
    if (Option.isSome(state) && Option.isNone(state.value)) return yield* foreign(head, row, short_id)
    const base = Option.flatten(state)
    const here = { ...met, gone: false, stale: false }
    if (Option.exists(base, (old) => same(old, row))) return { ...here, changed: false, clashes: [] } satisfies Met
    return { ...here, changed: true, clashes: yield* update(batch, head, row, known, base) } satisfies Met
  }
)
