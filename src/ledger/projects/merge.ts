/** Two projects become one. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { ordinary } from "../lookup.ts"
import { Int64, Project } from "../model.ts"
import { all, first, one, run } from "../query.ts"
import { MergeMappingCollision, refuse } from "../Refused.ts"
import { freeShortId } from "../shortId.ts"
import { projectName } from "./projectName.ts"
import { free, setName } from "./projects.ts"

const Mapping = Schema.Struct({ Source: Schema.String, ExternalID: Schema.String, ObjectType: Schema.String })
const Same = Schema.Struct({ id: Int64, uid: Schema.String, short_id: Schema.String })

const participant = Effect.fnUntraced(function*(id: bigint, role: "source" | "target") {
  const { sql } = yield* Store
  const found = yield* first(Project)(sql`SELECT * FROM projects WHERE id = ${id}`)
  const project = yield* Effect.mapError(found, () => refuse("project_not_found", "project not found"))
  yield* ordinary(project)
  return project.deleted_at === undefined
    ? project
    : yield* refuse(`project_merge_archived_${role}`, `${role} project is archived`)
})

/** What one importer has brought into both: the next import could not know which of the two it means. */
const noCollision = Effect.fnUntraced(function*(source: bigint, target: bigint) {
  const { sql } = yield* Store
  const mappings = yield* all(Mapping)(sql`
    SELECT s.source AS Source, s.external_id AS ExternalID, s.object_type AS ObjectType
    FROM import_mappings s JOIN import_mappings t USING (source, external_id, object_type)
    WHERE s.project_id = ${source} AND t.project_id = ${target} ORDER BY s.id`)
  if (mappings.length === 0) return
  return yield* new MergeMappingCollision({
    message: "source and target have overlapping import mappings",
    hint: "resolve import mapping collisions before merging",
    data: { mappings }
  })
})

/** Issues of the source whose short id stands for something in the target get a longer one; those of the target keep theirs. */
const extendShortIds = Effect.fnUntraced(function*(source: bigint, target: bigint) {
  const { sql } = yield* Store
  const taken = yield* all(Same)(sql`
    SELECT id, uid, short_id FROM issues s WHERE project_id = ${source} AND (
      EXISTS (SELECT 1 FROM issues WHERE project_id = ${target} AND short_id = s.short_id)
      OR EXISTS (SELECT 1 FROM purge_log WHERE project_id = ${target} AND short_id = s.short_id)) ORDER BY uid`)
  return yield* Effect.forEach(taken, ({ id, short_id, uid }) =>
    Effect.gen(function*() {
      const longer = yield* freeShortId(uid, [source, target], short_id.length + 1)
      yield* run(sql`UPDATE issues SET short_id = ${longer} WHERE id = ${id}`)
      return { uid, pre_merge_short_id: short_id, post_merge_short_id: longer }
    }))
})

/** What was moved; short ids that have grown, if any. */
export interface Merged {
  readonly source: Project
  readonly target: Project
  readonly issues_moved: bigint
  readonly aliases_moved: bigint
  readonly events_moved: bigint
  readonly purge_logs_moved: bigint
  readonly short_id_extensions?: Effect.Effect.Success<ReturnType<typeof extendShortIds>>
}

/** Ends a transaction of which nothing is to stay. */
class Planned extends Data.TaggedError("Planned")<{ readonly merged: Merged }> {}

/**
 * Moves all that the source has into the target, and the source is no more. Unlike in the older kata its recurrences move too: there they
 * were deleted with it. It writes no event.
 * `dryRun` says what would be moved: it is done, and taken back.
 */
export const merge = Effect.fn("Projects.merge")(function*(wanted: {
  readonly source: bigint
  readonly target: bigint
  readonly name?: string | undefined
  readonly dryRun?: boolean | undefined
}) {
  const { sql, write } = yield* Store
  if (wanted.source === wanted.target) {
    return yield* refuse("validation", "cannot merge a project into itself")
  }
  const name = (wanted.name ?? "").trim() === "" ? undefined : yield* projectName(wanted.name ?? "")
  const merging = Effect.gen(function*() {
    const source = yield* participant(wanted.source, "source")
    const before = yield* participant(wanted.target, "target")
    if (name !== undefined) yield* free(name, before.id, source.id)
    yield* noCollision(source.id, before.id)
    const extensions = yield* extendShortIds(source.id, before.id)
    const moved = Effect.fnUntraced(function*(table: string, also = sql.literal("")) {
      yield* run(sql`
        UPDATE ${sql.literal(table)} SET project_id = ${before.id}${also} WHERE project_id = ${source.id}`)
      return (yield* one(Schema.Struct({ n: Int64 }))(sql`SELECT changes() AS n`)).n
    })
    const renamed = sql`, project_name = ${name ?? before.name}`
    const issues = yield* moved("issues")
    yield* moved("links")
    yield* moved("recurrences")
    yield* moved("import_mappings")
    const aliases = yield* moved("project_aliases")
    const events = yield* moved("events", renamed)
    const purges = yield* moved("purge_log", renamed)
    yield* run(sql`DELETE FROM projects WHERE id = ${source.id}`)
    return {
      source,
      target: name === undefined ? before : yield* setName(before.id, name),
      issues_moved: issues,
      aliases_moved: aliases,
      events_moved: events,
      purge_logs_moved: purges,
      ...(extensions.length === 0 ? {} : { short_id_extensions: extensions })
    } satisfies Merged
  })
  if (wanted.dryRun !== true) return yield* write(merging)
  // what has failed is rolled back
  const outcome = yield* Effect.either(write(Effect.flatMap(merging, (merged) => new Planned({ merged }))))
  if (Either.isRight(outcome)) return outcome.right
  return outcome.left._tag === "Planned" ? outcome.left.merged : yield* outcome.left
})
