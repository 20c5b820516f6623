/** One issue with all that belongs to it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Store } from "../../store/Store.ts"
import { linksOf } from "../links/links.ts"
import { issueByRef, projectById, selectIssue } from "../lookup.ts"
import { Issue, IssueOut, IssueRef } from "../model.ts"
import { present } from "../omitUndefined.ts"
import { all, first } from "../query.ts"
import { refuse } from "../Refused.ts"
import { closedOf } from "./closed.ts"
import { commentsOn } from "./comments.ts"
import { outlined } from "./issueSummaries.ts"
import { labelsOf } from "./labels.ts"

const whole = Effect.fnUntraced(function*(issue: Issue) {
  const { sql } = yield* Store
  // Also a deleted one, as in Go kata: it is still what the issue belongs to.
  const parent = yield* first(IssueRef)(sql`
    SELECT i.uid, i.short_id, p.name || '#' || i.short_id AS qualified_id, i.title, i.status
    FROM links l JOIN issues i ON i.id = l.to_issue_id JOIN projects p ON p.id = i.project_id
    WHERE l.from_issue_id = ${issue.id} AND l.type = 'parent'`)
  const children = yield* outlined(
    yield* all(IssueOut)(sql`
      SELECT i.*, p.uid AS project_uid, p.name || '#' || i.short_id AS qualified_id
      FROM links l JOIN issues i ON i.id = l.from_issue_id JOIN projects p ON p.id = i.project_id
      WHERE l.to_issue_id = ${issue.id} AND l.type = 'parent' AND i.deleted_at IS NULL
      ORDER BY i.updated_at DESC, i.id DESC`)
  )
  return {
    issue,
    comments: yield* commentsOn(issue),
    links: yield* linksOf(issue),
    labels: yield* labelsOf(issue),
    ...present({
      parent: Option.getOrUndefined(parent),
      children: children.length === 0 ? undefined : children,
      close: yield* closedOf(issue)
    })
  }
})

export const show = Effect.fn("Issues.show")(function*(asked: {
  readonly projectId: bigint
  readonly ref: string
  readonly deleted: boolean
}) {
  const { read } = yield* Store
  return yield* read(Effect.gen(function*() {
    const project = yield* projectById(asked.projectId)
    return yield* whole(yield* issueByRef(project, asked.ref, { deleted: asked.deleted }))
  }))
})

/** Too short a beginning could be that of every issue of a day. */
const shortest = 8

/** An issue of any project by its ULID, or by a beginning of it that no other one has. */
export const byUid = Effect.fn("Issues.byUid")(function*(asked: { readonly uid: string; readonly deleted: boolean }) {
  const { read, sql } = yield* Store
  const prefix = asked.uid.toUpperCase()
  if (prefix.length < shortest) {
    return yield* refuse("prefix_too_short", `uid prefix "${asked.uid}" must be at least ${shortest} characters`)
  }
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{7,25}$/.test(prefix)) {
    return yield* refuse(
      "validation",
      `"${asked.uid}" is not a valid ULID prefix (Crockford base32: 0-9, A-Z excluding I/L/O/U; first char 0-7)`
    )
  }
  return yield* read(Effect.gen(function*() {
    // "~" is above all that a ULID has
    const matching = sql`i.uid >= ${prefix} AND i.uid < ${`${prefix}~`} AND ${
      asked.deleted ? sql`1` : sql`i.deleted_at IS NULL`
    }`
    const [found, other] = yield* all(Issue)(sql`
      ${sql.literal(selectIssue)} WHERE ${matching} AND p.deleted_at IS NULL ORDER BY i.uid LIMIT 2`)
    const named = `uid${prefix.length === 26 ? "" : " prefix"} ${prefix}`
    if (found === undefined) {
      const archived = yield* first(Issue)(sql`${sql.literal(selectIssue)} WHERE ${matching} LIMIT 1`)
      return yield* Option.isSome(archived)
        ? refuse("project_not_found", "project not found")
        : refuse("issue_not_found", `no issue matches ${named}`)
    }
    if (other !== undefined) {
      return yield* refuse("prefix_ambiguous", `more than one issue matches ${named}`, {
        hint: "give more characters of the uid"
      })
    }
    return yield* whole(found)
  }))
})
