/** How far the events of a database go: whether some were recorded since. */
import * as Effect from "effect/Effect"
import type { Session } from "../database/Session.ts"

/** The highest number of an event; 0 when there is none, undefined when it is no number that an entry can say. */
export const lastEventIn = (db: Session) =>
  Effect.map(db.get("read the last event", "SELECT ifnull(max(id), 0) AS id FROM events NOT INDEXED"), (row) => {
    const id = Number(row?.["id"])
    return Number.isSafeInteger(id) && id >= 0 ? id : undefined
  })

/** How many events have a higher number. */
export const eventsAfter = (db: Session, id: number) =>
  Effect.map(
    db.get("count the events since", "SELECT count(*) AS n FROM events NOT INDEXED WHERE id > ?", BigInt(id)),
    (row) => Number(row?.["n"])
  )
