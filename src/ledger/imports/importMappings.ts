/** What an importer has brought, by the name that it has there. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { canonicalTime } from "../../records/time.ts"
import type { StorageFailure } from "../../store/StorageFailure.ts"
import { Store } from "../../store/Store.ts"
import { type NewEvent, record } from "../events/events.ts"
import { Int64, type Project } from "../model.ts"
import { all, first, run } from "../query.ts"
import type { NewMapping, Pending, Type } from "./importPending.ts"

/** One import: for whom, from where, into what. */
export interface Import {
  readonly project: Project
  readonly source: string
  readonly actor: string
  /** Links that go round in the source come as they are; else the one that would close the circle is left out. */
  readonly takesCircles?: boolean
  /** What the source has changed in the text of a comment is changed here. */
  readonly rewrites?: boolean
  /** Rows that may wait. */
  readonly pending?: Pending
  /** Links of which the importer has given up one name, and which may get another. */
  readonly released?: Set<bigint>
}

const Mapping = Schema.Struct({
  id: Int64,
  external_id: Schema.String,
  issue_id: Schema.NullOr(Int64),
  link_id: Schema.NullOr(Int64),
  comment_id: Schema.NullOr(Int64),
  label: Schema.NullOr(Schema.String),
  source_updated_at: Schema.Unknown
})
export type Mapping = typeof Mapping.Type

const columns = "id, external_id, issue_id, link_id, comment_id, label, source_updated_at"

export const find = Effect.fnUntraced(function*({ project, source }: Import, type: Type, externalId: string) {
  const { sql } = yield* Store
  return yield* first(Mapping)(sql`
    SELECT ${sql.literal(columns)} FROM import_mappings
    WHERE source = ${source} AND external_id = ${externalId} AND object_type = ${type} AND project_id = ${project.id}`)
})

const Owned = Schema.Struct({ ...Mapping.fields, object_type: Schema.String })

/** The labels and links that an importer owns of some issues, by the numbers of the issues. */
export const ownedByAll = Effect.fnUntraced(function*({ source }: Import, issues: ReadonlyArray<bigint>) {
  const { sql } = yield* Store
  const owned = yield* all(Owned)(sql`
    SELECT m.id, m.external_id, m.issue_id, m.link_id, m.comment_id, m.label, m.source_updated_at, m.object_type
    FROM json_each(${`[${issues.join(",")}]`}) n CROSS JOIN import_mappings m ON m.issue_id = n.value
    WHERE m.source = ${source} AND m.object_type IN ('label', 'link') ORDER BY m.id`)
  return Map.groupBy(owned, ({ issue_id, object_type }) => `${object_type} ${issue_id}`)
})

/** What the importer owns of an issue, in the order in which it came. */
export const ownedBy = Effect.fnUntraced(function*({ source }: Import, type: Type, issueId: bigint) {
  const { sql } = yield* Store
  return yield* all(Mapping)(sql`
    SELECT ${sql.literal(columns)} FROM import_mappings
    WHERE issue_id = ${issueId} AND object_type = ${type} AND source = ${source} ORDER BY id`)
})

export const put = ({ pending, project, source }: Import, mapping: NewMapping) =>
  pending !== undefined ?
    Effect.sync(() => void pending.mappings.push(mapping)) :
    Effect.flatMap(Store, ({ sql }) =>
      run(sql`
    INSERT INTO import_mappings(source, external_id, object_type, project_id, issue_id, comment_id, link_id, label, source_updated_at)
    VALUES (${source}, ${mapping.externalId}, ${mapping.type}, ${project.id}, ${mapping.issueId},
      ${mapping.commentId ?? null}, ${mapping.linkId ?? null}, ${mapping.label ?? null}, ${
        mapping.updatedAt ?? null
      })`))

/** Writes an event of the import. */
export const tell = (
  { actor, pending, project }: Import,
  event: Pick<NewEvent, "issue" | "related" | "type" | "payload">
): Effect.Effect<void, StorageFailure, Store> => {
  const whole = { project, actor, ...event }
  return pending === undefined ? Effect.asVoid(record(whole)) : Effect.sync(() => void pending.events.push(whole))
}

export const drop = Effect.fnUntraced(function*({ id }: Mapping) {
  const { sql } = yield* Store
  yield* run(sql`DELETE FROM import_mappings WHERE id = ${id}`)
})

/** The source has another name for it by now. */
export const rename = Effect.fnUntraced(function*({ id }: Pick<Mapping, "id">, externalId: string) {
  const { sql } = yield* Store
  yield* run(sql`UPDATE import_mappings SET external_id = ${externalId} WHERE id = ${id}`)
})

/** The source has changed it at that time. */
export const seen = Effect.fnUntraced(function*({ id }: Pick<Mapping, "id">, updatedAt: string) {
  const { sql } = yield* Store
  yield* run(sql`
    UPDATE import_mappings SET source_updated_at = ${updatedAt}, imported_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = ${id}`)
})

/** Whether the source has since delivered a later state. What is stored may be of any notation. */
export const isStale = (mapping: Mapping, updatedAt: string): boolean => {
  const stored = canonicalTime(String(mapping.source_updated_at))
  return Option.isSome(stored) && stored.value > updatedAt
}
