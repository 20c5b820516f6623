/**
 * Whether the indexes of a table have an entry for every row. Counting both is cheap, and it is the one thing that shows a row that
 * a damaged page of the table does not show any more.
 */
import * as Effect from "effect/Effect"
import { Finding } from "../records/Finding.ts"
import type { Kind } from "../records/Kind.ts"
import type { Unique } from "../records/Rule.ts"
import { unlessDamaged } from "./damagedTableScan.ts"
import { type OpenError, openError } from "./OpenError.ts"
import type { Session, Statements } from "./Session.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

interface Counted {
  readonly name: string
  readonly columns: string
  readonly partial: boolean
  readonly unique: boolean
  /** None when the index cannot be read: rows are read without it, so that is no reason to fail. */
  readonly entries: number | undefined
  readonly rows: number
}

export interface Indexes {
  readonly findings: ReadonlyArray<Finding>
  /** Whether there is an index that holds this constraint, with an entry for every row. */
  readonly whole: (unique: Unique) => boolean
}

/** A partial index is only counted for a constraint that says which rows it has. */
const whereOf = (kind: Kind, columns: string): string | undefined =>
  kind.unique.find((unique) => unique.where !== undefined && unique.columns.join() === columns)?.where

const counted = (db: Statements, kind: Kind, known: number | undefined): ReadonlyArray<Counted> => {
  const count = (source: string, where: string) =>
    Number(db.prepare(`SELECT count(*) AS n FROM ${kind.table} ${source} WHERE ${where}`).get()?.["n"])
  let rows = known
  return db.prepare(`SELECT name, "unique" AS is_unique, partial FROM pragma_index_list(?) ORDER BY name`)
    .all(kind.table)
    .flatMap((row) => {
      const name = String(row["name"])
      const columns = db.prepare("SELECT name FROM pragma_index_info(?) ORDER BY seqno").all(name)
        .map((column) => String(column["name"])).join()
      const partial = row["partial"] === 1n
      const where = partial ? whereOf(kind, columns) : "1"
      if (where === undefined) return []
      const all = partial ? count("NOT INDEXED", where) : rows ??= count("NOT INDEXED", "1")
      const entries = unlessDamaged(() => count(`INDEXED BY "${name.replaceAll("\"", "\"\"")}"`, where))
      return [{ name, columns, partial, unique: row["is_unique"] === 1n, entries, rows: all }]
    })
}

/**
 * `known`: how many rows the table has, where that was counted while they were read. Fails when an index has more entries than its table
 * has rows: a row that was there cannot be read any more, and nothing else would show it.
 */
export const judgeIndexes = (
  db: Session,
  kind: Kind,
  known: number | undefined
): Effect.Effect<Indexes, SqliteFailure | OpenError> =>
  Effect.flatMap(db.attempt(`check the indexes of ${kind.table}`, (db) => counted(db, kind, known)), (all) => {
    const more = all.find(({ entries, rows }) => entries !== undefined && entries > rows)
    if (more !== undefined) {
      return openError(
        db.path,
        "damaged",
        `${more.entries} rows of ${kind.table} are in its index ${more.name}, and ${more.rows} in the table`
      )
    }
    return Effect.succeed({
      findings: all.filter(({ entries, rows }) => entries !== rows).map(({ columns, entries, rows }) =>
        new Finding({
          rule: "index",
          kind: kind.name,
          field: columns.replaceAll(",", ", "),
          says: entries === undefined
            ? "index cannot be read: it is damaged, the rows were read without it"
            : `index has ${entries} entries for ${rows} rows: it is damaged, the rows were read without it`,
          outcome: "carried",
          blocking: false,
          count: 1,
          rows: []
        })
      ),
      whole: ({ columns, where }) =>
        all.some((index) =>
          index.unique && index.partial === (where !== undefined) && index.columns === columns.join() &&
          index.entries === index.rows
        )
    })
  })
