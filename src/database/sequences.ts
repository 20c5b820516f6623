/** What sqlite_sequence should say: an id that was given once is never given again, also after the newest row was purged. */
import * as Effect from "effect/Effect"
import { Finding, FindingRow } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { rowsOf, type Scope } from "./Selection.ts"
import type { Session } from "./Session.ts"

/** Of rows of sqlite_sequence, whose `seq` is the highest id that was ever given. */
export const sequenceRules = {
  missing: { rule: "sequence missing", says: "is missing for a table that has rows" },
  low: { rule: "sequence low", says: "is below the highest id of its table" },
  reset: { rule: "sequence below a purge", says: "is below a reserved event id: the id could be given again" },
  negative: { rule: "sequence negative", says: "is below 0" },
  spent: { rule: "sequence spent", says: "is the highest number there is: no row can be added" },
  unknown: { rule: "sequence of an unknown table", says: "is of a table that does not count" },
  twice: { rule: "sequence twice", says: "is there more than once" }
} as const

/** An id can be no higher. */
export const highestId = 2n ** 63n - 1n

/** Asks for the highest id of a table that is known to have been given, as `id`: of its rows, and of those that a purge has reserved. */
export const highestGiven = ({ kinds }: Format, { table }: Kind): string => {
  const reserved = kinds.flatMap((kind) =>
    kind.reserves?.table === table ? [`, ifnull((SELECT max(${kind.reserves.field}) FROM ${kind.table}), 0)`] : []
  ).join("")
  return `SELECT max(ifnull(max(id), 0), 0${reserved}) AS id FROM ${table}`
}

const finding = (rule: typeof sequenceRules[keyof typeof sequenceRules], rows: ReadonlyArray<FindingRow>) =>
  rows.length === 0 ? [] : [
    new Finding({
      ...rule,
      kind: "sqlite_sequence",
      field: "seq",
      outcome: "carried",
      blocking: false,
      count: rows.length,
      rows
    })
  ]

/** Tables with rows whose sequence has no record; an unsealed file like that was cut (D2). */
export const withoutSequence = (db: Session, { counting }: Format) =>
  db.attempt(
    "check the sequences",
    (db) =>
      counting.filter((kind) =>
        db.prepare(
          `SELECT EXISTS (SELECT 1 FROM ${kind.table} NOT INDEXED) AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = '${kind.table}') AS missing`
        )
          .get()?.["missing"] === 1n
      ).map((kind) => kind.table)
  )

export const sequences = (
  db: Session,
  format: Format,
  scope: Scope
): Effect.Effect<ReadonlyArray<Finding>, Effect.Effect.Error<ReturnType<typeof withoutSequence>>> =>
  Effect.flatMap(withoutSequence(db, format), (missing) =>
    db.attempt("check the sequences", (db) => {
      const { counting, kinds } = format
      const low = counting.flatMap((kind) => {
        const highest = db.prepare(`SELECT max(id) AS id FROM ${rowsOf(kind, scope.of(kind), "1")}`).get(
          ...scope.params
        )?.["id"]
        const seq = db.prepare("SELECT max(seq) AS seq FROM sqlite_sequence WHERE name = ?").get(kind.table)?.["seq"]
        return typeof highest === "bigint" && typeof seq === "bigint" && seq < highest
          ? [new FindingRow({ row: kind.table, value: `${seq} < ${highest}` })] :
          []
      })
      const reset = kinds.flatMap(({ reserves, table }) =>
        reserves === undefined ? [] : db.prepare(
          `SELECT s.seq AS seq, p.reset AS reset FROM (SELECT max(seq) AS seq FROM sqlite_sequence WHERE name = '${reserves.table}') s,` +
            ` (SELECT max(${reserves.field}) AS reset FROM ${table} NOT INDEXED) p WHERE s.seq < p.reset`
        ).all().map((row) => new FindingRow({ row: reserves.table, value: `${row["seq"]} < ${row["reset"]}` }))
      )
      const names = counting.map((kind) => `'${kind.table}'`).join(",")
      const unknown = db.prepare(`SELECT name FROM sqlite_sequence WHERE name NOT IN (${names}) ORDER BY name`).all()
      const doubles = db.prepare("SELECT name FROM sqlite_sequence GROUP BY name HAVING count(*) > 1").all()
      const counted = (where: string) =>
        db.prepare(`SELECT name, seq FROM sqlite_sequence WHERE name IN (${names}) AND ${where} ORDER BY name`).all()
      const named = (rows: ReadonlyArray<{ readonly [column: string]: unknown }>) =>
        rows.map(({ name, seq }) =>
          new FindingRow({ row: String(name), ...(seq === undefined ? {} : { value: String(seq) }) })
        )
      return [
        ...finding(sequenceRules.missing, missing.map((row) => new FindingRow({ row }))),
        ...finding(sequenceRules.low, low),
        ...finding(sequenceRules.reset, reset),
        ...finding(sequenceRules.negative, named(counted("seq < 0"))),
        ...finding(sequenceRules.spent, named(counted(`seq = ${highestId}`))),
        ...finding(sequenceRules.unknown, named(unknown)),
        ...finding(sequenceRules.twice, named(doubles))
      ]
    }))
