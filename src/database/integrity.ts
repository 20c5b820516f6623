/** Whether SQLite finds a database whole, in its own words. */
import * as Effect from "effect/Effect"
import { open } from "./Handle.ts"
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
