/** Who did what in a span of time. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { forEachPage, payloadOf, textIn, textsIn, timeOf, type WindowEvent } from "../events/eventRange.ts"
import { projectById } from "../lookup.ts"
import { Int64, wireTime } from "../model.ts"
import { refuse } from "../Refused.ts"

const kinds = [
  "created",
  "closed",
  "reopened",
  "commented",
  "edited",
  "assigned",
  "unassigned",
  "priority_set",
  "priority_cleared",
  "labeled",
  "unlabeled",
  "linked",
  "unlinked",
  "unblocked",
  "deleted",
  "restored",
  "other"
] as const
type Kind = typeof kinds[number]

const Totals = Schema.Struct(
  Object.fromEntries(kinds.map((kind) => [kind, Schema.Int])) as Readonly<Record<Kind, typeof Schema.Int>>
)

export const Digest = Schema.Struct({
  since: Schema.String,
  until: Schema.String,
  /** 0 for all projects. */
  project_id: Int64,
  event_count: Schema.Int,
  totals: Totals,
  actors: Schema.Array(Schema.Struct({
    actor: Schema.String,
    totals: Totals,
    issues: Schema.Array(Schema.Struct({
      project_id: Int64,
      project_name: Schema.String,
      issue_uid: Schema.String,
      issue_short_id: Schema.String,
      actions: Schema.Array(Schema.String)
    }))
  }))
})

/** One action that an event records; `detail` is what there is to say about it. */
interface Deed {
  readonly kind: Kind
  readonly detail?: string
}

const plain: Readonly<Record<string, Kind>> = {
  "issue.reopened": "reopened",
  "issue.commented": "commented",
  "issue.updated": "edited",
  "issue.unassigned": "unassigned",
  "issue.priority_cleared": "priority_cleared",
  "issue.soft_deleted": "deleted",
  "issue.restored": "restored"
}

const linksChanged = (payload: { readonly [key: string]: unknown }): ReadonlyArray<Deed> => {
  const parent = (key: string, kind: Kind): ReadonlyArray<Deed> => {
    const peer = textIn(payload, key)
    return peer === "" ? [] : [{ kind, detail: `parent:${peer}` }]
  }
  const peers = (type: string): ReadonlyArray<Deed> => [
    ...textsIn(payload, `${type}_added`).map((peer): Deed => ({ kind: "linked", detail: `${type}:${peer}` })),
    ...textsIn(payload, `${type}_removed`).flatMap((peer): ReadonlyArray<Deed> => [
      { kind: "unlinked", detail: `${type}:${peer}` },
      // An issue that stops being blocked has freed no other.
      ...(type === "blocks" ? [{ kind: "unblocked", detail: peer } as const] : [])
    ])
  ]
  return [
    ...parent("parent_set", "linked"),
    ...parent("parent_removed", "unlinked"),
    ...["blocks", "blocked_by", "related"].flatMap(peers)
  ]
}

const created = (payload: { readonly [key: string]: unknown }): ReadonlyArray<Deed> => {
  const owner = textIn(payload, "owner")
  const links: ReadonlyArray<unknown> = Array.isArray(payload["links"]) ? payload["links"] : []
  return [
    { kind: "created" },
    ...textsIn(payload, "labels").map((detail): Deed => ({ kind: "labeled", detail })),
    ...(owner === "" ? [] : [{ kind: "assigned", detail: owner } as const]),
    ...links.map((link): Deed => {
      const { incoming = false, to_short_id = "", type = "" } = { ...(link as { readonly [key: string]: unknown }) }
      const name = incoming === true ? "blocked_by" : String(type)
      return { kind: "linked", detail: name === "" ? "" : `${name}:${String(to_short_id)}` }
    })
  ]
}

const deedsOf = (event: WindowEvent): ReadonlyArray<Deed> => {
  const payload = payloadOf(event)
  const known = plain[event.type]
  if (known !== undefined) return [{ kind: known }]
  switch (event.type) {
    case "issue.created":
      return created(payload)
    case "issue.closed":
      return [{ kind: "closed", detail: textIn(payload, "reason") || "done" }]
    case "issue.assigned":
      return [{ kind: "assigned", detail: textIn(payload, "owner") }]
    case "issue.priority_set":
      return [{ kind: "priority_set", detail: String(payload["priority"] ?? "") }]
    case "issue.labeled":
    case "issue.unlabeled":
      return [{ kind: event.type === "issue.labeled" ? "labeled" : "unlabeled", detail: textIn(payload, "label") }]
    case "issue.linked":
    case "issue.unlinked": {
      const [type, peer] = [textIn(payload, "type"), textIn(payload, "to_short_id")]
      const detail = type === "" ? "" : `${type}:${peer}`
      if (event.type === "issue.linked") return [{ kind: "linked", detail }]
      return [
        { kind: "unlinked", detail },
        ...(type === "blocks" && peer !== "" ? [{ kind: "unblocked", detail: peer } as const] : [])
      ]
    }
    case "issue.links_changed":
      return linksChanged(payload)
    default:
      return [{ kind: "other" }]
  }
}

type Say = (details: ReadonlyArray<string>) => ReadonlyArray<string>
const once = (word: string): Say => () => [word]
const counted = (word: string): Say => (all) => [all.length === 1 ? word : `${word}:${all.length}`]
const last = (word: string): Say => (all) => (all.at(-1) ?? "") === "" ? [] : [`${word}:${all.at(-1)}`]
const each = (before: string): Say => (all) => all.filter((one) => one !== "").map((one) => before + one)

/** How the actions on one issue are worded, in this order. */
const sayings: ReadonlyArray<readonly [Kind, Say]> = [
  ["created", once("created")],
  ["commented", counted("commented")],
  ["edited", once("edited")],
  ["assigned", last("assigned")],
  ["unassigned", once("unassigned")],
  ["priority_set", last("priority")],
  ["priority_cleared", once("priority_cleared")],
  ["labeled", each("labeled:")],
  ["unlabeled", each("unlabeled:")],
  ["linked", each("")],
  ["unlinked", each("un")],
  ["unblocked", each("unblocks:")],
  ["reopened", once("reopened")],
  ["closed", last("closed")],
  ["deleted", once("deleted")],
  ["restored", once("restored")],
  ["other", (all) => [`other:${all.length}`]]
]

interface IssueDeeds {
  readonly project_id: bigint
  readonly project_name: string
  readonly issue_uid: string
  issue_short_id: string
  readonly details: Map<Kind, Array<string>>
}

class Account {
  readonly totals = Object.fromEntries(kinds.map((kind) => [kind, 0])) as Record<Kind, number>
  private readonly issues = new Map<string, IssueDeeds>()

  add(event: WindowEvent, deeds: ReadonlyArray<Deed>) {
    for (const { kind } of deeds) this.totals[kind]++
    const { issue_short_id, issue_uid, project_id, project_name } = event
    if (issue_uid === null) return
    const key = `${project_id} ${issue_uid}`
    const known = this.issues.get(key) ??
      { project_id, project_name, issue_uid, issue_short_id: "", details: new Map<Kind, Array<string>>() }
    this.issues.set(key, known)
    known.issue_short_id = issue_short_id ?? known.issue_short_id
    for (const { detail = "", kind } of deeds) {
      const details = known.details.get(kind)
      if (details === undefined) known.details.set(kind, [detail])
      else details.push(detail)
    }
  }

  /** By project, then by uid. */
  reported() {
    const byUid = (a: IssueDeeds, b: IssueDeeds) =>
      Number(a.project_id - b.project_id) || (a.issue_uid < b.issue_uid ? -1 : 1)
    return [...this.issues.values()].toSorted(byUid).map(({ details, ...issue }) => {
      const actions = sayings.flatMap(([kind, say]) => {
        const all = details.get(kind)
        return all === undefined ? [] : say(all)
      })
      const unique = new Map(actions.toReversed().map((action) => [action.toLowerCase(), action]))
      return { ...issue, actions: actions.length === 0 ? ["-"] : [...unique.values()].toReversed() }
    })
  }
}

/** The events from `since` to before `until`, by actor and issue. */
export const digest = Effect.fn("Reports.digest")(function*(wanted: {
  readonly projectId?: bigint
  readonly since: string
  readonly until?: string | undefined
  /** All if it is empty. */
  readonly actors: ReadonlyArray<string>
}) {
  const { read } = yield* Store
  const { projectId } = wanted
  const since = yield* timeOf("since", wanted.since)
  const now = yield* Clock.currentTimeMillis
  const until = yield* Effect.map(
    timeOf("until", wanted.until),
    Option.orElseSome(() => new Date(now).toISOString())
  )
  const [from, to] = [Option.getOrThrow(since), Option.getOrThrow(until)]
  if (to <= from) return yield* refuse("validation", "until must be strictly after since")
  const everybody = new Account()
  const accounts = new Map<string, Account>()
  let count = 0
  const add = (event: WindowEvent) => {
    if (wanted.actors.length > 0 && !wanted.actors.includes(event.actor)) return
    const account = accounts.get(event.actor) ?? new Account()
    accounts.set(event.actor, account)
    const deeds = deedsOf(event)
    account.add(event, deeds)
    for (const { kind } of deeds) everybody.totals[kind]++
    count++
  }
  yield* read(Effect.gen(function*() {
    if (projectId !== undefined) yield* projectById(projectId)
    yield* forEachPage({ since, until, projectId }, (page) => Effect.sync(() => page.forEach(add)))
  }))
  return {
    since: wireTime(from),
    until: wireTime(to),
    project_id: projectId ?? 0n,
    event_count: count,
    totals: everybody.totals,
    actors: [...accounts].toSorted(([a], [b]) => a < b ? -1 : 1).map(([actor, account]) => ({
      actor,
      totals: account.totals,
      issues: account.reported()
    }))
  }
})
