/** What each side of a merge has that the other has not, and which facets that may have changed. */
import type { Db, Event, Facet } from "./database.ts"
import { touches } from "./facets.ts"
import { links } from "./rows.ts"
import type { Switches } from "./switches.ts"

export interface OneSide {
  readonly db: Db
  /** Issues that were purged there. */
  readonly gone: ReadonlySet<string>
  /** Events that count: those of issues only where the issue is. */
  readonly has: ReadonlySet<string>
  /** Events that the other side does not know. */
  readonly extra: ReadonlyArray<Event>
  readonly touched: ReadonlySet<Facet>
}

export const goneIn = (db: Db, switches: Switches): ReadonlySet<string> =>
  switches.has("purgerow") ? new Set([...db.purges.values()].map(({ issue }) => issue)) : db.gone()

const counted = (db: Db, switches: Switches): ReadonlySet<string> =>
  new Set(
    [...db.events.values()].filter(({ issue, uid }) => issue === null || db.attached.has(uid) || switches.has("attach"))
      .map(({ uid }) => uid)
  )

const isRecurrence = ({ type }: Event) => type.startsWith("recurrence.")

/** Whether an event is one of those issues alone. */
export const isAbout = (event: Event, only: ReadonlySet<string>): boolean =>
  event.issue !== null && only.has(event.issue) && !isRecurrence(event)

/** Whether an event is of an issue that was purged on a side, or says how one was linked. */
export const isGone = ({ gone }: Pick<OneSide, "gone">, { issue, related, type }: Event): boolean =>
  (issue !== null && gone.has(issue)) || (links.has(type) && related !== null && gone.has(related))

export const sidesOf = (
  s: Db,
  t: Db,
  switches: Switches,
  only: ReadonlySet<string> | undefined
): { readonly source: OneSide; readonly target: OneSide } => {
  const [goneS, goneT] = [goneIn(s, switches), goneIn(t, switches)]
  const [hasS, hasT] = [counted(s, switches), counted(t, switches)]
  const unknown = (db: Db, own: ReadonlySet<string>, other: ReadonlySet<string>, gone: ReadonlySet<string>) =>
    [...db.events.values()].filter(({ issue, related, type, uid }) =>
      own.has(uid) && !other.has(uid) && !(issue !== null && gone.has(issue)) &&
      !(!switches.has("known") && links.has(type) && related !== null && gone.has(related))
    )
  const side = (db: Db, gone: ReadonlySet<string>, has: ReadonlySet<string>, extra: ReadonlyArray<Event>): OneSide => ({
    db,
    gone,
    has,
    extra,
    touched: new Set(extra.flatMap((event) => touches(event, switches)))
  })
  const news = unknown(s, hasS, hasT, goneT)
  return {
    source: side(s, goneS, hasS, only === undefined ? news : news.filter((event) => isAbout(event, only))),
    target: side(t, goneT, hasT, unknown(t, hasT, hasS, goneS))
  }
}

/** Events of an issue that count on a side. */
export const ownEvents = ({ db, has }: OneSide, issue: string): ReadonlyArray<Event> =>
  [...db.events.values()].filter((event) => event.issue === issue && has.has(event.uid))

/**
 * Whether events of an issue may be missing: in a project file that was taken after a move. It has no birth, or left a project that it never came to.
 */
export const isIncomplete = (db: Db, own: ReadonlyArray<Event>): boolean => {
  const births = own.filter(({ type }) => type === "created").map(({ project }) => project)
  const moves = own.filter(({ type }) => type === "moved")
  if (births.length === 0) return true
  const been = new Set([...births, ...moves.flatMap(({ payload, project }) => [payload.to ?? "", project])])
  // a project that is no more was merged
  return moves.some(({ payload: { from = "" } }) =>
    !been.has(from) && (db.scope !== undefined || db.projects.has(from))
  )
}
