/** Whether an open SQLite file is a kata database of this schema, and what is in it that the schema does not know. */
import * as Effect from "effect/Effect"
import { Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import type { Handle } from "./Handle.ts"
import { type OpenError, openError } from "./OpenError.ts"
import { knownTables } from "./schema.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

const quote = (name: string) => `"${name.replaceAll("\"", "\"\"")}"`

/** What a database says about its schema: the version, and every table with its columns. */
export interface Schema {
  readonly version: number
  readonly tables: ReadonlyMap<string, ReadonlySet<string>>
}

/** The formats of other versions that a database may be read as; none: it is refused. */
export type Others = (schema: Schema) => Format | undefined

const tablesOf = (db: Handle) =>
  Effect.map(
    db.all(
      "read the schema",
      "SELECT m.name AS name, c.name AS field FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'"
    ),
    (rows) => {
      const tables = new Map<string, Set<string>>()
      for (const row of rows) {
        const name = String(row["name"])
        tables.set(name, (tables.get(name) ?? new Set()).add(String(row["field"])))
      }
      return tables
    }
  )

/** The format of the file: this one, or one of the others. Fails when it says that it is of neither. */
export const version = Effect.fnUntraced(function*<F extends Pick<Format, "version">>(
  db: Handle,
  path: string,
  format: F,
  others?: Others
) {
  const encoding = yield* db.get("read the encoding", "SELECT encoding FROM pragma_encoding")
  if (encoding?.["encoding"] !== "UTF-8") return yield* openError(path, "encoding", String(encoding?.["encoding"]))
  const meta = yield* db.all("read the schema", "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'meta'")
  if (meta.length === 0) return yield* openError(path, "schema", "it has no table meta")
  const rows = yield* db.all(
    "read the schema version",
    "SELECT value FROM meta NOT INDEXED WHERE key = 'schema_version'"
  )
  const value = rows[0]?.["value"]
  if (rows.length === 0) return yield* openError(path, "version", "meta.schema_version is missing")
  if (value === String(format.version)) return format
  const number = typeof value === "string" && /^[+-]?\d{1,9}$/.test(value) ? Number(value) : undefined
  if (number === undefined || number < 1 || number === format.version) {
    return yield* openError(path, "version", `meta.schema_version is ${JSON.stringify(shorten(String(value)))}`)
  }
  const other = others?.({ version: number, tables: yield* tablesOf(db) })
  if (other !== undefined) return other
  return yield* number < format.version
    ? openError(path, "older", `version ${number}, this kata works with version ${format.version}`)
    : openError(path, "newer", `version ${number}, this kata knows versions up to ${format.version}`)
})

const columnsOf = (db: Handle, table: string) =>
  Effect.map(
    db.all("read the schema", `SELECT name FROM pragma_table_xinfo(?)`, table),
    (rows) => rows.map((row) => String(row["name"]))
  )

const finding = (says: string, table: string, row: string) =>
  new Finding({
    rule: "unknown",
    kind: table,
    says,
    outcome: "carried",
    blocking: false,
    count: 1,
    rows: [new FindingRow({ row })]
  })

const unknownColumns = Effect.fnUntraced(function*(db: Handle, path: string, kind: Kind) {
  if (kind.isOpen) return []
  const columns = yield* columnsOf(db, kind.table)
  const known = new Set(kind.columns.map((field) => field.key))
  const missing = [...known].filter((column) => !columns.includes(column))
  if (columns.length === 0) return yield* openError(path, "schema", `it has no table ${kind.table}`)
  if (missing.length > 0) {
    return yield* openError(path, "schema", `its table ${kind.table} has no column ${missing.join(", ")}`)
  }
  const findings: Array<Finding> = []
  for (const column of columns.filter((name) => !known.has(name))) {
    const row = yield* db.get(
      `read the table ${kind.table}`,
      `SELECT rowid AS id FROM ${kind.table} NOT INDEXED WHERE ${quote(column)} IS NOT NULL LIMIT 1`
    )
    if (row !== undefined) {
      return yield* openError(path, "unknown", `table ${kind.table}, column ${column}, row ${row["id"]}`)
    }
    findings.push(finding("has a column that kata does not know; it holds no data", kind.table, column))
  }
  return findings
})

/**
 * Whether there is something of a kata database of this schema, when `inspect` has refused it for `problem`. The tables show it:
 * the row that says the version may be the one that is damaged.
 */
export const recognise = Effect.fn("Database.recognise")(
  function*(db: Handle, path: string, { kinds }: Format, problem: OpenError | SqliteFailure) {
    if (problem._tag === "OpenError" && problem.reason === "encoding") return yield* problem
    const found = new Set<string>()
    for (const kind of kinds) {
      const columns = yield* columnsOf(db, kind.table)
      if (columns.length === 0) continue
      const missing = kind.columns.filter(({ key }) => !columns.includes(key))
      if (missing.length > 0) {
        return yield* problem._tag === "OpenError"
          ? problem
          : openError(path, "schema", `its table ${kind.table} has no column ${missing[0]?.key}`)
      }
      found.add(kind.name)
    }
    if (!found.has("issue") && !found.has("project")) {
      return yield* problem._tag === "OpenError" ? problem : openError(path, "damaged", problem.detail)
    }
  }
)

/**
 * Fails unless it is a kata database of this version, or of one of the others, with nothing in it that could not be carried; the findings
 * are empty tables and columns that are not ours.
 */
export const inspect = Effect.fn("Database.inspect")(function*(
  db: Handle,
  path: string,
  wanted: Format,
  others?: Others
) {
  const format: Format = yield* version(db, path, wanted, others)
  const findings: Array<Finding> = []
  for (const kind of format.kinds) findings.push(...(yield* unknownColumns(db, path, kind)))
  const tables = yield* db.all(
    "read the schema",
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name"
  )
  const ours = knownTables(format)
  for (const name of tables.map((row) => String(row["name"])).filter((name) => !ours.includes(name))) {
    const row = yield* db.get(`read the table ${name}`, `SELECT 1 AS one FROM ${quote(name)} NOT INDEXED LIMIT 1`)
    if (row !== undefined) return yield* openError(path, "unknown", `table ${name}`)
    findings.push(finding("is a table that kata does not know; it holds no data", name, name))
  }
  return { format, findings }
})
