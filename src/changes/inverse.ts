/**
 * What takes a changeset back, in the same tables: what it changed and took away as it was before, the keys of what it brought, and what it made of
 * the rows that it changed. Of rows that come in only the keys are kept, so that a big merge leaves a small file.
 */
import * as Effect from "effect/Effect"
import { type Attachable, Database } from "../database/Database.ts"
import type { Session } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import {
  changing,
  columnsOf,
  create,
  finish,
  isFound,
  numbersOf,
  quote,
  sameKey,
  sameRow,
  type Shifts
} from "./changeset.ts"

const operation = "keep the way back"

const names = (kind: Kind, row: string) => columnsOf(kind).map((column) => `${row}.${quote(column)}`).join(", ")
const keys = (kind: Kind, row: string) => kind.key.map((column) => `${row}.${quote(column)}`).join(", ")

/** The tables of an inverse, as selections from a changeset. */
const selections = (kind: Kind): ReadonlyArray<readonly [name: string, sql: string]> => {
  const { table } = kind
  const isGone = `EXISTS (SELECT 1 FROM a.drop_${table} d WHERE ${sameKey(kind, "d", "w")})`
  return [
    [`put_${table}`, `SELECT ${names(kind, "w")}, ${isGone} FROM a.was_${table} w`],
    [`drop_${table}`, `SELECT ${keys(kind, "p")} FROM a.put_${table} p WHERE p.fresh`],
    [`was_${table}`, `SELECT ${names(kind, "p")} FROM a.put_${table} p WHERE NOT p.fresh`]
  ]
}

/** Makes the inverse of a changeset that is complete, and not applied yet: the path of its file, which goes with the scope. */
export const inverse = Effect.fn("Changes.inverse")(function*(plan: Attachable, format: Format) {
  const db = yield* (yield* Database).together(plan, plan)
  // Tables in which nothing is would be most of a small one.
  const some = yield* Effect.filter(changing(format).flatMap(selections), ([, sql]) => isFound(db, sql))
  const wanted = new Set(some.map(([name]) => name))
  yield* create(db, format, (table) => wanted.has(table))
  yield* db.exec(operation, "CREATE TABLE base AS SELECT name, id FROM a.base")
  for (const [name, sql] of some) yield* db.exec(operation, `INSERT INTO ${name} ${sql}`)
  yield* finish(db)
  return db.path
})

/** A number of a table as it came to be, where it is one that came in. */
const movedBy = (shifts: Shifts, table: string, value: string) => {
  const by = shifts[table] ?? 0
  return by === 0
    ? value
    : `CASE WHEN ${value} > (SELECT id FROM a.base WHERE name = '${table}') THEN ${value} + ${by} ELSE ${value} END`
}

const shiftedOf = (kind: Kind, format: Format, shifts: Shifts) => (column: string, row: string) => {
  const value = `${row}.${quote(column)}`
  if (column === "id") return movedBy(shifts, kind.table, value)
  const other = changing(format).find(({ table }) => numbersOf(kind, table).includes(column))
  return other === undefined ? value : movedBy(shifts, other.table, value)
}

/** Reads an inverse, which is the schema `a`, into the tables of a changeset of the session. */
export const readInverse = Effect.fn("Changes.readInverse")(function*(db: Session, format: Format, shifts: Shifts) {
  yield* create(db, format)
  const there = yield* db.all("read the way back", "SELECT name FROM a.sqlite_schema WHERE type = 'table'")
  const known = new Set(there.map((row) => row["name"]))
  for (const kind of changing(format)) {
    const { table } = kind
    const of = shiftedOf(kind, format, shifts)
    const select = (columns: ReadonlyArray<string>) => columns.map((column) => of(column, "r")).join(", ")
    const columns = { put: `${names(kind, "r")}, r.fresh`, drop: select(kind.key), was: select(columnsOf(kind)) }
    for (const [what, selected] of Object.entries(columns)) {
      const name = `${what}_${table}`
      if (known.has(name)) {
        yield* db.exec("read the way back", `INSERT INTO ${name} SELECT ${selected} FROM a.${name} r`)
      }
    }
  }
})

/** The last event that the database had when a change was done in it. */
export interface LastEvent {
  readonly id: number | null
  readonly uid: string | undefined
}

/** Whether the event of that uid is there, or is not for it was purged; none when there is another one in its place. */
const hasEvent = (db: Session, { id, uid }: LastEvent) =>
  Effect.map(
    db.get(
      operation,
      `SELECT EXISTS (SELECT 1 FROM b.events WHERE uid = @uid) AS there,
         EXISTS (SELECT 1 FROM b.purge_log WHERE @id BETWEEN events_deleted_min_id AND events_deleted_max_id) AS purged`,
      { uid: uid ?? null, id: id === null ? null : BigInt(id) }
    ),
    (row) => row?.["there"] === 1n ? "there" : row?.["purged"] === 1n ? "purged" : "missing"
  )

/** Whether any row says so, since all of it was done, or nothing. */
const byAnyRow = (db: Session, format: Format) => {
  const signs = changing(format).flatMap((kind) => {
    const { table } = kind
    const there = (row: string, more = "") =>
      `EXISTS (SELECT 1 FROM b.${table} t WHERE ${sameKey(kind, "t", row)}${more})`
    return [
      `SELECT 1 FROM drop_${table} d WHERE ${there("d")}`,
      `SELECT 1 FROM was_${table} w WHERE ${there("w", ` AND ${sameRow(kind, "t", "w")}`)}`,
      `SELECT 1 FROM put_${table} p WHERE p.fresh AND NOT ${there("p")}`
    ]
  })
  return Effect.exists(signs, (sql) => isFound(db, sql))
}

/**
 * Whether what an inverse takes back is done in the database `b`, to which others may have written since. By the events that came or went:
 * a new one is known by its uid, because where nothing was done its number is another one's by now; what came back has a number that nobody
 * else gets.
 */
export const isDone = Effect.fn("Changes.isDone")(function*(
  db: Session,
  format: Format,
  shifts: Shifts,
  last: LastEvent
) {
  yield* readInverse(db, format, shifts)
  const newest = "(SELECT id FROM a.base WHERE name = 'events')"
  if (last.uid !== undefined && (yield* isFound(db, `SELECT 1 FROM drop_events WHERE id > ${newest}`))) {
    const is = yield* hasEvent(db, last)
    return is === "there" || (is === "purged" && (yield* byAnyRow(db, format)))
  }
  if (yield* isFound(db, "SELECT 1 FROM drop_events")) {
    return yield* isFound(db, "SELECT 1 FROM drop_events d JOIN b.events t ON t.id = d.id")
  }
  if (yield* isFound(db, "SELECT 1 FROM put_events WHERE fresh")) {
    return !(yield* isFound(db, "SELECT 1 FROM put_events p JOIN b.events t ON t.id = p.id WHERE p.fresh"))
  }
  return yield* byAnyRow(db, format)
})
