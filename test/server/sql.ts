/** The database of a daemon, beside it: what its API does not do. */
import Sqlite from "better-sqlite3"

const withDatabase = <A>(database: string, use: (db: Sqlite.Database) => A): A => {
  const db = new Sqlite(database)
  try {
    return use(db.defaultSafeIntegers())
  } finally {
    db.close()
  }
}

/** Runs statements that give no rows. No CHECK is in their way: a database can hold what breaks them. */
export const execute = (database: string, sql: string): void =>
  withDatabase(database, (db) => void db.exec(`PRAGMA ignore_check_constraints = 1; ${sql}`))

export const rows = (database: string, sql: string): ReadonlyArray<unknown> =>
  withDatabase(database, (db) => db.prepare(sql).all())
