/**
 * What holds the rows, where it is not as schema 10 has it: nothing of this is in a snapshot, a restore makes the schema anew. Go kata
 * looks only at the version when it opens a database, and then relies on the rest.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Finding, FindingRow } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { fullText, indexes, triggers } from "./schema.ts"
import type { Session, Statements } from "./Session.ts"

export const objectRules = {
  missing: { rule: "missing in the schema", says: "lacks what version 10 has; a restore makes it" },
  changed: {
    rule: "changed in the schema",
    says: "says something else than version 10; a restore makes it as it should be"
  },
  unknown: {
    rule: "unknown in the schema",
    says: "has a view, trigger or index that kata does not know; a restore does not make it"
  },
  setting: { rule: "setting", says: "has a setting that kata does not use; a snapshot does not carry it" },
  search: { rule: "search index", says: "has a search index that is out of date; a restore fills it anew" }
} as const

const finding = (rule: typeof objectRules[keyof typeof objectRules], rows: ReadonlyArray<FindingRow>) =>
  rows.length === 0 ? [] : [
    new Finding({ ...rule, kind: "schema", outcome: "carried", blocking: false, count: rows.length, rows })
  ]

/** A statement without what may be written in several ways. */
const bare = (sql: string): string =>
  sql.replace(/--.*$/gm, " ").replace(/\bif not exists\b|\bfor each row\b/gi, " ").replace(/[\s"`]+/g, "").toLowerCase()

/** When a trigger fires, and the messages that Go kata knows; what is between may be said in several ways. */
const fires = (sql: string): string => bare(sql.replace(/\bBEGIN\b[^]*$/i, ""))
const messages = (sql: string): string => (sql.match(/RAISE\s*\([^)]*\)/gi) ?? []).map(bare).join()

interface Object {
  readonly type: string
  readonly name: string
  readonly sql: string
}

const same = (type: string, ours: string, theirs: string): boolean =>
  type === "trigger"
    ? fires(ours) === fires(theirs) && messages(ours) === messages(theirs)
    : bare(ours) === bare(theirs)

const wanted: ReadonlyArray<Object> = [
  ...indexes.map(({ name, sql }) => ({ type: "index", name, sql })),
  ...triggers.map(({ name, sql }) => ({ type: "trigger", name, sql })),
  { type: "table", name: "issues_fts", sql: fullText }
]

/** What the table of a kind does not say: rules that hold its rows, and the types that Go kata reads a time by. */
const lacks = (db: Statements, kind: Kind, sql: string): ReadonlyArray<string> => {
  const text = bare(sql)
  const types = new Map(
    db.prepare("SELECT name, type FROM pragma_table_xinfo(?)").all(kind.table).map((row) => [row["name"], row["type"]])
  )
  const parents = new Map(
    db.prepare(`SELECT "from" AS field, "table" AS parent FROM pragma_foreign_key_list(?)`).all(kind.table)
      .map((row) => [row["field"], row["parent"]])
  )
  return [
    ...kind.checks.filter((check) => !text.includes(bare(check.holds))).map((check) => `CHECK(${check.holds})`),
    ...kind.columns.filter(({ key, reference }) => Option.exists(reference, ({ table }) => parents.get(key) !== table))
      .map(({ key }) => `${key} REFERENCES`),
    ...kind.columns.filter(({ key, storage }) =>
      storage === "time" && String(types.get(key)).toUpperCase() !== "DATETIME"
    )
      .map(({ key }) => `${key} DATETIME`),
    ...(kind.autoincrement && !text.includes("autoincrement") ? ["AUTOINCREMENT"] : [])
  ].map((what) => `${kind.table}: ${what}`)
}

const schemaFindings = (db: Session, { kinds }: Format) =>
  db.attempt("read the schema", (db) => {
    const there = db.prepare("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
      .all()
      .map((row): Object => ({ type: String(row["type"]), name: String(row["name"]), sql: String(row["sql"]) }))
    const of = (type: string, name: string) => there.find((object) => object.type === type && object.name === name)
    const missing = wanted.filter(({ name, type }) => of(type, name) === undefined)
    const changed = wanted.filter(({ name, sql, type }) => !same(type, sql, of(type, name)?.sql ?? sql))
    const tables = kinds.flatMap((kind) => {
      const table = of("table", kind.table)
      return table === undefined ? [] : lacks(db, kind, table.sql)
    })
    const unknown = there.filter(({ name, type }) =>
      type !== "table" && !wanted.some((object) => object.type === type && object.name === name)
    )
    const settings = ["user_version", "application_id"].flatMap((name) => {
      const value = db.prepare(`SELECT ${name} AS value FROM pragma_${name}`).get()?.["value"]
      return value === 0n ? [] : [new FindingRow({ row: name, value: String(value) })]
    })
    const named = (objects: ReadonlyArray<Object>) =>
      objects.map(({ name, type }) => new FindingRow({ row: `${type} ${name}` }))
    return {
      search: of("table", "issues_fts_docsize") !== undefined,
      findings: [
        ...finding(objectRules.missing, [...named(missing), ...tables.map((row) => new FindingRow({ row }))]),
        ...finding(objectRules.changed, named(changed)),
        ...finding(objectRules.unknown, named(unknown)),
        ...finding(objectRules.setting, settings)
      ]
    }
  })

/** Every issue is indexed once. Whether the words are the right ones cannot be asked: the index holds no texts. */
const searchFindings = (db: Session) =>
  Effect.map(
    db.get(
      "check the search index",
      "SELECT (SELECT count(*) FROM issues i NOT INDEXED WHERE i.id NOT IN (SELECT id FROM issues_fts_docsize)) AS missing," +
        " (SELECT count(*) FROM issues_fts_docsize d WHERE NOT EXISTS (SELECT 1 FROM issues i NOT INDEXED WHERE i.id = d.id)) AS gone"
    ),
    (row) => {
      const [missing, gone] = [Number(row?.["missing"]), Number(row?.["gone"])]
      return finding(objectRules.search, [
        ...(missing === 0 ? [] : [new FindingRow({ row: "not found", value: `${missing} issues` })]),
        ...(gone === 0 ? [] : [new FindingRow({ row: "found and gone", value: `${gone} issues` })])
      ])
    }
  )

/** Findings about the schema and the search index of a database that was opened. */
export const objectFindings = (db: Session, format: Format) =>
  Effect.flatMap(
    schemaFindings(db, format),
    ({ findings, search }) =>
      search ? Effect.map(searchFindings(db), (found) => [...findings, ...found]) : Effect.succeed(findings)
  )
