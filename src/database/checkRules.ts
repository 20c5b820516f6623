/** Holds the rows of a database against every rule of the schema, hard and soft, and says what it found. Nothing is changed. */
import * as Effect from "effect/Effect"
import { turn } from "../host/turn.ts"
import { examples, Finding, FindingRow, shorten } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import { type Kind, rowName, type Tree } from "../records/Kind.ts"
import { type Described, type Unique, uniqueRule } from "../records/Rule.ts"
import type { Soundness } from "../records/Soundness.ts"
import { judgeIndexes } from "./indexes.ts"
import { parentCycle, parentCycles } from "./links.ts"
import { metaFindings } from "./meta.ts"
import { breaks, crossRules, rowRules, type Rule } from "./rules.ts"
import { byRowid, everything, orderOf, rowsOf, type Scope } from "./Selection.ts"
import { sequences } from "./sequences.ts"
import type { Row, Session } from "./Session.ts"
import type { SqliteFailure } from "./SqliteFailure.ts"

/** Rows that one statement looks at, so that a signal is handled in between. */
const window = 20_000

const text = (cell: Row[string] | undefined): string =>
  cell === null || cell === undefined
    ? "NULL"
    : cell instanceof Uint8Array
    ? `x'${Buffer.from(cell).toString("hex")}'`
    : String(cell)

/** What a report says of a rule. */
const reported = ({ blocking, field, rule, says }: Described) => ({ rule, field, says, blocking })

const rowOf = (kind: Kind, row: Row): string =>
  rowName(kind, Object.fromEntries(kind.key.map((column) => [column, text(row[column])])))

/** How many rows break each rule, one window after the other. */
const counts = (
  db: Session,
  kind: Kind,
  scope: Scope,
  rules: ReadonlyArray<Rule>
): Effect.Effect<ReadonlyArray<number>, SqliteFailure> => {
  const sums = rules.map((rule, i) => `sum(${breaks(rule.holds)}) AS broken${i}`).join(", ")
  const rows = byRowid(kind)
    ? rowsOf(kind, scope.of(kind), `t.rowid >= ?`, `ORDER BY t.rowid LIMIT ${window}`)
    : rowsOf(kind, scope.of(kind), "1")
  const sql = `SELECT max(rowid_) AS last, ${sums} FROM ${rows} r`
  return Effect.iterate({
    from: -(2n ** 63n) as bigint | undefined,
    broken: rules.map(() => 0) as ReadonlyArray<number>
  }, {
    while: ({ from }) => from !== undefined,
    body: ({ broken, from }) =>
      Effect.zipRight(
        turn,
        Effect.map(
          db.get(`check the table ${kind.table}`, sql, ...scope.params, ...(byRowid(kind) ? [from ?? 0n] : [])),
          (row) => {
            const last = row?.["last"]
            return {
              from: byRowid(kind) && typeof last === "bigint" && last < 2n ** 63n - 1n ? last + 1n : undefined,
              broken: broken.map((sum, i) => sum + Number(row?.[`broken${i}`] ?? 0))
            }
          }
        )
      )
  }).pipe(Effect.map(({ broken }) => broken))
}

const judgeRules = (db: Session, kind: Kind, scope: Scope, rules: ReadonlyArray<Rule>) =>
  rules.length === 0 ? Effect.succeed([]) : Effect.flatMap(counts(db, kind, scope, rules), (broken) =>
    Effect.forEach(
      rules.flatMap((rule, i) => broken[i]! > 0 ? [{ rule, count: broken[i]! }] : []),
      ({ count, rule }) =>
        Effect.map(
          db.all(
            `check the table ${kind.table}`,
            `SELECT * FROM ${rowsOf(kind, scope.of(kind), "1", `ORDER BY ${orderOf(kind)}`)} r WHERE ${
              breaks(rule.holds)
            } LIMIT ${examples}`,
            ...scope.params
          ),
          (rows) =>
            new Finding({
              ...reported(rule),
              kind: kind.name,
              outcome: "carried",
              count,
              rows: rows.map((row) => new FindingRow({ row: rowOf(kind, row), value: shorten(text(row[rule.field])) }))
            })
        )
    ))

/** Rows that a UNIQUE index would not accept together. */
const judgeDoubles = (db: Session, kind: Kind, scope: Scope, unique: Unique) => {
  const columns = unique.columns.join(", ")
  return Effect.map(
    db.all(
      `check the table ${kind.table}`,
      `SELECT ${unique.columns.map((column) => `ifnull(${column},'NULL')`).join("||'/'||")} AS value, count(*) AS n,` +
        ` group_concat(${kind.key.map((column) => `ifnull(${column},'NULL')`).join("||'/'||")}, ', ') AS keys` +
        ` FROM ${rowsOf(kind, scope.of(kind), unique.where ?? "1")} r GROUP BY ${columns} HAVING n > 1`,
      ...scope.params
    ),
    (doubles) =>
      doubles.length === 0 ? [] : [
        new Finding({
          ...reported(uniqueRule(unique)),
          kind: kind.name,
          outcome: "carried",
          count: doubles.reduce((sum, row) => sum + Number(row["n"]) - 1, 0),
          rows: doubles.slice(0, examples).map((row) =>
            new FindingRow({ row: text(row["keys"]), value: shorten(text(row["value"])) })
          )
        })
      ]
  )
}

const judgeParents = (db: Session, kind: Kind, tree: Tree, scope: Scope) =>
  Effect.map(parentCycles(db, kind, tree, scope), (cycles) =>
    cycles.length === 0 ? [] : [
      new Finding({
        ...reported(parentCycle(tree)),
        kind: kind.name,
        outcome: "carried",
        count: cycles.length,
        rows: cycles.slice(0, examples).map(({ issues, link }) =>
          new FindingRow({
            row: String(link),
            value: shorten([...issues.slice(0, 20), ...issues.slice(0, 1)].join(" → "))
          })
        )
      })
    ])

/**
 * All findings of a database, or of the part of it that a scope selects. Rows that `watched` has seen pass are not read again where it
 * vouches for them.
 */
export const judge = Effect.fn("Database.judge")(function*(
  db: Session,
  format: Format,
  scope: Scope,
  watched?: Soundness
) {
  const sound = watched?.holds === true
  const findings: Array<Finding> = []
  for (const kind of format.kinds) {
    const own = watched === undefined || watched.suspect.has(kind.name)
    const rules = sound ? [] : [...(own ? rowRules(kind) : []), ...crossRules(kind)]
    findings.push(...(yield* judgeRules(db, kind, scope, rules)))
    if (!sound && kind.tree !== undefined) findings.push(...(yield* judgeParents(db, kind, kind.tree, scope)))
    const rows = sound && scope.of(kind) === everything ? watched.rows(kind) : undefined
    const indexes = yield* judgeIndexes(db, kind, rows)
    findings.push(...indexes.findings)
    for (const unique of kind.unique) {
      // A whole index has an entry for every row, and no doubles: then nothing has to be sorted.
      const known = sound && !watched.indexed
      if (!known && !indexes.whole(unique)) {
        findings.push(...(yield* judgeDoubles(db, kind, scope, unique)))
      }
    }
  }
  return sound
    ? findings
    : [...(yield* metaFindings(db, format)), ...findings, ...(yield* sequences(db, format, scope))]
})
