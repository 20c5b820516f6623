/** How far the events of a database go: whether some were recorded since. */
import * as Effect from "effect/Effect"
import type { Session } from "../database/Session.ts"

/** The highest number of an event; 0 when there is none, undefined when it is no number that an entry can say. */
export const lastEventIn = (db: Session) =>
  Effect.map(db.get("read the last event", "SELECT ifnull(max(id), 0) AS id FROM events NOT INDEXED"), (row) => {
    const id = Number(row?.["id"])
    return Number.isSafeInteger(id) && id >= 0 ? id : undefined
  })

/** The uid of the event with the highest number, whatever that is; undefined when there is none. */
export const lastUidIn = (db: Session) =>
  Effect.map(
    db.get("read the last event", "SELECT uid FROM events NOT INDEXED ORDER BY id DESC LIMIT 1"),
    (row) => row === undefined ? undefined : String(row["uid"])
  )

/** The number of an event; undefined when there is none of that uid. */
export const numberOf = (db: Session, uid: string) =>
  Effect.map(
    db.get("look for the last event", "SELECT id FROM events WHERE uid = ?", uid),
    (row) => typeof row?.["id"] === "bigint" ? row["id"] : undefined
  )

/** Whether the database is the one, later, in which an event had that number: it has it, or has purged it. */
export const isSameLater = (db: Session, id: bigint, uid: string) =>
  Effect.map(
    db.get(
      "look for the last event",
      `SELECT ifnull((SELECT uid = @uid FROM events WHERE id = @id),
         EXISTS (SELECT 1 FROM purge_log WHERE @id BETWEEN events_deleted_min_id AND events_deleted_max_id)) AS same`,
      { id, uid }
    ),
    (row) => row?.["same"] === 1n
  )

/** How many events have a higher number. */
export const eventsAfter = (db: Session, id: number | bigint) =>
  Effect.map(
    db.get("count the events since", "SELECT count(*) AS n FROM events NOT INDEXED WHERE id > ?", BigInt(id)),
    (row) => Number(row?.["n"])
  )
