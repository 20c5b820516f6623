/** Which project and which issue a request names. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isSystemProject } from "../records/systemProject.ts"
import { Store } from "../store/Store.ts"
import { Issue, Project } from "./model.ts"
import { first, run } from "./query.ts"
import { refuse } from "./Refused.ts"
import { nonBlank } from "./values.ts"

const firstProject = first(Project)
const firstIssue = first(Issue)

/** The wire's issue out of the tables; to be completed by WHERE. */
export const selectIssue = `SELECT i.*, p.uid AS project_uid FROM issues i JOIN projects p ON p.id = i.project_id`

/** A project that is not archived. */
export const projectById = Effect.fnUntraced(function*(id: bigint) {
  const { sql } = yield* Store
  const found = yield* firstProject(sql`SELECT * FROM projects WHERE id = ${id} AND deleted_at IS NULL`)
  return yield* Effect.mapError(found, () => refuse("project_not_found", "project not found"))
})

/** Refuses what would take newer Go kata's own project from the place where it looks for its tokens. */
export const ordinary = (project: { readonly uid: string; readonly name: string }) =>
  isSystemProject(project)
    ? Effect.fail(refuse("validation", `${project.name} is newer Go kata's own project: it stays as it is`))
    : Effect.void

/** Which of an issue's references a text is, within a project; nothing for what is none. */
const parsed = (
  project: Pick<Project, "name">,
  ref: string
): { readonly uid: string } | { readonly shortId: string } | undefined => {
  // as long as a ULID, whatever it is made of: older katas have stored small letters
  if (ref.length === 26 && !ref.includes("#")) return { uid: ref }
  const hash = ref.lastIndexOf("#")
  if (hash >= 0 && ref.slice(0, hash) !== project.name) return undefined
  const shortId = ref.slice(hash + 1)
  return /^[0-9a-hjkmnp-tv-z]{4,26}$/.test(shortId) ? { shortId } : undefined
}

/** An issue of a project by short id, `name#short id` or ULID; a soft-deleted one only when asked for. */
export const findIssue = Effect.fnUntraced(function*(
  project: Pick<Project, "id" | "name">,
  ref: string,
  options: { readonly deleted?: boolean } = {}
) {
  const { sql } = yield* Store
  const by = parsed(project, ref)
  const found = by === undefined ? Option.none<Issue>() : yield* firstIssue(
    sql`${sql.literal(selectIssue)} WHERE i.project_id = ${project.id} AND ${
      "uid" in by ? sql`i.uid IN (${by.uid.toUpperCase()}, ${by.uid})` : sql`i.short_id = ${by.shortId}`
    }`
  )
  return Option.filter(found, (issue) => issue.deleted_at === undefined || options.deleted === true)
})

/** The same, where there must be one. */
export const issueByRef = Effect.fnUntraced(function*(
  project: Project,
  ref: string,
  options: { readonly deleted?: boolean } = {}
) {
  const found = yield* findIssue(project, ref, options)
  return yield* Effect.mapError(found, () => refuse("issue_not_found", "issue not found"))
})

/** An issue as it is now. */
export const issueById = Effect.fnUntraced(function*(id: bigint) {
  const { sql } = yield* Store
  const found = yield* firstIssue(sql`${sql.literal(selectIssue)} WHERE i.id = ${id}`)
  return yield* Effect.mapError(found, () => refuse("issue_not_found", "issue not found"))
})

/** The actor; blank is none. */
export const actorOf = (actor: string) => nonBlank("actor", actor)

/** Who wants to change which issue. */
export interface Asked {
  readonly projectId: bigint
  readonly ref: string
  readonly actor: string
}

/** What every change of an issue begins with: who, where, and what. */
export const subject = Effect.fnUntraced(function*(
  asked: Asked,
  options: { readonly deleted?: boolean } = {}
) {
  yield* actorOf(asked.actor)
  const project = yield* projectById(asked.projectId)
  return { project, issue: yield* issueByRef(project, asked.ref, options) }
})

/** The change of something that belongs to an issue is a change of the issue. */
export const touched = Effect.fnUntraced(function*(id: bigint) {
  const { sql } = yield* Store
  yield* run(sql`UPDATE issues SET updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ${id}`)
  return yield* issueById(id)
})
