/** Moving an issue to another project, and changing its metadata: what a client may do only to the revision that it has seen. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, ordinary, subject, touched } from "../lookup.ts"
import { issueRules, patched } from "../metadata/metadata.ts"
import { type Event, Int64, type Issue, Project } from "../model.ts"
import { all, first, run } from "../query.ts"
import type { RawJson } from "../RawJson.ts"
import { CrossProjectLinks, refuse } from "../Refused.ts"
import { freeShortId } from "../shortId.ts"

interface Seen extends Asked {
  /** The revision that the client has seen. */
  readonly revision: bigint
}

const unseen = (issue: Issue, revision: bigint) =>
  issue.revision === revision
    ? Effect.void
    : refuse("revision_conflict", `issue revision is ${issue.revision}`)

const firstProject = first(Project)
const blockers = all(Schema.Struct({ link_id: Int64, peer_uid: Schema.String, type: Schema.String }))

/** Nothing may stay behind that belongs to the issue. */
const movable = Effect.fnUntraced(function*(issue: Issue) {
  const { sql } = yield* Store
  if (issue.recurrence_id !== undefined) {
    return yield* refuse("recurrence_pinned", "cannot move: the issue is an occurrence of a recurrence of its project")
  }
  const links = yield* blockers(sql`
    SELECT id AS link_id, type, CASE from_issue_id WHEN ${issue.id} THEN to_issue_uid ELSE from_issue_uid END AS peer_uid
    FROM links WHERE from_issue_id = ${issue.id} OR to_issue_id = ${issue.id} ORDER BY id`)
  if (links.length > 0) {
    return yield* new CrossProjectLinks({
      message: `cannot move: ${links.length} cross-project link(s) anchored in source project`,
      hint: "remove the cross-project links before moving",
      data: { blockers: links }
    })
  }
})

/** What an importer knows the issue by goes with it; where the target knows something else by that name, the target is right. */
const rehome = Effect.fnUntraced(function*(issue: Issue, target: Project) {
  const { sql } = yield* Store
  const own = sql`project_id = ${issue.project_id} AND (issue_id = ${issue.id}
    OR comment_id IN (SELECT id FROM comments WHERE issue_id = ${issue.id}))`
  yield* run(sql`
    DELETE FROM import_mappings WHERE ${own} AND EXISTS (SELECT 1 FROM import_mappings there
      WHERE there.project_id = ${target.id} AND there.source = import_mappings.source
        AND there.external_id = import_mappings.external_id AND there.object_type = import_mappings.object_type)`)
  yield* run(sql`UPDATE import_mappings SET project_id = ${target.id} WHERE ${own}`)
})

/** Moves an issue. Its events stay where they happened; one more, in the new project, records the move. */
export const move = Effect.fn("Issues.move")(function*(asked: Seen & { readonly toProjectUid: string }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const found = yield* firstProject(
      sql`SELECT * FROM projects WHERE uid = ${asked.toProjectUid.toUpperCase()} AND deleted_at IS NULL`
    )
    const target = yield* Effect.mapError(found, () => refuse("project_not_found", "project not found"))
    yield* Effect.zipRight(ordinary(project), ordinary(target))
    if (target.id === project.id) {
      return yield* refuse("same_project", "to_project_uid resolves to the issue's current project")
    }
    yield* unseen(issue, asked.revision)
    yield* movable(issue)
    const shortId = yield* freeShortId(issue.uid, [target.id])
    yield* run(sql`
      UPDATE issues SET project_id = ${target.id}, short_id = ${shortId}, revision = revision + 1 WHERE id = ${issue.id}`)
    yield* rehome(issue, target)
    const moved = yield* touched(issue.id)
    const event = yield* append({
      project: target,
      issue,
      type: "issue.moved",
      actor: asked.actor,
      payload: {
        from_project_uid: project.uid,
        from_short_id: issue.short_id,
        issue_uid: issue.uid,
        to_project_uid: target.uid,
        to_short_id: shortId
      }
    })
    return { issue: moved, event_id: event.id, new_short_id: shortId, changed: true }
  }))
})

/** Changes metadata key by key. */
export const setMetadata = Effect.fn("Issues.setMetadata")(function*(asked: Seen & { readonly patch: RawJson }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    yield* unseen(issue, asked.revision)
    const change = yield* patched(issue.metadata, asked.patch, issueRules)
    if (Option.isNone(change)) return { issue, changed: false } satisfies MetadataChange
    const { diff, metadata } = change.value
    yield* run(sql`UPDATE issues SET metadata = ${metadata}, revision = revision + 1 WHERE id = ${issue.id}`)
    const now = yield* touched(issue.id)
    const event = yield* append({
      project,
      issue,
      type: "issue.metadata_updated",
      actor: asked.actor,
      payload: { diff, revision_new: now.revision }
    })
    return { issue: now, event, changed: true } satisfies MetadataChange
  }))
})

export interface MetadataChange {
  readonly issue: Issue
  readonly event?: Event
  readonly changed: boolean
}
