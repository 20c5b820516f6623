/** What an export takes: everything, some projects, only what was not deleted. Each kind gets one selection (jsonl.md, section 4). */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { View } from "../database/Database.ts"
import { everything, rowsOf, type Scope, type Selection } from "../database/Selection.ts"
import type { Session } from "../database/Session.ts"
import type { FailureKind } from "../Failure.ts"
import { examples, Finding, FindingRow, type Outcome } from "../records/Finding.ts"
import type { Format } from "../records/Format.ts"
import type { Kind } from "../records/Kind.ts"
import type { Header } from "../snapshot/seal.ts"

/** A project by its name (also of an archived one), id, or uid. */
export type ProjectRef = { readonly name: string } | { readonly id: bigint } | { readonly uid: string }

export interface Wanted {
  /** Nothing named: the whole database. */
  readonly projects: ReadonlyArray<ProjectRef>
  readonly includeDeleted: boolean
}

export class ProjectNotFound extends Schema.TaggedError<ProjectNotFound>()("ProjectNotFound", {
  path: Schema.String,
  project: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  readonly kind = "not_found" satisfies FailureKind
  override get message() {
    return `project ${this.project} not found in ${this.path}`
  }
  get hint() {
    return this.known.length === 0 ? "the database has no projects" : `its projects are: ${this.known.join(", ")}`
  }
}

const inSet = "(SELECT value FROM json_each(@projects))"
const deletedIssue = (id: string) =>
  `EXISTS (SELECT 1 FROM issues i NOT INDEXED WHERE i.id = ${id} AND i.deleted_at IS NOT NULL)`
/** Exists, in a project that is not taken. What does not exist at all is no matter of the scope, and carried as it is. */
const outside = (table: string, id: string) =>
  `EXISTS (SELECT 1 FROM ${table} o NOT INDEXED WHERE o.id = ${id} AND o.project_id NOT IN ${inSet})`
const linkOutside = (id: string) =>
  `EXISTS (SELECT 1 FROM links o NOT INDEXED WHERE o.id = ${id} AND o.project_id NOT IN ${inSet})`
const ofIssue = (id: string) =>
  `EXISTS (SELECT 1 FROM issues i NOT INDEXED WHERE i.id = ${id} AND i.project_id IN ${inSet})`

/** Rows of the projects. A comment or label belongs to the project of its issue. */
const ofProjects: { readonly [kind: string]: string } = {
  project: `t.id IN ${inSet}`,
  comment: ofIssue("t.issue_id"),
  issue_label: ofIssue("t.issue_id"),
  meta: "1",
  sqlite_sequence: "1"
}

/** Rows that would be taken, but point out of the set where nothing can be left out of a row. */
const leftOut: { readonly [kind: string]: string } = {
  link: `${outside("issues", "t.from_issue_id")} OR ${outside("issues", "t.to_issue_id")}`,
  import_mapping: `${outside("issues", "t.issue_id")} OR ${linkOutside("t.link_id")} OR ` +
    `EXISTS (SELECT 1 FROM comments c NOT INDEXED JOIN issues i NOT INDEXED ON i.id = c.issue_id WHERE c.id = t.comment_id AND i.project_id NOT IN ${inSet})`
}

/** Columns that point out of the set and can be without: the reference goes, the uid beside it stays (W15). */
const detached: { readonly [kind: string]: { readonly [column: string]: string } } = {
  issue: { recurrence_id: outside("recurrences", "t.recurrence_id") },
  event: { issue_id: outside("issues", "t.issue_id"), related_issue_id: outside("issues", "t.related_issue_id") }
}

const linkOfDeleted = (id: string) =>
  `EXISTS (SELECT 1 FROM links l NOT INDEXED WHERE l.id = ${id} AND (${deletedIssue("l.from_issue_id")} OR ${
    deletedIssue("l.to_issue_id")
  }))`
const commentOfDeleted = (id: string) =>
  `EXISTS (SELECT 1 FROM comments c NOT INDEXED WHERE c.id = ${id} AND ${deletedIssue("c.issue_id")})`
const peerDeleted = `t.type = 'issue.links_changed' AND ${deletedIssue("t.related_issue_id")}`

/** Rows that belong to nothing deleted. Orphans are no reason to leave a row out: they are carried, as blocking findings. */
const live = (projects: boolean): { readonly [kind: string]: string } => ({
  // Kept for an issue that is in the file too: otherwise an export of the restored file would not have it any more.
  recurrence:
    `t.deleted_at IS NULL OR EXISTS (SELECT 1 FROM issues i NOT INDEXED WHERE i.recurrence_id = t.id AND i.deleted_at IS NULL${
      projects ? ` AND i.project_id IN ${inSet}` : ""
    })`,
  issue: "t.deleted_at IS NULL",
  comment: `NOT ${deletedIssue("t.issue_id")}`,
  issue_label: `NOT ${deletedIssue("t.issue_id")}`,
  link: `NOT ${deletedIssue("t.from_issue_id")} AND NOT ${deletedIssue("t.to_issue_id")}`,
  import_mapping: `NOT ${deletedIssue("t.issue_id")} AND NOT ${commentOfDeleted("t.comment_id")} AND NOT ${
    linkOfDeleted("t.link_id")
  }`,
  event: `(t.issue_id IS NULL OR NOT ${deletedIssue("t.issue_id")}) AND ` +
    `(t.related_issue_id IS NULL OR t.type = 'issue.links_changed' OR NOT ${deletedIssue("t.related_issue_id")})`
})

const scopeOf = (projects: boolean, includeDeleted: boolean) => (kind: Kind): Selection => {
  const where = [
    ...(projects ? [ofProjects[kind.name] ?? `t.project_id IN ${inSet}`] : []),
    ...(projects && leftOut[kind.name] !== undefined ? [`NOT (${leftOut[kind.name]})`] : []),
    ...(includeDeleted ? [] : [live(projects)[kind.name] ?? "1"])
  ]
  const columns: { [column: string]: string } = {}
  for (const [column, out] of Object.entries(projects ? detached[kind.name] ?? {} : {})) {
    columns[column] = `iif(${out}, NULL, t."${column}")`
  }
  if (!includeDeleted && kind.name === "event") {
    for (const column of ["related_issue_id", "related_issue_uid"]) {
      columns[column] = `iif(${peerDeleted}, NULL, ${columns[column] ?? `t."${column}"`})`
    }
  }
  return where.length === 0 ? everything : { where: where.map((part) => `(${part})`).join(" AND "), columns }
}

interface Found {
  readonly id: bigint
  readonly uid: string
}

/** What projects are looked for in. */
type Searched = Pick<View, "db" | "path">

const find = (
  view: Searched,
  ref: ProjectRef
): Effect.Effect<Found, ProjectNotFound | Effect.Effect.Error<ReturnType<Session["get"]>>> => {
  const [column, value] = "name" in ref
    ? ["name", ref.name] as const
    : "id" in ref
    ? ["id", ref.id] as const
    : ["uid", ref.uid] as const
  return Effect.flatMap(
    view.db.get("find the project", `SELECT id, uid FROM projects NOT INDEXED WHERE ${column} = ?`, value),
    (row) =>
      row === undefined
        ? Effect.flatMap(
          view.db.all("list the projects", "SELECT name FROM projects NOT INDEXED ORDER BY name LIMIT 20"),
          (known) =>
            Effect.fail(
              new ProjectNotFound({
                path: view.path,
                project: column === "id" ? `#${value}` : JSON.stringify(value),
                known: known.map((row) => String(row["name"]))
              })
            )
        )
        : Effect.succeed({ id: BigInt(String(row["id"])), uid: String(row["uid"]) })
  )
}

/** What was asked for, as selections of the rows of this database and as the header of the file. */
export const resolve = Effect.fn("Export.scope")(function*(view: Searched, { kinds }: Format, wanted: Wanted) {
  const found = yield* Effect.forEach(wanted.projects, (ref) => find(view, ref))
  const projects = [...new Map(found.map((project) => [project.id, project])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1
  )
  const all = projects.length === 0
  const header: Header = {
    sealed: true,
    scope: all ? "database" : { projects: projects.map((project) => project.uid) },
    ...(wanted.includeDeleted ? {} : { live_only: true as const })
  }
  const of = new Map(kinds.map((kind) => [kind.name, scopeOf(!all, wanted.includeDeleted)(kind)]))
  const scope: Scope = {
    of: (kind) => of.get(kind.name) ?? everything,
    params: all ? [] : [{ projects: `[${projects.map((project) => String(project.id)).join(",")}]` }]
  }
  return { header, scope }
})

const left = (
  db: Session,
  kind: Kind,
  scope: Scope,
  where: string,
  wording: { readonly field?: string; readonly says: string; readonly outcome: Outcome }
) =>
  Effect.flatMap(
    db.get(
      `check the table ${kind.table}`,
      `SELECT count(*) AS n FROM ${rowsOf(kind, everything, where)}`,
      ...scope.params
    ),
    (count) =>
      Number(count?.["n"]) === 0 ? Effect.succeed([]) : Effect.map(
        db.all(
          `check the table ${kind.table}`,
          `SELECT rowid_ FROM ${rowsOf(kind, everything, where)} ORDER BY rowid_ LIMIT ${examples}`,
          ...scope.params
        ),
        (rows) => [
          new Finding({
            rule: "outside the export",
            kind: kind.name,
            blocking: false,
            count: Number(count?.["n"]),
            rows: rows.map((row) => new FindingRow({ row: String(row["rowid_"]) })),
            ...wording
          })
        ]
      )
  )

/** Everything that a project export leaves out or detaches although it belongs to the projects, one line for each sort. */
export const departures = (view: View, { kindOf }: Format, scope: Scope, includeDeleted: boolean) =>
  scope.params.length === 0 ? Effect.succeed([]) : Effect.map(
    Effect.forEach(
      ["link", "import_mapping", "issue", "event"].flatMap((name) => Option.toArray(kindOf(name))),
      (kind) => {
        const mine = `(${ofProjects[kind.name] ?? `t.project_id IN ${inSet}`})${
          includeDeleted ? "" : ` AND (${live(true)[kind.name] ?? "1"})`
        }`
        const dropped = leftOut[kind.name]
        return Effect.map(
          Effect.all([
            dropped === undefined ? Effect.succeed([]) : left(view.db, kind, scope, `${mine} AND (${dropped})`, {
              says: "points at an issue of a project outside the export",
              outcome: "dropped"
            }),
            ...Object.entries(detached[kind.name] ?? {}).map(([field, out]) =>
              left(view.db, kind, scope, `${mine} AND (${out})`, {
                field,
                says: "points outside the export: the row number is left out, the uid is kept",
                outcome: "detached"
              })
            )
          ]),
          (found) => found.flat()
        )
      }
    ),
    (found) => found.flat()
  )
