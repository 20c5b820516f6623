/** Issues that wait for each other: none of them is ever ready. */
import * as Effect from "effect/Effect"
import { circles, type Edge } from "../records/circles.ts"
import type { Format } from "../records/Format.ts"
import { Database } from "./Database.ts"
import type { Session } from "./Session.ts"

/** A circle of links among issues that are not deleted: each issue blocks the next one, the first stands at the end again. */
interface BlockCircle {
  /** As in `kata#abc4`. */
  readonly issues: ReadonlyArray<string>
  /** Whether all of them are open: else nothing waits as long as that stays so. */
  readonly open: boolean
}

/** All links are in memory: two numbers each. */
const blockCircles = Effect.fnUntraced(function*(db: Session) {
  const operation = "look for issues that wait for each other"
  const rows = yield* db.all(
    operation,
    `SELECT l.from_issue_id AS a, l.to_issue_id AS b FROM links l
       JOIN issues f ON f.id = l.from_issue_id JOIN issues t ON t.id = l.to_issue_id
     WHERE l.type = 'blocks' AND f.deleted_at IS NULL AND t.deleted_at IS NULL AND l.from_issue_id <> l.to_issue_id`
  )
  const edges = rows.flatMap(({ a, b }): ReadonlyArray<Edge> =>
    typeof a === "bigint" && typeof b === "bigint" ? [{ from: a, to: b }] : []
  )
  return yield* Effect.forEach(circles(edges), (ids) =>
    Effect.map(
      db.all(
        operation,
        `SELECT i.id, p.name || '#' || i.short_id AS name, i.status FROM issues i JOIN projects p ON p.id = i.project_id
         WHERE i.id IN (SELECT value FROM json_each(?))`,
        `[${ids.join(",")}]`
      ),
      (rows): BlockCircle => {
        const byId = new Map(rows.map((row) => [row["id"], row]))
        return {
          issues: ids.map((id) => String(byId.get(id)?.["name"] ?? id)),
          open: rows.every(({ status }) => status === "open")
        }
      }
    ))
})

/** Circles that are reported. */
const most = 20

/** As a word of a shell: the name of a project can have blanks and quotes. */
const quoted = (ref: string) => `'${ref.replaceAll("'", "'\\''")}'`

/**
 * What a report says of the circles in the database at that path: kata makes none, but one that an older kata wrote, or that was imported,
 * may be there. `next` breaks the first of them.
 */
export const waiting = Effect.fn("Database.waiting")(function*(path: string, format: Format) {
  const { view } = yield* Database
  const circles = yield* Effect.scoped(Effect.flatMap(view(path, format), ({ db }) => blockCircles(db)))
  const open = circles.filter((circle) => circle.open)
  const told = open.length > 0 ? open : circles
  const count = new Set(told.flatMap(({ issues }) => issues)).size
  const [from, to] = told[0]?.issues ?? []
  return {
    status: open.length > 0 ? "warning" as const : circles.length > 0 ? "note" as const : "ok" as const,
    says: circles.length === 0
      ? "no issues wait for each other"
      : open.length > 0
      ? `${count} issues wait for each other and are never ready`
      : `${count} issues would wait for each other if all of them were open`,
    details: told.slice(0, most).map(({ issues }) => issues.join(" -> "))
      .concat(told.length > most ? [`and ${told.length - most} more circles`] : []),
    next: from === undefined || to === undefined
      ? undefined
      : `kata edit ${quoted(from)} --remove-blocks ${quoted(to)}`
  }
})
