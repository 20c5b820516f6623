/** Closing and opening again. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, issueById, issueByRef, subject, touched } from "../lookup.ts"
import { type Issue, LinkPeer, type Mutation, type Project } from "../model.ts"
import { all, first, run } from "../query.ts"
import { materialise } from "../recurrences/materialise.ts"
import { refuse } from "../Refused.ts"
import { type Evidence, evidencePayload, evidenceProblem, messageProblem, unknownType } from "./evidence.ts"
import { type Throttle, type Throttled, throttled } from "./throttle.ts"

export interface Close extends Asked {
  readonly reason?: string
  readonly message?: string
  readonly evidence?: ReadonlyArray<Evidence>
  /** A person at the terminal interface is taken at their word. */
  readonly source?: string
  /** Says whether it would be refused, and changes nothing. */
  readonly dry_run?: boolean
}

const unchanged = (issue: Issue): Mutation => ({ issue, event: null, changed: false })

const parentOf = first(LinkPeer)
const children = all(Schema.Struct({ short_id: Schema.String, title: Schema.String }))

/** What another issue that the evidence names must be. */
const targetsExist = Effect.fnUntraced(function*(project: Project, issue: Issue, evidence: ReadonlyArray<Evidence>) {
  for (const [i, { issue_ref = "", type }] of evidence.entries()) {
    if (type !== "duplicate-of" && type !== "superseded-by") continue
    const target = yield* Effect.option(issueByRef(project, issue_ref))
    if (Option.isNone(target)) {
      return yield* refuse(
        "validation",
        `evidence[${i}] ${type} target ${JSON.stringify(issue_ref)} does not exist in this project`
      )
    }
    if (target.value.id === issue.id) {
      return yield* refuse(
        "validation",
        `evidence[${i}] ${type} cannot reference the issue being closed (${issue.short_id})`
      )
    }
  }
})

/** How many open children a refusal names. */
const named = 10

const noOpenChildren = Effect.fnUntraced(function*(issue: Issue) {
  const { sql } = yield* Store
  const open = yield* children(sql`
    SELECT i.short_id, i.title FROM links l JOIN issues i ON i.id = l.from_issue_id
    WHERE l.to_issue_id = ${issue.id} AND l.type = 'parent' AND i.status = 'open' AND i.deleted_at IS NULL ORDER BY i.id`)
  if (open.length === 0) return
  const lines = open.slice(0, named).map(({ short_id, title }) => `  ${short_id}  ${title}`)
  return yield* refuse(
    "parent_has_open_children",
    [
      `refusing — issue has ${open.length} open children:`,
      ...lines,
      ...(open.length > named ? [`  … and ${open.length - named} more`] : []),
      "Close children first, or scope this issue differently"
    ].join("\n")
  )
})

/** A close that was refused is an outcome, not a failure, inside of the transaction: its event must stay. */
type Outcome = { readonly refused: Throttled["refusal"] } | { readonly mutation: Mutation }

const closeIn = Effect.fnUntraced(function*(close: Close, throttle: Throttle) {
  const { sql } = yield* Store
  const { issue, project } = yield* subject(close)
  if (issue.status === "closed") return { mutation: unchanged(issue) } satisfies Outcome
  const { actor, evidence = [], message = "", source } = close
  const trusted = source === "tui" && (close.reason === undefined || close.reason === "" || close.reason === "done")
  const reason = trusted ? "done" : close.reason ?? ""
  if (!trusted) {
    const problem = messageProblem(reason, message) ?? evidenceProblem(reason, evidence)
    if (problem !== undefined) return yield* refuse("validation", problem)
    yield* targetsExist(project, issue, evidence)
  }
  yield* noOpenChildren(issue)
  const parent = Option.getOrUndefined(
    yield* parentOf(sql`
      SELECT i.uid, i.short_id FROM links l JOIN issues i ON i.id = l.to_issue_id
      WHERE l.from_issue_id = ${issue.id} AND l.type = 'parent'`)
  )
  const early = yield* throttled({ issue, parent, actor, reason, message, throttle })
  if (early !== undefined) {
    if (close.dry_run !== true) {
      yield* append({ project, issue, type: "close.throttled", actor, payload: early.payload })
    }
    return { refused: early.refusal } satisfies Outcome
  }
  if (close.dry_run === true) return { mutation: unchanged(issue) } satisfies Outcome
  yield* run(sql`
    UPDATE issues SET status = 'closed', closed_reason = ${reason},
      closed_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
    WHERE id = ${issue.id}`)
  const event = yield* append({
    project,
    issue,
    type: "issue.closed",
    actor,
    payload: {
      reason,
      message: message === "" ? undefined : message,
      evidence: evidence.length === 0 ? undefined : evidencePayload(evidence),
      parent_uid: parent?.uid ?? "",
      parent_short_id: parent?.short_id ?? ""
    }
  })
  if (reason === "done") yield* materialise(project, issue, actor)
  return { mutation: { issue: yield* issueById(issue.id), event, changed: true } } satisfies Outcome
})

/** Closes an issue, with what the reason demands. Closing what is closed changes nothing. */
export const close = Effect.fn("Issues.close")(function*(close: Close, throttle: Throttle) {
  const { read, write } = yield* Store
  const unknown = unknownType(close.evidence ?? [])
  if (unknown !== undefined) {
    return yield* refuse("validation", `validation failed: body: evidence: unknown type ${JSON.stringify(unknown)}`)
  }
  const work = closeIn(close, throttle)
  const outcome: Outcome = yield* close.dry_run === true ? read(work) : write(work)
  return "refused" in outcome ? yield* outcome.refused : outcome.mutation
})

/** Opens an issue again. Opening what is open changes nothing. */
export const reopen = Effect.fn("Issues.reopen")(function*(asked: Asked) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked)
    if (issue.status === "open") return unchanged(issue)
    yield* run(sql`UPDATE issues SET status = 'open', closed_reason = NULL, closed_at = NULL WHERE id = ${issue.id}`)
    const now = yield* touched(issue.id)
    const event = yield* append({ project, issue, type: "issue.reopened", actor: asked.actor, payload: {} })
    return { issue: now, event, changed: true } satisfies Mutation
  }))
})
