/**
 * Which rows of two databases are the same one, and whether they say the same: a table `pair_<table>` for each kind, of the rowids on both
 * sides. A session of `Database.together` has them in its own `main`.
 *
 * Most rows have the same number on both sides, as in a backup of the same database: these are found by it, without an index, and held against
 * each other on the way. Only the others are looked for by what they are known by.
 */
import * as Effect from "effect/Effect"
import { everything, type Scope } from "../database/Selection.ts"
import type { NamedParams, Param, Session } from "../database/Session.ts"
import type { SqliteFailure } from "../database/SqliteFailure.ts"
import { turn } from "../host/turn.ts"
import { advance } from "../Progress.ts"
import type { Field } from "../records/Field.ts"
import type { Kind } from "../records/Kind.ts"
import { contents, type Identity, identityOf } from "./identity.ts"

export type Schema = "a" | "b"

/** Rows that one statement reads. */
export const window = 5_000

const quote = (name: string) => `"${name}"`

/** The rows of one side as a table of columns and `rowid_`; of `b`, those that a scope takes. */
export const rowsIn = (schema: Schema, kind: Kind, scope: Scope): string => {
  const { columns, where } = schema === "b" ? scope.of(kind) : everything
  const all = kind.columns.map(({ key }) => `${columns[key] ?? `t.${quote(key)}`} AS ${quote(key)}`)
  return `(SELECT t.rowid AS rowid_, ${all.join(", ")} FROM ${schema}.${kind.table} t WHERE ${where})`
}

/** The number on the side of `b` of the row that a column of `x` points at; of one that is not there, its number. */
const there = (table: string, id: string) =>
  `coalesce((SELECT p.b FROM pair_${table} p WHERE p.a = ${id}),` +
  ` iif(EXISTS (SELECT 1 FROM a.${table} o WHERE o.id = ${id}), NULL, ${id}))`

/** The same row by the local numbers in two payloads; the number of a row that is gone stands for nothing. */
const sameNumber = (key: string, table: string) => {
  const [x, y] = ["x", "y"].map((side) => `json_extract(${side}.payload, '$.${key}')`) as [string, string]
  return `iif(EXISTS (SELECT 1 FROM a.${table} WHERE id = ${x}), ${
    there(table, x)
  } IS ${y}, (${x} IS NULL) = (${y} IS NULL))`
}

const numbered = { comment_id: "comments", link_id: "links" }
const keys = Object.keys(numbered)

/** The payloads of two events name the same comment and the same link, or none. */
const sameNumbers =
  `iif(${
    keys.map((key) => `instr(x.payload, '"${key}"')`).join(" OR ")
  }, json_valid(x.payload) AND json_valid(y.payload)` +
  ` AND ${Object.entries(numbered).map(([key, table]) => sameNumber(key, table)).join(" AND ")}, 1)`

/** Payloads that say the same, whatever numbers they give a comment or a link. */
const samePayload = `(${sameNumbers} AND (x.payload IS y.payload OR (${
  keys.map((key) => `instr(x.payload, '"${key}"')`).join(" OR ")
}) AND ${
  ["x", "y"].map((side) => `json_remove(${side}.payload, ${keys.map((key) => `'$.${key}'`).join(", ")})`).join(" = ")
}))`

/** What must hold of two rows, whatever the spelling of their JSON is. */
export const despiteSpelling = (kind: Kind): string => kind.name === "event" ? sameNumbers : "1"

/** Whether a column says the same in the rows `x` and `y`, as SQL. */
export const same = (kind: Kind, { key, reference }: Field): string =>
  reference._tag === "Some"
    ? `(${there(reference.value.table, `x.${quote(key)}`)} IS y.${quote(key)})`
    : kind.name === "event" && key === "payload"
    ? samePayload
    : `(x.${quote(key)} IS y.${quote(key)})`

const saysTheSame = (kind: Kind): string => contents(kind).map((field) => same(kind, field)).join(" AND ") || "1"

/** Whether `y` is the row `x`. Two issues are related in either direction: which one stands first goes by their numbers. */
const isSame = (kind: Kind, { by }: Identity): string => {
  const parts = by.map((key) => {
    const reference = kind.columns.find((field) => field.key === key)?.reference
    return reference?._tag === "Some"
      ? `y.${quote(key)} = ${there(reference.value.table, `x.${quote(key)}`)}`
      : `y.${quote(key)} = x.${quote(key)}`
  })
  if (kind.name !== "link") return parts.join(" AND ")
  const [from, to] = ["from_issue_id", "to_issue_id"].map((end) => there("issues", `x.${end}`))
  return `y.type = x.type AND ((y.from_issue_id = ${from} AND y.to_issue_id = ${to})` +
    ` OR (x.type = 'related' AND y.from_issue_id = ${to} AND y.to_issue_id = ${from}))`
}

/** Calls `work` for the windows of the rowids of a table of one side, one after the other. */
export const inWindows = (
  db: Session,
  table: string,
  work: (from: bigint, to: bigint) => Effect.Effect<unknown, SqliteFailure>
) =>
  Effect.iterate(-(2n ** 63n) as bigint | undefined, {
    while: (from) => from !== undefined,
    body: (from) =>
      Effect.gen(function*() {
        const sql = `SELECT max(r) AS last, count(*) AS n FROM` +
          ` (SELECT rowid AS r FROM ${table} WHERE rowid >= ? ORDER BY rowid LIMIT ${window})`
        const found = yield* db.get(`read ${table}`, sql, from ?? 0n)
        const last = found?.["last"]
        if (typeof last !== "bigint") return undefined
        yield* work(from ?? 0n, last)
        yield* Effect.zipRight(advance(Number(found?.["n"] ?? 0), 0), turn)
        return last === 2n ** 63n - 1n ? undefined : last + 1n
      })
  })

const run = (db: Session, kind: Kind, sql: string, ...params: ReadonlyArray<Param | NamedParams>) =>
  db.attempt(`compare the ${kind.table}`, ({ prepare }) => void prepare(sql).run(...params))

/** Whether some row of a side is in no pair yet. */
const someLeft = (db: Session, kind: Kind, scope: Scope, side: Schema) =>
  Effect.map(
    db.get(
      `compare the ${kind.table}`,
      `SELECT EXISTS (SELECT 1 FROM ${rowsIn(side, kind, scope)} t WHERE NOT EXISTS` +
        ` (SELECT 1 FROM pair_${kind.table} p WHERE p.${side} = t.rowid_)) AS some`,
      ...scope.params
    ),
    (row) => row?.["some"] === 1n
  )

/** Rows that are known by what they hold alone: the first of several equal ones is the first on the other side too. */
const matchCounted = (db: Session, kind: Kind, scope: Scope, { by }: Identity) => {
  const side = (schema: Schema) => {
    const known = by.map((key) => {
      const reference = kind.columns.find((field) => field.key === key)?.reference
      return schema === "a" && reference?._tag === "Some"
        ? `${there(reference.value.table, `t.${quote(key)}`)} AS ${quote(key)}`
        : `t.${quote(key)} AS ${quote(key)}`
    })
    const rows = `SELECT t.rowid_, ${known.join(", ")} FROM ${rowsIn(schema, kind, scope)} t` +
      ` WHERE NOT EXISTS (SELECT 1 FROM pair_${kind.table} p WHERE p.${schema} = t.rowid_)`
    const names = by.map(quote).join(", ")
    return `(SELECT *, row_number() OVER (PARTITION BY ${names} ORDER BY rowid_) AS nth FROM (${rows}))`
  }
  const on = [...by.map(quote), "nth"].map((name) => `y.${name} = x.${name}`).join(" AND ")
  return run(
    db,
    kind,
    `INSERT INTO pair_${kind.table} SELECT x.rowid_, y.rowid_, 1 FROM ${side("a")} x JOIN ${side("b")} y ON ${on}`,
    ...scope.params
  )
}

const matchKind = (db: Session, kind: Kind, scope: Scope, identity: Identity) =>
  Effect.gen(function*() {
    const table = `pair_${kind.table}`
    const [x, y] = [rowsIn("a", kind, scope), rowsIn("b", kind, scope)]
    const found = `INSERT OR IGNORE INTO ${table} SELECT x.rowid_, y.rowid_, ${
      saysTheSame(kind)
    } FROM ${x} x CROSS JOIN ${y} y`
    const within = "x.rowid_ BETWEEN ? AND ?"
    yield* db.exec(
      `compare the ${kind.table}`,
      `CREATE TABLE ${table} (a INTEGER PRIMARY KEY, b INTEGER NOT NULL UNIQUE, same INTEGER NOT NULL)`
    )
    yield* inWindows(db, `a.${kind.table}`, (from, to) =>
      run(
        db,
        kind,
        `${found} ON y.rowid_ = x.rowid_ WHERE ${within} AND ${isSame(kind, identity)}`,
        ...scope.params,
        from,
        to
      ))
    if (!(yield* someLeft(db, kind, scope, "a")) || !(yield* someLeft(db, kind, scope, "b"))) return
    if (identity.counted === true) return yield* matchCounted(db, kind, scope, identity)
    const left = `NOT EXISTS (SELECT 1 FROM ${table} p WHERE p.a = x.rowid_)`
    yield* inWindows(db, `a.${kind.table}`, (from, to) =>
      run(
        db,
        kind,
        `${found} ON ${isSame(kind, identity)} WHERE ${within} AND ${left}`,
        ...scope.params,
        from,
        to
      ))
  })

/** Makes the tables of pairs of all kinds that are compared, those that others point at first. */
export const match = Effect.fn("Merge.match")((db: Session, kinds: ReadonlyArray<Kind>, scope: Scope) =>
  Effect.forEach(kinds, (kind) => {
    const identity = identityOf(kind)
    return identity === undefined ? Effect.void : matchKind(db, kind, scope, identity)
  }, { discard: true })
)
