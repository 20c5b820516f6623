/** The metadata of a project, changed key by key. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { actorOf, projectById } from "../lookup.ts"
import { patched, projectRules } from "../metadata/metadata.ts"
import { Project } from "../model.ts"
import { one } from "../query.ts"
import type { RawJson } from "../RawJson.ts"
import { refuse } from "../Refused.ts"

/** Changes what the project of that revision has. A patch that changes nothing leaves the revision, and no event. */
export const patchMetadata = Effect.fn("Projects.patchMetadata")(function*(wanted: {
  readonly id: bigint
  readonly actor: string
  readonly revision: bigint
  readonly patch: RawJson
}) {
  const { sql, write } = yield* Store
  const actor = yield* actorOf(wanted.actor)
  return yield* write(Effect.gen(function*() {
    const before = yield* projectById(wanted.id)
    if (before.revision !== wanted.revision) {
      return yield* refuse("revision_conflict", `project revision is ${before.revision}`)
    }
    const change = yield* patched(before.metadata, wanted.patch, projectRules)
    if (Option.isNone(change)) return { project: before, changed: false }
    const { diff, metadata } = change.value
    const project = yield* one(Project)(sql`
      UPDATE projects SET metadata = ${metadata}, revision = revision + 1 WHERE id = ${before.id} RETURNING *`)
    const event = yield* append({
      project,
      type: "project.metadata_updated",
      actor,
      payload: { diff, revision_new: project.revision }
    })
    return { project, event, changed: true }
  }))
})
