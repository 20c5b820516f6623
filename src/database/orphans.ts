/**
 * Rows of an old database that point at rows that are not there. What points at an issue that is gone, an upgrade may do without, when the
 * user says so; Go kata leaves the same rows out. All others stop it.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { turn } from "../host/turn.ts"
import { examples, Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { type RawCell, rowLine } from "./rejectedLine.ts"
import { everything, rowsOf, type Scope, type Selection } from "./Selection.ts"
import type { Row, Session } from "./Session.ts"

/** Whether a column of `t` names an issue that is not there. */
const lost = (column: string) =>
  `(t.${column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM issues o NOT INDEXED WHERE o.id = t.${column}))`

/** One sort of rows without an issue. */
export interface OrphanClass {
  /** What a user accepts it by. */
  readonly name: string
  /** What they are rows of. */
  readonly kind: string
  /** The columns that point at the issue. */
  readonly references: ReadonlyArray<string>
  /** `dropped`: the row goes. `detached`: it stays without these columns. */
  readonly outcome: "dropped" | "detached"
  /** The rows, over `t`. */
  readonly where: string
}

const dropped = (kind: string, ...references: ReadonlyArray<string>): OrphanClass => ({
  name: `${kind}.orphan`,
  kind,
  references,
  outcome: "dropped",
  where: references.map(lost).join(" OR ")
})

/** In the order in which they are told. */
export const orphanClasses: ReadonlyArray<OrphanClass> = [
  dropped("event", "issue_id"),
  dropped("comment", "issue_id"),
  dropped("link", "from_issue_id", "to_issue_id"),
  dropped("issue_label", "issue_id"),
  {
    name: "event.orphan_related",
    kind: "event",
    references: ["related_issue_id"],
    outcome: "detached",
    where: `${lost("related_issue_id")} AND NOT ${lost("issue_id")}`
  }
]

/** What goes with a reference that is taken out of a row. */
const beside: { readonly [column: string]: ReadonlyArray<string> } = { related_issue_id: ["related_issue_uid"] }

/** The columns that a detached row is without. */
const detachedColumns = ({ references }: OrphanClass) =>
  references.flatMap((column) => [column, ...(beside[column] ?? [])])

const selectionOf = (classes: ReadonlyArray<OrphanClass>): Selection => {
  const columns: { [column: string]: string } = {}
  for (const found of classes.filter(({ outcome }) => outcome === "detached")) {
    for (const column of detachedColumns(found)) columns[column] = `iif(${found.where}, NULL, t."${column}")`
  }
  const left = classes.filter(({ outcome }) => outcome === "dropped").map(({ where }) => `NOT (${where})`)
  return { where: left.length === 0 ? "1" : left.join(" AND "), columns }
}

/** Everything but what these classes leave out, with other columns that are read otherwise than they stand, by kind. */
export const without = (
  classes: ReadonlyArray<OrphanClass>,
  columns: ReadonlyMap<string, Selection["columns"]> = new Map()
): Scope => {
  const kinds = new Map(
    [...columns.keys(), ...classes.map(({ kind }) => kind)].map((kind) => {
      const { where, columns: detached } = selectionOf(classes.filter((one) => one.kind === kind))
      return [kind, { where, columns: { ...columns.get(kind), ...detached } }] as const
    })
  )
  return { of: ({ name }) => kinds.get(name) ?? everything, params: [] }
}

/** The classes of which the database has rows, each with its finding: what an upgrade would do to them. */
export const orphans = Effect.fn("Database.orphans")(function*(db: Session, format: Format) {
  const found: Array<{ readonly of: OrphanClass; readonly finding: Finding }> = []
  for (const of of orphanClasses) {
    const kind = Option.getOrUndefined(format.kindOf(of.kind))
    if (kind === undefined) continue
    const rows = rowsOf(kind, everything, of.where)
    const count = yield* db.get(`check the table ${kind.table}`, `SELECT count(*) AS n FROM ${rows}`)
    if (Number(count?.["n"]) === 0) continue
    const columns = of.references.map((column) => `"${column}"`).join(", ")
    const some = yield* db.all(
      `check the table ${kind.table}`,
      `SELECT rowid_, ${columns} FROM ${rows} ORDER BY rowid_ LIMIT ${examples}`
    )
    found.push({
      of,
      finding: new Finding({
        rule: "orphan",
        loss: of.name,
        kind: of.kind,
        field: of.references.length === 1 ? of.references[0] : undefined,
        says: of.outcome === "dropped"
          ? "points at an issue that is not there: the row is left out"
          : "points at an issue that is not there: the row stays without it",
        outcome: of.outcome,
        blocking: false,
        count: Number(count?.["n"]),
        rows: some.map((row) =>
          new FindingRow({
            row: String(row["rowid_"]),
            value: shorten(of.references.map((column) => String(row[column])).join(" → "))
          })
        )
      })
    })
    yield* turn
  }
  return found
})

/** Rows that are read at a time. */
const window = 500

const cellsOf = (kind: Kind, columns: ReadonlyArray<string>, row: Row): ReadonlyArray<RawCell> =>
  kind.columns.filter(({ key }) => columns.includes(key)).map(({ key }) => ({
    column: key,
    class: String(row[`class ${key}`]),
    value: row[`value ${key}`] ?? null
  }))

/** Some lines about the rows of a class after a rowid, raw, and the last rowid; none at the end. */
export const orphanLines = (db: Session, format: Format, of: OrphanClass, after: bigint) =>
  db.attempt(`read the table of ${of.kind}`, ({ prepare }) => {
    const kind = Option.getOrUndefined(format.kindOf(of.kind))
    if (kind === undefined) return undefined
    const columns = kind.columns.map(({ key }) => key)
      .filter((key) => of.outcome === "dropped" || detachedColumns(of).includes(key))
    const cells = columns.map((key) =>
      `typeof(t."${key}") AS "class ${key}",` +
      ` iif(typeof(t."${key}") = 'text', CAST(t."${key}" AS BLOB), t."${key}") AS "value ${key}"`
    )
    const rows = prepare(
      `SELECT t.rowid AS rowid_, ${cells.join(", ")} FROM ${kind.table} t NOT INDEXED` +
        ` WHERE t.rowid > ? AND (${of.where}) ORDER BY t.rowid LIMIT ${window}`
    ).all(after)
    const lines = rows.flatMap((row) => {
      const why = `${of.references.join(", ")}: points at an issue that is not there (${of.name})`
      return [...rowLine(kind.table, BigInt(Number(row["rowid_"])), why, cellsOf(kind, columns, row))]
    })
    const last = rows.at(-1)?.["rowid_"]
    return typeof last === "bigint" ? { lines, last } : undefined
  })

// ---- everything else ------------------------------------------------------------------------------------------------

/** A row that points at none, of no known class. */
export interface Violation {
  readonly table: string
  readonly rowid: bigint | undefined
  readonly column: string
  readonly value: string
  readonly parent: string
}

/** Rows of a table that an error names. */
const shown = 20

const isKnown = (format: Format, table: string, column: string, parent: string): boolean =>
  parent === "issues" &&
  orphanClasses.some(({ kind, references }) =>
    references.includes(column) && Option.exists(format.kindOf(kind), (kind) => kind.table === table)
  )

const quote = (name: string) => `"${name.replaceAll("\"", "\"\"")}"`

/** What SQLite says of one table, with the column of each row. */
const violationsIn = Effect.fnUntraced(function*(db: Session, format: Format, table: string) {
  const sql = `FROM pragma_foreign_key_check(?) c JOIN pragma_foreign_key_list(?) l ON l.id = c.fkid`
  const operation = `check the table ${table}`
  const groups = yield* db.all(
    operation,
    `SELECT c.parent AS parent, l."from" AS col, count(*) AS n ${sql} GROUP BY 1, 2`,
    table,
    table
  )
  const unknown = groups.filter(({ col, parent }) => !isKnown(format, table, String(col), String(parent)))
  const rows: Array<Violation> = []
  for (const { col, parent } of unknown) {
    const column = String(col)
    const some = yield* db.all(
      operation,
      `SELECT c.rowid AS id ${sql} WHERE c.parent = ? AND l."from" = ? LIMIT ${Math.max(1, shown - rows.length)}`,
      table,
      table,
      String(parent),
      column
    )
    for (const { id } of some) {
      const cell = typeof id !== "bigint" ? undefined : yield* db.get(
        operation,
        `SELECT ${quote(column)} AS value FROM ${quote(table)} NOT INDEXED WHERE rowid = ?`,
        id
      )
      rows.push({
        table,
        rowid: typeof id === "bigint" ? id : undefined,
        column,
        value: shorten(String(cell?.["value"] ?? "?")),
        parent: String(parent)
      })
    }
  }
  return { rows, count: unknown.reduce((sum, { n }) => sum + Number(n), 0) }
})

/** Rows that point at none and are of no known class: how many, and the first of each table. */
export const unknownOrphans = Effect.fn("Database.unknownOrphans")(function*(db: Session, format: Format) {
  const tables = yield* db.all(
    "read the schema",
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%REFERENCES%' ORDER BY name"
  )
  const rows: Array<Violation> = []
  let count = 0
  for (const { name } of tables) {
    const found = yield* violationsIn(db, format, String(name))
    rows.push(...found.rows)
    count += found.count
    yield* turn
  }
  return { count, rows }
})
