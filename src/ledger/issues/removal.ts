/** Deleting issues, which can be undone, and purging them, which cannot. Both have to be confirmed. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Store } from "../../store/Store.ts"
import { append } from "../events/events.ts"
import { type Asked, issueById, subject, touched } from "../lookup.ts"
import { Int64, type Issue, type Mutation, type Project, PurgeLog } from "../model.ts"
import { one, run } from "../query.ts"
import { refuse } from "../Refused.ts"
import { nextUlid } from "../ulids.ts"

/** `confirm` is what the user says to be sure; undefined or empty where nothing was said. */
interface Confirmed extends Asked {
  readonly confirm: string | undefined
}

const confirmed = (action: "DELETE" | "PURGE", { issue, project }: Subject, given: string | undefined) => {
  const wanted = `${action} ${project.name}#${issue.short_id}`
  if (given === wanted) return Effect.void
  return given === undefined || given === ""
    ? refuse("confirm_required", "this action requires X-Kata-Confirm", { hint: `set the header to ${wanted}` })
    : refuse("confirm_mismatch", "X-Kata-Confirm header value does not match", { hint: `expected ${wanted}` })
}

interface Subject {
  readonly project: Project
  readonly issue: Issue
}

/** Hides an issue. Its short id stays taken, what belongs to it stays. */
export const remove = Effect.fn("Issues.remove")(function*(asked: Confirmed) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const found = yield* subject(asked, { deleted: true })
    yield* confirmed("DELETE", found, asked.confirm)
    const { issue, project } = found
    if (issue.deleted_at !== undefined) return { issue, event: null, changed: false } satisfies Mutation
    yield* run(sql`
      UPDATE issues SET deleted_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${issue.id}`)
    const event = yield* append({ project, issue, type: "issue.soft_deleted", actor: asked.actor, payload: {} })
    return { issue: yield* issueById(issue.id), event, changed: true } satisfies Mutation
  }))
})

/** Shows an issue again. */
export const restore = Effect.fn("Issues.restore")(function*(asked: Asked) {
  const { sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const { issue, project } = yield* subject(asked, { deleted: true })
    if (issue.deleted_at === undefined) return { issue, event: null, changed: false } satisfies Mutation
    yield* run(sql`UPDATE issues SET deleted_at = NULL WHERE id = ${issue.id}`)
    const now = yield* touched(issue.id)
    const event = yield* append({ project, issue, type: "issue.restored", actor: asked.actor, payload: {} })
    return { issue: now, event, changed: true } satisfies Mutation
  }))
})

const Count = Schema.Struct({ n: Int64 })
const count = one(Count)
const Gone = Schema.Struct({ n: Int64, least: Schema.NullOr(Int64), most: Schema.NullOr(Int64) })

/**
 * An id that no event will have: a client whose cursor is below it has seen events that are gone, and begins anew after it. The counter of a
 * database that was damaged may be behind its rows, or missing.
 */
const reservedEventId = Effect.fnUntraced(function*() {
  const { sql } = yield* Store
  const { n } = yield* count(sql`
    SELECT 1 + max(coalesce((SELECT max(id) FROM events), 0),
      coalesce((SELECT max(CAST(seq AS INTEGER)) FROM sqlite_sequence WHERE name = 'events'), 0)) AS n`)
  yield* run(sql`DELETE FROM sqlite_sequence WHERE name = 'events'`)
  yield* run(sql`INSERT INTO sqlite_sequence(name, seq) VALUES ('events', ${n})`)
  return n
})

/** Takes an issue away for good, with all that belongs to it, and its events. The purge log keeps what it was. */
export const purge = Effect.fn("Issues.purge")(function*(asked: Confirmed & { readonly reason?: string }) {
  const { instanceUid, sql, write } = yield* Store
  return yield* write(Effect.gen(function*() {
    const found = yield* subject(asked, { deleted: true })
    yield* confirmed("PURGE", found, asked.confirm)
    const { issue, project } = found
    const ofIssue = sql`(issue_id = ${issue.id} OR (related_issue_id = ${issue.id} AND type <> 'issue.links_changed'))`
    const events = yield* one(Gone)(
      sql`SELECT count(*) AS n, min(id) AS least, max(id) AS most FROM events WHERE ${ofIssue}`
    )
    const [ofComments, ofLinks, ofLabels] = [
      sql`FROM comments WHERE issue_id = ${issue.id}`,
      sql`FROM links WHERE from_issue_id = ${issue.id} OR to_issue_id = ${issue.id}`,
      sql`FROM issue_labels WHERE issue_id = ${issue.id}`
    ]
    const comments = yield* count(sql`SELECT count(*) AS n ${ofComments}`)
    const links = yield* count(sql`SELECT count(*) AS n ${ofLinks}`)
    const labels = yield* count(sql`SELECT count(*) AS n ${ofLabels}`)
    const reserved = events.n === 0n ? null : yield* reservedEventId()
    yield* run(sql`DELETE FROM events WHERE ${ofIssue}`)
    yield* run(sql`
      UPDATE events SET related_issue_id = NULL, related_issue_uid = NULL
      WHERE related_issue_id = ${issue.id} AND type = 'issue.links_changed'`)
    for (const rows of [ofComments, ofLinks, ofLabels]) yield* run(sql`DELETE ${rows}`)
    const log = yield* one(PurgeLog)(sql`
      INSERT INTO purge_log(uid, origin_instance_uid, project_id, purged_issue_id, issue_uid, project_uid, project_name,
        issue_title, issue_author, comment_count, link_count, label_count, event_count, events_deleted_min_id,
        events_deleted_max_id, purge_reset_after_event_id, short_id, actor, reason)
      VALUES (${yield* nextUlid}, ${yield* instanceUid}, ${project.id}, ${issue.id}, ${issue.uid}, ${project.uid}, ${project.name},
        ${issue.title}, ${issue.author}, ${comments.n}, ${links.n}, ${labels.n}, ${events.n}, ${events.least},
        ${events.most}, ${reserved}, ${issue.short_id}, ${asked.actor}, ${asked.reason || null}) RETURNING *`)
    yield* run(sql`DELETE FROM issues WHERE id = ${issue.id}`)
    return log
  }))
})
