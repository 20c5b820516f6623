/** The fields of an issue that have an action of their own: who has it, and how urgent it is. */
import * as Effect from "effect/Effect"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { fieldChanges } from "../events/fieldChanges.ts"
import { type Asked, subject, touched } from "../lookup.ts"
import type { Event, Issue, Project } from "../model.ts"
import { run } from "../query.ts"
import { nonBlank, priorityOf } from "../values.ts"

/** The answer of a change that writes one event, or none because nothing has changed. */
const changed = Effect.fnUntraced(function*(issue: Issue, event: Event | null) {
  return event === null
    ? { issue, event, changed: false }
    : { issue: yield* touched(issue.id), event, changed: true }
})

/** Sets or clears a priority that is known to be one; its event, unless it is that already. */
export const writePriority = Effect.fnUntraced(function*(
  project: Project,
  issue: Issue,
  priority: bigint | undefined,
  actor: string
) {
  if (issue.priority === priority) return null
  const { sql } = yield* Store
  yield* run(sql`UPDATE issues SET priority = ${priority ?? null} WHERE id = ${issue.id}`)
  return yield* append({
    project,
    issue,
    type: priority === undefined ? "issue.priority_cleared" : "issue.priority_set",
    actor,
    payload: { priority, old_priority: issue.priority }
  })
})

export const prioritise = Effect.fn("Issues.prioritise")(function*(
  asked: Asked & { readonly priority: bigint | undefined }
) {
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const priority = yield* priorityOf(asked.priority)
    return yield* changed(issue, yield* writePriority(project, issue, priority, asked.actor))
  }))
})

/** What an owner of no letters means, which an older kata may have stored. */
const nobody = ""

const writeOwner = Effect.fnUntraced(function*(project: Project, issue: Issue, owner: string, actor: string) {
  if ((issue.owner ?? nobody) === owner) return null
  const { sql } = yield* Store
  yield* run(sql`UPDATE issues SET owner = ${owner === nobody ? null : owner} WHERE id = ${issue.id}`)
  const payload = fieldChanges(issue, { owner })
  return owner === nobody
    ? yield* append({ project, issue, type: "issue.unassigned", actor, payload })
    : yield* append({ project, issue, type: "issue.assigned", actor, payload })
})

export const assign = Effect.fn("Issues.assign")(function*(asked: Asked & { readonly owner: string }) {
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const owner = yield* nonBlank("owner", asked.owner)
    return yield* changed(issue, yield* writeOwner(project, issue, owner, asked.actor))
  }))
})

export const unassign = Effect.fn("Issues.unassign")(function*(asked: Asked) {
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    return yield* changed(issue, yield* writeOwner(project, issue, nobody, asked.actor))
  }))
})
