/** Links between the issues of a project: who is whose parent, what blocks what, what is related. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, issueByRef, subject, touched } from "../lookup.ts"
import { type End, Int64, type Issue, type Link, type Project, Time } from "../model.ts"
import { all, first, IdRow, one, run } from "../query.ts"
import { refuse } from "../Refused.ts"
import { leadsTo, noBlocksCycle } from "./circles.ts"

export const LinkType = Schema.Literal("parent", "blocks", "related")
export type LinkType = typeof LinkType.Type

const LinkRow = Schema.Struct({
  id: Int64,
  project_id: Int64,
  type: Schema.String,
  author: Schema.String,
  created_at: Time,
  from_id: Int64,
  from_uid: Schema.String,
  from_short_id: Schema.String,
  to_id: Int64,
  to_uid: Schema.String,
  to_short_id: Schema.String
})
type LinkRow = typeof LinkRow.Type

const selectLink = `SELECT l.id, l.project_id, l.type, l.author, l.created_at,
    f.id AS from_id, f.uid AS from_uid, f.short_id AS from_short_id, t.id AS to_id, t.uid AS to_uid, t.short_id AS to_short_id
  FROM links l JOIN issues f ON f.id = l.from_issue_id JOIN issues t ON t.id = l.to_issue_id`

const allLinks = all(LinkRow)
const firstLink = first(LinkRow)
const oneLink = one(LinkRow)

const asLink = (row: LinkRow): Link => ({
  id: row.id,
  project_id: row.project_id,
  from: { uid: row.from_uid, short_id: row.from_short_id },
  to: { uid: row.to_uid, short_id: row.to_short_id },
  type: row.type,
  author: row.author,
  created_at: row.created_at
})

const fromOf = (row: LinkRow): End => ({ id: row.from_id, uid: row.from_uid, short_id: row.from_short_id })
const toOf = (row: LinkRow): End => ({ id: row.to_id, uid: row.to_uid, short_id: row.to_short_id })

/** All links of an issue, in either direction, by id. */
export const linksOf = Effect.fnUntraced(function*(issue: End) {
  const { sql } = yield* Store
  const rows = yield* allLinks(
    sql`${sql.literal(selectLink)} WHERE l.from_issue_id = ${issue.id} OR l.to_issue_id = ${issue.id} ORDER BY l.id`
  )
  return rows.map(asLink)
})

/** From which end to which a link is stored: what is related has no direction, there the lower id is first. */
export const ends = (type: LinkType, issue: End, peer: End, incoming = false): readonly [from: End, to: End] =>
  (type === "related" ? issue.id > peer.id : incoming) ? [peer, issue] : [issue, peer]

export const findLink = Effect.fnUntraced(function*(type: LinkType, [from, to]: readonly [End, End]) {
  const { sql } = yield* Store
  return yield* firstLink(
    sql`${sql.literal(selectLink)} WHERE l.from_issue_id = ${from.id} AND l.to_issue_id = ${to.id} AND l.type = ${type}`
  )
})

/** The link to the parent, and the parent, which may be deleted. */
export const parentLink = Effect.fnUntraced(function*(issue: End) {
  const { sql } = yield* Store
  const found = yield* firstLink(
    sql`${sql.literal(selectLink)} WHERE l.from_issue_id = ${issue.id} AND l.type = 'parent'`
  )
  return Option.map(found, (link) => ({ link, parent: toOf(link) }))
})

/** A new row. That there is none yet is known. */
export const insertLink = Effect.fnUntraced(function*(
  project: Pick<Project, "id">,
  type: LinkType,
  [from, to]: readonly [End, End],
  author: string
) {
  const { sql } = yield* Store
  const { id } = yield* one(IdRow)(sql`
    INSERT INTO links(project_id, from_issue_id, to_issue_id, from_issue_uid, to_issue_uid, type, author)
    VALUES (${project.id}, ${from.id}, ${to.id}, ${from.uid}, ${to.uid}, ${type}, ${author}) RETURNING id`)
  return yield* oneLink(sql`${sql.literal(selectLink)} WHERE l.id = ${id}`)
})

export const deleteLink = Effect.fnUntraced(function*(link: { readonly id: bigint }) {
  const { sql } = yield* Store
  yield* run(sql`DELETE FROM links WHERE id = ${link.id}`)
})

export const notItself = (issue: End, peer: End) =>
  issue.id === peer.id ? Effect.fail(refuse("validation", "cannot link an issue to itself")) : Effect.void

/** An issue is not its own ancestor. */
export const noCycle = Effect.fnUntraced(function*(issue: End, parent: End) {
  if (!(yield* leadsTo("parent", parent, issue))) return
  return yield* refuse("validation", `set_parent on #${issue.short_id} would create a parent cycle`, {
    hint: "the requested parent is a descendant of this issue"
  })
})

/** Seen from the issue that was acted on, whichever way the link is stored. */
const tell = (
  type: "issue.linked" | "issue.unlinked",
  { actor, issue, link, peer, project }: {
    readonly project: Project
    readonly issue: Issue
    readonly peer: End
    readonly link: LinkRow
    readonly actor: string
  }
) =>
  append({
    project,
    issue,
    related: peer,
    type,
    actor,
    payload: {
      from_short_id: issue.short_id,
      from_uid: issue.uid,
      link_id: link.id,
      to_short_id: peer.short_id,
      to_uid: peer.uid,
      type: link.type
    }
  })

/** Links an issue to another one. A parent gives way to another only with `replace`. */
export const add = Effect.fn("Links.add")(function*(
  asked: Asked & { readonly type: LinkType; readonly to: string; readonly replace: boolean }
) {
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const peer = yield* issueByRef(project, asked.to)
    yield* notItself(issue, peer)
    const between = ends(asked.type, issue, peer)
    const known = yield* findLink(asked.type, between)
    if (Option.isSome(known)) return { issue, link: asLink(known.value), event: null, changed: false }
    if (asked.type === "parent") {
      const old = yield* parentLink(issue)
      if (Option.isSome(old) && !asked.replace) {
        return yield* refuse("parent_already_set", "this issue already has a parent", {
          hint: "pass replace=true to swap"
        })
      }
      yield* noCycle(issue, peer)
      if (Option.isSome(old)) {
        yield* deleteLink(old.value.link)
        yield* tell("issue.unlinked", { ...asked, project, issue, peer: old.value.parent, link: old.value.link })
      }
    }
    if (asked.type === "blocks") yield* noBlocksCycle(between)
    const link = yield* insertLink(project, asked.type, between, asked.actor)
    const event = yield* tell("issue.linked", { ...asked, project, issue, peer, link })
    return { issue: yield* touched(issue.id), link: asLink(link), event, changed: true }
  }))
})

/** Takes a link away, from either of its ends. That it is gone already is fine. */
export const remove = Effect.fn("Links.remove")(function*(asked: Asked & { readonly linkId: bigint }) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    const found = yield* firstLink(sql`${sql.literal(selectLink)} WHERE l.id = ${asked.linkId}`)
    if (Option.isNone(found)) return { issue, event: null, changed: false }
    const link = found.value
    if (link.from_id !== issue.id && link.to_id !== issue.id) {
      return yield* refuse("link_not_found", "link not attached to this issue")
    }
    yield* deleteLink(link)
    const peer = link.from_id === issue.id ? toOf(link) : fromOf(link)
    const event = yield* tell("issue.unlinked", { ...asked, project, issue, peer, link })
    return { issue: yield* touched(issue.id), event, changed: true }
  }))
})
