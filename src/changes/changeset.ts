/**
 * What a merge changes, row by row, as tables of one file: `put_<table>` are whole rows as they will be, `drop_<table>` the keys of rows that
 * go, `was_<table>` what the rows of both are before. Numbers of rows that come in lie behind all that the target had counted when the
 * changeset was made.
 */
import * as Effect from "effect/Effect"
import type { Session } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { Counts } from "./Counts.ts"

/** What is done with a target completes the sentence "cannot …". */
export const operation = "change the rows"

/** Whether a statement finds a row. */
export const isFound = (db: Session, sql: string) =>
  Effect.map(db.get(operation, `SELECT EXISTS (${sql}) AS found`), (row) => row?.["found"] === 1n)

/** The kinds whose rows a changeset can have, those that others point at first. */
export const changing = (format: Format): ReadonlyArray<Kind> =>
  format.kinds.filter(({ name }) => name !== "meta" && name !== "sqlite_sequence")

export const quote = (name: string) => `"${name}"`

export const columnsOf = (kind: Kind): ReadonlyArray<string> => kind.columns.map(({ key }) => key)

/** Columns of a kind that hold numbers of a table. */
export const numbersOf = (kind: Kind, table: string): ReadonlyArray<string> => [
  ...(kind.reserves?.table === table ? [kind.reserves.field] : []),
  ...kind.columns.filter(({ reference }) => reference._tag === "Some" && reference.value.table === table).map((
    { key }
  ) => key)
]

/** How much higher the numbers of rows that come in are than they were planned, by table. */
export interface Shifts {
  readonly [table: string]: number
}

/** Whether the rows `x` and `y` have the same key. */
export const sameKey = (kind: Kind, x: string, y: string) =>
  kind.key.map((column) => `${x}.${quote(column)} = ${y}.${quote(column)}`).join(" AND ")

/** Whether the rows `x` and `y` say the same, column by column. */
export const sameRow = (kind: Kind, x: string, y: string) =>
  columnsOf(kind).map((column) => `${x}.${quote(column)} IS ${y}.${quote(column)}`).join(" AND ")

/**
 * Columns without a type: a value stays what it is. Those of the key have one, or no index would be used to look up what has one in the
 * target.
 */
const tablesOf = (kind: Kind) => {
  const isNumbered = kind.key.length === 1 && kind.key[0] === "id"
  const declared = ({ key, reference }: Kind["columns"][number]) =>
    !kind.key.includes(key)
      ? quote(key)
      : isNumbered
      ? `"id" INTEGER PRIMARY KEY`
      : `${quote(key)} ${reference._tag === "Some" ? "INTEGER" : "TEXT"}`
  const columns = kind.columns.map(declared).join(", ")
  const key = kind.columns.filter((column) => kind.key.includes(column.key)).map(declared).join(", ")
  const primary = isNumbered ? "" : `, PRIMARY KEY (${kind.key.map(quote).join(", ")})`
  return [
    [`put_${kind.table}`, `(${columns}, fresh NOT NULL${primary})`],
    [`drop_${kind.table}`, `(${key}${primary})`],
    [`was_${kind.table}`, `(${columns}${primary})`]
  ] as const
}

/** The highest number that each table of the database in the schema `of` has given, as the changeset is planned on it, as a table in `to`. */
export const base = (db: Session, format: Format, { of = "b", to = "main" } = {}) =>
  Effect.zipRight(
    db.exec("plan the changes", `CREATE TABLE ${to}.base(name TEXT PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID`),
    Effect.forEach(changing(format), ({ table }) =>
      db.exec(
        "plan the changes",
        `INSERT INTO ${to}.base SELECT '${table}', max(ifnull((SELECT max(rowid) FROM ${of}.${table}), 0),` +
          ` ifnull((SELECT max(CAST(seq AS INTEGER)) FROM ${of}.sqlite_sequence WHERE name = '${table}'), 0))`
      ), { discard: true })
  )

/** Makes the tables of a changeset in a schema, or those of them that are wanted. */
export const create = (
  db: Session,
  format: Format,
  wanted: (table: string) => boolean = () => true,
  schema: "main" | "temp" = "main"
) =>
  db.exec(
    "plan the changes",
    changing(format).flatMap(tablesOf).filter(([name]) => wanted(name))
      .map(([name, columns]) => `CREATE TABLE ${schema}.${name}${columns}`).join(";")
  )

/** Takes out what changes nothing, and keeps what the rows are before. `b` is the target. */
export const complete = (db: Session, format: Format) =>
  Effect.forEach(changing(format), (kind) => {
    const { table } = kind
    return db.exec(
      "plan the changes",
      `DELETE FROM put_${table} WHERE NOT fresh AND EXISTS (SELECT 1 FROM b.${table} t WHERE ${
        sameKey(kind, "t", `put_${table}`)
      } AND ${sameRow(kind, "t", `put_${table}`)});
       DELETE FROM put_${table} WHERE EXISTS (SELECT 1 FROM drop_${table} d WHERE ${
        sameKey(kind, "d", `put_${table}`)
      });
       DELETE FROM was_${table};
       INSERT INTO was_${table} SELECT ${
        columnsOf(kind).map((column) => `t.${quote(column)}`).join(", ")
      } FROM b.${table} t
         WHERE EXISTS (SELECT 1 FROM put_${table} p WHERE ${sameKey(kind, "p", "t")} AND NOT p.fresh)
           OR EXISTS (SELECT 1 FROM drop_${table} d WHERE ${sameKey(kind, "d", "t")});`
    )
  }, { discard: true })

/** Ends the planning: nothing of the two databases is held any more, so that whoever writes next is alone with what it leaves beside them. */
export const finish = (db: Session) => db.exec("end the plan", "COMMIT; DETACH a; DETACH b")

/** How many rows of each kind come in, change and go. */
export interface Changes {
  readonly [kind: string]: Counts
}

export const changesIn = (db: Session, format: Format) =>
  Effect.map(
    Effect.forEach(changing(format), ({ name, table }) =>
      Effect.map(
        db.get(
          "count the changes",
          `SELECT ifnull(sum(fresh), 0) AS new, ifnull(sum(NOT fresh), 0) AS changed, (SELECT count(*) FROM drop_${table}) AS gone FROM put_${table}`
        ),
        (row) =>
          [
            name,
            new Counts({ new: Number(row?.["new"]), changed: Number(row?.["changed"]), gone: Number(row?.["gone"]) })
          ] as const
      )),
    (all): Changes => Object.fromEntries(all.filter(([, n]) => n.new + n.changed + n.gone > 0))
  )
