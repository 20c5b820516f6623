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
const window = 5_000

const quote = (name: string) => `"${name}"`

/** The rows of one side as a table of columns and `rowid_`; of `b`, those that a scope takes. */
export const rowsIn = (schema: Schema, kind: Kind, scope: Scope): string => {
  const { columns, where } = schema === "b" ? scope.of(kind) : everything
  const all = kind.columns.map(({ key }) => `${columns[key] ?? `t.${quote(key)}`} AS ${quote(key)}`)
  return `(SELECT t.rowid AS rowid_, ${all.join(", ")} FROM ${schema}.${kind.table} t WHERE ${where})`
}

const isThere = (table: string, id: string) => `EXISTS (SELECT 1 FROM a.${table} o WHERE o.id = ${id})`
/** A row that only `b` has is a difference of its own. */
const isPaired = (table: string, id: string) => `EXISTS (SELECT 1 FROM pair_${table} p WHERE p.b = ${id})`
const pairOf = (table: string, id: string) => `(SELECT p.b FROM pair_${table} p WHERE p.a = ${id})`

/**
 * The number on the side of `b` of the row that a column of `x` points at. A number that stands for no row on both sides is itself; what only
 * one of them has equals nothing on the other.
 */
const there = (table: string, id: string) =>
  `CASE WHEN ${id} IS NULL THEN NULL ELSE coalesce(${pairOf(table, id)},` +
  ` iif(${isThere(table, id)} OR ${isPaired(table, id)}, 'no row', ${id})) END`

/** Members of the payload of an event that are numbers of rows. */
const numbered = { comment_id: "comments", link_id: "links" }
const keys = Object.keys(numbered)

const sides = ["x", "y"] as const
const ofBoth = (sql: (payload: string) => string): readonly [string, string] => {
  const [x, y] = sides.map((side) => sql(`${side}.payload`))
  return [x ?? "", y ?? ""]
}

/** The same row by a number in two payloads; two numbers of rows that are gone stand for nothing. What is no number is what it says. */
const sameNumber = (key: string, table: string) => {
  const [x, y] = ofBoth((payload) => `json_extract(${payload}, '$.${key}')`)
  const [rawX, rawY] = ofBoth((payload) => `(${payload} -> '$.${key}')`)
  return `CASE WHEN typeof(${x}) <> 'integer' OR typeof(${y}) <> 'integer' OR ${
    ofBoth((payload) => `json_type(${payload}, '$.${key}')`).map((type) => `${type} <> 'integer'`).join(" OR ")
  } THEN ${rawX} IS ${rawY}` +
    ` WHEN ${isThere(table, x)} THEN ${pairOf(table, x)} IS ${y} ELSE NOT ${isPaired(table, y)} END`
}

const names = ofBoth((payload) => keys.map((key) => `instr(${payload}, '"${key}"')`).join(" OR ")).join(" OR ")
// what is no JSON must not come to a function that wants some: only CASE is sure not to ask it
const readable = ofBoth((payload) => `json_valid(${payload})`).join(" AND ")
const numbers = Object.entries(numbered).map(([key, table]) => sameNumber(key, table)).join(" AND ")
const others = ofBoth((payload) => `json_remove(${payload}, ${keys.map((key) => `'$.${key}'`).join(", ")})`)

/** Payloads that say the same, whatever numbers they give a comment or a link. */
const samePayload = `CASE WHEN NOT (${names}) THEN x.payload IS y.payload WHEN ${readable}` +
  ` THEN ${numbers} AND (x.payload IS y.payload OR ${others.join(" = ")}) ELSE x.payload IS y.payload END`

/** What must hold of two rows, whatever the spelling of their JSON is. */
export const despiteSpelling = (kind: Kind): string =>
  kind.name === "event" ? `CASE WHEN NOT (${names}) THEN 1 WHEN ${readable} THEN ${numbers} ELSE 0 END` : "1"

/** What of a column is spelled, on one side: without what only stands for a row. */
export const spelled = (kind: Kind, side: "x" | "y", key: string): string =>
  kind.name === "event" && key === "payload"
    ? `CASE WHEN (${names}) AND ${readable} THEN ${others[side === "x" ? 0 : 1]} ELSE ${side}.payload END`
    : `${side}.${quote(key)}`

/** Two issues are related in either direction: which one stands first goes by their numbers. */
const eitherWay = (x: readonly [string, string], y: readonly [string, string]) =>
  `((${x[0]} IS ${y[0]} AND ${x[1]} IS ${y[1]}) OR (x.type = 'related' AND ${x[0]} IS ${y[1]} AND ${x[1]} IS ${y[0]}))`

/** Whether a column says the same in the rows `x` and `y`, as SQL. */
export const same = (kind: Kind, { key, reference }: Field): string => {
  if (reference._tag === "Some") return `(${there(reference.value.table, `x.${quote(key)}`)} IS y.${quote(key)})`
  if (kind.name === "event" && key === "payload") return samePayload
  return kind.name === "link" && key.endsWith("_issue_uid")
    ? eitherWay(["x.from_issue_uid", "x.to_issue_uid"], ["y.from_issue_uid", "y.to_issue_uid"])
    : `(x.${quote(key)} IS y.${quote(key)})`
}

const saysTheSame = (kind: Kind): string => contents(kind).map((field) => same(kind, field)).join(" AND ") || "1"

/** Whether `y` is the row `x`. NULL stands where it may not in a damaged database, and is the same as NULL. */
const isSame = (kind: Kind, { by }: Identity): string => {
  if (kind.name === "link") {
    const ends = ["from_issue_id", "to_issue_id"].map((end) => there("issues", `x.${end}`)) as [string, string]
    return `y.type IS x.type AND ${eitherWay(ends, ["y.from_issue_id", "y.to_issue_id"])}`
  }
  return by.map((key) => {
    const reference = kind.columns.find((field) => field.key === key)?.reference
    return `y.${quote(key)} IS ${
      reference?._tag === "Some" ? there(reference.value.table, `x.${quote(key)}`) : `x.${quote(key)}`
    }`
  }).join(" AND ")
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
    // what belongs to a row that the other side does not have is not there either
    const alone = by.flatMap((key) => {
      const reference = kind.columns.find((field) => field.key === key)?.reference
      if (reference?._tag !== "Some") return []
      const { table } = reference.value
      return [
        ` AND NOT EXISTS (SELECT 1 FROM ${schema}.${table} o WHERE o.id = t.${quote(key)}` +
        ` AND NOT EXISTS (SELECT 1 FROM pair_${table} p WHERE p.${schema} = o.id))`
      ]
    })
    const rows = `SELECT t.rowid_, ${known.join(", ")} FROM ${rowsIn(schema, kind, scope)} t` +
      ` WHERE NOT EXISTS (SELECT 1 FROM pair_${kind.table} p WHERE p.${schema} = t.rowid_)${alone.join("")}`
    const names = by.map(quote).join(", ")
    return `(SELECT *, row_number() OVER (PARTITION BY ${names} ORDER BY rowid_) AS nth FROM (${rows}))`
  }
  const on = [...by.map(quote), "nth"].map((name) => `y.${name} IS x.${name}`).join(" AND ")
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
