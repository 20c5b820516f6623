/**
 * Where two matched databases differ: a table `difference` of the rows that only one side has and of those that do not say the same, each with
 * the project and the issues that it is about.
 */
import * as Effect from "effect/Effect"
import type { Scope } from "../database/Selection.ts"
import type { Session } from "../database/Session.ts"
import { turn } from "../host/turn.ts"
import type { Format } from "../records/Format.ts"
import { minify } from "../records/json.ts"
import type { Kind } from "../records/Kind.ts"
import { contents, identityOf } from "./identity.ts"
import { despiteSpelling, inWindows, match, rowsIn, same, type Schema, spelled } from "./matching.ts"

/** What a row of `t` is about, as SQL that is to be asked on one side. */
interface About {
  readonly project: string
  /** Uids; NULL where it is about no issue. */
  readonly issue: string
  readonly other: string
  readonly at: string
}

const ofIssue = (schema: Schema, column: string, id: string) =>
  `(SELECT i.${column} FROM ${schema}.issues i WHERE i.id = ${id})`

const aboutIssue = (schema: Schema): About => ({
  project: ofIssue(schema, "project_id", "t.issue_id"),
  issue: ofIssue(schema, "uid", "t.issue_id"),
  other: "NULL",
  at: "t.created_at"
})

const about: { readonly [kind: string]: (schema: Schema) => Partial<About> } = {
  project: () => ({ project: "t.id", at: "coalesce(t.deleted_at, t.created_at)" }),
  project_alias: () => ({ at: "t.last_seen_at" }),
  recurrence: () => ({ at: "t.updated_at" }),
  issue: () => ({ issue: "t.uid", at: "t.updated_at" }),
  comment: aboutIssue,
  issue_label: aboutIssue,
  link: () => ({ issue: "t.from_issue_uid", other: "t.to_issue_uid" }),
  import_mapping: (schema) => ({
    issue: ofIssue(
      schema,
      "uid",
      `coalesce(t.issue_id, (SELECT c.issue_id FROM ${schema}.comments c WHERE c.id = t.comment_id),` +
        ` (SELECT l.from_issue_id FROM ${schema}.links l WHERE l.id = t.link_id))`
    ),
    at: "t.imported_at"
  }),
  event: () => ({ issue: "t.issue_uid", other: "t.related_issue_uid" }),
  purge_log: () => ({ issue: "t.issue_uid", at: "t.purged_at" })
}

const aboutOf = (kind: Kind, schema: Schema): About => ({
  project: "t.project_id",
  issue: "NULL",
  other: "NULL",
  at: "t.created_at",
  ...about[kind.name]?.(schema)
})

const table =
  `CREATE TABLE difference (kind INTEGER NOT NULL, a INTEGER, b INTEGER, project TEXT, issue TEXT, other TEXT,
  at TEXT, part INTEGER NOT NULL, was TEXT);
CREATE INDEX difference_alone ON difference (kind, issue) WHERE (a IS NULL) <> (b IS NULL) AND NOT part;
CREATE INDEX difference_part ON difference (issue) WHERE part; CREATE INDEX difference_of ON difference (other) WHERE part`

/** Rows of one side, as differences; `part` says of which it is only a part. */
const insert = (
  kind: Kind,
  rank: number,
  schema: Schema,
  scope: Scope,
  [a, b]: readonly [string, string],
  where: string,
  part: (about: About) => string,
  was = "NULL"
) => {
  const about = aboutOf(kind, schema)
  const uid = `(SELECT p.uid FROM ${schema}.projects p WHERE p.id = ${about.project})`
  return `INSERT INTO difference SELECT ${rank}, ${a}, ${b}, ${uid}, ${about.issue}, ${about.other},` +
    ` CAST(${about.at} AS TEXT), ${part(about)}, ${was} FROM ${rowsIn(schema, kind, scope)} t WHERE ${where}`
}

/** Whether what only one side has came or went with its issue, or is an event, which tells of something else. */
const partOn = (side: Schema, kind: Kind, issues: number) => ({ issue, other }: About): string =>
  kind.name === "event"
    ? "1"
    : kind.name === "issue" || issue === "NULL"
    ? "0"
    : `EXISTS (SELECT 1 FROM difference d WHERE d.kind = ${issues} AND d.issue IN (${issue}, ${other})` +
      ` AND (d.a IS NULL) <> (d.b IS NULL) AND NOT d.part AND d.${side} IS NOT NULL)`

/** JSON with the characters that Go kata alone escapes as they are; `\\u003c` is a backslash and letters. */
const unescaped = (json: string): string =>
  json.replace(
    /\\(?:u(003[ce]|0026|202[89])|[^])/gi,
    (all, hex?: string) => hex === undefined ? all : String.fromCharCode(Number.parseInt(hex, 16))
  )

/** Whether two texts are the same JSON, but for white space, which no snapshot keeps (D3), and for what Go kata escapes. */
export const isSameJson = (a: unknown, b: unknown): boolean =>
  typeof a === "string" && typeof b === "string" && unescaped(minify(a)) === unescaped(minify(b))

/** Rows that differ in nothing but the spelling of JSON do not differ. */
const forgiveSpelling = (db: Session, kind: Kind, scope: Scope) => {
  const json = contents(kind).filter(({ storage }) => storage === "json")
  if (json.length === 0) return Effect.void
  const operation = `compare the ${kind.table}`
  const others = contents(kind).filter(({ storage }) => storage !== "json").map((field) => same(kind, field))
  const values = json.flatMap((field, i) =>
    (["x", "y"] as const).map((side) =>
      `iif(${same(kind, field)}, NULL, ${spelled(kind, side, field.key)}) AS ${side}${i}`
    )
  )
  const pairs = `SELECT p.a AS pair, ${values.join(", ")}` +
    ` FROM pair_${kind.table} p CROSS JOIN ${rowsIn("a", kind, scope)} x ON x.rowid_ = p.a` +
    ` CROSS JOIN ${rowsIn("b", kind, scope)} y ON y.rowid_ = p.b` +
    ` WHERE p.a > ? AND NOT p.same AND ${[despiteSpelling(kind), ...others].join(" AND ")} ORDER BY p.a LIMIT 100`
  return Effect.iterate(-(2n ** 63n) as bigint | undefined, {
    while: (after) => after !== undefined,
    body: (after) =>
      Effect.zipRight(
        turn,
        db.attempt(operation, ({ prepare }) => {
          const forgiven: Array<bigint> = []
          let last: bigint | undefined
          // One at a time: a row may have hundreds of megabytes.
          for (const row of prepare(pairs).iterate(...scope.params, after ?? 0n)) {
            last = BigInt(String(row["pair"]))
            if (json.every((_, i) => row[`x${i}`] === row[`y${i}`] || isSameJson(row[`x${i}`], row[`y${i}`]))) {
              forgiven.push(last)
            }
          }
          for (const pair of forgiven) prepare(`UPDATE pair_${kind.table} SET same = 1 WHERE a = ?`).run(pair)
          return last
        })
      )
  })
}

const differencesOf = (
  db: Session,
  kind: Kind,
  { rank, issues }: { readonly rank: number; readonly issues: number },
  scope: Scope
) =>
  Effect.gen(function*() {
    const operation = `compare the ${kind.table}`
    const store = (sql: string) => (from: bigint, to: bigint) =>
      db.attempt(operation, ({ prepare }) => void prepare(sql).run(...scope.params, from, to))
    const alone = (side: Schema, at: readonly [string, string]) =>
      inWindows(
        db,
        `${side}.${kind.table}`,
        store(insert(
          kind,
          rank,
          side,
          scope,
          at,
          `t.rowid_ BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM pair_${kind.table} p WHERE p.${side} = t.rowid_)`,
          partOn(side, kind, issues)
        ))
      )
    yield* forgiveSpelling(db, kind, scope)
    yield* alone("a", ["t.rowid_", "NULL"])
    yield* alone("b", ["NULL", "t.rowid_"])
    const other = `(SELECT p.a FROM pair_${kind.table} p WHERE p.b = t.rowid_)`
    yield* db.attempt(operation, ({ prepare }) =>
      void prepare(
        insert(
          kind,
          rank,
          "b",
          scope,
          [other, "t.rowid_"],
          `t.rowid_ IN (SELECT p.b FROM pair_${kind.table} p WHERE NOT p.same)`,
          () => "0",
          // the project that it belonged to; the rowid without a table is that of the row of `b`
          `(SELECT (SELECT p.uid FROM a.projects p WHERE p.id = ${aboutOf(kind, "a").project})` +
            ` FROM pair_${kind.table} q JOIN a.${kind.table} t ON t.rowid = q.a WHERE q.b = rowid_)`
        )
      ).run(...scope.params))
  })

/** What is only looked at. */
export interface Filter {
  /** Uids. */
  readonly project?: string | undefined
  readonly issue?: string | undefined
}

/**
 * Fills the table `difference`. `part`: the row came or went with the issue that it belongs to, which is a difference of its own, or it is an
 * event, which tells of one.
 */
export const compare = Effect.fn("Merge.compare")(function*(db: Session, format: Format, scope: Scope, filter: Filter) {
  const kinds = format.kinds.filter((kind) => identityOf(kind) !== undefined)
  yield* match(db, kinds, scope)
  yield* db.exec("compare", table)
  const issues = format.kinds.findIndex(({ name }) => name === "issue")
  for (const kind of kinds) yield* differencesOf(db, kind, { rank: format.rank(kind), issues }, scope)
  const { issue = null, project = null } = filter
  if (issue === null && project === null) return
  yield* db.attempt("compare", ({ prepare }) =>
    void prepare(
      "DELETE FROM difference WHERE (@project IS NOT NULL AND project IS NOT @project AND was IS NOT @project)" +
        " OR (@issue IS NOT NULL AND issue IS NOT @issue AND other IS NOT @issue)"
    ).run({ project, issue }))
})
