/** Databases made with SQL alone: nothing that kata loads or exports with has touched what is in them. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { type Handle, open } from "../database/Handle.ts"
import { fillFullText, fullText, indexes, tablesOf, triggers } from "../database/schema.ts"
import type { Param } from "../database/Session.ts"
import { turn } from "../host/turn.ts"
import type { Format } from "../records/Format.ts"
import { version10 } from "../records/kinds.ts"

/** Values by column; a column that is not named gets its default. */
export type Row = { readonly [column: string]: Param }

/** Rows by table. */
export type Content = { readonly [table: string]: ReadonlyArray<Row> }

/**
 * `sound`: the whole schema is there before the first row, and every rule of it is kept.
 * `lawless`: no foreign key, CHECK, UNIQUE, trigger, as years of damage and other programs may leave a database.
 */
export type Rules = "sound" | "lawless"

/** Without its UNIQUE constraints, which no pragma turns off, and the primary keys that are no rowid. */
const withoutUnique = (sql: string): string =>
  sql.replace(/,\s+(?:UNIQUE|PRIMARY KEY)\([^)]*\)/g, "").replace(/ UNIQUE\b/g, "").replace(
    "TEXT PRIMARY KEY",
    "TEXT"
  )

/** Index by index and a thousand issues at a time, so that other fibers run in between. */
const complete = (db: Handle) =>
  Effect.gen(function*() {
    for (const { name, sql } of indexes) yield* Effect.zipRight(turn, db.exec(`make the index ${name}`, sql))
    yield* db.exec("make the search index", fullText)
    const next = (after: bigint | number) =>
      Effect.map(db.get("index the text", fillFullText.next, after, 1000), (row) => row?.["id"])
    let after: bigint | number = fillFullText.from
    for (let to = yield* next(after); typeof to === "bigint"; to = yield* next(after)) {
      const [from, end] = [after, to]
      yield* db.attempt("index the text", () => db.prepare(fillFullText.part).run(from, end))
      yield* turn
      after = to
    }
    for (const { name, sql } of triggers) yield* db.exec(`make the trigger ${name}`, sql)
  })

/**
 * A new database, of schema 10 unless said otherwise, that `fill` puts rows into, within one transaction. `later`: indexes, search index and triggers are made
 * when it has, which is what large ones want.
 */
export const make = <E, R>(
  path: string,
  fill: (db: Handle) => Effect.Effect<void, E, R>,
  options: {
    readonly rules?: Rules
    readonly later?: boolean
    readonly journal?: "wal" | "delete"
    readonly format?: Format
  } = {}
) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const lawless = options.rules === "lawless"
    const early = !lawless && options.later !== true
    yield* Effect.scoped(fs.open(path, { flag: "wx", mode: 0o600 }))
    const db = yield* open(path, "write")
    yield* db.exec(
      "prepare the database",
      "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA locking_mode = EXCLUSIVE;" +
        `PRAGMA foreign_keys = ${early}; PRAGMA ignore_check_constraints = ${lawless}; BEGIN`
    )
    for (const sql of tablesOf(options.format ?? version10)) {
      yield* db.exec("make the tables", lawless ? withoutUnique(sql) : sql)
    }
    if (early) {
      yield* complete(db)
    }
    yield* fill(db)
    if (!early && !lawless) yield* complete(db)
    const orphans = early || lawless ? [] : yield* db.all("check the foreign keys", "PRAGMA foreign_key_check")
    if (orphans.length > 0) return yield* Effect.dieMessage(`rows without their parents: ${JSON.stringify(orphans)}`)
    yield* db.exec("finish the database", "COMMIT")
    if (options.journal !== "delete") yield* db.get("set WAL mode", "PRAGMA journal_mode = WAL")
  }))

/** Puts rows into their tables, parents first; what is said of sqlite_sequence replaces what SQLite counted. */
export const insert = (db: Handle, content: Content, { kinds }: Format = version10) =>
  db.attempt("insert rows", () => {
    for (const { table } of kinds) {
      if (table === "sqlite_sequence" && content[table] !== undefined) db.execute("DELETE FROM sqlite_sequence")
      for (const row of content[table] ?? []) {
        const columns = Object.keys(row)
        db.prepare(
          `INSERT INTO ${table} (${columns.map((column) => `"${column}"`).join(",")}) VALUES (${
            columns.map(() => "?").join(",")
          })`
        ).run(...Object.values(row))
      }
    }
  })

/** A new database with exactly these rows. */
export const build = (
  path: string,
  content: Content,
  options: { readonly rules?: Rules; readonly journal?: "wal" | "delete"; readonly format?: Format } = {}
) => make(path, (db) => insert(db, content, options.format), options)
