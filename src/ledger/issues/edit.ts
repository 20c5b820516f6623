/** Fields, priority and links of an issue changed in one go: all of it, or nothing. */
import * as Effect from "effect/Effect"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { fieldChanges } from "../events/fieldChanges.ts"
import { asksNothing, changeLinks, type LinksDelta } from "../links/linksDelta.ts"
import { type Asked as Subject, subject, touched } from "../lookup.ts"
import type { Issue, Project } from "../model.ts"
import { present } from "../omitUndefined.ts"
import { run } from "../query.ts"
import { refuse } from "../Refused.ts"
import { nonBlank, priorityOf } from "../values.ts"
import { writePriority } from "./assignment.ts"

/** What is undefined stays as it is. */
export interface Asked extends Subject {
  readonly title: string | undefined
  readonly body: string | undefined
  /** An empty one is none. */
  readonly owner: string | undefined
  readonly setPriority: bigint | undefined
  readonly clearPriority: boolean
  readonly links: LinksDelta
}

const sensible = Effect.fnUntraced(function*(asked: Asked) {
  const { body, clearPriority, links, owner, setPriority, title } = asked
  if ([title, body, owner, setPriority].every((one) => one === undefined) && !clearPriority && asksNothing(links)) {
    return yield* refuse("validation", "no fields to update", {
      hint: "pass at least one of title, body, owner, set_priority, clear_priority, or links_delta"
    })
  }
  if (setPriority !== undefined && clearPriority) {
    return yield* refuse("validation", "cannot set_priority and clear_priority in the same call", {
      hint: "choose one"
    })
  }
  yield* priorityOf(setPriority)
  if (links.set_parent !== undefined && links.remove_parent !== undefined) {
    return yield* refuse("validation", "links_delta cannot set_parent and remove_parent in the same call", {
      hint: "choose one"
    })
  }
  if (title !== undefined) yield* nonBlank("title", title)
})

/** Writes title, body and owner; the event, unless they are that already. */
const writeFields = Effect.fnUntraced(function*(project: Project, issue: Issue, asked: Asked) {
  const { sql } = yield* Store
  const { body = issue.body, owner = issue.owner ?? "", title = issue.title } = asked
  if (title === issue.title && body === issue.body && owner === (issue.owner ?? "")) return null
  // what was not asked for stays as it is stored, odd or not
  yield* run(sql`
    UPDATE issues SET title = coalesce(${asked.title ?? null}, title), body = coalesce(${asked.body ?? null}, body),
      owner = ${asked.owner === undefined ? sql`owner` : asked.owner || null}
    WHERE id = ${issue.id}`)
  const payload = fieldChanges(issue, { title, body, owner })
  return yield* append({ project, issue, type: "issue.updated", actor: asked.actor, payload })
})

/** Up to three events; `event` is the last of them. */
export const edit = Effect.fn("Issues.edit")(function*(asked: Asked) {
  yield* sensible(asked)
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const updated = yield* writeFields(project, issue, asked)
    const prioritised = asked.setPriority === undefined && !asked.clearPriority
      ? null
      : yield* writePriority(project, issue, asked.setPriority, asked.actor)
    const linked = asksNothing(asked.links) ? undefined : yield* changeLinks(project, issue, asked.links, asked.actor)
    const events = [updated, prioritised, linked?.event ?? null].filter((event) => event !== null)
    const changed = events.length > 0
    return {
      issue: changed ? yield* touched(issue.id) : issue,
      event: events.at(-1) ?? null,
      ...present({ events: changed ? events : undefined }),
      changed,
      ...present({ changes: linked?.changes })
    }
  }))
})
