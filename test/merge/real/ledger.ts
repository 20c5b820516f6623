/** Deeds of the model, done to a real database by the operations of the ledger. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Item } from "../../../src/ledger/imports/importBatch.ts"
import { importBatch } from "../../../src/ledger/imports/imports.ts"
import { close } from "../../../src/ledger/issues/close.ts"
import { create } from "../../../src/ledger/issues/create.ts"
import * as Links from "../../../src/ledger/links/links.ts"
import { detach } from "../../../src/ledger/projects/aliases.ts"
import { archive } from "../../../src/ledger/projects/archive.ts"
import { init } from "../../../src/ledger/projects/bindings.ts"
import { merge as mergeProjects } from "../../../src/ledger/projects/merge.ts"
import { patchMetadata } from "../../../src/ledger/projects/projectMetadata.ts"
import { rename } from "../../../src/ledger/projects/projects.ts"
import { first, run } from "../../../src/ledger/query.ts"
import { RawJson } from "../../../src/ledger/RawJson.ts"
import * as Recurrences from "../../../src/ledger/recurrences/recurrences.ts"
import { Store } from "../../../src/store/Store.ts"
import type { Deed } from "../model/deeds.ts"
import { dayOf, rules, timeOf } from "./names.ts"
import { type Context, type Do, onIssue, subject } from "./onIssue.ts"

const IdRow = Schema.Struct({ id: Schema.BigIntFromSelf })
const Named = Schema.Struct({ id: Schema.BigIntFromSelf, name: Schema.String, revision: Schema.BigIntFromSelf })

const projectOf = Effect.fnUntraced(function*(uid: string) {
  const { read, sql } = yield* Store
  return yield* Effect.flatten(read(first(Named)(sql`SELECT id, name, revision FROM projects WHERE uid = ${uid}`)))
})

const freeName = Effect.fnUntraced(function*(wanted: string, k: number) {
  const { read, sql } = yield* Store
  const taken = yield* read(first(IdRow)(sql`SELECT id FROM projects WHERE name = ${wanted}`))
  return taken._tag === "None" ? wanted : `${wanted}.${k}`
})

const imports = (context: Context, projectId: bigint, item: Omit<Item, "author" | "created_at">) =>
  importBatch({
    projectId,
    actor: context.actor,
    source: "beads",
    items: [{ author: "ext", created_at: timeOf(0), ...item }]
  })

const unchanged = { title: "t0", body: "b0", status: "open" } as const

const importChange = Effect.fnUntraced(function*(context: Context, { after, issue, item }: Do<"import a change">) {
  const { projectId } = yield* subject(context, issue)
  const { body, closedAt, owner, priority, status, title } = after
  yield* imports(context, projectId, {
    external_id: item,
    title,
    body,
    status: status === "open" ? "open" : "closed",
    updated_at: context.now,
    ...(status === "open" ? {} : { closed_reason: "done" as const, closed_at: timeOf(closedAt ?? 0) }),
    ...(owner === null ? {} : { owner }),
    ...(priority === null ? {} : { priority: BigInt(priority) })
  })
})

/** An old time: it says nothing new of the issue. */
const importComment = Effect.fnUntraced(function*(context: Context, deed: Do<"import a comment">) {
  const { external, issue, item } = deed
  const { projectId } = yield* subject(context, issue)
  const comment = {
    external_id: `${item}-${issue}-${external}`,
    author: "ext",
    body: external,
    created_at: timeOf(7)
  }
  yield* imports(context, projectId, { ...unchanged, external_id: item, updated_at: timeOf(0), comments: [comment] })
})

const makeRecurrence = Effect.fnUntraced(function*(context: Context, deed: Do<"make a recurrence">) {
  const { sql, write } = yield* Store
  const { actor, names } = context
  const { id: projectId } = yield* projectOf(names.real(deed.project))
  const recurrence = yield* Recurrences.create({
    projectId,
    actor,
    rrule: rules["w"] ?? "",
    dtstart: dayOf(1),
    timezone: "UTC",
    template: { title: "t0", body: "b0" }
  })
  const { issue } = yield* create({ ...blank, projectId, actor })
  // no operation makes the first occurrence
  yield* write(run(sql`
    UPDATE issues SET recurrence_id = ${recurrence.id}, occurrence_key = ${dayOf(1)} WHERE id = ${issue.id}`))
})

const blank = {
  title: "t0",
  body: "b0",
  owner: "",
  priority: undefined,
  labels: [],
  links: [],
  forceNew: true,
  idempotencyKey: ""
}

const changeRecurrence = Effect.fnUntraced(function*(context: Context, deed: Do<"change a recurrence">) {
  const { read, sql } = yield* Store
  const uid = context.names.real(deed.recurrence)
  const { project_id, revision } = yield* Effect.flatten(read(
    first(Schema.Struct({
      project_id: Schema.BigIntFromSelf,
      revision: Schema.BigIntFromSelf
    }))(sql`SELECT project_id, revision FROM recurrences WHERE uid = ${uid}`)
  ))
  const change = deed.field === "rule" ? { rrule: rules[deed.value] ?? "" } : { template: { title: deed.value } }
  yield* Recurrences.patch({ projectId: project_id, uid, actor: context.actor, revision, ...change })
})

const deleteRecurrence = Effect.fnUntraced(function*({ actor, names }: Context, deed: Do<"delete a recurrence">) {
  const { read, sql } = yield* Store
  const uid = names.real(deed.recurrence)
  const { id } = yield* Effect.flatten(
    read(first(IdRow)(sql`SELECT project_id AS id FROM recurrences WHERE uid = ${uid}`))
  )
  yield* Recurrences.remove({ projectId: id, uid, actor })
})

const closing = Effect.fnUntraced(function*(context: Context, deed: Do<"close">) {
  const message = "looked at it twice with everybody who was there, and it is not worth the time that it would take"
  const how = deed.reason === "done" ? { source: "tui", reason: "done" } : { reason: deed.reason, message }
  yield* close({ ...yield* subject(context, deed.issue), ...how }, { enabled: false, window: 1 })
})

/** As older katas did, which looked for no circles. */
const linkAnyway = Effect.fnUntraced(function*(context: Context, { issue, link }: Do<"link">, event: string) {
  const { instanceUid, sql, write } = yield* Store
  const [type, ...ends] = link
  const [from = "", to = ""] = ends.map((end) => context.names.real(end))
  const instance = yield* instanceUid
  const other = from === context.names.real(issue) ? to : from
  const id = (uid: string) => sql`(SELECT id FROM issues WHERE uid = ${uid})`
  const project = sql`(SELECT project_id FROM issues WHERE uid = ${from})`
  yield* write(Effect.gen(function*() {
    yield* run(sql`
      INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
      VALUES (${project}, ${id(from)}, ${id(to)}, ${from}, ${to}, ${type}, ${context.actor})`)
    const payload = JSON.stringify({ from_uid: from, link_id: 0, to_uid: other, type })
    yield* run(sql`
      INSERT INTO events(uid, origin_instance_uid, project_id, project_name, issue_id, issue_uid, related_issue_id,
        related_issue_uid, type, actor, payload)
      SELECT ${event}, ${instance}, p.id, p.name, ${id(from)}, ${from}, ${id(other)}, ${other}, 'issue.linked',
        ${context.actor}, json_set(${payload}, '$.link_id', (SELECT max(id) FROM links))
      FROM projects p WHERE p.id = ${project}`)
    yield* run(sql`UPDATE issues SET updated_at = ${context.now} WHERE uid = ${from}`)
  }))
})

const linking = Effect.fnUntraced(function*(context: Context, deed: Do<"link">, event: string) {
  const { read, sql } = yield* Store
  const { issue, link: [type, from, to], on } = deed
  const [a, b] = [context.names.real(from), context.names.real(to)]
  const asked = yield* subject(context, issue)
  if (on) {
    const refused = () => linkAnyway(context, deed, event)
    return yield* Links.add({ ...asked, type, to: b, replace: false }).pipe(
      Effect.catchTag("BlocksCycle", refused),
      Effect.catchTag("InvalidRequest", refused)
    )
  }
  const { id } = yield* Effect.flatten(read(
    first(IdRow)(sql`
    SELECT id FROM links WHERE type = ${type} AND ((from_issue_uid = ${a} AND to_issue_uid = ${b})
      OR (type = 'related' AND from_issue_uid = ${b} AND to_issue_uid = ${a}))`)
  ))
  return yield* Links.remove({ ...asked, linkId: id })
})

const oldComments = Effect.fnUntraced(function*(context: Context, { comments, issue }: Do<"comment without event">) {
  const { sql, write } = yield* Store
  const author = `u${context.k}`
  yield* write(Effect.forEach(comments, () =>
    run(sql`
      INSERT INTO comments(issue_id, author, body) SELECT id, ${author}, 'old' FROM issues
      WHERE uid = ${context.names.real(issue)}`)))
})

const merging = Effect.fnUntraced(function*({ names }: Context, { forgetful, from, to }: Do<"merge projects">) {
  const { sql, write } = yield* Store
  const [source, target] = [yield* projectOf(names.real(from)), yield* projectOf(names.real(to))]
  if (forgetful) yield* write(run(sql`DELETE FROM recurrences WHERE project_id = ${source.id}`))
  yield* mergeProjects({ source: source.id, target: target.id })
})

const detaching = Effect.fnUntraced(function*({ actor, names }: Context, deed: Do<"detach">) {
  const { read, sql } = yield* Store
  const { id: projectId } = yield* projectOf(names.real(deed.project))
  const { id } = yield* Effect.flatten(
    read(first(IdRow)(sql`SELECT id FROM project_aliases WHERE alias_identity = ${deed.alias}`))
  )
  yield* detach({ projectId, aliasId: id, actor, force: true })
})

const onProject = Effect.fnUntraced(function*(
  context: Context,
  deed: Do<"make a project" | "rename" | "archive" | "change the area" | "attach">
) {
  const { actor, k, names } = context
  if (deed.do === "make a project") {
    return yield* init({ name: yield* freeName(deed.name, k), reassign: false })
  }
  const { id, name, revision } = yield* projectOf(names.real(deed.project))
  switch (deed.do) {
    case "rename":
      return yield* rename(id, yield* freeName(deed.name, k))
    case "archive":
      return yield* archive({ id, actor, force: true })
    case "change the area":
      return yield* patchMetadata({ id, actor, revision, patch: new RawJson(JSON.stringify({ area: deed.value })) })
    case "attach":
      return yield* init({ name, alias: { identity: deed.alias, kind: "git", root_path: "/w" }, reassign: false })
  }
})

/** The ULIDs that a deed takes, in their order. */
export const ulidsOf = (deed: Deed, events: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [one = "", ...more] = events
  switch (deed.do) {
    case "make a project":
      return [deed.project]
    case "create":
    case "import an issue":
      return [deed.issue, one]
    case "make a recurrence":
      return [deed.recurrence, one, deed.issue, ...more]
    case "close":
      return [one, ...(deed.next === undefined ? [] : [deed.next]), ...more]
    case "purge":
      return [deed.purge]
    default:
      return events
  }
}

/** Does what the model has done. `event` is the uid of the event that it leaves, for what has no operation. */
export const perform = Effect.fnUntraced(function*(deed: Deed, context: Context, event: string) {
  const { actor, names } = context
  switch (deed.do) {
    case "make a project":
    case "rename":
    case "archive":
    case "change the area":
    case "attach":
      return yield* onProject(context, deed)
    case "detach":
      return yield* detaching(context, deed)
    case "merge projects":
      return yield* merging(context, deed)
    case "create": {
      const { id: projectId } = yield* projectOf(names.real(deed.project))
      const links = deed.links.map(([type, , other]) => ({ type, to: names.real(other), incoming: false }))
      return yield* create({ ...blank, projectId, actor, labels: deed.labels, links })
    }
    case "import an issue": {
      const { id } = yield* projectOf(names.real(deed.project))
      return yield* imports(context, id, {
        ...unchanged,
        external_id: deed.item,
        updated_at: context.now
      })
    }
    case "import a change":
      return yield* importChange(context, deed)
    case "import a comment":
      return yield* importComment(context, deed)
    case "make a recurrence":
      return yield* makeRecurrence(context, deed)
    case "change a recurrence":
      return yield* changeRecurrence(context, deed)
    case "delete a recurrence":
      return yield* deleteRecurrence(context, deed)
    case "close":
      return yield* closing(context, deed)
    case "link":
      return yield* linking(context, deed, event)
    case "comment without event":
      return yield* oldComments(context, deed)
    default:
      return yield* onIssue(deed, context)
  }
})
