/** Lists of issues: of a project, of all of them, and of those that can be worked on. */
import type * as Statement from "@effect/sql/Statement"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StorageFailure } from "../../store/StorageFailure.ts"
import { Store } from "../../store/Store.ts"
import { projectById, selectIssue } from "../lookup.ts"
import { Int64, IssueOut, ReadyIssue } from "../model.ts"
import { among, idsOf, paged } from "../paged.ts"
import { all, one } from "../query.ts"
import { priorityOf } from "../values.ts"
import { outlined } from "./issueSummaries.ts"

export interface Filter {
  readonly status: "open" | "closed" | undefined
  readonly priority: bigint | undefined
  readonly maxPriority: bigint | undefined
  /** All, if it is not above 0. */
  readonly limit: bigint
  /** Also what each waits for, and how many there are without the limit. */
  readonly detail: boolean
}

const listed = (detail: boolean) =>
  Effect.fnUntraced(function*(ids: ReadonlyArray<bigint>) {
    const { sql } = yield* Store
    return yield* outlined(
      yield* all(IssueOut)(sql`
        SELECT i.*, p.uid AS project_uid, p.name || '#' || i.short_id AS qualified_id
        FROM issues i JOIN projects p ON p.id = i.project_id
        WHERE i.id IN ${yield* among(ids)} AND i.deleted_at IS NULL`),
      detail
    )
  })

const Count = Schema.Struct({ n: Int64 })

/** How many issues a condition on `i` finds, where that is wanted. */
const counted = Effect.fnUntraced(function*(wanted: boolean, where: Statement.Fragment) {
  if (!wanted) return undefined
  const { sql } = yield* Store
  return (yield* one(Count)(sql`SELECT count(*) AS n FROM issues i WHERE ${where}`)).n
})

/** SQLite's word for no limit. */
const limited = (limit: bigint) => limit > 0n ? limit : -1n

const filtered = Effect.fnUntraced(function*(filter: Filter, scope: Statement.Fragment) {
  const { sql } = yield* Store
  const priority = yield* priorityOf(filter.priority)
  const most = yield* priorityOf(filter.maxPriority, "max_priority")
  return sql.and([
    scope,
    sql`i.deleted_at IS NULL`,
    ...filter.status === undefined ? [] : [sql`i.status = ${filter.status}`],
    ...priority === undefined ? [] : [sql`i.priority = ${priority}`],
    ...most === undefined ? [] : [sql`i.priority <= ${most}`]
  ])
})

/** Issues of one project, what changed last first. */
export const list = Effect.fn("Issues.list")(function*(projectId: bigint, filter: Filter) {
  const { sql } = yield* Store
  const where = filtered(filter, sql`i.project_id = ${projectId}`)
  const ids = Effect.gen(function*() {
    yield* projectById(projectId)
    return yield* idsOf(sql`
      SELECT i.id FROM issues i WHERE ${yield* where} ORDER BY i.updated_at DESC, i.id DESC LIMIT ${
      limited(filter.limit)
    }`)
  })
  return yield* paged(ids, listed(filter.detail), Effect.flatMap(where, (where) => counted(filter.detail, where)))
})

/** Issues of all projects that are not archived, or of one, the newest first. */
export const listAll = Effect.fn("Issues.listAll")(function*(projectId: bigint | undefined, filter: Filter) {
  const { sql } = yield* Store
  const where = filtered(
    filter,
    projectId === undefined
      ? sql`i.project_id IN (SELECT id FROM projects WHERE deleted_at IS NULL)`
      : sql`i.project_id = ${projectId}`
  )
  const ids = Effect.gen(function*() {
    if (projectId !== undefined) yield* projectById(projectId)
    // of all projects: to look up nearly all issues by an index takes more than twice as long as to read all of them
    const table = sql.literal(projectId === undefined ? "issues i NOT INDEXED" : "issues i")
    return yield* idsOf(sql`
      SELECT i.id FROM ${table} WHERE ${yield* where} ORDER BY i.created_at DESC, i.id DESC LIMIT ${
      limited(filter.limit)
    }`)
  })
  return yield* paged(ids, listed(filter.detail), Effect.flatMap(where, (where) => counted(filter.detail, where)))
})

const issuesIn = Effect.fnUntraced(function*(ids: ReadonlyArray<bigint>) {
  const { sql } = yield* Store
  return yield* all(ReadyIssue)(
    sql`${sql.literal(selectIssue)} WHERE i.id IN ${yield* among(ids)} AND i.deleted_at IS NULL`
  )
})

/**
 * By what to do first: what can be closed before what has open children; what is urgent, where no priority stands between 2 and 3; of equal
 * ones the oldest, so that none waits for ever.
 */
const byUrgency = `EXISTS (
    SELECT 1 FROM links l JOIN issues c ON c.id = l.from_issue_id
    WHERE l.to_issue_id = i.id AND l.type = 'parent' AND c.status = 'open' AND c.deleted_at IS NULL
  ), CASE WHEN i.priority IS NULL THEN 2.5 ELSE i.priority END, i.created_at, i.id`

/** Which of those that can be worked on, and what is said of them. */
export interface ReadyOptions {
  /** All, if it is not above 0. */
  readonly limit: bigint
  readonly sort: "changed" | "priority"
  /** Also labels, children and links of each, and how many there are without the limit. */
  readonly detail: boolean
}

/** Open issues that no open one blocks: what changed last first, as Go kata has it, or by what to do first. */
export const ready = Effect.fn("Issues.ready")(function*(projectId: bigint, { detail, limit, sort }: ReadyOptions) {
  const { sql } = yield* Store
  const order = sql.literal(sort === "priority" ? byUrgency : "i.updated_at DESC, i.id DESC")
  const where = sql`i.project_id = ${projectId} AND i.deleted_at IS NULL AND i.status = 'open'
    AND NOT EXISTS (
      SELECT 1 FROM links l JOIN issues b ON b.id = l.from_issue_id
      WHERE l.to_issue_id = i.id AND l.type = 'blocks' AND b.status = 'open' AND b.deleted_at IS NULL
    )`
  const ids = Effect.gen(function*() {
    yield* projectById(projectId)
    return yield* idsOf(sql`SELECT i.id FROM issues i WHERE ${where} ORDER BY ${order} LIMIT ${limited(limit)}`)
  })
  const pageOf: (ids: ReadonlyArray<bigint>) => Effect.Effect<ReadonlyArray<ReadyIssue>, StorageFailure, Store> = detail
    ? listed(true)
    : issuesIn
  return yield* paged(ids, pageOf, counted(detail, where))
})
