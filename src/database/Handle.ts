/**
 * One open SQLite file, through better-sqlite3; everything above speaks SQL through it.
 *
 * A path is a path: files are opened by a URI whose segments are escaped, since plain names lose trailing blanks and newlines.
 * A process must not open a database through `fs` while it has it open here: closing such a descriptor drops the locks that SQLite
 * holds (POSIX locks belong to the process, not to the descriptor). `isOpen` answers whether it has.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { codeOf } from "../files/FileError.ts"
import { functions } from "../records/functions.ts"
import { type Connection, type EngineUnusable, load, unusableBy } from "./engine.ts"
import type { NamedParams, Param, Row, Session, Statement, Statements } from "./Session.ts"
import { SqliteFailure } from "./SqliteFailure.ts"

/** The session of the code that opened the file, with what throws; none is given to code outside of this folder. */
export interface Handle extends Session, Statements {
  /** Closes before the scope does. Closing twice is fine. */
  readonly close: Effect.Effect<void, SqliteFailure>
}

/**
 * The file must exist. `read`: never writes, may need to make a `-shm`. `immutable`: takes no lock and looks at no WAL; for files that
 * no process can be writing to.
 */
export type Mode = "read" | "write" | "immutable"

/** What better-sqlite3 threw, as a typed error. */
export const failure = (path: string, operation: string) => (cause: unknown): SqliteFailure =>
  new SqliteFailure({
    path,
    operation,
    code: codeOf(cause).startsWith("SQLITE_") ? codeOf(cause) : "",
    detail: cause instanceof Error ? cause.message : String(cause),
    // better-sqlite3 makes its rows by code that it generates.
    ...(cause instanceof EvalError ? { next: "run node without --disallow-code-generation-from-strings" } : {})
  })

/** The name by which SQLite opens exactly this absolute path. */
export const uriOf = (path: string, mode: Mode) =>
  `file://${path.split("/").map(encodeURIComponent).join("/")}?mode=${
    mode === "immutable" ? "ro&immutable=1" : mode === "read" ? "ro" : "rw"
  }`

const openPaths = new Map<string, number>()

/** Whether this process has the file of that absolute path open. */
export const isOpen = (path: string): boolean => (openPaths.get(path) ?? 0) > 0

const count = (path: string, by: number) => {
  const now = (openPaths.get(path) ?? 0) + by
  if (now > 0) openPaths.set(path, now)
  else openPaths.delete(path)
}

/** Says that the file of that absolute path is open, for as long as the scope lives. */
export const keepCount = (path: string): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(Effect.sync(() => count(path, 1)), () => Effect.sync(() => count(path, -1)))

/** Opens the file at an absolute path for as long as the scope lives. */
export const open = (
  path: string,
  mode: Mode,
  options?: {
    readonly busyTimeout?: number
    /** A file that is malformed is to be read all the same: `writable_schema` counts, which then makes SQLite do so. */
    readonly damaged?: boolean
  }
): Effect.Effect<Handle, SqliteFailure | EngineUnusable, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.flatMap(load, (Sqlite) =>
      Effect.try({
        try: () => {
          const db = new Sqlite(uriOf(path, mode), {
            readonly: mode === "read" || mode === "immutable",
            timeout: options?.busyTimeout ?? 5000
          })
          db.defaultSafeIntegers(true)
          if (options?.damaged === true) db.unsafeMode(true)
          for (const [name, is] of Object.entries(functions)) {
            db.function(name, { deterministic: true }, (value) => is(value) ? 1n : 0n)
          }
          count(path, 1)
          return make(path, db)
        },
        catch: (cause) => unusableBy(cause) ?? failure(path, "open the database")(cause)
      })),
    // A handle that cannot be closed is gone with the process; what mattered was committed or will be rolled back.
    (handle) => Effect.ignore(handle.close)
  )

const make = (path: string, db: Connection): Handle => {
  const prepared = new Map<string, Statement>()
  const prepare = (sql: string): Statement => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = db.prepare<Array<Param | NamedParams>, Row>(sql)
    prepared.set(sql, statement)
    return statement
  }
  const statements: Statements = { path, prepare, execute: (sql) => void db.exec(sql) }
  const attempt: Session["attempt"] = (operation, work) =>
    Effect.try({ try: () => work(statements), catch: failure(path, operation) })
  return {
    ...statements,
    attempt,
    exec: (operation, sql) => attempt(operation, () => void db.exec(sql)),
    all: (operation, sql, ...params) => attempt(operation, () => prepare(sql).all(...params)),
    get: (operation, sql, ...params) => attempt(operation, () => prepare(sql).get(...params)),
    close: attempt("close the database", () => {
      if (!db.open) return
      prepared.clear()
      db.close()
      count(path, -1)
    })
  }
}
