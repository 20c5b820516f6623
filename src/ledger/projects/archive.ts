/** A project that nobody works in any more: its history stays, and its name. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { actorOf } from "../lookup.ts"
import { Int64, Project } from "../model.ts"
import { first, one, run } from "../query.ts"
import { ProjectHasOpenIssues, refuse } from "../Refused.ts"

const Counts = Schema.Struct({ open_issues: Int64, alias_count: Int64 })

/** Archives a project, with its open issues only by force. Its aliases go: no workspace belongs to it any more. */
export const archive = Effect.fn("Projects.archive")(function*(wanted: {
  readonly id: bigint
  readonly actor: string
  readonly force: boolean
}) {
  const { sql, write } = yield* Store
  const { force, id } = wanted
  const actor = yield* actorOf(wanted.actor)
  return yield* write(Effect.gen(function*() {
    const found = yield* first(Project)(sql`SELECT * FROM projects WHERE id = ${id}`)
    const before = yield* Effect.mapError(found, () => refuse("project_not_found", "project not found"))
    if (before.deleted_at !== undefined) {
      return yield* refuse("project_already_archived", "project is already archived")
    }
    const { alias_count, open_issues } = yield* one(Counts)(sql`
      SELECT (SELECT count(*) FROM issues WHERE project_id = ${id} AND status = 'open' AND deleted_at IS NULL) AS open_issues,
        (SELECT count(*) FROM project_aliases WHERE project_id = ${id}) AS alias_count`)
    if (open_issues > 0n && !force) {
      return yield* new ProjectHasOpenIssues({
        message: "project has open issues",
        hint: "close or purge the open issues first, or pass force=true",
        data: { open_issues }
      })
    }
    yield* run(sql`DELETE FROM project_aliases WHERE project_id = ${id}`)
    const project = yield* one(Project)(sql`
      UPDATE projects SET deleted_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${id} RETURNING *`)
    const event = yield* append({
      project,
      type: "project.removed",
      actor,
      payload: { alias_count, open_issues, force: force ? true : undefined }
    })
    return { project, event }
  }))
})
