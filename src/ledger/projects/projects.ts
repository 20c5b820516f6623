/** Projects by name: found, made, listed. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { systemProject } from "../../records/systemProject.ts"
import { Store } from "../../store/Store.ts"
import { ordinary, projectById } from "../lookup.ts"
import { Alias, Int64, Project, Time } from "../model.ts"
import { all, first, one } from "../query.ts"
import { ProjectNameTaken } from "../Refused.ts"
import { nextUlid } from "../ulids.ts"
import { projectName } from "./projectName.ts"

const firstProject = first(Project)
const oneProject = one(Project)
const aliases = all(Alias)

/** The project of that name, archived or not. */
export const findByName = Effect.fnUntraced(function*(name: string) {
  const { sql } = yield* Store
  return yield* firstProject(sql`SELECT * FROM projects WHERE name = ${name}`)
})

/** A new project. It writes no event. */
export const insert = Effect.fnUntraced(function*(name: string) {
  const { sql } = yield* Store
  return yield* oneProject(sql`INSERT INTO projects(uid, name) VALUES (${yield* nextUlid}, ${name}) RETURNING *`)
})

export const aliasesOf = Effect.fnUntraced(function*(projectId: bigint) {
  const { sql } = yield* Store
  return yield* aliases(sql`SELECT * FROM project_aliases WHERE project_id = ${projectId} ORDER BY id`)
})

/** One project that is not archived, with its aliases. */
export const show = Effect.fn("Projects.show")(function*(id: bigint) {
  const { read } = yield* Store
  return yield* read(Effect.gen(function*() {
    const project = yield* projectById(id)
    return { project, aliases: yield* aliasesOf(id) }
  }))
})

/** Refuses a name that another project has; archived ones keep theirs. `freed` is a project that goes with the same write. */
export const free = Effect.fnUntraced(function*(name: string, id: bigint, freed: bigint = id) {
  const taken = yield* Effect.map(findByName(name), Option.filter((other) => other.id !== id && other.id !== freed))
  if (Option.isNone(taken)) return
  const archived = taken.value.deleted_at === undefined ? "" : ", which is archived,"
  return yield* new ProjectNameTaken({
    message: `another project${archived} has the name ${name}`,
    hint: "pick a different name",
    data: { name, project_id: taken.value.id }
  })
})

/** Within a `Store.write`. Events keep the name that they were written with. */
export const setName = Effect.fnUntraced(function*(id: bigint, name: string) {
  const { sql } = yield* Store
  return yield* oneProject(sql`UPDATE projects SET name = ${name} WHERE id = ${id} RETURNING *`)
})

/** It writes no event. */
export const rename = Effect.fn("Projects.rename")(function*(id: bigint, to: string) {
  const { write } = yield* Store
  const name = yield* projectName(to)
  return yield* write(Effect.gen(function*() {
    yield* ordinary(yield* projectById(id))
    yield* free(name, id)
    return { project: yield* setName(id, name), aliases: yield* aliasesOf(id) }
  }))
})

const StatsRow = Schema.Struct({ project_id: Int64, open: Int64, closed: Int64, last_event_at: Schema.NullOr(Time) })

/** All that are not archived, or really all, by id; but the one that is newer Go kata's own. */
export const list = Effect.fn("Projects.list")(function*(options: {
  readonly stats: boolean
  readonly archived?: boolean | undefined
}) {
  const { read, sql } = yield* Store
  return yield* read(Effect.gen(function*() {
    const { name, uid } = systemProject
    const ours = sql`NOT (uid = ${uid} AND name = ${name})`
    const which = options.archived === true ? ours : sql`deleted_at IS NULL AND ${ours}`
    const projects = yield* all(Project)(sql`SELECT * FROM projects WHERE ${which} ORDER BY id`)
    if (!options.stats) return projects
    const stats = yield* all(StatsRow)(sql`
      SELECT p.id AS project_id,
        (SELECT count(*) FROM issues WHERE project_id = p.id AND deleted_at IS NULL AND status = 'open') AS open,
        (SELECT count(*) FROM issues WHERE project_id = p.id AND deleted_at IS NULL AND status = 'closed') AS closed,
        (SELECT created_at FROM events WHERE project_id = p.id ORDER BY id DESC LIMIT 1) AS last_event_at
      FROM projects p WHERE ${which}`)
    const byId = new Map(
      stats.map(({ closed, last_event_at, open, project_id }) => [project_id, { open, closed, last_event_at }])
    )
    return projects.map((project) => {
      const found = Option.fromNullable(byId.get(project.id))
      return Option.match(found, { onNone: () => project, onSome: (stats) => ({ ...project, stats }) })
    })
  }))
})
