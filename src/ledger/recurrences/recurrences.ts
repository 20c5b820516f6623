/** Recurrences: a schedule, and the template of the issues that it makes (`materialise.ts` makes them). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { actorOf, projectById } from "../lookup.ts"
import { issueRules, patched } from "../metadata/metadata.ts"
import { type Project, Recurrence, type Stored64 } from "../model.ts"
import { all, first, one, run } from "../query.ts"
import { object, RawJson, write as json } from "../RawJson.ts"
import { refuse } from "../Refused.ts"
import { nextUlid } from "../ulids.ts"
import { isBlank, labelOf, priorityOf } from "../values.ts"
import { firstDay, type Schedule } from "./occurrences.ts"

/** What a user says of the issues to come. */
export interface Template {
  readonly title?: string
  readonly body?: string
  readonly owner?: string
  readonly priority?: bigint
  readonly labels?: ReadonlyArray<string>
  readonly metadata?: RawJson
}

/** The columns that a user decides. Owner and priority are undefined for none. */
type Content =
  & Pick<
    Recurrence,
    | "rrule"
    | "dtstart"
    | "timezone"
    | "template_title"
    | "template_body"
    | "template_labels"
    | "template_metadata"
  >
  & { readonly template_owner: string | undefined; readonly template_priority: Stored64 | undefined }

const wrong = (what: string) => refuse("validation", `invalid recurrence: ${what}`)

const normalisedLabels = Effect.fnUntraced(function*(given: ReadonlyArray<string>) {
  const labels = [...new Set(given.map((label) => label.trim().toLowerCase()))].toSorted()
  for (const label of labels) yield* Effect.mapError(labelOf(label), ({ message }) => wrong(message))
  return new RawJson(json(labels))
})

/** The template over what was there before, in the form in which it is stored. */
const applied = Effect.fnUntraced(function*(before: Content, schedule: Partial<Schedule>, template: Template) {
  const { labels, metadata } = template
  yield* Effect.mapError(priorityOf(template.priority, "template_priority"), ({ message }) => wrong(message))
  if (metadata !== undefined) yield* patched(new RawJson("{}"), metadata, issueRules)
  const content: Content = {
    rrule: schedule.rrule ?? before.rrule,
    dtstart: schedule.dtstart ?? before.dtstart,
    timezone: schedule.timezone ?? before.timezone,
    template_title: template.title ?? before.template_title,
    template_body: template.body ?? before.template_body,
    template_owner: (template.owner ?? before.template_owner) || undefined,
    template_priority: template.priority ?? before.template_priority,
    template_labels: labels === undefined ? before.template_labels : yield* normalisedLabels(labels),
    template_metadata: metadata ?? before.template_metadata
  }
  if (isBlank(content.template_title)) return yield* wrong("template_title must be non-empty")
  return content
})

const scheduled = (schedule: Schedule) => Effect.mapError(firstDay(schedule), wrong)

const schedule: Schedule = { rrule: "", dtstart: "", timezone: "" }

const blank: Content = {
  ...schedule,
  template_title: "",
  template_body: "",
  template_owner: undefined,
  template_priority: undefined,
  template_labels: new RawJson("[]"),
  template_metadata: new RawJson("{}")
}

/** A new recurrence. It makes no issue: the first one is made by its user, and closing it makes the next. */
export const create = Effect.fn("Recurrences.create")(function*(
  asked: Schedule & { readonly projectId: bigint; readonly actor: string; readonly template: Template }
) {
  const { sql, write } = yield* Store
  const actor = yield* actorOf(asked.actor)
  const content = yield* applied(blank, asked, asked.template)
  // no writer waits for the search
  const first = yield* scheduled(content)
  return yield* write(Effect.gen(function*() {
    const project = yield* projectById(asked.projectId)
    const recurrence = yield* one(Recurrence)(sql`
      INSERT INTO recurrences(uid, project_id, rrule, dtstart, timezone, template_title, template_body, template_owner,
        template_priority, template_labels, template_metadata, next_occurrence_key, author)
      VALUES (${yield* nextUlid}, ${project.id}, ${content.rrule}, ${content.dtstart}, ${content.timezone},
        ${content.template_title}, ${content.template_body}, ${content.template_owner ?? null},
        ${content.template_priority ?? null}, ${content.template_labels.text}, ${content.template_metadata.text},
        ${first}, ${actor}) RETURNING *`)
    yield* append({
      project,
      type: "recurrence.created",
      actor,
      payload: {
        dtstart: recurrence.dtstart,
        recurrence_uid: recurrence.uid,
        rrule: recurrence.rrule,
        template_body: recurrence.template_body,
        template_title: recurrence.template_title,
        timezone: recurrence.timezone
      }
    })
    return recurrence
  }))
})

/** Those of a project, the newest first. */
export const list = Effect.fn("Recurrences.list")(function*(projectId: bigint) {
  const { read, sql } = yield* Store
  return yield* read(Effect.gen(function*() {
    yield* projectById(projectId)
    return yield* all(Recurrence)(sql`
      SELECT * FROM recurrences WHERE project_id = ${projectId} AND deleted_at IS NULL ORDER BY created_at DESC, id DESC`)
  }))
})

/** Which one a request names. */
export interface Named {
  readonly projectId: bigint
  readonly uid: string
}

const found = Effect.fnUntraced(function*(project: Project, uid: string) {
  const { sql } = yield* Store
  const one = yield* first(Recurrence)(
    sql`SELECT * FROM recurrences WHERE uid = ${uid.toUpperCase()} AND deleted_at IS NULL`
  )
  if (Option.isNone(one)) return yield* refuse("not_found", `recurrence ${JSON.stringify(uid)} not found`)
  if (one.value.project_id === project.id) return one.value
  return yield* refuse("not_found", `recurrence ${JSON.stringify(uid)} not in project ${project.id}`)
})

export const show = Effect.fn("Recurrences.show")(function*({ projectId, uid }: Named) {
  const { read } = yield* Store
  return yield* read(Effect.flatMap(projectById(projectId), (project) => found(project, uid)))
})

/** What differs, column by column. */
const differences = (before: Content, after: Content): ReadonlyArray<readonly [keyof Content, string]> =>
  (Object.keys(blank) as ReadonlyArray<keyof Content>).flatMap((column) => {
    const [from, to] = [json(before[column] ?? null), json(after[column] ?? null)]
    return from === to ? [] : [[column, `{"from":${from},"to":${to}}`] as const]
  })

const bound = (value: Stored64 | RawJson | undefined) => value instanceof RawJson ? value.text : value ?? null

/** Changes a recurrence that the client has seen. The next day stays what it is: the one after it comes of the new schedule. */
export const patch = Effect.fn("Recurrences.patch")(function*(
  asked: Named & Partial<Schedule> & {
    readonly actor: string
    readonly revision: bigint
    readonly template?: Template
  }
) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const actor = yield* actorOf(asked.actor)
    const project = yield* projectById(asked.projectId)
    const recurrence = yield* found(project, asked.uid)
    if (recurrence.revision !== asked.revision) {
      return yield* refuse("revision_conflict", `recurrence revision is ${recurrence.revision}`)
    }
    const { template_owner, template_priority } = recurrence
    const before: Content = { ...recurrence, template_owner, template_priority }
    const content = yield* applied(before, asked, asked.template ?? {})
    const diff = differences(before, content)
    if (diff.length === 0) return { recurrence, changed: false }
    if (diff.some(([column]) => column in schedule)) yield* scheduled(content)
    // only what changes: what is odd elsewhere in the row stays as it is stored
    const columns = Object.fromEntries(diff.map(([column]) => [column, bound(content[column])]))
    const changed = yield* one(Recurrence)(sql`
      UPDATE recurrences SET ${sql.update(columns)}, revision = revision + 1,
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${recurrence.id} RETURNING *`)
    yield* append({
      project,
      type: "recurrence.updated",
      actor,
      payload: { recurrence_uid: recurrence.uid, diff: new RawJson(object(diff)), revision_new: changed.revision }
    })
    return { recurrence: changed, changed: true }
  }))
})

/** Deletes a recurrence: it makes no more issues. Those that it made stay. */
export const remove = Effect.fn("Recurrences.remove")(function*(asked: Named & { readonly actor: string }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const actor = yield* actorOf(asked.actor)
    const project = yield* projectById(asked.projectId)
    const recurrence = yield* found(project, asked.uid)
    yield* run(sql`
      UPDATE recurrences SET deleted_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), revision = revision + 1
      WHERE id = ${recurrence.id}`)
    yield* append({
      project,
      type: "recurrence.deleted",
      actor,
      payload: { recurrence_uid: recurrence.uid }
    })
  }))
})
