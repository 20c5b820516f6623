/** Many links of one issue changed at once, recorded in one event. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { append } from "../events/events.ts"
import { findIssue, issueByRef } from "../lookup.ts"
import type { End, Issue, LinkChanges, LinkPeer, Project } from "../model.ts"
import { refuse } from "../Refused.ts"
import { noBlocksCycle } from "./circles.ts"
import { deleteLink, ends, findLink, insertLink, type LinkType, noCycle, notItself, parentLink } from "./links.ts"

type Refs = ReadonlyArray<string> | undefined

/** Each names issues as a path does. */
export interface LinksDelta {
  readonly set_parent?: string | undefined
  /** Only if it is the parent. */
  readonly remove_parent?: string | undefined
  readonly add_blocks?: Refs
  readonly remove_blocks?: Refs
  readonly add_blocked_by?: Refs
  readonly remove_blocked_by?: Refs
  readonly add_related?: Refs
  readonly remove_related?: Refs
}

/** Whether it asks for anything. */
export const asksNothing = (delta: LinksDelta): boolean =>
  Object.values(delta).every((one: string | Refs) => one === undefined || (typeof one !== "string" && one.length === 0))

const kinds: ReadonlyArray<{
  readonly name: "blocks" | "blocked_by" | "related"
  readonly type: LinkType
  readonly incoming: boolean
}> = [
  { name: "blocks", type: "blocks", incoming: false },
  { name: "blocked_by", type: "blocks", incoming: true },
  { name: "related", type: "related", incoming: false }
]

/** Each issue once, in the order of the request. */
const once = (issues: ReadonlyArray<Issue>): ReadonlyArray<Issue> => [
  ...new Map(issues.map((issue) => [issue.id, issue])).values()
]

const toAdd = Effect.fnUntraced(function*(project: Project, issue: Issue, refs: Refs = []) {
  const peers = once(yield* Effect.forEach(refs, (ref) => issueByRef(project, ref)))
  for (const peer of peers) yield* notItself(issue, peer)
  return peers
})

/** A link to what is deleted can be removed; to what never was, there is none. */
const toRemove = Effect.fnUntraced(function*(project: Project, refs: Refs = []) {
  const found = yield* Effect.forEach(refs, (ref) => findIssue(project, ref, { deleted: true }))
  return once(found.flatMap((one) => Option.toArray(one)))
})

const changeParent = Effect.fnUntraced(function*(project: Project, issue: Issue, delta: LinksDelta, actor: string) {
  const current = yield* parentLink(issue)
  const parent = Option.map(current, (one) => one.parent)
  if (delta.remove_parent !== undefined) {
    const asserted = yield* findIssue(project, delta.remove_parent, { deleted: true })
    if (Option.isNone(current) || Option.isNone(asserted) || current.value.parent.id !== asserted.value.id) {
      const name = Option.match(asserted, { onNone: () => delta.remove_parent, onSome: ({ short_id }) => short_id })
      return yield* refuse(
        "parent_mismatch",
        `issue #${issue.short_id}'s current parent does not match asserted #${name}`,
        { hint: "read the current parent before asserting a removal" }
      )
    }
    yield* deleteLink(current.value.link)
    return { removed: parent, set: Option.none() }
  }
  if (delta.set_parent === undefined) return { removed: Option.none(), set: Option.none() }
  const wanted = yield* issueByRef(project, delta.set_parent)
  yield* notItself(issue, wanted)
  if (Option.exists(parent, ({ id }) => id === wanted.id)) return { removed: Option.none(), set: Option.none() }
  yield* noCycle(issue, wanted)
  if (Option.isSome(current)) yield* deleteLink(current.value.link)
  yield* insertLink(project, "parent", ends("parent", issue, wanted), actor)
  return { removed: parent, set: Option.some<End>(wanted) }
})

const changeKind = Effect.fnUntraced(function*(
  project: Project,
  issue: Issue,
  delta: LinksDelta,
  { incoming, name, type }: typeof kinds[number],
  actor: string
) {
  const wanted = yield* toAdd(project, issue, delta[`add_${name}`])
  const unwanted = yield* toRemove(project, delta[`remove_${name}`])
  const both = wanted.find(({ id }) => unwanted.some((peer) => peer.id === id))
  if (both !== undefined) {
    return yield* refuse(
      "validation",
      `links_delta conflict: ${name} #${both.short_id} appears in both add_${name} and remove_${name}`
    )
  }
  const added: Array<End> = []
  for (const peer of wanted) {
    const between = ends(type, issue, peer, incoming)
    if (Option.isSome(yield* findLink(type, between))) continue
    yield* insertLink(project, type, between, actor)
    added.push(peer)
  }
  const removed: Array<End> = []
  for (const peer of unwanted) {
    const link = yield* findLink(type, ends(type, issue, peer, incoming))
    if (Option.isNone(link)) continue
    yield* deleteLink(link.value)
    removed.push(peer)
  }
  return { added, removed }
})

type ListName = `${typeof kinds[number]["name"]}_${"added" | "removed"}`

const peerOf = ({ short_id, uid }: End): LinkPeer => ({ uid, short_id })

/** Adds and removes links; what has changed, and its event, unless nothing has. */
export const changeLinks = Effect.fnUntraced(function*(
  project: Project,
  issue: Issue,
  delta: LinksDelta,
  actor: string
) {
  const parent = yield* changeParent(project, issue, delta, actor)
  const changes: { -readonly [Name in keyof LinkChanges]: LinkChanges[Name] } = {}
  const payload: Record<string, unknown> = {}
  const peers = new Map<bigint, End>()
  const blocking: Array<readonly [End, End]> = []
  const one = (name: "parent_set" | "parent_removed", end: End) => {
    changes[name] = peerOf(end)
    payload[name] = end.short_id
    payload[`${name}_uid`] = end.uid
    peers.set(end.id, end)
  }
  const many = (name: ListName, those: ReadonlyArray<End>) => {
    if (those.length === 0) return
    changes[name] = those.map(peerOf)
    payload[name] = those.map(({ short_id }) => short_id)
    payload[`${name}_uids`] = those.map(({ uid }) => uid)
    for (const end of those) peers.set(end.id, end)
  }
  if (Option.isSome(parent.set)) one("parent_set", parent.set.value)
  if (Option.isSome(parent.removed)) one("parent_removed", parent.removed.value)
  for (const kind of kinds) {
    const { added, removed } = yield* changeKind(project, issue, delta, kind, actor)
    many(`${kind.name}_added`, added)
    many(`${kind.name}_removed`, removed)
    if (kind.type === "blocks") blocking.push(...added.map((peer) => ends(kind.type, issue, peer, kind.incoming)))
  }
  // when all are taken away that are to go: a link may be turned round
  for (const link of blocking) yield* noBlocksCycle(link)
  if (peers.size === 0) return { changes, event: null }
  // an event has room for one peer: of several it names none
  const [only] = peers.size === 1 ? peers.values() : []
  const event = yield* append({ project, issue, related: only, type: "issue.links_changed", actor, payload })
  return { changes, event }
})
