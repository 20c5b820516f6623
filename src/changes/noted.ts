/**
 * What a transaction changes that no changeset was made for, noted while it does so, and the inverse of that. Triggers of the connection alone keep
 * the first old row of what is changed or goes, and the keys of rows that come in where their numbers do not tell it: the cost is in
 * proportion to the change. No row is given another key.
 */
import * as Effect from "effect/Effect"
import { Database } from "../database/Database.ts"
import type { Row, Session } from "../database/Session.ts"
import { turn } from "../host/turn.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { base, type Changes, changing, columnsOf, create, quote, sameKey, sameRow } from "./changeset.ts"
import { Counts } from "./Counts.ts"

const operation = "note the changes"

/** Whether a number is given once, so that a row that comes in has one above all that were given before. */
const isCounted = (kind: Kind) => kind.autoincrement && kind.key.length === 1

/** Keeps the row `OLD`; the first one of a key is what it was. */
const keep = (kind: Kind) => {
  const { table } = kind
  const row = columnsOf(kind).map((column) => `OLD.${quote(column)}`).join(", ")
  // no OR IGNORE: the policy of the statement that fires would take its place
  return `INSERT INTO put_${table} SELECT ${row}, 0 WHERE NOT EXISTS (SELECT 1 FROM put_${table} p WHERE ${
    sameKey(kind, "p", "OLD")
  })`
}

interface Trigger {
  readonly fires: "INSERT" | "UPDATE" | "DELETE"
  readonly when?: string
  readonly body: ReadonlyArray<string>
}

/** `last`: the highest number that the table had given. */
const triggersOf = (kind: Kind, last: bigint): ReadonlyArray<Trigger> => {
  const { key, table } = kind
  const body = [keep(kind)]
  if (isCounted(kind)) {
    const when = `OLD.id <= ${last}`
    return [{ fires: "UPDATE", when, body }, { fires: "DELETE", when, body }]
  }
  const keys = (row: string) => key.map((column) => `${row}.${quote(column)}`).join(", ")
  const came = (row: string) => `EXISTS (SELECT 1 FROM drop_${table} d WHERE ${sameKey(kind, "d", row)})`
  const forget = `DELETE FROM drop_${table} WHERE (${key.map(quote).join(", ")}) = (${keys("OLD")})`
  return [
    { fires: "INSERT", body: [`INSERT INTO drop_${table} SELECT ${keys("NEW")} WHERE NOT ${came("NEW")}`] },
    { fires: "UPDATE", when: `NOT ${came("OLD")}`, body },
    { fires: "DELETE", when: `NOT ${came("OLD")}`, body },
    { fires: "DELETE", when: came("OLD"), body: [forget] }
  ]
}

const numberIn = (row: Row | undefined, name: string) => {
  const value = row?.[name]
  return typeof value === "bigint" ? value : undefined
}

/** Notes from here to the end of the transaction what it changes. */
export const note = Effect.fn("Changes.note")(function*(db: Session, format: Format) {
  yield* base(db, format, { of: "main", to: "temp" })
  yield* create(db, format, (table) => !table.startsWith("was_"), "temp")
  const known = new Map((yield* db.all(operation, "SELECT name, id FROM temp.base")).map((row) => [row["name"], row]))
  const triggers = changing(format).flatMap((kind) =>
    triggersOf(kind, numberIn(known.get(kind.table), "id") ?? 0n).map(({ body, fires, when }, i) =>
      `CREATE TEMP TRIGGER note_${kind.table}_${i} AFTER ${fires} ON main.${kind.table}` +
      `${when === undefined ? "" : ` WHEN ${when}`} BEGIN ${body.join("; ")}; END`
    )
  )
  // what REPLACE takes away is noted too
  yield* db.exec(operation, `PRAGMA recursive_triggers = ON; ${triggers.join(";")}`)
})

/** Which rows came in, by their keys. */
const fresh = (kind: Kind) =>
  isCounted(kind)
    ? `main.${kind.table} WHERE id > (SELECT id FROM temp.base WHERE name = '${kind.table}')`
    : `temp.drop_${kind.table} WHERE 1`

/** What was noted, by kind, without what is in the end as it was: nothing where that is all. */
export const noted = Effect.fn("Changes.noted")(function*(db: Session, format: Format) {
  const changes: { [kind: string]: Counts } = {}
  for (const kind of changing(format)) {
    const { name, table } = kind
    const put = `put_${table}`
    const there = `FROM main.${table} t WHERE ${sameKey(kind, "t", put)}`
    yield* db.exec(
      operation,
      `DELETE FROM temp.drop_${table} AS d WHERE EXISTS (SELECT 1 FROM temp.${put} p WHERE ${sameKey(kind, "p", "d")});
       DELETE FROM temp.${put} WHERE EXISTS (SELECT 1 ${there} AND ${sameRow(kind, "t", put)});
       UPDATE temp.${put} SET fresh = NOT EXISTS (SELECT 1 ${there});`
    )
    const row = yield* db.get(
      operation,
      `SELECT (SELECT count(*) FROM ${
        fresh(kind)
      }) AS new, ifnull(sum(fresh), 0) AS gone, ifnull(sum(NOT fresh), 0) AS changed FROM temp.${put}`
    )
    const [isNew, gone, changed] = [Number(row?.["new"]), Number(row?.["gone"]), Number(row?.["changed"])]
    if (isNew + gone + changed > 0) changes[name] = new Counts({ new: isNew, gone, changed })
  }
  return changes satisfies Changes
})

/** Keys of one statement, and rows of one: those may be large. */
const [manyKeys, manyRows] = [5_000, 100]

/** Runs a step that begins behind a number and gives the one to go on behind, until there is none. */
const pages = <E, R>(step: (after: bigint) => Effect.Effect<bigint | undefined, E, R>) =>
  Effect.gen(function*() {
    for (let after: bigint | undefined = -(2n ** 63n); after !== undefined;) {
      after = yield* step(after)
      yield* turn
    }
  })

/** The keys of rows that came in, as JSON: texts by their bytes, since JSON could not say all of them. */
const copyKeys = (db: Session, into: Session, kind: Kind) => {
  const { key, table } = kind
  const isText = (column: string) => kind.columns.some(({ key, storage }) => key === column && storage !== "integer")
  const isOne = key.length === 1
  const said = key.map((column) => isText(column) ? `hex(${quote(column)})` : quote(column)).join(", ")
  const read = key.map((column, i) => {
    const value = isOne ? "value" : `value ->> ${i}`
    return isText(column) ? `CAST(unhex(${value}) AS TEXT)` : value
  })
  return pages((after) =>
    Effect.gen(function*() {
      const row = yield* db.get(
        operation,
        `SELECT json_group_array(${
          isOne ? said : `json_array(${said})`
        }) AS keys, max(r) AS last FROM (SELECT rowid AS r, ${key.map(quote).join(", ")} FROM ${
          fresh(kind)
        } AND rowid > ? ORDER BY rowid LIMIT ${manyKeys})`,
        after
      )
      const last = numberIn(row, "last")
      if (last === undefined) return undefined
      const keys = String(row?.["keys"])
      yield* into.attempt(operation, ({ prepare }) => {
        prepare(`INSERT INTO drop_${table} SELECT ${read.join(", ")} FROM json_each(?)`).run(keys)
      })
      return last
    })
  )
}

/** Rows with what each of their cells is: a text that is none to JavaScript comes out with the bytes that it has. */
const copyRows = (db: Session, into: Session, name: string, columns: ReadonlyArray<string>, from: string) => {
  const said = columns.map((column, i) =>
    `CASE typeof(${column}) WHEN 'text' THEN CAST(${column} AS BLOB) ELSE ${column} END AS c${i}, typeof(${column}) = 'text' AS t${i}`
  )
  const values = columns.map((_, i) => `CASE WHEN @t${i} THEN CAST(@c${i} AS TEXT) ELSE @c${i} END`)
  return pages((after) =>
    Effect.gen(function*() {
      const rows = yield* db.all(
        operation,
        `SELECT ${said.join(", ")}, p.rowid AS r FROM ${from} AND p.rowid > ? ORDER BY p.rowid LIMIT ${manyRows}`,
        after
      )
      yield* into.attempt(operation, ({ prepare }) => {
        const insert = prepare(`INSERT INTO ${name} VALUES (${values.join(", ")})`)
        for (const row of rows) insert.run(row)
      })
      return numberIn(rows.at(-1), "r")
    })
  )
}

/** The inverse of what was noted: the path of its file, which goes with the scope. Nothing may be changed between `noted` and this. */
export const inverseOfNoted = Effect.fn("Changes.inverseOfNoted")(
  function*(db: Session, format: Format, changes: Changes) {
    const into = yield* (yield* Database).alone()
    const wanted = new Set(
      changing(format).flatMap(({ name, table }) => {
        const { changed = 0, gone = 0, new: came = 0 } = changes[name] ?? {}
        return [
          ...(changed + gone > 0 ? [`put_${table}`] : []),
          ...(came > 0 ? [`drop_${table}`] : []),
          ...(changed > 0 ? [`was_${table}`] : [])
        ]
      })
    )
    yield* create(into, format, (table) => wanted.has(table))
    yield* into.exec(operation, "CREATE TABLE base(name, id)")
    const base = yield* db.all(operation, "SELECT name, id FROM temp.base")
    yield* into.attempt(operation, ({ prepare }) => {
      for (const row of base) prepare("INSERT INTO base VALUES (@name, @id)").run(row)
    })
    for (const kind of changing(format)) {
      const { table } = kind
      const columns = columnsOf(kind).map(quote)
      const old = `temp.put_${table} p`
      if (wanted.has(`put_${table}`)) {
        yield* copyRows(
          db,
          into,
          `put_${table}`,
          [...columns, "fresh"].map((column) => `p.${column}`),
          `${old} WHERE 1`
        )
      }
      if (wanted.has(`drop_${table}`)) yield* copyKeys(db, into, kind)
      if (wanted.has(`was_${table}`)) {
        yield* copyRows(
          db,
          into,
          `was_${table}`,
          columns.map((column) => `t.${column}`),
          `${old} JOIN main.${table} t ON ${sameKey(kind, "t", "p")} WHERE NOT p.fresh`
        )
      }
    }
    yield* into.exec(operation, "COMMIT")
    return into.path
  }
)
