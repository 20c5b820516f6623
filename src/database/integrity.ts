/** Whether SQLite finds a database whole, in its own words. */
import * as Effect from "effect/Effect"
import { turn } from "../host/turn.ts"
import { open } from "./Handle.ts"
import type { Session } from "./Session.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** The codes that say that a file is no whole database. A virtual table's own, such as those of the search index, are not among them. */
const damage = /^SQLITE_(?:CORRUPT(?!_VTAB)|NOTADB|IOERR_SHORT_READ)/

/** Whether a code of SQLite's says that the file is damaged. */
export const isDamage = (code: string): boolean => damage.test(code)

/**
 * The first damage that SQLite finds in the database at an absolute path, its log included; undefined where it finds none. The whole file is
 * read.
 */
export const damageIn = (path: string) =>
  Effect.flatMap(
    open(path, "read"),
    // what breaks a CHECK is no damage
    (handle) =>
      Effect.zipRight(
        handle.exec("check the pages", "PRAGMA ignore_check_constraints = ON"),
        handle.get("check the pages", "PRAGMA integrity_check(1)")
      )
  ).pipe(
    Effect.scoped,
    Effect.map((row) => Object.values(row ?? {}).map(String).find((line) => line !== "ok")),
    Effect.catchIf(
      (error): error is SqliteFailure => error._tag === "SqliteFailure" && isDamage(error.code),
      ({ detail }) => Effect.succeed(detail)
    )
  )

/** What SQLite says of single rows, none of which is damage: rules are asked elsewhere. */
const harmless = /^(?:NULL value in|[A-Z]+ value in|CHECK constraint failed in)/

/** As many problems of a table as are told. */
const most = 5

/**
 * What SQLite finds wrong in the pages of each table that is open, tables of the search index aside, a table at a time. That the entries of
 * an index are those of the rows is not asked, which costs many times as much: rows are read without indexes, and indexes are made anew.
 */
export const problemsIn = Effect.fn("Database.problemsIn")(function*(db: Session) {
  const tables = yield* db.all(
    "read the schema",
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'" +
      " AND name NOT LIKE '%~_fts~_%' ESCAPE '~' ORDER BY name"
  )
  const found: Array<{ readonly table: string; readonly says: string }> = []
  for (const row of tables) {
    const table = String(row["name"])
    const rows = yield* db.all(
      `check the table ${table}`,
      `SELECT quick_check AS says FROM pragma_quick_check(?)`,
      table
    ).pipe(Effect.catchIf(({ code }) => isDamage(code), ({ detail }) => Effect.succeed([{ says: detail }])))
    const problems = rows.map(({ says }) => String(says)).filter((says) => says !== "ok" && !harmless.test(says))
    found.push(...problems.slice(0, most).map((says) => ({ table, says })))
    yield* turn
  }
  return found
})
