/** A new issue with its labels and links; one event records all of it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { insertIssue } from "../insertIssue.ts"
import { noBlocksCycle } from "../links/circles.ts"
import { ends, insertLink, type LinkType } from "../links/links.ts"
import { actorOf, issueByRef, projectById } from "../lookup.ts"
import type { Issue, Project } from "../model.ts"
import { refuse } from "../Refused.ts"
import { labelOf, nonBlank, priorityOf } from "../values.ts"
import { noLookAlike } from "./duplicates.ts"
import { fingerprint, madeBefore } from "./idempotency.ts"
import { insertLabel } from "./labels.ts"

export interface NewLink {
  readonly type: LinkType
  readonly to: string
  /** `blocks` the other way: the new issue is what is blocked. */
  readonly incoming: boolean
}

export interface Asked {
  readonly projectId: bigint
  readonly actor: string
  readonly title: string
  readonly body: string
  readonly owner: string
  readonly priority: bigint | undefined
  readonly labels: ReadonlyArray<string>
  readonly links: ReadonlyArray<NewLink>
  /** Also when there is one like it. */
  readonly forceNew: boolean
  /** Blank is none. */
  readonly idempotencyKey: string
}

interface Edge {
  readonly type: LinkType
  readonly peer: Issue
  readonly incoming: boolean
}

/** The links with the issues that they name, each once. */
const edgesOf = Effect.fnUntraced(function*(project: Project, links: ReadonlyArray<NewLink>) {
  const edges = new Map<string, Edge>()
  for (const { incoming, to, type } of links) {
    if (type === "parent" && incoming) {
      return yield* refuse("validation", "link.type must be parent|blocks|related")
    }
    const peer = yield* issueByRef(project, to)
    const edge = { type, peer, incoming: incoming && type === "blocks" }
    edges.set(`${edge.type} ${peer.id} ${edge.incoming}`, edge)
  }
  return [...edges.values()]
})

const oneParent = (edges: ReadonlyArray<Edge>) =>
  edges.filter(({ type }) => type === "parent").length > 1
    ? Effect.fail(refuse("parent_already_set", "duplicate parent in initial links", {
      hint: "pass at most one parent link"
    }))
    : Effect.void

/** An empty list is left out of a payload. */
const some = <A>(list: ReadonlyArray<A>) => list.length === 0 ? undefined : list

/** An idempotency key that has made an issue gives that one; without one, an issue that looks like another is refused. */
export const create = Effect.fn("Issues.create")(function*(asked: Asked) {
  const { write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const actor = yield* actorOf(asked.actor)
    const project = yield* projectById(asked.projectId)
    yield* nonBlank("title", asked.title)
    const edges = yield* edgesOf(project, asked.links)
    const priority = yield* priorityOf(asked.priority)
    const key = asked.idempotencyKey.trim() === "" ? undefined : asked.idempotencyKey
    const print = fingerprint({
      ...asked,
      links: edges.map(({ incoming, peer, type }) => ({ type, target: peer.uid, incoming }))
    })
    if (key !== undefined) {
      const before = yield* madeBefore(project, key, print)
      if (Option.isSome(before)) return before.value
    }
    if (!asked.forceNew) yield* noLookAlike(project, asked.title, asked.body)
    const labels = [...new Set(yield* Effect.forEach(asked.labels, labelOf))].toSorted()
    yield* oneParent(edges)
    const issue = yield* insertIssue(project, { ...asked, author: actor })
    for (const label of labels) yield* insertLabel(issue, label, actor)
    for (const { incoming, peer, type } of edges) {
      const between = ends(type, issue, peer, incoming)
      if (type === "blocks") yield* noBlocksCycle(between)
      yield* insertLink(project, type, between, actor)
    }
    const event = yield* append({
      project,
      issue,
      type: "issue.created",
      actor,
      payload: {
        labels: some(labels),
        links: some(edges.map(({ incoming, peer, type }) => ({
          type,
          to_short_id: peer.short_id,
          to_issue_uid: peer.uid,
          incoming: incoming || undefined
        }))),
        owner: asked.owner || undefined,
        priority,
        idempotency_key: key,
        idempotency_fingerprint: key === undefined ? undefined : print
      }
    })
    return { issue, event, changed: true }
  }))
})
