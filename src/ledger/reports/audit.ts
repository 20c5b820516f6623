/** How issues were closed: by whom, why, and with what evidence. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isUlid } from "../../records/ulid.ts"
import { Store } from "../../store/Store.ts"
import { forEachPage, payloadOf, textIn, timeOf, type WindowEvent } from "../events/eventRange.ts"
import { projectById } from "../lookup.ts"
import { Int64, type Project } from "../model.ts"
import { all } from "../query.ts"

const may = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

export const AuditRow = Schema.Struct({
  time: Schema.String,
  actor: Schema.String,
  issue: Schema.String,
  parent: may(Schema.String),
  reason: Schema.String,
  evidence_types: may(Schema.Array(Schema.String)),
  flags: may(Schema.Array(Schema.String)),
  message: may(Schema.String)
})
type AuditRow = typeof AuditRow.Type

const Named = Schema.Struct({ key: Schema.Union(Schema.String, Int64), short_id: Schema.String })

/** The parents that the closes of a page name, by the name that they have now; of closes that name none, the parent of today. */
const parentsOf = Effect.fnUntraced(function*(closes: ReadonlyArray<WindowEvent>) {
  const { sql } = yield* Store
  const payloads = closes.map((event) => ({ event, payload: payloadOf(event) }))
  const uids = payloads.map(({ payload }) => textIn(payload, "parent_uid")).filter((uid) => uid !== "")
  const silent = payloads.filter(({ payload }) => !("parent_uid" in payload) && !("parent_short_id" in payload))
    .map(({ event }) => String(event.issue_id))
  const rows = yield* all(Named)(sql`
    SELECT uid AS key, short_id FROM issues WHERE uid IN (SELECT value FROM json_each(${JSON.stringify(uids)}))
    UNION ALL
    SELECT l.from_issue_id, p.short_id FROM links l JOIN issues p ON p.id = l.to_issue_id
    WHERE l.type = 'parent' AND l.from_issue_id IN (
      SELECT CAST(value AS INTEGER) FROM json_each(${JSON.stringify(silent)}))`)
  const names = new Map(rows.map(({ key, short_id }) => [String(key), short_id]))
  return (event: WindowEvent): { readonly uid: string; readonly shortId: string } => {
    const payload = payloadOf(event)
    const uid = textIn(payload, "parent_uid")
    if (uid !== "") return { uid, shortId: names.get(uid) ?? textIn(payload, "parent_short_id") }
    const said = "parent_uid" in payload || "parent_short_id" in payload
    return { uid, shortId: said ? textIn(payload, "parent_short_id") : names.get(String(event.issue_id)) ?? "" }
  }
})

/** Whether a reference names that parent. */
const isParent = (project: Project, ref: string) => {
  const hash = ref.lastIndexOf("#")
  const shortId = hash >= 0 && ref.slice(0, hash) === project.name ? ref.slice(hash + 1) : ref
  return (parent: { readonly uid: string; readonly shortId: string }) =>
    isUlid(ref) ? parent.uid === ref.toUpperCase() : parent.shortId !== "" && parent.shortId === shortId
}

/** What one close says. */
const rowOf = (event: WindowEvent, parent: string, throttled: boolean): AuditRow => {
  const payload = payloadOf(event)
  const evidence: ReadonlyArray<unknown> = Array.isArray(payload["evidence"]) ? payload["evidence"] : []
  const types = evidence.map((item) => textIn({ ...(item as { readonly [key: string]: unknown }) }, "type"))
  const [reason, message] = [textIn(payload, "reason"), textIn(payload, "message")]
  const flags = [
    ...(types.length === 0 && reason !== "wontfix" ? ["no-evidence"] : []),
    ...(throttled ? ["throttled"] : [])
  ]
  return {
    time: event.created_at.replace(/\.\d+Z$/, "Z"),
    actor: event.actor,
    issue: event.issue_short_id ?? "",
    ...(parent === "" ? {} : { parent }),
    reason,
    ...(types.length === 0 ? {} : { evidence_types: types }),
    ...(flags.length === 0 ? {} : { flags }),
    ...(message === "" ? {} : { message })
  }
}

/** All closes that fit, the oldest first. `throttled`: the same actor was refused before, and this is the next close of the issue. */
export const closes = Effect.fn("Reports.closes")(function*(wanted: {
  readonly projectId: bigint
  readonly since?: string | undefined
  readonly until?: string | undefined
  readonly actor?: string | undefined
  readonly reason?: string | undefined
  readonly parent?: string | undefined
  readonly noEvidence: boolean
}) {
  const { read } = yield* Store
  const { actor, projectId, reason } = wanted
  const [since, until] = yield* Effect.all([timeOf("since", wanted.since), timeOf("until", wanted.until)])
  return yield* read(Effect.gen(function*() {
    const project = yield* projectById(projectId)
    const fits = wanted.parent === undefined ? () => true : isParent(project, wanted.parent)
    const refused = new Map<string, Set<string>>()
    const rows: Array<AuditRow> = []
    const add = (event: WindowEvent, parent: { readonly uid: string; readonly shortId: string }) => {
      const uid = event.issue_uid ?? ""
      if (event.type === "close.throttled") {
        refused.set(uid, (refused.get(uid) ?? new Set()).add(event.actor))
        return
      }
      const throttled = refused.get(uid)?.has(event.actor) === true
      refused.delete(uid)
      if ((actor ?? event.actor) !== event.actor || !fits(parent)) return
      const row = rowOf(event, parent.shortId, throttled)
      if ((reason ?? row.reason) !== row.reason) return
      if (wanted.noEvidence && row.flags?.includes("no-evidence") !== true) return
      rows.push(row)
    }
    yield* forEachPage(
      { since, until, projectId, types: ["issue.closed", "close.throttled"] },
      (page) =>
        Effect.map(parentsOf(page), (parentOf) => {
          for (const event of page) add(event, parentOf(event))
        })
    )
    return { rows }
  }))
})
