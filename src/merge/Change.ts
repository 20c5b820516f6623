/** A difference of two databases in the words of who works with them. */
import * as Schema from "effect/Schema"
import { everything, type Scope } from "../database/Selection.ts"
import type { Cell, Row, Session, Statements } from "../database/Session.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import { isSameJson } from "./differences.ts"
import { contents } from "./identity.ts"
import { rowsIn, same, type Schema as Side } from "./matching.ts"

/** Characters of a value that a report carries. */
const longest = 16_384

export class FieldChange extends Schema.Class<FieldChange>("FieldChange")({
  /** The column; what points at another row is told by that row's name or uid. */
  field: Schema.String,
  from: Schema.NullOr(Schema.String),
  to: Schema.NullOr(Schema.String)
}) {}

/** Numbers of rows that came or went with an issue. */
export const Parts = Schema.Record({ key: Schema.String, value: Schema.Int })

export class Change extends Schema.Class<Change>("Change")({
  kind: Schema.String,
  /** `new`: only `b` has the row; `gone`: only `a` has it. */
  what: Schema.Literal("new", "gone", "changed"),
  /** Its number on the side that has it; on that of `b`, where both do. */
  row: Schema.String,
  at: Schema.NullOr(Schema.String),
  by: Schema.NullOr(Schema.String),
  project: Schema.NullOr(Schema.String),
  /** The issue that it is about, as people name it. */
  issue: Schema.NullOr(Schema.String),
  issue_uid: Schema.NullOr(Schema.String),
  title: Schema.NullOr(Schema.String),
  /** What a row says that came or went: the comment, the label, the other end of the link. */
  says: Schema.NullOr(Schema.String),
  fields: Schema.Array(FieldChange),
  parts: Parts
}) {}

/** Characters of two long texts before the first that differs. */
const before = 200

const cut = (text: string | null, start: number): string | null =>
  text === null || (start === 0 && text.length <= longest)
    ? text
    : `${start === 0 ? "" : "…"}${text.slice(start, start + longest)}${text.length > start + longest ? "…" : ""}`

/** Of two texts of which one is too long for a report: the part in which they begin to differ. */
const excerpts = (from: string | null, to: string | null): readonly [string | null, string | null] => {
  let at = 0
  if (from !== null && to !== null && Math.max(from.length, to.length) > longest) {
    while (at < from.length && from[at] === to[at]) at++
  }
  const start = Math.max(0, at - before)
  return [cut(from, start), cut(to, start)]
}

const wholeText = (value: Cell | undefined): string | null =>
  value === null || value === undefined
    ? null
    : value instanceof Uint8Array
    ? Buffer.from(value).toString("utf8")
    : String(value)

const asText = (value: Cell | undefined): string | null => cut(wholeText(value), 0)

/** What a row of each kind says, and who wrote it. */
const says: { readonly [kind: string]: readonly [says: string, by: string] } = {
  project: ["name", ""],
  project_alias: ["alias_identity", ""],
  recurrence: ["template_title", "author"],
  issue: ["title", "author"],
  comment: ["body", "author"],
  issue_label: ["label", "author"],
  import_mapping: ["external_id", ""],
  event: ["type", "actor"],
  purge_log: ["issue_title", "actor"]
}

const refOf = (db: Statements, side: Side, uid: Cell | undefined) =>
  db.prepare(
    `SELECT i.title, p.name || '#' || i.short_id AS ref FROM ${side}.issues i JOIN ${side}.projects p ON p.id = i.project_id WHERE i.uid = ?`
  ).get(uid ?? null)

const linkWords: { readonly [type: string]: string } = { parent: "child of", blocks: "blocks", related: "related to" }

const linkSays = (db: Statements, side: Side, row: Row): string =>
  `${linkWords[String(row["type"])] ?? String(row["type"])} ${
    String(refOf(db, side, row["to_issue_uid"])?.["ref"] ?? row["to_issue_uid"])
  }`

/** The name of what a column points at. */
const named = (db: Statements, side: Side, table: string, id: Cell | undefined): string | null => {
  if (id === null || id === undefined) return null
  if (table === "projects") {
    return asText(db.prepare(`SELECT name FROM ${side}.projects WHERE id = ?`).get(id)?.["name"])
  }
  if (table !== "issues" && table !== "recurrences") return String(id)
  return asText(db.prepare(`SELECT uid FROM ${side}.${table} WHERE id = ?`).get(id)?.["uid"])
}

const rowAt = (db: Statements, side: Side, kind: Kind, scope: Scope, rowid: Cell): Row => {
  const all = db.prepare(`SELECT * FROM ${rowsIn(side, kind, scope)} WHERE rowid_ = ?`)
  const row = all.get(...scope.params, rowid)
  if (row === undefined) throw new Error(`${kind.table} has no row ${String(rowid)} any more`)
  return row
}

/** The columns in which two rows differ. */
const fieldChanges = (db: Statements, kind: Kind, scope: Scope, a: Cell, b: Cell): ReadonlyArray<FieldChange> => {
  const fields = contents(kind)
  const flags = fields.map((field, i) => `${same(kind, field)} AS f${i}`).join(", ")
  const found = db.prepare(
    `SELECT ${flags} FROM ${rowsIn("a", kind, scope)} x, ${
      rowsIn("b", kind, scope)
    } y WHERE x.rowid_ = ? AND y.rowid_ = ?`
  ).get(...scope.params, a, b)
  const [x, y] = [rowAt(db, "a", kind, scope, a), rowAt(db, "b", kind, scope, b)]
  return fields.flatMap(({ key, reference, storage }, i) => {
    // Two payloads may be spelled alike and name different comments.
    const spelled = storage === "json" && kind.name !== "event" && isSameJson(x[key], y[key])
    if (found?.[`f${i}`] === 1n || spelled) return []
    const value = (side: Side, row: Row) =>
      reference._tag === "Some" ? named(db, side, reference.value.table, row[key]) : wholeText(row[key])
    const [from, to] = excerpts(value("a", x), value("b", y))
    return [new FieldChange({ field: key, from, to })]
  })
}

/** A row of the table `difference`. */
export interface Difference {
  readonly kind: Kind
  readonly row: Row
}

/** How many rows of each kind came or went with an issue. */
const partsOf = (db: Statements, format: Format, { row }: Difference): { [kind: string]: number } => {
  const there = row["b"] === null ? "a" : "b"
  const of = (column: string) =>
    `SELECT rowid AS d, kind FROM difference WHERE part AND ${column} = @issue AND ${there} IS NOT NULL`
  const found = db.prepare(`SELECT kind, count(*) AS n FROM (${of("issue")} UNION ${of("other")}) GROUP BY kind`)
    .all({ issue: row["issue"] ?? null })
  return Object.fromEntries(found.map(({ kind, n }) => [format.kinds[Number(kind)]?.name ?? "", Number(n)]))
}

const changeIn = (db: Statements, format: Format, scope: Scope, difference: Difference): Change => {
  const { kind, row } = difference
  const { a = null, b = null } = row
  const side: Side = b === null ? "a" : "b"
  const here = rowAt(db, side, kind, side === "a" ? { of: () => everything, params: [] } : scope, b ?? a)
  const issue = row["issue"] === null ? undefined : refOf(db, "b", row["issue"]) ?? refOf(db, "a", row["issue"])
  const project = row["project"] === null ?
    undefined :
    ["b", "a"].map((schema) =>
      db.prepare(`SELECT name FROM ${schema}.projects WHERE uid = ?`).get(row["project"] ?? null)
    ).find((found) => found !== undefined)
  const what = a === null ? "new" : b === null ? "gone" : "changed"
  const [saying = "", by = ""] = says[kind.name] ?? []
  return new Change({
    kind: kind.name,
    what,
    row: kind.key.map((column) => asText(here[column]) ?? "?").join("/"),
    at: asText(row["at"]),
    by: asText(here[by]),
    project: asText(project?.["name"]),
    issue: asText(issue?.["ref"]),
    issue_uid: asText(row["issue"]),
    title: asText(issue?.["title"]),
    says: kind.name === "link" ? linkSays(db, side, here) : asText(here[saying]),
    fields: what === "changed" ? fieldChanges(db, kind, scope, a, b) : [],
    parts: kind.name === "issue" && what !== "changed" ? partsOf(db, format, difference) : {}
  })
}

/** The difference as a change, as far as it can be said in one. */
export const changeOf = (db: Session, format: Format, scope: Scope, difference: Difference) =>
  db.attempt("say what differs", (statements) => changeIn(statements, format, scope, difference))
